import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { Hologram, TokenBucket } from '../../../src/hologram/index.ts'
import type { Bandwidth } from '../../../src/hologram/index.ts'
import type { EventSink } from '../../../src/hologram/events.ts'
import type { Holdings, HologramInit } from '../../../src/hologram/index.ts'
import { Scrubber } from '../../../src/node/scrubber.ts'
import { silentLogger } from '../../../src/node/logger.ts'
import type { Steering } from '../../../src/hologram/index.ts'
import type { Homeostat } from '../../../src/homeostat/index.ts'
import type { RandomSource } from '../../../src/clock/index.ts'
import { openStore } from '../../../src/store/index.ts'
import type { Store } from '../../../src/store/index.ts'
import { NodeClock, randomSource } from '../engine/index.ts'
import type { Prng } from '../engine/index.ts'
import { SimFileSystem } from './disk.ts'
import { SimIndex } from './index-store.ts'
import { SimMesh } from './mesh.ts'
import type { World } from './world.ts'

export interface SimNodeInit {
  readonly capacityBytes: number
  readonly domain: string
  readonly hologram: HologramInit
  /** Caps of the node, bytes a second. @default none */
  readonly caps?: Readonly<Partial<Record<CapName, number>>>
  /** Computes homes from the agreed map, where there is one. @default false */
  readonly followsMap?: boolean
  /** Hears what the node does by itself. @default nobody */
  readonly events?: EventSink
  /** Within this time the node reads all that it keeps. @default it does not */
  readonly scrubPeriodMs?: number
  /** Puts something between the node and its store: what a liar does. */
  readonly holdings?: (store: Holdings) => Holdings
  /** How holders are chosen and objects spread. @default no controller */
  readonly steering?: SteeringFactory
}

export type CapName = 'up' | 'down' | 'upLocal' | 'downLocal'

/** Makes the controller of a node, or a stand-in for one; started with the node and stopped with it. */
export type SteeringFactory = (node: SimNode, random: RandomSource) => StartedSteering

export interface StartedSteering {
  readonly steering: Steering
  /** What the node reports of itself. */
  readonly heat: () => number
  readonly start: () => void
  readonly homeostat?: Homeostat
}

/** The index is synced with every batch. */
const INDEX_SYNC_MS = 2

/** A machine with a disk, and the process of the node on it while it runs: the program's own store and hologram. */
export class SimNode {
  readonly host: number
  readonly id: PeerId
  disk = new SimFileSystem()
  readonly capacityBytes: number
  readonly domain: string
  readonly followsMap: boolean
  /** What its newest report says. */
  freeBytes: number
  /** What its newest report says; 1 is saturated. */
  heat = 0
  /** It hands out wrong bytes, and says that it is idle. */
  isLiar = false
  /** All that it sends and receives takes longer. */
  isSlow = false
  control: StartedSteering | undefined
  clock: NodeClock
  mesh: SimMesh | undefined
  hologram: Hologram | undefined
  store: Store | undefined
  #index = new SimIndex()
  readonly #world: World
  readonly #key: Ed25519PrivateKey
  readonly #prng: Prng
  readonly #init: SimNodeInit

  private constructor(world: World, host: number, key: Ed25519PrivateKey, prng: Prng, init: SimNodeInit) {
    this.#world = world
    this.host = host
    this.#key = key
    this.id = peerIdFromPrivateKey(key)
    this.#prng = prng
    this.#init = init
    this.capacityBytes = init.capacityBytes
    this.freeBytes = init.capacityBytes
    this.domain = init.domain
    this.followsMap = init.followsMap ?? false
    this.clock = new NodeClock(world.clock)
  }

  static async create(world: World, host: number, prng: Prng, init: SimNodeInit): Promise<SimNode> {
    const key = await generateKeyPairFromSeed('Ed25519', prng.bytes(32))
    return new SimNode(world, host, key, prng, init)
  }

  get isRunning(): boolean {
    return this.hologram !== undefined
  }

  /** Starts the process on what the disk has. */
  async start(): Promise<void> {
    this.clock = new NodeClock(this.#world.clock)
    const random = randomSource(this.#prng.fork())
    const logger = this.#world.loggerOf(this.host)
    this.store = await openStore({
      path: '/store',
      quotaBytes: this.capacityBytes,
      diskFloorBytes: 0,
      disk: this.disk.mount(this.clock),
      levelAt: (path) => this.#index.mount(path, this.clock, INDEX_SYNC_MS),
      clock: this.clock,
      random,
      logger
    })
    this.mesh = new SimMesh(this.#world, this, this.#key)
    const { codec } = this.#world
    this.control = this.#init.steering?.(this, randomSource(this.#prng.fork()))
    const steering = this.control?.steering
    const events: EventSink = {
      emit: (event) => {
        this.#world.noteEvent(this.host, event.room, event.kind)
        this.#init.events?.emit(event)
      }
    }
    this.hologram = new Hologram(
      {
        mesh: this.mesh,
        holdings: this.#holdings(this.#init.holdings?.(this.store) ?? this.store),
        codec,
        logger,
        clock: this.clock,
        random,
        steering,
        events,
        ...this.#caps()
      },
      this.#init.hologram
    )
    await this.hologram.start()
    this.#scrub(this.store, random)
    this.control?.start()
    this.#world.links.setUp(this.host, true)
    this.#world.trace('start', this.host)
    this.#report()
  }

  #caps(): Partial<Record<CapName, Bandwidth>> {
    const { clock } = this
    return Object.fromEntries(
      Object.entries(this.#init.caps ?? {}).map(([name, rate]) => [
        name,
        new TokenBucket({ bytesPerSecond: () => rate, clock })
      ])
    )
  }

  #scrub(store: Store, random: RandomSource): void {
    const { scrubPeriodMs: periodMs } = this.#init
    if (periodMs === undefined) return
    new Scrubber({ store, clock: this.clock, random, logger: silentLogger, periodMs }).start()
  }

  /** The disk was replaced by an empty one; the key is still there. */
  emptyDisk(): void {
    this.#world.trace('empty', this.host)
    this.disk = new SimFileSystem()
    this.#index = new SimIndex()
  }

  /** kill -9: no code of the process runs any more, and what it had not synced is lost. */
  kill(): void {
    this.#world.trace('kill', this.host)
    this.mesh?.die()
    this.clock.stop()
    this.disk.crash()
    this.#world.noteDown(this.host)
    this.mesh = undefined
    this.hologram = undefined
    this.store = undefined
  }

  /** The machine is off, or its network: nobody is told. */
  vanish(): void {
    this.#world.links.setUp(this.host, false)
    this.kill()
  }

  /** The store, as a liar shows it: each block with a bit flipped after the store has checked it. */
  #holdings(store: Holdings): Holdings {
    const openShard: Holdings['openShard'] = async (cid, shard) => {
      const reader = await store.openShard(cid, shard)
      if (reader === undefined || !this.isLiar) return reader
      const read: typeof reader.read = async (...request) => {
        const bytes = Uint8Array.from(await reader.read(...request))
        bytes[0] ^= 1
        return bytes
      }
      return new Proxy(reader, {
        get: (target, name) => {
          if (name === 'read') return read
          const member: unknown = Reflect.get(target, name, target)
          return typeof member === 'function' ? (member.bind(target) as unknown) : member
        }
      })
    }
    return new Proxy<Holdings>(store, {
      get: (target, name) => {
        if (name === 'openShard') return openShard
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member.bind(target) as unknown) : member
      }
    })
  }

  #report(): void {
    const { store, clock } = this
    const again = async (): Promise<void> => {
      if (this.store !== store || store === undefined) return
      this.freeBytes = (await store.usage()).freeBytes
      this.heat = this.isLiar ? 0 : Math.min(1, this.control?.heat() ?? 0)
      clock.after(30_000, () => void again())
    }
    void again()
  }
}
