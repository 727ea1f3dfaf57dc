import type { PeerId } from '@libp2p/interface'
import { ObjectReply, ObjectRequest, Status } from '../../../protocols/generated/object.js'
import { MAX_OBJECT_REPLY_BYTES, MAX_OBJECT_REQUEST_BYTES, OBJECT_PROTOCOL } from '../limits.ts'
import type { Mesh } from '../mesh.ts'
import { noReply, openFramed, remoteError } from './streams.ts'

/** Answers a request on behalf of this node, as it would answer another peer. */
export type LocalObjects = (request: Partial<ObjectRequest>) => Promise<ObjectReply>

export interface ObjectClientInit {
  /** One request, dialling included. */
  readonly timeoutMs: number
}

/** Requests of object/1: one stream, one request, one reply. This node itself is asked without a stream. */
export class ObjectClient {
  readonly #mesh: Mesh
  readonly #local: LocalObjects
  readonly #timeoutMs: number

  constructor(mesh: Mesh, local: LocalObjects, { timeoutMs }: ObjectClientInit) {
    this.#mesh = mesh
    this.#local = local
    this.#timeoutMs = timeoutMs
  }

  /**
   * The reply of `peer`, whose status is OK.
   *
   * @throws HologramError 'REMOTE' | 'QUOTA' | 'UNREACHABLE' | 'TIMEOUT' | 'PROTOCOL' | 'ABORTED'
   */
  async request(peer: PeerId, request: Partial<ObjectRequest>, signal?: AbortSignal): Promise<ObjectReply> {
    const reply = peer.equals(this.#mesh.self)
      ? await this.#local(request)
      : await this.#ask(peer, request, signal)
    if (reply.status !== Status.OK) throw remoteError(peer, reply)
    return reply
  }

  async #ask(peer: PeerId, request: Partial<ObjectRequest>, signal?: AbortSignal): Promise<ObjectReply> {
    const wait = { timeoutMs: this.#timeoutMs, signal }
    const framed = await openFramed(this.#mesh, peer, OBJECT_PROTOCOL, {
      ...wait,
      maxFrameBytes: Math.max(MAX_OBJECT_REQUEST_BYTES, MAX_OBJECT_REPLY_BYTES)
    })
    try {
      await framed.write([ObjectRequest.encode(request)], wait)
      const reply = await framed.readMessage(ObjectReply, wait)
      if (reply === undefined) throw noReply(peer)
      // The stream is done with; that its end is slow to close is nothing to wait for.
      void framed.close(wait).finally(() => framed.release())
      return reply
    } catch (error) {
      framed.abort(error as Error)
      framed.release()
      throw error
    }
  }
}
