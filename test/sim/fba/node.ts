// A simulated node: the state machines of fba/ with a disk, a network and an application that decides slot after slot.

import {
  type Envelope,
  encodeEnvelope,
  encodeQuorumSet,
  type Hash,
  type NodeId,
  type QuorumSet,
  Scp,
  type ScpDriver,
  signedBytes,
  type SlotIndex,
  type SlotRecord,
  type Statement,
  type TimerKind,
  type Value
} from '../../../fba/index.ts'
import type { LoopbackNetwork, Prng, ScheduledEvent, VirtualClock } from '../engine/index.ts'
import { SimDisk } from '../engine/index.ts'
import { type Behaviour, ByzantineMind } from './behaviour.ts'
import { sha256, type SignatureScheme } from './signing.ts'
import { isValidValue, makeValue } from './value.ts'

export type Message =
  | { readonly kind: 'envelope'; readonly envelope: Envelope }
  | { readonly kind: 'ask-slots'; readonly from: SlotIndex }
  | { readonly kind: 'ask-quorum-set'; readonly hash: Hash }
  | { readonly kind: 'quorum-set'; readonly set: QuorumSet }

/** What all nodes share, and what they report to. */
export interface World {
  readonly clock: VirtualClock
  readonly network: LoopbackNetwork<Message>
  readonly signing: SignatureScheme
  readonly nodeIds: readonly NodeId[]
  readonly epochMicros: number
  readonly repairMicros: number
  /** Seed of the next slot's leaders. */
  seedOf(decided: Value): Value
  onSent(node: SimNode, envelope: Envelope): void
  onDecided(node: SimNode, slotIndex: SlotIndex, value: Value): void
  onAccused(accused: NodeId): void
}

export interface SimNodeInit {
  readonly index: number
  readonly quorumSet: QuorumSet
  readonly prng: Prng
  readonly syncMicros: number
  readonly behaviour?: Behaviour
}

type Stored =
  { kind: 'record'; record: SlotRecord } | { kind: 'decision'; slotIndex: SlotIndex; value: Value }

const NETWORK_ID = new TextEncoder().encode('simulation')
const SMALL_MESSAGE_BYTES = 48
const REPAIR_PEERS = 3
const SLOTS_PER_ANSWER = 4
const SLOTS_ON_DISK = 16
/** The value before the first slot. */
const GENESIS = Uint8Array.of(0)

export class SimNode {
  readonly index: number
  readonly id: NodeId
  readonly decisions = new Map<SlotIndex, Value>()
  readonly nominatedAtMicros = new Map<SlotIndex, number>()
  readonly #world: World
  readonly #init: SimNodeInit
  readonly #mind: ByzantineMind | undefined
  readonly #disk: SimDisk<Stored>
  readonly #events = new Set<ScheduledEvent>()
  readonly #timers = new Map<string, ScheduledEvent>()
  #scp!: Scp
  #isUp = false
  /** Slot that was nominated for last since the start. */
  #begun = 0

  constructor(world: World, init: SimNodeInit) {
    this.index = init.index
    this.id = world.nodeIds[init.index]
    this.#world = world
    this.#init = init
    this.#disk = new SimDisk(world.clock, init.syncMicros)
    this.#mind =
      init.behaviour &&
      new ByzantineMind(init.behaviour, {
        index: init.index,
        prng: init.prng,
        sign: (statement) => this.#signed(statement)
      })
  }

  get isHonest(): boolean {
    return this.#mind === undefined
  }

  get isUp(): boolean {
    return this.#isUp
  }

  get scp(): Scp {
    return this.#scp
  }

  /** Starts, or starts again from what is on disk. */
  start(): void {
    this.#isUp = true
    this.#begun = 0
    const stored = this.#disk.entries().map(([, content]) => content)
    this.decisions.clear()
    for (const content of stored) {
      if (content.kind === 'decision') this.decisions.set(content.slotIndex, content.value)
    }
    const currentSlot = Math.max(0, ...this.decisions.keys()) + 1
    this.#scp = new Scp(this.#driver(), { nodeId: this.id, quorumSet: this.#init.quorumSet, currentSlot })
    this.#world.network.attach(this.index, (message, from) => this.#receive(message, from))
    this.#restore(stored)
    this.#scheduleSlot()
    this.#repairLater()
  }

  #restore(stored: readonly Stored[]): void {
    const records = stored.flatMap((content) => (content.kind === 'record' ? [content.record] : []))
    for (const record of records.sort((a, b) => a.slotIndex - b.slotIndex)) {
      this.#scp.restore(record)
      const decided = this.#scp.slot(record.slotIndex)?.externalized
      if (decided !== undefined) this.decisions.set(record.slotIndex, decided)
      for (const envelope of this.#scp.ownEnvelopes(record.slotIndex)) this.#broadcast(envelope)
    }
  }

  /** Stops dead: timers, what was being written, and what is on its way here are gone. */
  crash(): void {
    this.#isUp = false
    this.#disk.crash()
    this.#world.network.detach(this.index)
    for (const event of [...this.#events, ...this.#timers.values()]) event.cancel()
    this.#events.clear()
    this.#timers.clear()
  }

  #driver(): ScpDriver {
    const { clock, signing } = this.#world
    return {
      sha256,
      sign: (statement) => this.#sign(statement),
      verify: ({ statement, signature }) =>
        signing.verify(statement.nodeId, () => signedBytes(NETWORK_ID, statement), signature),
      emit: (envelope, record) => {
        const key = `slot ${record.slotIndex}`
        this.#disk.write(key, { kind: 'record', record }, () => this.#broadcast(envelope))
      },
      validate: (_slot, value) => (isValidValue(value) ? 'valid' : 'invalid'),
      combineCandidates: (_slot, candidates) => candidates[candidates.length - 1],
      findQuorumSet: (hash, holder) => {
        const to = this.#world.nodeIds.indexOf(holder)
        this.#send(to, { kind: 'ask-quorum-set', hash }, SMALL_MESSAGE_BYTES)
        return undefined
      },
      setTimer: (slotIndex, timer, delayMillis, onFire) => {
        this.#stopTimer(slotIndex, timer)
        this.#timers.set(`${slotIndex} ${timer}`, clock.after(delayMillis * 1000, onFire))
      },
      stopTimer: (slotIndex, timer) => this.#stopTimer(slotIndex, timer),
      slotAgeSeconds: (slotIndex) =>
        Math.max(0, clock.nowMicros - (slotIndex - 1) * this.#world.epochMicros) / 1_000_000,
      externalized: (slotIndex, value) => this.#decide(slotIndex, value),
      equivocation: ({ nodeId }) => this.#world.onAccused(nodeId)
    }
  }

  #stopTimer(slotIndex: SlotIndex, timer: TimerKind): void {
    this.#timers.get(`${slotIndex} ${timer}`)?.cancel()
    this.#timers.delete(`${slotIndex} ${timer}`)
  }

  #sign(statement: Statement): Uint8Array {
    return this.#world.signing.sign(this.id, () => signedBytes(NETWORK_ID, statement))
  }

  #signed(statement: Statement): Envelope {
    return { statement, signature: this.#sign(statement) }
  }

  #decide(slotIndex: SlotIndex, value: Value): void {
    this.decisions.set(slotIndex, value)
    this.#disk.write(`decision ${slotIndex}`, { kind: 'decision', slotIndex, value })
    this.#disk.delete(`slot ${slotIndex - SLOTS_ON_DISK}`)
    this.#disk.delete(`decision ${slotIndex - SLOTS_ON_DISK}`)
    this.#world.onDecided(this, slotIndex, value)
    this.#scheduleSlot()
  }

  /** Nominates for the current slot when its epoch begins, or at once where that has passed. */
  #scheduleSlot(): void {
    const slotIndex = this.#scp.currentSlot
    const startMicros = (slotIndex - 1) * this.#world.epochMicros
    this.#after(startMicros - this.#world.clock.nowMicros, () => {
      if (this.#scp.currentSlot !== slotIndex || this.#begun === slotIndex) return
      this.#begun = slotIndex
      if (!this.nominatedAtMicros.has(slotIndex))
        this.nominatedAtMicros.set(slotIndex, this.#world.clock.nowMicros)
      this.#scp.nominate(
        slotIndex,
        this.#propose(slotIndex),
        this.#world.seedOf(this.decisions.get(slotIndex - 1) ?? GENESIS)
      )
    })
  }

  #propose(slotIndex: SlotIndex): Value {
    const { quorumSet, prng } = this.#init
    if (this.#mind === undefined) return makeValue(this.index, prng)
    return this.#mind.propose(slotIndex, {
      localNode: this.id,
      quorumSet,
      sha256,
      seedOf: (decided) => this.#world.seedOf(decided)
    })
  }

  /** Asks a few random peers for what it missed, while the current slot is not decided. */
  #repairLater(): void {
    this.#after(this.#world.repairMicros * (1 + this.#init.prng.unit()), () => {
      const nominated = this.nominatedAtMicros.get(this.#scp.currentSlot)
      if (nominated !== undefined && this.#world.clock.nowMicros - nominated >= this.#world.repairMicros) {
        const others = this.#world.nodeIds.map((_, index) => index).filter((index) => index !== this.index)
        for (const peer of this.#init.prng.sample(others, REPAIR_PEERS)) {
          this.#send(peer, { kind: 'ask-slots', from: this.#scp.currentSlot }, SMALL_MESSAGE_BYTES)
        }
      }
      this.#repairLater()
    })
  }

  #receive(message: Message, from: number): void {
    switch (message.kind) {
      case 'envelope':
        this.#mind?.overhear(message.envelope)
        this.#scp.receive(message.envelope)
        break
      case 'ask-slots':
        for (let slotIndex = message.from; slotIndex < message.from + SLOTS_PER_ANSWER; slotIndex++) {
          for (const envelope of this.#scp.stateFor(slotIndex)) this.#sendEnvelope(from, envelope)
        }
        break
      case 'ask-quorum-set': {
        const set = this.#scp.quorumSet(message.hash)
        if (set) this.#send(from, { kind: 'quorum-set', set }, encodeQuorumSet(set).length)
        break
      }
      case 'quorum-set':
        this.#scp.receiveQuorumSet(message.set)
    }
  }

  #broadcast(envelope: Envelope): void {
    this.#world.onSent(this, envelope)
    for (let peer = 0; peer < this.#world.nodeIds.length; peer++) {
      if (peer === this.index) continue
      const sent = this.#mind?.distort(envelope, peer) ?? [envelope]
      for (const each of sent) this.#sendEnvelope(peer, each)
    }
  }

  #sendEnvelope(to: number, envelope: Envelope): void {
    this.#send(to, { kind: 'envelope', envelope }, sizeOf(envelope))
  }

  #send(to: number, message: Message, sizeBytes: number): void {
    if (this.#mind?.behaviour === 'silent') return
    this.#world.network.send(this.index, to, message, sizeBytes)
  }

  #after(delayMicros: number, run: () => void): void {
    const event = this.#world.clock.after(delayMicros, () => {
      this.#events.delete(event)
      run()
    })
    this.#events.add(event)
  }
}

const sizes = new WeakMap<Envelope, number>()

/** Encoded once per envelope, however many peers it goes to. */
function sizeOf(envelope: Envelope): number {
  let size = sizes.get(envelope)
  if (size === undefined) sizes.set(envelope, (size = encodeEnvelope(envelope).length))
  return size
}
