import { streamPair } from '@libp2p/utils'
import { systemClock } from '../../../src/clock/index.ts'
import { FramedStream } from '../../../protocols/framing/index.ts'
import { NETWORK } from './support.ts'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Signer } from '../../../protocols/signed.ts'
import type { Mesh, MeshPeer } from '../../../src/hologram/mesh.ts'
import type { PlacementView } from '../../../src/hologram/placement/placement-view.ts'

type Handler = (stream: Stream, connection: Connection) => Promise<void>

/** A mesh of one node, whose handlers are reached through pairs of libp2p streams in memory. */
export class FakeMesh implements Mesh {
  readonly networkId = NETWORK
  readonly self: PeerId
  readonly provided: CID[] = []
  readonly handlers = new Map<string, { handler: Handler; maxInboundStreams: number }>()
  /** What the handlers of streams opened by `dial` are doing. */
  readonly served: Array<Promise<void>> = []
  /** This node's ends of those streams. */
  readonly inbound: Stream[] = []
  readonly #signer: Signer

  constructor(signer: Signer) {
    this.#signer = signer
    this.self = signer.peer
  }

  protocol(name: string): string {
    return `/thhe/test/${name}`
  }

  /** Opens a stream to this node as `remotePeer`, with the frames of its answers. */
  /** @param address - where the peer comes from, as text. @default unknown */
  async dial(name: string, remotePeer: PeerId, address = ''): Promise<FramedStream> {
    const registered = this.handlers.get(this.protocol(name))
    if (registered === undefined) throw new Error(`nobody handles ${name}`)
    const [outbound, inbound] = await streamPair({ protocol: this.protocol(name) })
    this.inbound.push(inbound)
    this.served.push(
      registered.handler(inbound, { remotePeer, remoteAddr: { toString: () => address } } as Connection)
    )
    return new FramedStream(outbound, { maxFrameBytes: 2 ** 22, clock: systemClock })
  }

  placement(): PlacementView {
    return { epoch: 0, peers: this.peers() }
  }

  peers(): MeshPeer[] {
    return []
  }

  async open(): Promise<Stream> {
    throw new Error('this mesh dials nobody')
  }

  async handle(protocol: string, handler: Handler, limits: { maxInboundStreams: number }): Promise<void> {
    this.handlers.set(protocol, { handler, ...limits })
  }

  async unhandle(protocol: string): Promise<void> {
    this.handlers.delete(protocol)
  }

  async provide(cid: CID): Promise<void> {
    this.provided.push(cid)
  }

  async *findProviders(): AsyncGenerator<never> {}

  async sign(bytes: Uint8Array): Promise<Uint8Array> {
    return await this.#signer.sign(bytes)
  }

  rttMicros(): number | undefined {
    return undefined
  }

  observe(): void {}
}
