// Nodes that measure each other over simulated links in virtual time: the node's own `Latency`, and libp2p's own stream class.
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { ProbeReply, ProbeRequest } from '../../../../protocols/generated/report.js'
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { silentLogger } from '../../../../src/node/index.ts'
import { Latency } from '../../../../src/node/peers/latency/latency.ts'
import { PeerTable } from '../../../../src/node/peers/peer-table.ts'
import {
  drive,
  NodeClock,
  Prng,
  randomSource,
  scatteredLatency,
  VirtualClock
} from '../../../sim/engine/index.ts'
import { Links } from '../../../sim/mesh/links.ts'
import { SimStream } from '../../../sim/mesh/stream.ts'
import { EMPTY_SECTIONS } from '../../../support/reports.ts'
import type { Connection, PeerId, Stream, StreamHandler } from '@libp2p/interface'
import type { NetworkCoordinate } from '../../../../protocols/generated/report.js'
import type { LatencyInit } from '../../../../src/node/peers/latency/latency.ts'

const RATES = { upBytesPerSecond: 1e8, downBytesPerSecond: 1e8 }
const REPORT_EVERY_MS = 10_000
const networkId = new Uint8Array(32).fill(3)

export class LatencyWorld {
  readonly clock = new VirtualClock()
  readonly prng: Prng
  readonly links: Links
  readonly nodes: LatencyNode[] = []
  readonly #count: number

  constructor(count: number, seed: number) {
    this.prng = new Prng(seed)
    this.#count = count
    this.links = new Links(this.clock, scatteredLatency(this.prng.fork(), count, 40_000))
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.#count; i++) {
      const key = await generateKeyPairFromSeed('Ed25519', this.prng.bytes(32))
      this.nodes.push(new LatencyNode(this, this.links.add(RATES), peerIdFromPrivateKey(key)))
    }
    for (const node of this.nodes) {
      await node.latency.listen()
      node.reportOn()
      node.latency.start()
    }
  }

  find(peer: PeerId): LatencyNode {
    return this.nodes.find(({ id }) => id.equals(peer))!
  }

  async pass(seconds: number): Promise<void> {
    const untilMicros = this.clock.nowMicros + seconds * 1_000_000
    let isOver = false
    this.clock.after(seconds * 1_000_000, () => (isOver = true))
    await drive(this.clock, untilMicros, () => isOver)
  }

  trueRttMs(a: number, b: number): number {
    return (this.links.oneWayMicros(a, b) + this.links.oneWayMicros(b, a)) / 1000
  }
}

export class LatencyNode {
  readonly host: number
  readonly id: PeerId
  readonly table: PeerTable
  readonly latency: Latency
  readonly #world: LatencyWorld
  readonly #clock: NodeClock
  readonly #handlers = new Map<string, StreamHandler>()
  #sequence = 0n

  constructor(world: LatencyWorld, host: number, id: PeerId) {
    this.#world = world
    this.host = host
    this.id = id
    this.#clock = new NodeClock(world.clock)
    this.table = new PeerTable({ self: id, clock: this.#clock })
    this.latency = new Latency({
      host: {
        peerId: id,
        getConnections: () => [],
        handle: async (protocol: string, handler: StreamHandler) =>
          void this.#handlers.set(protocol, handler),
        unhandle: async (protocol: string) => void this.#handlers.delete(protocol)
      } as unknown as LatencyInit['host'],
      table: this.table,
      dial: async (peer) => this.#connect(peer),
      protocol: 'probe/1',
      networkId,
      clock: this.#clock,
      random: randomSource(world.prng.fork()),
      logger: silentLogger
    })
  }

  /** Answers probes with this coordinate from now on. */
  lie(coordinate: NetworkCoordinate): void {
    this.#handlers.set('probe/1', async (stream) => {
      const framed = new FramedStream(stream, { maxFrameBytes: 64, clock: this.#clock })
      const request = await framed.readMessage(ProbeRequest, { timeoutMs: 1_000 })
      await framed.writeMessage(
        ProbeReply,
        { nonce: request!.nonce, coordinate, near: [] },
        { timeoutMs: 1_000 }
      )
      await framed.close({ timeoutMs: 1_000 })
    })
  }

  /** Everybody has the node's report, and has been connected with it. */
  reportOn(): void {
    const signed = Uint8Array.of(1)
    for (const { table } of this.#world.nodes) {
      const report = {
        ...EMPTY_SECTIONS,
        ...{ peer: this.id, sequence: ++this.#sequence, issuedAtMs: this.#clock.nowMs(), signed },
        ...{ capacityBytes: 1, freeBytes: 1, version: '1.0.0', uptimeSeconds: 1, domain: '' },
        multiaddrs: [multiaddr(`/ip4/198.51.${this.host}.1/tcp/1`)],
        intervalMs: REPORT_EVERY_MS,
        coordinate: { at: this.latency.coordinate }
      }
      table.accept(report)
      table.markReached(this.id, report.multiaddrs[0])
    }
    this.#clock.after(REPORT_EVERY_MS, () => this.reportOn())
  }

  #connect(peer: PeerId): Connection {
    const remote = this.#world.find(peer)
    return {
      direct: true,
      newStream: async (protocol: string): Promise<Stream> => {
        const { links, prng } = this.#world
        const [outbound, inbound] = SimStream.pair(
          links,
          this.host,
          remote.host,
          String(prng.unit()),
          protocol
        )
        void remote.#handlers.get(protocol)!(inbound, {} as Connection)
        return outbound
      }
    } as unknown as Connection
  }
}
