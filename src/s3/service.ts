import { createHash, hkdfSync } from 'node:crypto'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { Node } from '../node/index.ts'
import { DEFAULT_TABLE_SETTINGS, SharedTable } from '../tables/index.ts'
import { Account, type BucketEntry } from './account.ts'
import { Bodies } from './bodies.ts'
import { S3Error } from './errors.ts'
import { Housekeeping } from './housekeeping.ts'
import { meshStore } from './mesh-store.ts'
import { noSuchBucket, OpenBucket } from './open-bucket.ts'

/** The part of a node that S3 is served from. */
export type S3Node = Pick<
  Node,
  'objects' | 'heads' | 'field' | 'network' | 'networkId' | 'peerId' | 'metrics' | 'logger'
>

export interface S3ServiceComponents {
  readonly node: S3Node
  readonly clock: Clock
  readonly random: RandomSource
}

export interface S3ServiceInit {
  /** 32 bytes. All gateways with the same one serve the same buckets. */
  readonly secret: Uint8Array
  /** The secret is new: there is nothing yet of the service. */
  readonly isNew: boolean
  /** Bytes that no object names are freed after this time; a get that began before may still read them. @default 60_000 */
  readonly garbageGraceMs?: number
  /** Between two looks for such bytes. @default 15_000 */
  readonly sweepEveryMs?: number
  /** A change that has not been decided by then is answered with 503. @default 30_000 */
  readonly decideTimeoutMs?: number
}

/** Peers that keep a name; in a smaller network all of them. */
const KEEPERS = 7
const RETRY_MS = 500

/** The buckets of one S3 service: opened when they are first asked for, and looked after while they are open. */
export class S3Service {
  readonly #components: S3ServiceComponents
  readonly #id: string
  readonly #decideTimeoutMs: number
  readonly #bucketKeepers: number
  readonly #accountTable: SharedTable
  readonly #account: Account
  readonly #open = new Map<string, Promise<OpenBucket>>()
  readonly #housekeeping: Housekeeping
  readonly #stopping = new AbortController()
  #starting: Promise<void> = Promise.resolve()
  #isReady = false
  #lastFailure = ''

  constructor(components: S3ServiceComponents, init: S3ServiceInit) {
    const { node, random, clock } = components
    this.#components = components
    this.#id = idOf(init.secret)
    this.#decideTimeoutMs = init.decideTimeoutMs ?? DEFAULT_TABLE_SETTINGS.decideTimeoutMs
    const secret = new Uint8Array(hkdfSync('sha256', init.secret, '', 'thhe/s3/account/1', 32))
    const keepers = Math.min(KEEPERS, node.network.code.n)
    // The service is begun only when all is well; a bucket whenever the service can be written.
    this.#accountTable = this.#table(secret, init.isNew ? keepers : Infinity)
    this.#bucketKeepers = Math.floor(keepers / 2) + 1
    this.#account = new Account(this.#accountTable, random)
    this.#housekeeping = new Housekeeping(
      {
        objects: node.objects,
        peerId: node.peerId.toString(),
        clock,
        logger: node.logger,
        buckets: async () => await this.#everyBucket(),
        account: this.#accountTable,
        tablesName: this.#tablesName
      },
      { garbageGraceMs: init.garbageGraceMs ?? 60_000, sweepEveryMs: init.sweepEveryMs ?? 15_000 }
    )
  }

  get isReady(): boolean {
    return this.#isReady
  }

  /** @throws S3Error 'ServiceUnavailable' until the service has found what it keeps in the mesh */
  get account(): Account {
    if (this.#isReady) return this.#account
    const why = this.#lastFailure === '' ? '' : ` ${this.#lastFailure}`
    throw new S3Error('ServiceUnavailable', `The service has not yet found what it keeps in the mesh.${why}`)
  }

  /**
   * Looks for the service in the mesh, until it is found or `stop` is called. Returns at once: the peers may be there only later.
   *
   * @param onReady - when a new service has been begun, or an old one found
   */
  start(onReady: () => Promise<void>): void {
    this.#starting = this.#find(onReady)
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new S3Error('ServiceUnavailable', 'The node is stopping.'))
    await this.#starting
    await this.#housekeeping.stop()
    const open = await Promise.allSettled(this.#open.values())
    await Promise.all(
      open.map(async (bucket) => bucket.status === 'fulfilled' && (await bucket.value.stop()))
    )
    await this.#accountTable.close()
  }

  /** @throws S3Error 'NoSuchBucket' | 'ServiceUnavailable'; TableError */
  async bucket(name: string): Promise<OpenBucket> {
    const entry = await this.account.bucket(name)
    if (entry === undefined) throw noSuchBucket(name)
    return await this.#opened(entry)
  }

  /** @throws S3Error 'BucketAlreadyOwnedByYou' | 'TooManyBuckets' | 'ServiceUnavailable'; TableError */
  async createBucket(name: string): Promise<void> {
    const before = await this.account.bucket(name)
    if (before !== undefined && !(await this.#isDeleted(before))) {
      throw new S3Error('BucketAlreadyOwnedByYou', 'This bucket exists already.', { BucketName: name })
    }
    // A deletion that was broken off half-way is brought to its end.
    if (before !== undefined) await this.account.removeBucket(before)
    const { clock, random } = this.#components
    const entry = { name, createdMs: clock.nowMs(), secret: random.bytes(32) }
    // First its table, so that whoever finds the entry finds the table.
    const bucket = await this.#opened(entry, true)
    await bucket.begin()
    await this.account.addBucket(entry)
  }

  /** @throws S3Error 'BucketNotEmpty' | 'ServiceUnavailable'; TableError */
  async deleteBucket(bucket: OpenBucket, signal?: AbortSignal): Promise<void> {
    await bucket.close(signal)
    await this.account.removeBucket(bucket.entry)
  }

  async #find(onReady: () => Promise<void>): Promise<void> {
    const { clock, node } = this.#components
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.#accountTable.start()
        await this.#account.begin()
        await onReady()
        this.#isReady = true
        this.#housekeeping.start()
        return
      } catch (error) {
        const { message } = error as Error
        if (!signal.aborted && message !== this.#lastFailure) {
          node.logger.warn('s3: the service cannot be reached yet; it is tried again', { error })
        }
        this.#lastFailure = message
      }
      await clock.sleep(RETRY_MS, signal).catch(() => {})
    }
  }

  async #isDeleted(entry: BucketEntry): Promise<boolean> {
    const bucket = await this.#opened(entry)
    return await bucket.isClosed()
  }

  /** Those in the account, and those that were deleted while they were open here: garbage may be left of them. */
  async #everyBucket(): Promise<OpenBucket[]> {
    const entries = await this.account.buckets()
    const listed = await Promise.all(entries.map(async (entry) => await this.#opened(entry)))
    const open = await Promise.allSettled(this.#open.values())
    return [
      ...new Set([...listed, ...open.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))])
    ]
  }

  async #opened(entry: BucketEntry, isNew = false): Promise<OpenBucket> {
    const id = idOf(entry.secret)
    const known = this.#open.get(id)
    if (known !== undefined) return await known
    const opening = this.#openBucket(entry, id, isNew)
    this.#open.set(id, opening)
    opening.catch(() => this.#open.delete(id))
    return await opening
  }

  async #openBucket(entry: BucketEntry, id: string, isNew: boolean): Promise<OpenBucket> {
    const { node, random, clock } = this.#components
    const table = this.#table(entry.secret, isNew ? this.#bucketKeepers : Infinity, isNew)
    await table.start()
    const components = { objects: node.objects, peerId: node.peerId.toString(), random, clock }
    const bodies = new Bodies(components, `s3:${entry.name}:${id}`)
    return new OpenBucket({ entry, table, bodies, clock, logger: node.logger })
  }

  /**
   * @param createKeepers - peers that must be in sight to begin the table; Infinity for one that there is
   * @param isNew - the secret has just been made
   */
  #table(secret: Uint8Array, createKeepers: number, isNew = false): SharedTable {
    const { node, clock, random } = this.#components
    const { logger, networkId } = node
    const store = meshStore(node, this.#tablesName)
    const settings = { createKeepers, isNew, decideTimeoutMs: this.#decideTimeoutMs }
    return new SharedTable({ store, clock, random, logger, networkId }, secret, settings)
  }

  /** Of the objects that the tables of this service consist of, and no other's. */
  get #tablesName(): string {
    return `s3:tables:${this.#id}`
  }
}

/** Tells secrets apart, and says nothing about them. */
const idOf = (secret: Uint8Array): string =>
  createHash('sha256').update('thhe/s3/id/1').update(secret).digest('base64url').slice(0, 12)
