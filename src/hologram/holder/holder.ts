import { setMaxListeners } from 'node:events'
import {
  GetReply,
  ObjectReply,
  ObjectRequest,
  PutReply,
  Status
} from '../../../protocols/generated/object.js'
import { UNLIMITED, type Bandwidth } from '../wire/bandwidth.ts'
import { isHologramError } from '../errors.ts'
import { ByteBudget, FramedStream } from '../../../protocols/framing/index.ts'
import {
  GET_PROTOCOL,
  MAX_GET_REQUEST_BYTES,
  MAX_OBJECT_REQUEST_BYTES,
  MAX_PUT_FRAME_BYTES,
  OBJECT_PROTOCOL,
  PUT_PROTOCOL
} from '../../../protocols/limits.ts'
import { fromFraming } from '../wire/stream-errors.ts'
import { Admission } from './admission.ts'
import { countRefusal, newCounts } from './context.ts'
import { handleGet } from './get-handler.ts'
import { isLocalAddress, networkPrefix } from './network-prefix.ts'
import { nextRequest } from './next-request.ts'
import { ObjectService } from './object-service.ts'
import { ProvideQueue } from './provide-queue.ts'
import { FillIntake } from './fill-intake.ts'
import { handlePut } from './put-handler.ts'
import { isOwnFault, Refusal, replyHead, type ReplyHead } from './refusal.ts'
import { DEFAULT_HOLDER_SETTINGS, type HolderSettings, type StreamLimits } from './settings.ts'
import { TreeCache } from './tree-cache.ts'
import { UNSTEERED } from '../steering.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Clock } from '../../clock/index.ts'
import type { Holdings } from '../holdings.ts'
import type { Mesh, Remote } from '../mesh.ts'
import type { HologramLogger } from '../logger.ts'
import type { Steering } from '../steering.ts'
import type { HolderContext, HolderStats, ServiceName } from './context.ts'

export interface HolderComponents {
  readonly mesh: Mesh
  readonly holdings: Holdings
  readonly logger: HologramLogger
  /** Caps on block bytes that come in and go out. @default none */
  readonly down?: Bandwidth
  readonly up?: Bandwidth
  /** The same for peers of the local network. @default they share the caps above */
  readonly downLocal?: Bandwidth
  readonly upLocal?: Bandwidth
  /** Caps what is taken from fuller peers, and yields to what the user does. @default no cap of its own */
  readonly fillPace?: Bandwidth
  readonly clock: Clock
  /** Whether this node is being emptied, and takes no shards. @default it never is */
  readonly isDraining?: () => boolean
  /** For how long this node has been rebuilding an object, in milliseconds. @default it never does */
  readonly repairingMs?: (cid: CID) => number
  /** @default `UNSTEERED` */
  readonly steering?: Steering
}

/** Who asks: the peer, and the network that it comes from. */
interface Asker {
  readonly peer: PeerId
  readonly network: string
  /** With the caps that hold for it. */
  readonly context: HolderContext
}

type Conversation = (framed: FramedStream, asker: Asker, signal: AbortSignal) => Promise<void>

/** How one of the three protocols is served. */
interface Service {
  readonly name: string
  readonly limits: StreamLimits
  readonly admission: Admission
  readonly maxFrameBytes: number
  readonly converse: Conversation
  readonly encodeRefusal: (head: ReplyHead) => Uint8Array
}

/**
 * The holder side of the object protocols: takes shards (put/1), hands out blocks with their audit paths (get/1), and
 * keeps manifests, leases and placement records (object/1). All that peers send is bounded and checked before it is
 * kept; a peer that stalls, or breaks the rules, loses its stream and nothing else.
 */
export class Holder {
  readonly #context: HolderContext
  /** For peers of the local network. */
  readonly #localContext: HolderContext
  readonly #objects: ObjectService
  readonly #announcements: ProvideQueue
  readonly #services: Record<ServiceName, Service>
  readonly #conversations = new Set<Promise<void>>()
  readonly #budget: ByteBudget
  #stopping = newStopping()

  constructor(components: HolderComponents, init: Partial<HolderSettings> = {}) {
    const {
      mesh,
      holdings,
      logger,
      down = UNLIMITED,
      up = UNLIMITED,
      fillPace = UNLIMITED,
      clock,
      repairingMs = () => 0,
      isDraining = () => false,
      steering = UNSTEERED
    } = components
    const settings = { ...DEFAULT_HOLDER_SETTINGS, ...init }
    const trees = new TreeCache(settings.treeCacheBytes)
    const nowMs = (): number => clock.nowMs()
    const counts = newCounts()
    this.#context = {
      ...{ mesh, holdings, logger, settings, trees, down, up, clock, nowMs, counts },
      ...{ repairingMs, isDraining, steering, fills: new FillIntake(fillPace) }
    }
    const { downLocal = down, upLocal = up } = components
    this.#localContext = { ...this.#context, down: downLocal, up: upLocal }
    this.#announcements = new ProvideQueue(
      { mesh, logger, clock },
      {
        maxBacklog: settings.maxProvideBacklog,
        restRatio: settings.provideRestRatio,
        promptCount: settings.providePromptCount,
        backlogRestRatio: settings.provideBacklogRestRatio,
        delayMs: settings.provideDelayMs
      }
    )
    this.#objects = new ObjectService({
      context: this.#context,
      onManifest: (cid) => this.#announcements.add(cid, this.#stopping.signal)
    })
    this.#budget = new ByteBudget(settings.unread)
    this.#services = this.#makeServices()
  }

  async start(): Promise<void> {
    this.#stopping = newStopping()
    const { mesh } = this.#context
    for (const service of Object.values(this.#services)) {
      await mesh.handle(
        mesh.protocol(service.name),
        async (stream, connection) => this.#accept(service, stream, connection),
        {
          maxInboundStreams: service.limits.perConnection
        }
      )
    }
  }

  /** Resolves when no stream is served any more; what has arrived of unfinished shards is durable then. */
  async stop(): Promise<void> {
    const { mesh } = this.#context
    for (const { name } of Object.values(this.#services)) await mesh.unhandle(mesh.protocol(name))
    this.#stopping.abort(new Error('the node stops'))
    await Promise.all(this.#conversations)
    await this.#announcements.idle()
  }

  /** Answers a request of object/1 as if it had come from a peer: this node is a home of manifests like any other. */
  async answer(request: Partial<ObjectRequest>): Promise<ObjectReply> {
    return await this.#objects.answer(request)
  }

  get stats(): HolderStats {
    const { put, get, object } = this.#services
    return {
      ...this.#context.counts,
      streams: { put: put.admission.counts, get: get.admission.counts, object: object.admission.counts }
    }
  }

  #makeServices(): Record<ServiceName, Service> {
    const { settings } = this.#context
    return {
      put: {
        name: PUT_PROTOCOL,
        limits: settings.put,
        admission: new Admission(settings.put),
        maxFrameBytes: MAX_PUT_FRAME_BYTES,
        converse: async (framed, { peer, network, context }, signal) =>
          handlePut(context, framed, peer, network, signal),
        encodeRefusal: (head) => PutReply.encode(head)
      },
      get: {
        name: GET_PROTOCOL,
        limits: settings.get,
        admission: new Admission(settings.get),
        maxFrameBytes: MAX_GET_REQUEST_BYTES,
        converse: async (framed, { context }, signal) => handleGet(context, framed, signal),
        encodeRefusal: (head) => GetReply.encode(head)
      },
      object: {
        name: OBJECT_PROTOCOL,
        limits: settings.object,
        admission: new Admission(settings.object),
        maxFrameBytes: MAX_OBJECT_REQUEST_BYTES,
        converse: async (framed, _asker, signal) => this.#serveObject(framed, signal),
        encodeRefusal: (head) => ObjectReply.encode(head)
      }
    }
  }

  async #serveObject(framed: FramedStream, signal: AbortSignal): Promise<void> {
    const wait = { timeoutMs: this.#context.settings.idleTimeoutMs, signal }
    for (;;) {
      const request = await nextRequest(framed, ObjectRequest, wait)
      if (request === undefined) return
      await framed.writeMessage(ObjectReply, await this.#objects.answer(request), wait)
    }
  }

  async #accept(service: Service, stream: Stream, connection: Remote): Promise<void> {
    const conversation = this.#converse(service, stream, connection)
    this.#conversations.add(conversation)
    await conversation.finally(() => this.#conversations.delete(conversation))
  }

  /** Never rejects: whatever goes wrong is answered, counted, or logged. */
  async #converse(service: Service, stream: Stream, { remotePeer, remoteAddr }: Remote): Promise<void> {
    const { settings } = this.#context
    const { signal } = this.#stopping
    const framed = new FramedStream(stream, {
      maxFrameBytes: service.maxFrameBytes,
      clock: this.#context.clock,
      peer: remotePeer.toString(),
      budget: this.#budget.share(remotePeer.toString())
    })
    const leave = service.admission.enter(remotePeer)
    try {
      if (leave === undefined) throw new Refusal(Status.BUSY, 'too many streams', settings.retryAfterMs())
      // A simulated connection has no address.
      const address = remoteAddr?.toString() ?? ''
      const network = networkPrefix(address)
      const context = isLocalAddress(address) ? this.#localContext : this.#context
      await service.converse(framed, { peer: remotePeer, network, context }, signal)
      await framed.finish({ timeoutMs: settings.lingerMs, signal })
    } catch (error) {
      await this.#refuse(service, framed, fromFraming(error))
    } finally {
      leave?.()
      framed.release()
    }
  }

  /** Tells the peer what was wrong, if the stream still carries an answer. */
  async #refuse({ name, encodeRefusal }: Service, framed: FramedStream, error: unknown): Promise<void> {
    const { settings, counts, logger } = this.#context
    const wait = { timeoutMs: settings.lingerMs, signal: this.#stopping.signal }
    if (this.#stopping.signal.aborted || isHologramError(error, 'TIMEOUT', 'UNREACHABLE', 'ABORTED')) {
      counts.streamsCut++
      framed.abort(error as Error)
      return
    }
    const head = replyHead(error, settings.retryAfterMs())
    countRefusal(counts, head.status)
    if (isOwnFault(error)) logger.warn(`${name} failed`, { error })
    try {
      await framed.write([encodeRefusal(head)], wait)
      await framed.finish(wait)
    } catch (cause) {
      counts.streamsCut++
      framed.abort(cause as Error)
    }
  }
}

/** Every open stream listens to it. */
function newStopping(): AbortController {
  const stopping = new AbortController()
  setMaxListeners(Infinity, stopping.signal)
  return stopping
}
