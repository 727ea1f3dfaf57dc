import type { PeerId } from '@libp2p/interface'
import { ObjectReply, ObjectRequest, Status } from '../../../../protocols/generated/object.js'
import { isHologramError } from '../../errors.ts'
import type { FramedStream, WaitOptions } from '../../../../protocols/framing/index.ts'
import { fromFraming } from '../../wire/stream-errors.ts'
import {
  MAX_OBJECT_REPLY_BYTES,
  MAX_OBJECT_REQUEST_BYTES,
  OBJECT_PROTOCOL
} from '../../../../protocols/limits.ts'
import { ManifestBatches } from './manifest-batches.ts'
import { PeerSlots } from './peer-slots.ts'
import type { SlotUse } from './peer-slots.ts'
import { Silence } from './silence.ts'
import { StreamPool } from './stream-pool.ts'
import { noReply, openFramed, remoteError } from './streams.ts'
import type { StreamOpener } from './streams.ts'
import type { PeerExperience } from '../find/experience.ts'
import { survive } from '../survive.ts'
import { retryAfterMs, RETRY_MS } from './when-free.ts'
import type { FailureLog } from '../survive.ts'

/** Answers a request as this node answers another peer. */
export type LocalObjects = (request: Partial<ObjectRequest>) => Promise<ObjectReply>

export interface ObjectClientComponents extends StreamOpener, FailureLog {
  /** Learns how long peers take to answer. */
  readonly experience: Pick<PeerExperience, 'sampleRequest'>
}

export interface ObjectClientInit {
  /** One request, dialling included. */
  readonly timeoutMs: number
  /** Requests to one peer at a time; the others wait in line. */
  readonly maxPerPeer: (peer: string) => number
}

/** Holders wait longer than this for the next request of a stream. */
const IDLE_MS = 5_000
/** Streams kept open with one peer: as many requests go at once without opening another. */
const MAX_IDLE_STREAMS = 16

/** Requests of object/1, each alone on its stream. Requests to this node itself need no stream. */
export class ObjectClient {
  readonly #components: ObjectClientComponents
  readonly #local: LocalObjects
  readonly #timeoutMs: number
  readonly #streams: StreamPool
  readonly #slots: PeerSlots
  readonly #manifests: ManifestBatches
  readonly #silence: Silence

  constructor(
    components: ObjectClientComponents,
    local: LocalObjects,
    { timeoutMs, maxPerPeer }: ObjectClientInit
  ) {
    this.#components = components
    this.#slots = new PeerSlots(maxPerPeer)
    this.#silence = new Silence(components.clock)
    this.#local = local
    this.#timeoutMs = timeoutMs
    this.#manifests = new ManifestBatches({
      ask: async (peer, request, signal) => this.#ask(peer, request, signal),
      clock: components.clock
    })
    this.#streams = new StreamPool({
      clock: components.clock,
      maxIdle: MAX_IDLE_STREAMS,
      idleMs: IDLE_MS,
      closeTimeoutMs: timeoutMs
    })
  }

  /**
   * The reply of `peer`, whose status is OK.
   *
   * @param timeoutMs - for this request, where the usual time is more than its caller has
   * @throws HologramError 'REMOTE' | 'QUOTA' | 'UNREACHABLE' | 'TIMEOUT' | 'PROTOCOL' | 'ABORTED'
   */
  async request(
    peer: PeerId,
    request: Partial<ObjectRequest>,
    signal?: AbortSignal,
    timeoutMs = this.#timeoutMs
  ): Promise<ObjectReply> {
    const reply = peer.equals(this.#components.mesh.self)
      ? await this.#local(request)
      : request.putManifest !== undefined
        ? await this.#manifests.put(peer, request.putManifest, signal)
        : await this.#ask(peer, request, signal, timeoutMs)
    if (reply.status !== Status.OK) throw remoteError(peer, reply)
    return reply
  }

  /** Requests to a peer that are under way, and those in line. */
  use(peer: PeerId): SlotUse {
    return this.#slots.use(peer.toString())
  }

  /** Closes the streams that are kept open for further requests. */
  close(): void {
    this.#streams.close()
  }

  /** Asks until the peer is not busy; while it is, others have their turn. Time in line is not the peer's. */
  async #ask(
    peer: PeerId,
    request: Partial<ObjectRequest>,
    signal?: AbortSignal,
    usualMs = this.#timeoutMs
  ): Promise<ObjectReply> {
    const { clock } = this.#components
    let leftMs = usualMs
    for (let pauseMs = RETRY_MS; ; pauseMs *= 2) {
      const release = await this.#slots.take(peer.toString(), { signal })
      const startMs = clock.monotonicMs()
      const timeoutMs = this.#silence.timeoutFor(peer, usualMs)
      try {
        return await this.#attempt(peer, request, { timeoutMs, signal })
      } catch (error) {
        if (isHologramError(error, 'TIMEOUT')) this.#silence.noteSilent(peer, timeoutMs, usualMs)
        const retryMs = retryAfterMs(error, pauseMs)
        leftMs -= clock.monotonicMs() - startMs + (retryMs ?? 0)
        if (retryMs === undefined || leftMs < 0) throw error
        this.#slots.wasBusy(peer.toString())
        survive(this.#components, 'busy', { peer, error })
        release()
        await clock.sleep(retryMs, signal)
      } finally {
        release()
      }
    }
  }

  /** @throws HologramError 'REMOTE' when the peer is busy; a reply with any other status is returned */
  async #attempt(peer: PeerId, request: Partial<ObjectRequest>, wait: WaitOptions): Promise<ObjectReply> {
    const { clock, experience } = this.#components
    const startMs = clock.monotonicMs()
    const reply = (await this.#askAgain(peer, request, wait)) ?? (await this.#askAnew(peer, request, wait))
    if (reply === undefined) throw noReply(peer)
    this.#silence.noteAnswer(peer)
    if (reply.status === Status.BUSY) throw remoteError(peer, reply)
    experience.sampleRequest(peer, clock.monotonicMs() - startMs)
    this.#slots.hasServed(peer.toString())
    return reply
  }

  /**
   * Asks on a stream that was kept open. Undefined when there is none, or when it has ended meanwhile: requests are
   * idempotent, so the caller may repeat one that the peer has already served.
   */
  async #askAgain(
    peer: PeerId,
    request: Partial<ObjectRequest>,
    wait: WaitOptions
  ): Promise<ObjectReply | undefined> {
    const framed = this.#streams.take(peer)
    if (framed === undefined) return undefined
    try {
      return await this.#converse(peer, framed, request, wait)
    } catch (error) {
      if (!isHologramError(error, 'UNREACHABLE')) throw error
      survive(this.#components, 'stream', { peer, error })
      return undefined
    }
  }

  async #askAnew(
    peer: PeerId,
    request: Partial<ObjectRequest>,
    wait: WaitOptions
  ): Promise<ObjectReply | undefined> {
    const framed = await openFramed(this.#components, peer, OBJECT_PROTOCOL, {
      ...wait,
      maxFrameBytes: Math.max(MAX_OBJECT_REQUEST_BYTES, MAX_OBJECT_REPLY_BYTES)
    })
    return await this.#converse(peer, framed, request, wait)
  }

  /** Undefined when the peer ends the stream without an answer. */
  async #converse(
    peer: PeerId,
    framed: FramedStream,
    request: Partial<ObjectRequest>,
    wait: WaitOptions
  ): Promise<ObjectReply | undefined> {
    try {
      await framed.write([ObjectRequest.encode(request)], wait)
      const reply = await framed.readMessage(ObjectReply, wait)
      if (reply === undefined) void framed.close(wait).finally(() => framed.release())
      else this.#streams.give(peer, framed)
      return reply
    } catch (error) {
      framed.abort(error as Error)
      framed.release()
      throw fromFraming(error)
    }
  }
}
