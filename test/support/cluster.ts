import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SegmentCodec } from '../../encoder/index.ts'
import { createSegmentCodec } from '../../encoder/index.ts'
import { AwakeClock, systemClock } from '../../src/clock/index.ts'
import type { Clock } from '../../src/clock/index.ts'
import { Hologram } from '../../src/hologram/hologram.ts'
import type { HologramInit } from '../../src/hologram/hologram.ts'
import type { EventSink } from '../../src/hologram/events.ts'
import type { HologramLogger } from '../../src/hologram/index.ts'
import type { Holdings } from '../../src/hologram/holdings.ts'
import { openStore } from '../../src/store/index.ts'
import type { Store } from '../../src/store/index.ts'
import { TestNetwork } from './mesh.ts'
import type { TestMesh, TestPeerOptions } from './mesh.ts'

/** A quarter of what nodes use, so that a few MiB make many segments. */
const BLOCK_BYTES = 65_536

export interface ClusterInit {
  k: number
  n: number
  client?: Partial<HologramInit['client']>
  holder?: HologramInit['holder']
  heal?: HologramInit['heal']
  /** For intervals and deadlines. @default the machine's */
  clock?: Clock
  audit?: HologramInit['audit']
  fill?: HologramInit['fill']
}

export interface ClusterPeerOptions extends TestPeerOptions {
  quotaBytes?: number
  /** Puts something between the peer and its disk. */
  holdings?: (store: Store) => Holdings
  client?: Partial<HologramInit['client']>
  /** Takes what the peer logs. @default nobody */
  logger?: HologramLogger
  /** Hears what the peer does by itself. @default nobody */
  events?: EventSink
}

/** The keeper's pause between two rounds. It lasts for ever in tests: a test calls `round`. */
const KEEPER_INTERVAL_MS = 60_000

/** One peer: a real host, a real store on disk, and the hologram on top. */
export class ClusterPeer {
  readonly mesh: TestMesh
  readonly store: Store
  readonly hologram: Hologram
  /** Folder of the store. */
  readonly folder: string
  #running = true

  constructor(mesh: TestMesh, store: Store, hologram: Hologram, folder: string) {
    this.mesh = mesh
    this.store = store
    this.hologram = hologram
    this.folder = folder
  }

  get running(): boolean {
    return this.#running
  }

  /** Cuts every connection at once and never comes back, as SIGKILL would; the others may still believe in it. */
  async kill(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    for (const connection of this.mesh.host.getConnections()) connection.abort(new Error('killed'))
    await Promise.all([this.mesh.host.stop(), this.hologram.stop()])
    await this.store.close()
  }
}

/** Several peers in one process, with one pool of coding threads. */
export class Cluster {
  readonly network = new TestNetwork()
  readonly peers: ClusterPeer[] = []
  /** What the peers take the time to be. */
  nowMs: () => number = Date.now
  /** Deadlines of a second or two hold on a machine that is short of processors. */
  readonly #awake: AwakeClock
  readonly #init: ClusterInit
  readonly #codec: SegmentCodec
  readonly #folder: string

  private constructor(init: ClusterInit, folder: string) {
    this.#init = init
    this.#folder = folder
    this.#awake = new AwakeClock(init.clock ?? systemClock)
    this.#codec = createSegmentCodec({ workers: 1 })
  }

  get #clock(): Clock {
    const awake = this.#awake
    return {
      nowMs: () => this.nowMs(),
      monotonicMs: () => awake.monotonicMs(),
      after: (ms, run) => awake.after(ms, run),
      sleep: async (ms, signal) => awake.sleep(ms === KEEPER_INTERVAL_MS ? Infinity : ms, signal),
      turn: async () => awake.turn()
    }
  }

  static async start(count: number, init: ClusterInit): Promise<Cluster> {
    const cluster = new Cluster(init, await mkdtemp(join(tmpdir(), 'thhe-cluster-')))
    await Promise.all(Array.from({ length: count }, async () => cluster.join()))
    return cluster
  }

  async join({
    quotaBytes = 2 ** 30,
    holdings,
    client,
    logger,
    events,
    ...options
  }: ClusterPeerOptions = {}): Promise<ClusterPeer> {
    const mesh = await this.network.join(options)
    const path = join(this.#folder, mesh.self.toString())
    const store = await openStore({
      path,
      quotaBytes,
      diskFloorBytes: 0,
      // They all go by the same time.
      peersAgreeOnTime: () => true,
      clock: { ...systemClock, nowMs: () => this.nowMs() }
    })
    const { k, n } = this.#init
    const hologram = new Hologram(
      {
        mesh,
        holdings: holdings?.(store) ?? store,
        codec: this.#codec,
        logger: logger ?? { warn: () => {}, info: () => {}, debug: () => {} },
        clock: this.#clock,
        events
      },
      {
        client: {
          blockBytes: BLOCK_BYTES,
          keeperIntervalMs: KEEPER_INTERVAL_MS,
          ...this.#init.client,
          ...client,
          k,
          n
        },
        holder: { provideDelayMs: 0, ...this.#init.holder },
        heal: this.#init.heal,
        audit: this.#init.audit,
        fill: this.#init.fill
      }
    )
    await hologram.start()
    const peer = new ClusterPeer(mesh, store, hologram, path)
    this.peers.push(peer)
    return peer
  }

  /** Every peer reports how full it is. */
  async report(): Promise<void> {
    for (const { mesh, store, running } of this.peers) {
      if (running) mesh.usedBytes = (await store.usage()).usedBytes
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.peers.map(async (peer) => peer.kill()))
    await this.#codec.close()
    this.#awake.stop()
    await rm(this.#folder, { recursive: true })
  }
}

/** `target` with some members replaced; the others work as they did. */
export function overriding<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name in members) return Reflect.get(members, name) as unknown
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    }
  })
}

/** Bytes that no other test has, as a source in uneven pieces. */
export function randomObject(size: number): Uint8Array {
  return randomBytes(size)
}

export async function* chunked(bytes: Uint8Array, pieceBytes = 50_000): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.byteLength; offset += pieceBytes) {
    yield bytes.subarray(offset, offset + pieceBytes)
  }
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of source) pieces.push(piece)
  return Buffer.concat(pieces)
}
