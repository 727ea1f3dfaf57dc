// Several nodes that agree on slots, over a loopback network in virtual time.

import { createHash } from 'node:crypto'
import { encodeStatement } from '../../../fba/index.ts'
import type { Envelope, QuorumSet, Statement } from '../../../fba/index.ts'
import { MemoryRecords } from '../../../src/agreement/index.ts'
import type { AgreementRecords, Question, RecordChange, Reply } from '../../../src/agreement/index.ts'
import { decodeTransactions, Field } from '../../../src/field/index.ts'
import type { FieldInit, FieldLink } from '../../../src/field/index.ts'
import { StatementVerifier } from '../../../src/node/agreement/statement-keys.ts'
import { drive, NodeClock, Prng, randomSource, VirtualClock } from '../../sim/engine/index.ts'

const text = new TextEncoder()
export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
export const NETWORK_ID = new Uint8Array(32).fill(7)

/** An id as a peer's looks. */
export const peer = (name: string): string =>
  `12D3KooW${name.replaceAll(/[^1-9A-HJ-NP-Za-km-z]/g, 'x')}`.padEnd(52, 'z')

/** Stands for a signature: in these tests only its author makes it. */
export const signatureOf = (author: string, bytes: Uint8Array): Uint8Array =>
  sha256(Buffer.concat([text.encode(`signed by ${author}`), bytes]))
export const isSignatureOf = (author: string, bytes: Uint8Array, signature: Uint8Array): boolean =>
  Buffer.compare(signature, signatureOf(author, bytes)) === 0
/** Transactions of keys that are not a node's are signed for real. */
const keys = new StatementVerifier(NETWORK_ID)
export const verifyTransactionOf = (author: string, bytes: Uint8Array, signature: Uint8Array): boolean =>
  isSignatureOf(author, bytes, signature) || keys.verify(author, bytes, signature)
const signStatement = (statement: Statement): Uint8Array =>
  signatureOf(statement.nodeId, encodeStatement(statement))
export const verifyEnvelope = ({ statement, signature }: Envelope): boolean =>
  Buffer.compare(signature, signStatement(statement)) === 0

/** Records that are durable after a while, and lose what was being written in a crash. */
class SlowRecords implements AgreementRecords {
  readonly #disk: MemoryRecords
  readonly #clock: NodeClock
  fails = false
  hangs = false

  constructor(disk: MemoryRecords, clock: NodeClock) {
    this.#disk = disk
    this.#clock = clock
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    if (this.fails) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    if (this.hangs) await new Promise(() => {})
    await this.#clock.sleep(2)
    await this.#disk.write(changes)
  }

  get = async (key: string): Promise<Uint8Array | undefined> => await this.#disk.get(key)
  list = async (prefix: string): Promise<Array<{ key: string; value: Uint8Array }>> =>
    await this.#disk.list(prefix)
}

export interface WorldInit {
  readonly seed?: number
  readonly validators?: number
  readonly observers?: number
  readonly delayMs?: number
  readonly loss?: number
}

export class FieldNode {
  readonly id: string
  readonly disk = new MemoryRecords()
  readonly #world: FieldWorld
  field: Field | undefined
  clock!: NodeClock
  records!: SlowRecords
  /** Whether transactions reach this node by gossip. */
  hearsTransactions = true
  /** Whether anything does, questions and answers too. */
  isConnected = true
  /** Changes what it answers: a liar. */
  answers: ((reply: Reply) => Reply) | undefined
  /** Changes what it says before it leaves: a liar. */
  twist: ((envelope: Envelope, to: string) => Envelope | undefined) | undefined

  constructor(world: FieldWorld, id: string) {
    this.#world = world
    this.id = id
  }

  async start(init: Partial<FieldInit> = {}): Promise<void> {
    const clock = (this.clock = new NodeClock(this.#world.clock))
    this.records = new SlowRecords(this.disk, clock)
    const field = new Field(
      {
        clock,
        random: randomSource(this.#world.prng.fork()),
        logger: { info: () => {}, warn: (message) => this.#world.warnings.push(`${this.id}: ${message}`) },
        link: this.#link(),
        records: this.records,
        sign: (bytes) => signatureOf(this.id, bytes),
        verify: verifyTransactionOf,
        signStatement,
        verifyEnvelope
      },
      { self: this.id, networkId: NETWORK_ID, roster: this.#world.roster, ...init }
    )
    this.field = field
    await field.start()
  }

  /** kill -9: what was being written is lost, and nothing of this process happens any more. */
  kill(): void {
    this.clock.stop()
    this.field = undefined
  }

  /** 'round: hash of the state'. */
  get position(): string {
    const { round, closedAtMs, slots } = this.field!.status()
    return `${round} ${closedAtMs} ${slots}`
  }

  #link(): FieldLink {
    const world = this.#world
    return {
      publish: async (envelope) => world.broadcast(this, envelope),
      publishTransactions: async (message) => world.spread(this, message),
      ask: async (to, question, { signal }) => await world.ask(this, to, question, signal),
      peers: () => world.nodes.filter((node) => node !== this && node.field !== undefined).map(({ id }) => id)
    }
  }
}

export class FieldWorld {
  readonly clock = new VirtualClock()
  readonly prng: Prng
  readonly nodes: FieldNode[] = []
  readonly roster: QuorumSet
  readonly warnings: string[] = []
  /** Hears each message of transactions. */
  onSpread: ((message: Uint8Array) => void) | undefined
  questions = 0
  envelopes = 0
  envelopeBytes = 0
  readonly #delayMs: number
  readonly #loss: number

  constructor({ seed = 1, validators = 4, observers = 0, delayMs = 20, loss = 0 }: WorldInit = {}) {
    this.prng = new Prng(seed)
    this.#delayMs = delayMs
    this.#loss = loss
    const ids = Array.from({ length: validators }, (_, i) => peer(`v${i + 1}`))
    this.roster = { threshold: validators - Math.floor((validators - 1) / 3), validators: ids, innerSets: [] }
    for (const id of ids) this.nodes.push(new FieldNode(this, id))
    for (let i = 0; i < observers; i++) this.nodes.push(new FieldNode(this, peer(`w${i + 1}`)))
  }

  static async started(init: WorldInit = {}): Promise<FieldWorld> {
    const world = new FieldWorld(init)
    for (const node of world.nodes) await node.start()
    return world
  }

  async pass(seconds: number): Promise<void> {
    const untilMicros = this.clock.nowMicros + seconds * 1_000_000
    let isOver = false
    this.clock.after(seconds * 1_000_000, () => (isOver = true))
    await drive(this.clock, untilMicros, () => isOver)
  }

  /** Lets time pass until `work` has an outcome. */
  async until<T>(work: Promise<T>, seconds = 200): Promise<T> {
    let isOver = false
    void work.then(
      () => (isOver = true),
      () => (isOver = true)
    )
    await drive(this.clock, this.clock.nowMicros + seconds * 1_000_000, () => isOver)
    if (!isOver) throw new Error(`no outcome in ${seconds} s`)
    return await work
  }

  broadcast(from: FieldNode, envelope: Envelope): void {
    this.envelopes++
    this.envelopeBytes += encodeStatement(envelope.statement).length + envelope.signature.length
    for (const to of this.nodes) {
      if (!this.#reaches(from, to)) continue
      const said = from.twist === undefined ? envelope : from.twist(envelope, to.id)
      if (said !== undefined) this.#later(() => void to.field?.receive(said, from.id))
    }
  }

  spread(from: FieldNode, message: Uint8Array): void {
    this.onSpread?.(message)
    for (const to of this.nodes) {
      if (!to.hearsTransactions || !this.#reaches(from, to)) continue
      this.#later(() => void to.field?.receiveTransactions(decodeTransactions(message), from.id))
    }
  }

  async ask(from: FieldNode, to: string, question: Question, signal: AbortSignal): Promise<Reply> {
    this.questions++
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    this.#later(() => {
      const node = this.nodes.find(({ id }) => id === to)
      if (node?.field === undefined || !node.isConnected || !from.isConnected) return
      const honest = node.field.answer(question)
      const reply = node.answers === undefined ? honest : node.answers(honest)
      this.#later(() => {
        if (from.field !== undefined) resolve(reply)
      })
    })
    return await promise
  }

  #reaches(from: FieldNode, to: FieldNode): boolean {
    return to !== from && from.isConnected && to.isConnected && !this.prng.chance(this.#loss)
  }

  #later(run: () => void): void {
    this.clock.after(this.#delayMs * (0.8 + 0.4 * this.prng.unit()) * 1000, run)
  }
}
