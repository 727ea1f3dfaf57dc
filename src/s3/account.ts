// Which buckets there are, and who may do what with them: a table of its own in the mesh, shared by all gateways that have
// the same secret.
import { base32upper } from 'multiformats/bases/base32'
import type { RandomSource } from '../clock/index.ts'
import type { SharedTable, TableView } from '../tables/index.ts'
import { S3Error } from './errors.ts'
import { binary, encodeRecord, fields, list, map, text, whole } from './records.ts'

export const RIGHTS = ['read', 'write', 'list', 'own'] as const
/**
 * 'read': get objects. 'write': put and delete them. 'list': see what a bucket holds. 'own': make and delete the bucket, and
 * change its configuration.
 */
export type Right = (typeof RIGHTS)[number]

/** What a key may do with one bucket, or with all ('*'). */
export interface Grant {
  readonly bucket: string
  readonly rights: readonly Right[]
}

export interface Access {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** What its user calls it. */
  readonly name: string
  readonly createdMs: number
  readonly grants: readonly Grant[]
}

export interface BucketEntry {
  readonly name: string
  readonly createdMs: number
  /** 32 bytes: the table and everything in it is found and opened by it. */
  readonly secret: Uint8Array
}

const VERSION = 'version'
const BUCKET = 'b/'
const ACCESS = 'k/'
const MAX_BUCKETS = 1000
/** A new access key works at other gateways after this time at the latest. */
const MAX_AGE_MS = 2000

export class Account {
  readonly #table: SharedTable
  readonly #random: RandomSource

  constructor(table: SharedTable, random: RandomSource) {
    this.#table = table
    this.#random = random
  }

  /** Begins the table of a new service; does nothing to one that there is. */
  async begin(): Promise<void> {
    // Without a quorum nothing can be written; a service that there is can be read.
    if ((await this.#view()).get(VERSION) !== undefined) return
    await this.#table.transact((view) => ({
      changes: view.get(VERSION) === undefined ? [[VERSION, encodeRecord({ version: 1 })]] : [],
      result: undefined
    }))
  }

  async access(accessKeyId: string): Promise<Access | undefined> {
    const known = accessOf(await this.#view(), accessKeyId)
    // Perhaps another gateway has just made it.
    return known ?? accessOf(await this.#table.view({ maxAgeMs: 0 }), accessKeyId)
  }

  async accesses(): Promise<Access[]> {
    return [...under(await this.#view(), ACCESS)].map(([id, value]) => decodeAccess(id, value))
  }

  async bucket(name: string): Promise<BucketEntry | undefined> {
    return bucketOf(await this.#view(), name) ?? bucketOf(await this.#table.view({ maxAgeMs: 0 }), name)
  }

  async buckets(): Promise<BucketEntry[]> {
    const view = await this.#table.view({ maxAgeMs: 0 })
    return [...under(view, BUCKET)].map(([name, value]) => decodeBucket(name, value))
  }

  /** @returns the secret key too: it is shown once, here */
  async createAccess(name: string, grants: readonly Grant[], nowMs: number): Promise<Access> {
    const access: Access = {
      accessKeyId: `THHE${base32upper.baseEncode(this.#random.bytes(10))}`,
      secretAccessKey: Buffer.from(this.#random.bytes(30)).toString('base64'),
      name,
      createdMs: nowMs,
      grants
    }
    const { accessKeyId, ...rest } = access
    await this.#table.transact(() => ({
      changes: [[ACCESS + accessKeyId, encodeRecord(rest)]],
      result: undefined
    }))
    return access
  }

  /** @returns whether there was one */
  async removeAccess(accessKeyId: string): Promise<boolean> {
    return await this.#table.transact((view) => {
      const isKnown = view.get(ACCESS + accessKeyId) !== undefined
      return { changes: isKnown ? [[ACCESS + accessKeyId, undefined]] : [], result: isKnown }
    })
  }

  /** @throws S3Error 'BucketAlreadyOwnedByYou' | 'TooManyBuckets' */
  async addBucket({ name, createdMs, secret }: BucketEntry): Promise<void> {
    await this.#table.transact((view) => {
      if (view.get(BUCKET + name) !== undefined) {
        throw new S3Error('BucketAlreadyOwnedByYou', 'This bucket exists already.', { BucketName: name })
      }
      if ([...under(view, BUCKET)].length >= MAX_BUCKETS) {
        throw new S3Error('TooManyBuckets', `There are ${MAX_BUCKETS} buckets already; more are not served.`)
      }
      const changes = [[BUCKET + name, encodeRecord({ createdMs, secret })]] as const
      return { changes, result: undefined }
    })
  }

  /** Strikes a bucket that is closed for good. Another of the same name may stand there by now: that one stays. */
  async removeBucket({ name, secret }: BucketEntry): Promise<void> {
    await this.#table.transact((view) => {
      const isSame = Buffer.from(bucketOf(view, name)?.secret ?? []).equals(secret)
      return { changes: isSame ? [[BUCKET + name, undefined]] : [], result: undefined }
    })
  }

  async #view(): Promise<TableView> {
    return await this.#table.view({ maxAgeMs: MAX_AGE_MS })
  }
}

/** Whether `access` may do what needs `right` with `bucket`. */
export const may = (access: Pick<Access, 'grants'>, right: Right, bucket: string): boolean =>
  access.grants.some(
    (grant) => (grant.bucket === '*' || grant.bucket === bucket) && grant.rights.includes(right)
  )

/** Whether `access` may do anything with `bucket`: then it may know that it exists. */
export const mayAnything = (access: Pick<Access, 'grants'>, bucket: string): boolean =>
  RIGHTS.some((right) => may(access, right, bucket))

function* under(view: TableView, prefix: string): Iterable<readonly [name: string, value: Uint8Array]> {
  for (const [key, value] of view.range({ atLeast: prefix })) {
    if (!key.startsWith(prefix)) return
    yield [key.slice(prefix.length), value]
  }
}

const accessOf = (view: TableView, id: string): Access | undefined => {
  const value = view.get(ACCESS + id)
  return value === undefined ? undefined : decodeAccess(id, value)
}

const bucketOf = (view: TableView, name: string): BucketEntry | undefined => {
  const value = view.get(BUCKET + name)
  return value === undefined ? undefined : decodeBucket(name, value)
}

const decodeAccess = (accessKeyId: string, value: Uint8Array): Access => {
  const { secretAccessKey, name, createdMs, grants } = fields(value)
  return {
    accessKeyId,
    secretAccessKey: text(secretAccessKey),
    name: text(name),
    createdMs: whole(createdMs),
    grants: list(grants).map((grant) => {
      const { bucket, rights } = map(grant)
      const named = list(rights)
      return { bucket: text(bucket), rights: RIGHTS.filter((right) => named.includes(right)) }
    })
  }
}

const decodeBucket = (name: string, value: Uint8Array): BucketEntry => {
  const { createdMs, secret } = fields(value)
  return { name, createdMs: whole(createdMs), secret: binary(secret) }
}
