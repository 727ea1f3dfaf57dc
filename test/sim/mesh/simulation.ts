// One history: nodes start, users put, things go wrong while users read, and at the end everything is counted.

import type { SegmentCodec } from '../../../encoder/index.ts'
import { isHologramError } from '../../../src/hologram/index.ts'
import type { CodeName, FillStats } from '../../../src/hologram/index.ts'
import type { OneWayMicros, Prng } from '../engine/index.ts'
import { digestOf, liveShards, putObject, randomSize, readObject } from './objects.ts'
import type { StoredObject } from './objects.ts'
import { homeostatIn, leastLoaded, randomHolder } from './control.ts'
import { balanceOf } from './balance.ts'
import type { BalanceSample } from './balance.ts'
import { LoadMeter } from './load.ts'
import type { LoadSample } from './load.ts'
import { Redundancy } from './redundancy.ts'
import type { RepairCost } from './redundancy.ts'
import type { SimNode, SteeringFactory } from './node.ts'
import type { Scenario } from './scenarios.ts'
import { SimAgreedMap } from './agreed-map.ts'
import { World } from './world.ts'

export interface SimulationInit {
  readonly peers: number
  readonly objects: number
  readonly name: string
  readonly scenario: Scenario
  readonly seed: number
  /** Virtual seconds after the last put. */
  readonly seconds: number
  readonly k: number
  readonly n: number
  /** @default 'rs8' */
  readonly code?: CodeName
  readonly maxObjectBytes: number
  /** All objects have the largest size. @default sizes are spread evenly over their logarithm */
  readonly sameSize?: boolean
  readonly readsPerSecond: number
  readonly latency: OneWayMicros
  readonly codec: SegmentCodec
  /** @default 'on' */
  readonly control?: ControlName
  /** Bytes a second of each host's line, up and down. @default 100 Mbit/s */
  readonly lineBytesPerSecond?: number
  /** A peer that is gone for longer is lost. @default 60 */
  readonly graceSeconds?: number
  /** Failure domains: hosts are grouped around as many places. @default every host is its own */
  readonly regions?: number
  /** Share of the peers that compute homes from the agreed map; the others go by their tables. @default 0: there is no map */
  readonly mapShare?: number
}

export const CONTROLS = ['on', 'off', 'random', 'least'] as const
/** The node's own homeostat; none; holders at random; the holder that reports the least load. */
export type ControlName = (typeof CONTROLS)[number]

export interface SimulationReport {
  readonly scenario: string
  readonly seed: number
  readonly virtualSeconds: number
  readonly puts: { readonly ok: number; readonly failed: Record<string, number> }
  readonly reads: {
    readonly ok: number
    /** Reads that failed although enough shards were alive. */
    readonly failed: Record<string, number>
    /** Reads that failed while fewer than k shards were alive. */
    readonly hopeless: number
    readonly p50Ms: number
    readonly p95Ms: number
    readonly p99Ms: number
  }
  /** Objects of which fewer than k shards were left by losses for good. */
  readonly beyondTheCode: number
  /** Objects that cannot be read at the end although their losses stayed within the code. */
  readonly lost: number
  readonly wrongBytes: number
  /** Objects at the end by how many shards over k are alive. */
  readonly spare: Record<string, number>
  readonly repair: RepairCost
  /** Of the bytes sent: KL from the capacities in nats, and busiest host over mean; the mean and the worst of all samples. */
  readonly load: {
    readonly meanKl: number
    readonly maxKl: number
    readonly meanMaxOverMean: number
    readonly samples: readonly LoadSample[]
  }
  /** How evenly bytes are kept: before the script, after each time that nodes joined, and at the end. */
  readonly balance: readonly BalanceSample[]
  /** Moved to emptier peers. */
  readonly fill: { readonly movedShards: number; readonly movedBytes: number; readonly manifests: number }
  /** What nodes did by themselves, by kind. */
  readonly actions: Record<string, number>
  readonly sentBytes: number
  readonly storedBytes: number
  readonly events: number
  readonly surprises: readonly string[]
  readonly warnings: Record<string, number>
  /** SHA-256 over everything that happened. */
  readonly digest: string
}

const GIB = 2 ** 30
/** 100 Mbit/s. */
const LINE_BYTES_PER_SECOND = 12.5e6
const BLOCK_BYTES = 16_384
/** In which everybody gets a seat on the agreed map. */
const SETTLE_SECONDS = 15
/** Puts that are under way at once over all peers. */
const PUTS_AT_ONCE = 8

export class Simulation {
  readonly #init: SimulationInit
  readonly #world: World
  readonly #objects: StoredObject[] = []
  readonly #putFailures = new Map<string, number>()
  readonly #readFailures = new Map<string, number>()
  readonly #latenciesMs: number[] = []
  readonly #redundancy: Redundancy
  readonly #load: LoadMeter
  readonly #balance: BalanceSample[] = []
  /** Objects that are read more often than others, and how much more. */
  readonly #hot = new Map<StoredObject, number>()
  #puts = 0
  #wrongBytes = 0
  #hopeless = 0
  #isReading = true

  constructor(init: SimulationInit) {
    this.#init = init
    this.#world = new World(init)
    this.#redundancy = new Redundancy(this.#world, this.#objects)
    this.#load = new LoadMeter(this.#world)
  }

  async run(): Promise<SimulationReport> {
    const onRejection = (error: unknown): void => this.#world.unexpected('unhandled rejection', error)
    process.on('unhandledRejection', onRejection)
    try {
      await this.#build()
      await this.#world.run(this.#putAll(this.#init.objects))
      const reading = this.#readOn()
      const measuring = this.#load.run()
      await this.#world.run(this.#play())
      this.#isReading = false
      this.#load.stop()
      await this.#world.run(Promise.all([reading, measuring, this.#redundancy.stop()]))
      return await this.#count()
    } finally {
      process.off('unhandledRejection', onRejection)
    }
  }

  async #build(): Promise<void> {
    for (let host = 0; host < this.#init.peers; host++) await this.#world.run(this.#add())
    if (this.#mapShare === 0) return
    this.#world.agreedMap = new SimAgreedMap(this.#world)
    this.#world.agreedMap.start()
    await this.#world.passSeconds(SETTLE_SECONDS)
  }

  get #mapShare(): number {
    return this.#init.mapShare ?? 0
  }

  async #add(): Promise<void> {
    const { k, n, graceSeconds = 60, lineBytesPerSecond: line = LINE_BYTES_PER_SECOND } = this.#init
    const host = this.#world.nodes.length
    const node = await this.#world.add(
      { upBytesPerSecond: line, downBytesPerSecond: line },
      {
        capacityBytes: 10 * GIB,
        domain: this.#domainOf(host),
        // Spread evenly: host 0 follows as soon as anybody does.
        followsMap: Math.ceil((host + 1) * this.#mapShare) > Math.ceil(host * this.#mapShare),
        steering: this.#steering(),
        hologram: {
          client: { k, n, blockBytes: BLOCK_BYTES },
          holder: { provideDelayMs: 5_000 },
          heal: { graceMs: graceSeconds * 1000 },
          // A day of the mesh is short, as its grace time is.
          fill: { provenMs: 5 * graceSeconds * 1000 }
        }
      }
    )
    await node.start()
  }

  /** The nearest of the first hosts, each of which stands for a place. */
  #domainOf(host: number): string {
    const { regions, latency } = this.#init
    if (regions === undefined) return `domain-${host}`
    const places = Array.from({ length: regions }, (_, place) => place)
    const oneWay = (place: number): number => (place === host ? 0 : latency(place, host))
    return `region-${places.reduce((best, place) => (oneWay(place) < oneWay(best) ? place : best))}`
  }

  #steering(): SteeringFactory | undefined {
    switch (this.#init.control ?? 'on') {
      case 'on':
        return homeostatIn(this.#world)
      case 'random':
        return randomHolder
      case 'least':
        return leastLoaded(this.#world)
      case 'off':
        return undefined
    }
  }

  async #putAll(objects: number): Promise<void> {
    const { maxObjectBytes } = this.#init
    const { prng } = this.#world
    const waiting = Array.from({ length: objects }, () => ({
      number: this.#puts++,
      owner: prng.pick(this.#world.nodes.filter(({ isRunning }) => isRunning)),
      size: this.#init.sameSize === true ? maxObjectBytes : randomSize(prng, maxObjectBytes)
    }))
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        try {
          this.#objects.push(
            await putObject(this.#world, next.owner, next.number, next.size, this.#init.code)
          )
        } catch (error) {
          count(this.#putFailures, codeOf(error))
        }
      }
    }
    await Promise.all(Array.from({ length: PUTS_AT_ONCE }, worker))
  }

  async #weigh(): Promise<void> {
    this.#balance.push(await balanceOf(this.#world))
  }

  async #play(): Promise<void> {
    await this.#weigh()
    await this.#init.scenario({
      world: this.#world,
      seconds: this.#init.seconds,
      objects: this.#objects,
      loseForGood: async (nodes) => await this.#loseForGood(nodes),
      join: async (count) => {
        await Promise.all(Array.from({ length: count }, async () => await this.#add()))
        await this.#weigh()
      },
      putMore: async (count) => await this.#putAll(count),
      heat: (object, factor) => {
        if (factor === 1) this.#hot.delete(object)
        else this.#hot.set(object, factor)
      }
    })
    await this.#weigh()
  }

  async #loseForGood(nodes: readonly SimNode[]): Promise<void> {
    await this.#redundancy.noteLoss(nodes)
    for (const node of nodes) node.vanish()
    for (const object of this.#objects) {
      if ((await liveShards(this.#world, object)) < object.k) object.isEntitled = false
    }
  }

  /** Readers come at random until they are told to stop; one does not wait for another. */
  async #readOn(): Promise<void> {
    const under = new Set<Promise<void>>()
    const prng = this.#world.prng.fork()
    while (this.#isReading) {
      // Every object is read as often as any other, times its heat.
      const each = this.#init.readsPerSecond / Math.max(1, this.#objects.length)
      const extra = [...this.#hot.values()].reduce((sum, factor) => sum + (factor - 1) * each, 0)
      const rate = this.#init.readsPerSecond + extra
      await this.#world.sleep(-Math.log(1 - prng.unit()) / rate)
      // A peer that is slow itself, or lies to itself, says nothing about the mesh.
      const readers = this.#world.nodes.filter((node) => node.isRunning && !node.isSlow && !node.isLiar)
      if (this.#objects.length === 0 || readers.length === 0) continue
      const object = (prng.chance(extra / rate) ? this.#pickHot(prng) : undefined) ?? prng.pick(this.#objects)
      const reading = this.#read(prng.pick(readers), object).finally(() => under.delete(reading))
      under.add(reading)
    }
    await Promise.all(under)
  }

  /** One of the hot objects, by how much hotter it is than the others; undefined when none is. */
  #pickHot(prng: Prng): StoredObject | undefined {
    const all = [...this.#hot]
    let left = prng.unit() * all.reduce((sum, [, factor]) => sum + factor - 1, 0)
    for (const [object, factor] of all) {
      left -= factor - 1
      if (left < 0) return object
    }
    return all[0]?.[0]
  }

  async #read(reader: SimNode, object: StoredObject): Promise<void> {
    const { hologram } = reader
    const startMicros = this.#world.clock.nowMicros
    const work = readObject(this.#world, reader, object)
    const outcome = await Promise.race([
      work.catch((error: unknown) => error),
      // A reader that is killed never answers.
      this.#world.sleep(300).then(() => 'gone')
    ])
    if (reader.hologram !== hologram) return
    if (outcome === true) this.#latenciesMs.push((this.#world.clock.nowMicros - startMicros) / 1000)
    else if (outcome === false) this.#wrongBytes++
    else if ((await this.#reachable(reader, object)) < object.k) this.#hopeless++
    else count(this.#readFailures, outcome === 'gone' ? 'HANGS' : codeOf(outcome))
  }

  #filled(): SimulationReport['fill'] {
    const total = (read: (stats: FillStats) => number): number =>
      this.#world.nodes.reduce(
        (sum, { hologram }) => sum + (hologram === undefined ? 0 : read(hologram.fillStats)),
        0
      )
    return {
      movedShards: total(({ movedShards }) => movedShards),
      movedBytes: total(({ movedBytes }) => movedBytes),
      manifests: total(({ manifests }) => manifests)
    }
  }

  async #reachable(reader: SimNode, object: StoredObject): Promise<number> {
    const shards = new Set<number>()
    for (const node of this.#world.nodes) {
      if (node.store === undefined || !this.#world.links.reaches(reader.host, node.host)) continue
      if (object.k === 1 && (await node.store.getManifest(object.cid)) !== undefined) shards.add(node.host)
      else for (const shard of await node.store.shardsOf(object.cid)) shards.add(shard)
    }
    return shards.size
  }

  /** Reads everything once more, from a node that put none of it where there is one, and counts. */
  async #count(): Promise<SimulationReport> {
    const { name, seed } = this.#init
    let lost = 0
    const spare = new Map<string, number>()
    const reader = this.#world.nodes.find((node) => node.isRunning)
    for (const object of this.#objects) {
      const live = await this.#world.run(liveShards(this.#world, object))
      count(spare, String(live - object.k))
      if (!object.isEntitled || reader === undefined) continue
      const isRight = await this.#world.run(
        readObject(this.#world, reader, object).catch((error: unknown) => {
          this.#world.trace('lost', object.cid.toString(), codeOf(error))
          return undefined
        })
      )
      if (isRight === undefined) lost++
      else if (!isRight) this.#wrongBytes++
    }
    const latencies = this.#latenciesMs.sort((a, b) => a - b)
    const at = (share: number): number =>
      Math.round((latencies[Math.floor(share * (latencies.length - 1))] ?? 0) * 10) / 10
    return {
      scenario: name,
      seed,
      virtualSeconds: Math.round(this.#world.clock.nowMicros / 1_000_000),
      puts: { ok: this.#objects.length, failed: sorted(this.#putFailures) },
      reads: {
        ok: latencies.length,
        failed: sorted(this.#readFailures),
        hopeless: this.#hopeless,
        p50Ms: at(0.5),
        p95Ms: at(0.95),
        p99Ms: at(0.99)
      },
      beyondTheCode: this.#objects.filter(({ isEntitled }) => !isEntitled).length,
      lost,
      wrongBytes: this.#wrongBytes,
      spare: sorted(spare),
      repair: this.#redundancy.cost(),
      balance: this.#balance,
      fill: this.#filled(),
      load: summaryOf(this.#load.samples),
      actions: sorted(this.#world.events),
      sentBytes: this.#world.nodes.reduce((sum, { host }) => sum + this.#world.links.sentBytes(host), 0),
      storedBytes: this.#objects.reduce((sum, { size }) => sum + size, 0),
      events: this.#world.clock.ran,
      surprises: this.#world.surprises,
      warnings: sorted(this.#world.warnings),
      digest: digestOf(Buffer.from(this.#world.digest()))
    }
  }
}

function summaryOf(samples: readonly LoadSample[]): SimulationReport['load'] {
  const mean = (values: readonly number[]): number =>
    Math.round((1000 * values.reduce((a, b) => a + b, 0)) / Math.max(1, values.length)) / 1000
  return {
    meanKl: mean(samples.map(({ kl }) => kl)),
    maxKl: Math.max(0, ...samples.map(({ kl }) => kl)),
    meanMaxOverMean: mean(samples.map(({ maxOverMean }) => maxOverMean)),
    samples
  }
}

/** 1 when something was lost, wrong or unforeseen; 0 otherwise. */
export function exitCodeOf(report: SimulationReport): 0 | 1 {
  return report.lost > 0 || report.wrongBytes > 0 || report.surprises.length > 0 ? 1 : 0
}

function codeOf(error: unknown): string {
  if (isHologramError(error)) return error.code
  return error instanceof Error ? error.message : String(error)
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}
