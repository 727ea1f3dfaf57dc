import {
  Status,
  type ManifestReply,
  type ObjectReply,
  type ObjectRequest,
  type PutManifest
} from '../../../protocols/generated/object.js'
import { decodeObjectCid } from '../records/cid.ts'
import { isLive, openLease, shapeInLease, storedLease } from '../records/lease.ts'
import { MAX_LEASES_PER_REPLY, MAX_STATEMENTS } from '../../../protocols/limits.ts'
import { decodeManifest, decodeStoredManifest, manifestCid, type Manifest } from '../records/manifest.ts'
import { shapeOf, type ShapedLease } from '../records/shape.ts'
import { openPlacement, type PlacementRecord } from '../records/placement-record.ts'
import { openHolderStatement, signHolderStatement } from '../records/holder-statement.ts'
import { leasedShapes } from '../records/kept-shape.ts'
import { dropUnwanted, keepLease, openLiveLease, saidOtherwise, tooManyLessees } from './admit-lease.ts'
import { countRefusal, timed } from './context.ts'
import { isOwnFault, notFound, refuse, replyHead } from './refusal.ts'
import type { CID } from 'multiformats/cid'
import type { HolderContext } from './context.ts'
import type { StoredLease, StoredStatement } from '../holdings.ts'

export interface ObjectServiceComponents {
  readonly context: HolderContext
  /** Called with each object that this node is to announce, once its manifest is kept. */
  readonly onManifest: (cid: CID) => void
}

/** Holder statements in the answer to a reader. */
const MAX_STATEMENTS_PER_READER = 12

type ReplyFields = Partial<
  Pick<
    ObjectReply,
    'manifest' | 'placement' | 'shards' | 'badBlocks' | 'leases' | 'statements' | 'replies' | 'repairingMs'
  >
>

/** Answers the requests of object/1: manifests, leases, placement records, status. */
export class ObjectService {
  readonly #context: HolderContext
  readonly #onManifest: (cid: CID) => void
  #turn = 0

  constructor({ context, onManifest }: ObjectServiceComponents) {
    this.#context = context
    this.#onManifest = onManifest
  }

  /** The reply to `request`, whatever its status. Never rejects. */
  async answer(request: Partial<ObjectRequest>): Promise<ObjectReply> {
    try {
      const fields =
        request.putManifests === undefined
          ? await timed(this.#context, 'object', async () => this.#dispatch(request))
          : { replies: await this.#putManifests(request.putManifests.objects) }
      return reply({ status: Status.OK, message: '', retryAfterMs: 0 }, fields)
    } catch (error) {
      const head = replyHead(error, this.#context.settings.retryAfterMs())
      countRefusal(this.#context.counts, head.status)
      if (isOwnFault(error)) this.#context.logger.warn('a request of object/1 failed', { error })
      return reply(head, {})
    }
  }

  async #dispatch(request: Partial<ObjectRequest>): Promise<ReplyFields> {
    if (request.getManifest !== undefined) return await this.#getManifest(readCid(request.getManifest))
    if (request.putManifest !== undefined) return await this.#putManifest(request.putManifest)
    if (request.putLease !== undefined) return await this.#putLease(request.putLease)
    if (request.status !== undefined) return await this.#status(readCid(request.status))
    if (request.getStatement !== undefined) return await this.#getStatement(readCid(request.getStatement))
    if (request.getLeases !== undefined) return { leases: await this.#leases(readCid(request.getLeases)) }
    throw refuse('the request asks for nothing that is known here')
  }

  async #getManifest(cid: CID): Promise<ReplyFields> {
    const { holdings, steering } = this.#context
    const [manifest, leases] = await Promise.all([holdings.getManifest(cid), this.#liveLeases(cid)])
    if (manifest === undefined || leases.length === 0) throw notFound()
    steering.noteServed(cid.toString(), manifest.byteLength, false, 0)
    // A small object is all in its manifest: there is nothing to say of shards.
    if (this.#isInline(cid, manifest)) return { manifest: owned(manifest) }
    const [placement, shards, statements] = await Promise.all([
      holdings.getPlacement(cid),
      this.#shardsOf(cid),
      holdings.statements(cid)
    ])
    return {
      manifest: owned(manifest),
      placement: owned(placement ?? new Uint8Array(0)),
      ...shards,
      statements: this.#someOf(statements).map(({ signed }) => owned(signed)),
      leases: shapedOf(leases)
    }
  }

  #isInline(cid: CID, manifest: Uint8Array): boolean {
    try {
      return decodeStoredManifest(manifest).inline !== undefined
    } catch (error) {
      // It is served all the same: a reader that sees it knows that nobody has another one.
      this.#context.logger.debug('a manifest that is kept here breaks the rules', { cid, error })
      return false
    }
  }

  /**
   * A part of the statements, another one each time. All of a hot object's, some 250 bytes each, would weigh more than its
   * manifest and its shards; and readers that hear of different copies spread over them.
   */
  #someOf(statements: readonly StoredStatement[]): readonly StoredStatement[] {
    if (statements.length <= MAX_STATEMENTS_PER_READER) return statements
    const from = this.#turn++ % statements.length
    return [...statements.slice(from), ...statements.slice(0, from)].slice(0, MAX_STATEMENTS_PER_READER)
  }

  /** What this holder says it holds, signed, so that others can pass it on. */
  async #getStatement(cid: CID): Promise<ReplyFields> {
    const { holdings, mesh, clock } = this.#context
    const shards = await holdings.shardsOf(cid)
    if (shards.length === 0) throw notFound()
    const signer = { peer: mesh.self, sign: async (bytes: Uint8Array) => mesh.sign(bytes) }
    const statement = { cid, sequence: BigInt(clock.nowMs()), shards }
    return { statements: [owned(await signHolderStatement(mesh.networkId, statement, signer))] }
  }

  async #status(cid: CID): Promise<ReplyFields> {
    const { holdings, repairingMs } = this.#context
    if ((await holdings.getManifest(cid)) === undefined) throw notFound()
    const leases = await this.#leases(cid)
    return { ...(await this.#shardsOf(cid)), leases, repairingMs: repairingMs(cid) }
  }

  /** Leases and tombstones, also of an object that has been let go: a peer that was away must hear of it. */
  async #leases(cid: CID): Promise<Array<Uint8Array<ArrayBuffer>>> {
    const leases = await this.#context.holdings.leases(cid)
    // A lease that the disk has lost keeps the object here, but there is nothing to show for it.
    const signed = leases.flatMap((lease) => (lease.signed.byteLength > 0 ? [owned(lease.signed)] : []))
    return signed.slice(0, MAX_LEASES_PER_REPLY)
  }

  async #shardsOf(cid: CID): Promise<Pick<ReplyFields, 'shards' | 'badBlocks'>> {
    const held = await this.#context.holdings.heldShards(cid)
    return { shards: held.map(({ shard }) => shard), badBlocks: held.map(({ badBlocks }) => badBlocks) }
  }

  /** Each is judged alone, and all that come together share their writes to the disk. */
  async #putManifests(objects: readonly PutManifest[]): Promise<ManifestReply[]> {
    if (objects.length === 0) throw refuse('the request has no manifests')
    return await Promise.all(
      objects.map(async (putManifest) => {
        const { status, message, retryAfterMs, leases } = await this.answer({ putManifest })
        return { status, message, retryAfterMs, lease: leases[0] ?? new Uint8Array(0) }
      })
    )
  }

  async #putManifest(request: PutManifest): Promise<ReplyFields> {
    const { manifest: bytes, lease: signedLease, placement, quiet, statements } = request
    const { holdings, settings, nowMs } = this.#context
    const manifest = decodeManifest(bytes)
    const cid = manifestCid(bytes)
    const lease = await openLiveLease(this.#context, cid, signedLease)
    const record = placement.byteLength > 0 ? await this.#openPlacement(placement) : undefined
    if (record !== undefined) {
      checkPlacement(record, cid, shapeOf(manifest, [lease]).readable)
      if (!record.signer.equals(lease.lessee))
        throw refuse('the placement record is not signed by the lessee')
    }
    const others = statements.length > 0 ? await leasedShapes(this.#context, cid) : []
    const known = [lease, ...others]
    const opened = await this.#openStatements(statements, cid, maxRows(manifest, known))
    const kept = await holdings.keepObject(
      cid,
      {
        manifest: bytes,
        lease: storedLease(lease, lease.signed),
        placement: record && { record: placement, sequence: record.sequence }
      },
      { maxLeases: settings.maxLeases, nowMs: nowMs() }
    )
    if (kept.outcome === 'ended') throw saidOtherwise()
    if (kept.outcome === 'too-many-leases') throw tooManyLessees()
    for (const statement of opened) await holdings.putStatement(cid, statement, MAX_STATEMENTS)
    if (manifest.inline === undefined) await dropUnwanted(this.#context, cid)
    if (!quiet) this.#onManifest(cid)
    return { leases: [owned(kept.lease.signed)] }
  }

  async #putLease(signed: Uint8Array): Promise<ReplyFields> {
    const { mesh, holdings, nowMs } = this.#context
    const lease = await openLease(mesh.networkId, signed, nowMs())
    if ((await holdings.getManifest(lease.cid)) === undefined) throw notFound()
    const kept = await keepLease(this.#context, { ...lease, signed })
    await dropUnwanted(this.#context, lease.cid)
    return { leases: [owned(kept)] }
  }

  async #openPlacement(signed: Uint8Array): Promise<PlacementRecord> {
    return await openPlacement(this.#context.mesh.networkId, signed, this.#context.nowMs())
  }

  async #openStatements(statements: readonly Uint8Array[], cid: CID, n: number): Promise<StoredStatement[]> {
    const { mesh, clock } = this.#context
    return await Promise.all(
      statements.map(async (signed) => {
        const { holder, sequence, shards, ...statement } = await openHolderStatement(
          mesh.networkId,
          signed,
          clock.nowMs()
        )
        if (!statement.cid.equals(cid)) throw refuse('a holder statement is of another object')
        if (shards.some((shard) => shard >= n)) {
          throw refuse('a holder statement names a shard that the manifest does not have')
        }
        return { holder: holder.toString(), sequence, signed }
      })
    )
  }

  async #liveLeases(cid: CID): Promise<StoredLease[]> {
    const leases = await this.#context.holdings.leases(cid)
    return leases.filter((lease) => isLive(lease, this.#context.nowMs()))
  }
}

/** Those that ask for another number of shards than the manifest has: readers need the roots in them. */
function shapedOf(leases: readonly StoredLease[]): Array<Uint8Array<ArrayBuffer>> {
  const shaped = leases.filter(({ signed }) => shapeInLease(signed) !== undefined)
  return shaped.slice(0, MAX_LEASES_PER_REPLY).map(({ signed }) => owned(signed))
}

function checkPlacement(record: PlacementRecord, cid: CID, { n }: Manifest): void {
  if (!record.cid.equals(cid)) throw refuse('the placement record is of another object')
  if (record.holders.some(({ shard }) => shard >= n)) {
    throw refuse('the placement record names a shard that the manifest does not have')
  }
}

/** Shards that the object may have at its holders. */
function maxRows(manifest: Manifest, leases: readonly ShapedLease[]): number {
  return Math.max(manifest.n, shapeOf(manifest, leases).wanted)
}

function readCid(bytes: Uint8Array): CID {
  const cid = decodeObjectCid(bytes)
  if (cid === undefined) throw refuse('the request names no object id')
  return cid
}

function reply(
  head: Pick<ObjectReply, 'status' | 'message' | 'retryAfterMs'>,
  fields: ReplyFields
): ObjectReply {
  const none = new Uint8Array(0)
  return {
    ...head,
    manifest: none,
    placement: none,
    shards: [],
    badBlocks: [],
    leases: [],
    statements: [],
    replies: [],
    repairingMs: 0,
    ...fields
  }
}

/** As generated messages want their bytes: over an ArrayBuffer, which those of a store may not be known to be. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes)
}
