import {
  Status,
  type ObjectReply,
  type ObjectRequest,
  type PutManifest
} from '../../../protocols/generated/object.js'
import { decodeObjectCid } from '../records/cid.ts'
import { isLive, openLease, storedLease } from '../records/lease.ts'
import { MAX_LEASES_PER_REPLY } from '../wire/limits.ts'
import { decodeManifest, manifestCid, type Manifest } from '../records/manifest.ts'
import { openPlacement, type PlacementRecord } from '../records/placement-record.ts'
import { keepLease, openLiveLease, saidOtherwise, tooManyLessees } from './admit-lease.ts'
import { countRefusal } from './context.ts'
import { isOwnFault, notFound, refuse, replyHead } from './refusal.ts'
import type { CID } from 'multiformats/cid'
import type { HolderContext } from './context.ts'

export interface ObjectServiceComponents {
  readonly context: HolderContext
  /** Called with each object that this node is to announce, once its manifest is kept. */
  readonly onManifest: (cid: CID) => void
}

type ReplyFields = Partial<Pick<ObjectReply, 'manifest' | 'placement' | 'shards' | 'badBlocks' | 'leases'>>

/** Answers the requests of object/1: manifests, leases, placement records, status. */
export class ObjectService {
  readonly #context: HolderContext
  readonly #onManifest: (cid: CID) => void

  constructor({ context, onManifest }: ObjectServiceComponents) {
    this.#context = context
    this.#onManifest = onManifest
  }

  /** The reply to `request`, whatever its status. Never rejects. */
  async answer(request: Partial<ObjectRequest>): Promise<ObjectReply> {
    try {
      return reply({ status: Status.OK, message: '', retryAfterMs: 0 }, await this.#dispatch(request))
    } catch (error) {
      const head = replyHead(error, this.#context.settings.retryAfterMs)
      countRefusal(this.#context.counts, head.status)
      if (isOwnFault(error)) this.#context.logger.warn('a request of object/1 failed', { error })
      return reply(head, {})
    }
  }

  async #dispatch(request: Partial<ObjectRequest>): Promise<ReplyFields> {
    if (request.getManifest !== undefined) return await this.#getManifest(readCid(request.getManifest))
    if (request.putManifest !== undefined) return await this.#putManifest(request.putManifest)
    if (request.putLease !== undefined) return await this.#putLease(request.putLease)
    if (request.putPlacement !== undefined) return await this.#putPlacement(request.putPlacement)
    if (request.status !== undefined) return await this.#status(readCid(request.status))
    throw refuse('the request asks for nothing that is known here')
  }

  async #getManifest(cid: CID): Promise<ReplyFields> {
    const { holdings } = this.#context
    const manifest = await holdings.getManifest(cid)
    if (manifest === undefined || !(await this.#hasLiveLease(cid))) throw notFound()
    return {
      manifest: owned(manifest),
      placement: owned((await holdings.getPlacement(cid)) ?? new Uint8Array(0)),
      ...(await this.#shardsOf(cid))
    }
  }

  async #status(cid: CID): Promise<ReplyFields> {
    const { holdings } = this.#context
    if ((await holdings.getManifest(cid)) === undefined) throw notFound()
    const leases = await holdings.leases(cid)
    // A lease that the disk has lost keeps the object here, but there is nothing to show for it.
    const signed = leases.flatMap((lease) => (lease.signed.byteLength > 0 ? [owned(lease.signed)] : []))
    return { ...(await this.#shardsOf(cid)), leases: signed.slice(0, MAX_LEASES_PER_REPLY) }
  }

  async #shardsOf(cid: CID): Promise<Pick<ReplyFields, 'shards' | 'badBlocks'>> {
    const held = await this.#context.holdings.heldShards(cid)
    return { shards: held.map(({ shard }) => shard), badBlocks: held.map(({ badBlocks }) => badBlocks) }
  }

  async #putManifest(request: PutManifest): Promise<ReplyFields> {
    const { manifest: bytes, lease: signedLease, placement, quiet } = request
    const { holdings, settings, nowMs } = this.#context
    const manifest = decodeManifest(bytes)
    const cid = manifestCid(bytes)
    const lease = await openLiveLease(this.#context, cid, signedLease)
    const record = placement.byteLength > 0 ? await this.#openPlacement(placement) : undefined
    if (record !== undefined) {
      checkPlacement(record, cid, manifest)
      if (!record.signer.equals(lease.lessee))
        throw refuse('the placement record is not signed by the lessee')
    }
    const outcome = await holdings.keepObject(
      cid,
      {
        manifest: bytes,
        lease: storedLease(lease, lease.signed),
        placement: record && { record: placement, sequence: record.sequence }
      },
      { maxLeases: settings.maxLeases, nowMs: nowMs() }
    )
    if (outcome === 'ended') throw saidOtherwise()
    if (outcome === 'too-many-leases') throw tooManyLessees()
    if (!quiet) this.#onManifest(cid)
    return { leases: await this.#keptLease(cid, lease.lessee.toString()) }
  }

  async #putLease(signed: Uint8Array): Promise<ReplyFields> {
    const { mesh, holdings, nowMs } = this.#context
    const lease = await openLease(mesh.networkId, signed, nowMs())
    if ((await holdings.getManifest(lease.cid)) === undefined) throw notFound()
    const kept = await keepLease(this.#context, { ...lease, signed })
    return { leases: [owned(kept)] }
  }

  /** What is recorded of a lessee, which may be another statement than the one that just came. */
  async #keptLease(cid: CID, lessee: string): Promise<Array<Uint8Array<ArrayBuffer>>> {
    const kept = (await this.#context.holdings.leases(cid)).find((lease) => lease.lessee === lessee)
    return kept === undefined ? [] : [owned(kept.signed)]
  }

  async #putPlacement(signed: Uint8Array): Promise<ReplyFields> {
    const { holdings, nowMs } = this.#context
    const record = await this.#openPlacement(signed)
    const manifest = await holdings.getManifest(record.cid)
    if (manifest === undefined) throw notFound()
    checkPlacement(record, record.cid, decodeManifest(manifest))
    const signer = record.signer.toString()
    const leases = await holdings.leases(record.cid)
    if (!leases.some((lease) => lease.lessee === signer && isLive(lease, nowMs()))) {
      throw refuse('the placement record is signed by nobody with a live lease')
    }
    await holdings.putPlacement(record.cid, signed, record.sequence)
    return {}
  }

  async #openPlacement(signed: Uint8Array): Promise<PlacementRecord> {
    return await openPlacement(this.#context.mesh.networkId, signed, this.#context.nowMs())
  }

  async #hasLiveLease(cid: CID): Promise<boolean> {
    const leases = await this.#context.holdings.leases(cid)
    return leases.some((lease) => isLive(lease, this.#context.nowMs()))
  }
}

function checkPlacement(record: PlacementRecord, cid: CID, { n }: Manifest): void {
  if (!record.cid.equals(cid)) throw refuse('the placement record is of another object')
  if (record.holders.some(({ shard }) => shard >= n)) {
    throw refuse('the placement record names a shard that the manifest does not have')
  }
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
  return { ...head, manifest: none, placement: none, shards: [], badBlocks: [], leases: [], ...fields }
}

/** As generated messages want their bytes: over an ArrayBuffer, which those of a store may not be known to be. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes)
}
