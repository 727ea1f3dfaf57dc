import type { PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { GET_PROTOCOL, PUT_PROTOCOL } from '../../wire/limits.ts'
import { PeerSlots } from './peer-slots.ts'
import type { SlotUse } from './peer-slots.ts'
import type { Mesh, MeshPeer, OpenOptions } from '../../mesh.ts'

/**
 * The mesh for this node's own puts and gets: a stream of put/1 or get/1 waits until there is room for it at the peer.
 * Streams of object/1 pass, since they stay open between requests: `ObjectClient` limits the requests.
 */
export class LimitedMesh implements Mesh {
  readonly #mesh: Mesh
  /** By protocol id. */
  readonly #slots: ReadonlyMap<string, PeerSlots>

  /** @param maxPerPeer - streams of one protocol that may be open to a peer */
  constructor(mesh: Mesh, maxPerPeer: (peer: string) => number) {
    this.#mesh = mesh
    this.#slots = new Map(
      [PUT_PROTOCOL, GET_PROTOCOL].map((name) => [mesh.protocol(name), new PeerSlots(maxPerPeer)])
    )
  }

  /** Streams that are open to a peer, and those that wait for room. */
  use(peer: PeerId): SlotUse {
    const uses = [...this.#slots.values()].map((slots) => slots.use(peer.toString()))
    return {
      taken: uses.reduce((sum, { taken }) => sum + taken, 0),
      waiting: uses.reduce((sum, { waiting }) => sum + waiting, 0)
    }
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

  async open(peer: PeerId, protocol: string, options: OpenOptions): Promise<Stream> {
    const slots = this.#slots.get(protocol)
    if (slots === undefined) return await this.#mesh.open(peer, protocol, options)
    const release = await slots.take(peer.toString(), options.signal)
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

  rttMicros(peer: PeerId): number | undefined {
    return this.#mesh.rttMicros(peer)
  }

  observe(...args: Parameters<Mesh['observe']>): void {
    this.#mesh.observe(...args)
  }
}
