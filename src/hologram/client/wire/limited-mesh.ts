import type { PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { OBJECT_PROTOCOL } from '../../wire/limits.ts'
import { PeerSlots } from './peer-slots.ts'
import type { Mesh, MeshPeer } from '../../mesh.ts'

/**
 * Streams of one protocol that this node has open to one peer at most. A quarter of what a holder takes from one peer
 * (holder/settings.ts), since it counts a stream until both ends have closed it.
 */
export const MAX_STREAMS_PER_PEER = 16

/** The mesh for this node's own puts and gets: a stream waits until there is room for it at the peer. */
export class LimitedMesh implements Mesh {
  readonly #mesh: Mesh
  readonly #slots = new PeerSlots(MAX_STREAMS_PER_PEER)

  constructor(mesh: Mesh) {
    this.#mesh = mesh
  }

  get self(): PeerId {
    return this.#mesh.self
  }

  get networkId(): Uint8Array {
    return this.#mesh.networkId
  }

  protocol(name: string): string {
    return this.#mesh.protocol(name)
  }

  peers(): readonly MeshPeer[] {
    return this.#mesh.peers()
  }

  placement(): ReturnType<Mesh['placement']> {
    return this.#mesh.placement()
  }

  async open(peer: PeerId, protocol: string, options: { signal: AbortSignal }): Promise<Stream> {
    // Streams of object/1 are kept open between requests: `ObjectClient` counts requests, and its pool the streams.
    if (protocol === this.#mesh.protocol(OBJECT_PROTOCOL))
      return await this.#mesh.open(peer, protocol, options)
    const release = await this.#slots.take(`${peer.toString()} ${protocol}`, options.signal)
    try {
      const stream = await this.#mesh.open(peer, protocol, options)
      stream.addEventListener('close', release, { once: true })
      // It may have closed before anybody listened.
      if (stream.status !== 'open') release()
      return stream
    } catch (error) {
      release()
      throw error
    }
  }

  async handle(...args: Parameters<Mesh['handle']>): Promise<void> {
    await this.#mesh.handle(...args)
  }

  async unhandle(protocol: string): Promise<void> {
    await this.#mesh.unhandle(protocol)
  }

  async provide(cid: CID, options: { signal: AbortSignal }): Promise<void> {
    await this.#mesh.provide(cid, options)
  }

  findProviders(cid: CID, options: { signal: AbortSignal }): AsyncIterable<PeerId> {
    return this.#mesh.findProviders(cid, options)
  }

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#mesh.sign(bytes)
  }

  observe(...args: Parameters<Mesh['observe']>): void {
    this.#mesh.observe(...args)
  }
}
