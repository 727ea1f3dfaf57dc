// Runs a network of simulated nodes slot after slot and judges what came out of it.

import {
  areContradictory,
  type Envelope,
  isNewerStatement,
  leaderSeed,
  type NodeId,
  type QuorumSet,
  type SlotIndex,
  type Statement,
  type Value
} from '../../../fba/index.ts'
import {
  LoopbackNetwork,
  type OneWayMicros,
  Prng,
  quantile,
  uniformLatency,
  VirtualClock
} from '../engine/index.ts'
import { type Behaviour, BEHAVIOURS } from './behaviour.ts'
import { type Message, SimNode, type World } from './node.ts'
import { sha256, type SignatureScheme, trustingScheme } from './signing.ts'
import { proposerOf } from './value.ts'

export interface SimulationOptions {
  readonly nodes: number
  readonly slots: number
  readonly seed: number
  /** The last nodes are Byzantine, each with one of `behaviours` in turn. @default 0 */
  readonly byzantine?: number
  /** @default all of them */
  readonly behaviours?: readonly Behaviour[]
  /** @default everybody, n - floor((n - 1) / 3) of n */
  readonly quorumSetOf?: (index: number, nodeIds: readonly NodeId[]) => QuorumSet
  /** @default 100 ms between any two */
  readonly latency?: OneWayMicros
  readonly loss?: number
  readonly duplication?: number
  readonly jitter?: number
  /** Chance that an honest node crashes in an epoch; it comes back within two. @default 0 */
  readonly crashes?: number
  /** Chance that the network splits in two for an epoch. @default 0 */
  readonly partitions?: number
  /** Time a disk takes to make a write durable. @default 0 */
  readonly syncMicros?: number
  /** From one slot's start to the next one's. @default 2 s */
  readonly epochMicros?: number
  /** How long a node waits for a slot before it asks peers what it missed. @default 1.5 s */
  readonly repairMicros?: number
  readonly signing?: SignatureScheme
  /** Bits of a decided value that seed the next slot's leaders. @default the whole value */
  readonly seedBits?: number
  /** Virtual time after which slots still open count as stuck. @default 60 s a slot, and ten minutes */
  readonly timeLimitMicros?: number
}

export interface SimulationReport {
  readonly seed: number
  /** No two honest nodes decided differently, none went back on its word, none was accused. */
  readonly agreement: boolean
  readonly disagreements: string[]
  readonly slotsWanted: number
  /** Slots decided by every honest node. */
  readonly slotsExternalized: number
  /** Envelopes that an honest node made, for each slot. */
  readonly messagesPerNodeAndSlot: number
  readonly externalizeMillis: { readonly p50: number; readonly p95: number }
  /** The same in mean one-way delays. */
  readonly externalizeDelays: { readonly p50: number; readonly p95: number }
  readonly bytesPerNodeAndSlot: number
  readonly messagesDelivered: number
  /** Byzantine nodes caught with two contradictory statements. */
  readonly equivocatorsCaught: number
  /** Share of decided values that a Byzantine node proposed. */
  readonly byzantineValues: number
  readonly virtualSeconds: number
}

const SECOND_MICROS = 1_000_000

export class Simulation implements World {
  readonly clock = new VirtualClock()
  readonly network: LoopbackNetwork<Message>
  readonly signing: SignatureScheme
  readonly nodeIds: readonly NodeId[]
  readonly epochMicros: number
  readonly repairMicros: number
  readonly nodes: readonly SimNode[]
  readonly #options: SimulationOptions
  readonly #latency: OneWayMicros
  readonly #chaos: Prng
  readonly #decided = new Map<SlotIndex, { value: Value; by: NodeId }>()
  readonly #deciders = new Map<SlotIndex, Set<NodeId>>()
  readonly #lastSent = new Map<string, Statement>()
  readonly #disagreements: string[] = []
  readonly #accused = new Set<NodeId>()
  readonly #externalizeMicros: number[] = []
  #sentByHonest = 0

  constructor(options: SimulationOptions) {
    const prng = new Prng(options.seed)
    this.#options = options
    this.#latency = options.latency ?? uniformLatency(100_000)
    this.#chaos = prng.fork()
    this.signing = options.signing ?? trustingScheme
    this.epochMicros = options.epochMicros ?? 2 * SECOND_MICROS
    this.repairMicros = options.repairMicros ?? 1.5 * SECOND_MICROS
    this.network = new LoopbackNetwork(this.clock, prng.fork(), { ...options, latency: this.#latency })
    this.nodeIds = Array.from({ length: options.nodes }, (_, i) => `n${String(i).padStart(3, '0')}`)
    const quorumSetOf = options.quorumSetOf ?? byzantineMajority
    const honest = options.nodes - (options.byzantine ?? 0)
    const behaviours = options.behaviours ?? BEHAVIOURS
    this.nodes = this.nodeIds.map(
      (_, index) =>
        new SimNode(this, {
          index,
          quorumSet: quorumSetOf(index, this.nodeIds),
          prng: prng.fork(),
          syncMicros: options.syncMicros ?? 0,
          behaviour: index < honest ? undefined : behaviours[(index - honest) % behaviours.length]
        })
    )
  }

  /** Runs all slots and reports. */
  run(): SimulationReport {
    for (const node of this.nodes) node.start()
    this.#scheduleChaos()
    const limit = this.#options.timeLimitMicros ?? (this.#options.slots * 60 + 600) * SECOND_MICROS
    this.clock.run(limit, () => this.#slotsDecidedByAll() >= this.#options.slots)
    return this.#report()
  }

  /** Crashes and partitions, thrown anew in every epoch, and none after the last slot's. */
  #scheduleChaos(): void {
    const { crashes = 0, partitions = 0, slots } = this.#options
    if (crashes === 0 && partitions === 0) return
    for (let epoch = 0; epoch < slots; epoch++) {
      const start = epoch * this.epochMicros
      for (const node of this.nodes) {
        if (node.isHonest && this.#chaos.chance(crashes)) this.#crashAt(start, node)
      }
      if (this.#chaos.chance(partitions)) this.#partitionAt(start)
    }
  }

  #crashAt(startMicros: number, node: SimNode): void {
    const downMicros = this.#chaos.unit() * this.epochMicros
    this.clock.after(startMicros + this.#chaos.unit() * this.epochMicros, () => {
      if (!node.isUp) return
      node.crash()
      this.clock.after(downMicros, () => node.start())
    })
  }

  #partitionAt(startMicros: number): void {
    const side = this.#chaos.sample([...this.nodes.keys()], 1 + this.#chaos.below(this.nodes.length - 1))
    this.clock.after(startMicros, () => this.network.partition([side]))
    this.clock.after(startMicros + this.epochMicros, () => this.network.heal())
  }

  seedOf(decided: Value): Value {
    const { seedBits } = this.#options
    return seedBits === undefined ? decided : leaderSeed(decided, sha256, seedBits)
  }

  onSent(node: SimNode, envelope: Envelope): void {
    if (!node.isHonest) return
    const { statement } = envelope
    const key = `${node.id} ${statement.slotIndex} ${statement.type === 'nominate'}`
    const last = this.#lastSent.get(key)
    if (last === undefined || isNewerStatement(last, statement)) {
      this.#sentByHonest++
      this.#lastSent.set(key, statement)
    }
    if (last !== undefined && areContradictory(last, statement)) {
      this.#disagreements.push(`${node.id} contradicted itself on slot ${statement.slotIndex}`)
    }
  }

  onDecided(node: SimNode, slotIndex: SlotIndex, value: Value): void {
    if (!node.isHonest) return
    const first = this.#decided.get(slotIndex)
    if (first === undefined) this.#decided.set(slotIndex, { value, by: node.id })
    else if (Buffer.compare(first.value, value) !== 0) {
      this.#disagreements.push(`${node.id} and ${first.by} differ on slot ${slotIndex}`)
    }
    const deciders = this.#deciders.get(slotIndex) ?? new Set()
    this.#deciders.set(slotIndex, deciders.add(node.id))
    const nominated = node.nominatedAtMicros.get(slotIndex)
    if (nominated !== undefined) this.#externalizeMicros.push(this.clock.nowMicros - nominated)
  }

  onAccused(accused: NodeId): void {
    this.#accused.add(accused)
    if (this.nodes[this.nodeIds.indexOf(accused)].isHonest) {
      this.#disagreements.push(`${accused} is honest and was accused`)
    }
  }

  /** Slots that the honest node furthest behind has left behind, by its own decision or by catching up. */
  #slotsDecidedByAll(): number {
    let least = Infinity
    for (const node of this.nodes) {
      if (node.isHonest) least = Math.min(least, node.isUp ? node.scp.currentSlot - 1 : 0)
    }
    return least
  }

  #report(): SimulationReport {
    const honest = this.nodes.filter((node) => node.isHonest)
    const slotsExternalized = Math.max(0, Math.min(this.#slotsDecidedByAll(), this.#options.slots))
    const perNodeAndSlot = 1 / (honest.length * Math.max(1, slotsExternalized))
    const p50 = quantile(this.#externalizeMicros, 0.5)
    const p95 = quantile(this.#externalizeMicros, 0.95)
    const delayMicros = this.#meanOneWayMicros()
    const decided = [...this.#decided.values()]
    const byzantine = decided.filter(({ value }) => !this.nodes[proposerOf(value)].isHonest)
    return {
      seed: this.#options.seed,
      agreement: this.#disagreements.length === 0,
      disagreements: this.#disagreements.slice(0, 20),
      slotsWanted: this.#options.slots,
      slotsExternalized,
      messagesPerNodeAndSlot: this.#sentByHonest * perNodeAndSlot,
      externalizeMillis: { p50: p50 / 1000, p95: p95 / 1000 },
      externalizeDelays: { p50: p50 / delayMicros, p95: p95 / delayMicros },
      bytesPerNodeAndSlot: this.network.sent.bytes / this.nodes.length / Math.max(1, slotsExternalized),
      messagesDelivered: this.network.delivered.messages,
      equivocatorsCaught: this.#accused.size,
      byzantineValues: decided.length === 0 ? 0 : byzantine.length / decided.length,
      virtualSeconds: this.clock.nowMicros / SECOND_MICROS
    }
  }

  #meanOneWayMicros(): number {
    const count = this.nodes.length
    let total = 0
    for (let from = 0; from < count; from++) {
      for (let to = 0; to < count; to++) total += from === to ? 0 : this.#latency(from, to)
    }
    return total / (count * (count - 1))
  }
}

/** 1 on any disagreement between honest nodes, 2 where slots stayed undecided, 0 otherwise. */
export function exitCodeOf(report: SimulationReport): 0 | 1 | 2 {
  if (!report.agreement) return 1
  return report.slotsExternalized < report.slotsWanted ? 2 : 0
}

/** Everybody, as many as leave out a third: with n >= 3f + 1 it stands f Byzantine nodes. */
export function byzantineMajority(_index: number, nodeIds: readonly NodeId[]): QuorumSet {
  const tolerated = Math.floor((nodeIds.length - 1) / 3)
  return { threshold: nodeIds.length - tolerated, validators: nodeIds, innerSets: [] }
}
