// Several nodes that agree on maps, over a loopback network in virtual time. Maps and reports are plain JSON here: what they
// mean is not what these tests are about.

import { createHash } from 'node:crypto'
import { Agreement, MemoryRecords } from '../../../src/agreement/index.ts'
import type {
  AgreementInit,
  AgreementLink,
  AgreementRecords,
  MapRules,
  Question,
  ReadReport,
  RecordChange,
  Reply
} from '../../../src/agreement/index.ts'
import { encodeStatement } from '../../../fba/index.ts'
import type { Envelope, QuorumSet, Statement } from '../../../fba/index.ts'
import { drive, EPOCH_MS, NodeClock, Prng, randomSource, VirtualClock } from '../../sim/engine/index.ts'

export interface TestMap {
  readonly slot: number
  readonly closedAtMs: number
  /** Newest sequence known of each peer, over all slots so far. */
  readonly peers: Readonly<Record<string, number>>
}

const text = new TextEncoder()
const parse = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes))
export const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** A report as these tests sign it: `forged` ones do not verify. */
export function signedReport(peer: string, sequence: number, issuedAtMs: number, forged = false): Uint8Array {
  return text.encode(JSON.stringify({ peer, sequence, issuedAtMs, forged }))
}

export const rules: MapRules<TestMap> = {
  read: (signed): ReadReport | undefined => {
    try {
      const { peer, sequence, issuedAtMs, forged } = parse(signed) as {
        peer: string
        sequence: number
        issuedAtMs: number
        forged: boolean
      }
      if (forged || typeof sequence !== 'number') return undefined
      return { peer, sequence: BigInt(sequence), issuedAtMs, signed }
    } catch {
      return undefined
    }
  },
  build: (previous, { slot, closedAtMs }, reports) => {
    const peers: Record<string, number> = { ...previous?.peers }
    for (const { peer, sequence } of reports) peers[peer] = Number(sequence)
    return { slot, closedAtMs, peers: Object.fromEntries(Object.entries(peers).sort()) }
  },
  peersOf: ({ peers }) => Object.keys(peers),
  encode: (map) => text.encode(JSON.stringify(map)),
  decode: (bytes) => parse(bytes) as TestMap,
  closedAtMsOf: ({ closedAtMs }) => closedAtMs,
  delta: (before, after) => {
    const [old, now] = [parse(before) as TestMap, parse(after) as TestMap]
    const peers = Object.entries(now.peers).filter(([id, sequence]) => old.peers[id] !== sequence)
    return text.encode(JSON.stringify({ ...now, peers: Object.fromEntries(peers) }))
  },
  patch: (before, delta) => {
    const [old, changed] = [parse(before) as TestMap, parse(delta) as TestMap]
    const peers = Object.entries({ ...old.peers, ...changed.peers }).sort()
    return text.encode(JSON.stringify({ ...changed, peers: Object.fromEntries(peers) }))
  }
}

/** Records that are durable after a while, and lose what was being written in a crash. */
export class SlowRecords implements AgreementRecords {
  readonly #disk: MemoryRecords
  readonly #clock: NodeClock
  fails = false

  constructor(disk: MemoryRecords, clock: NodeClock) {
    this.#disk = disk
    this.#clock = clock
  }

  async write(changes: readonly RecordChange[]): Promise<void> {
    if (this.fails) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    await this.#clock.sleep(3)
    await this.#disk.write(changes)
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return await this.#disk.get(key)
  }

  async list(prefix: string): Promise<Array<{ key: string; value: Uint8Array }>> {
    return await this.#disk.list(prefix)
  }
}

export interface TestNetworkInit {
  readonly seed?: number
  readonly validators?: number
  readonly observers?: number
  readonly epochMs?: number
  readonly delayMs?: number
  readonly loss?: number
}

export class TestNode {
  readonly id: string
  readonly disk = new MemoryRecords()
  readonly maps: Array<{ slot: number; map: TestMap }> = []
  /** Signed reports that this node has heard, by peer; set `hears` to keep some from it. */
  readonly reports = new Map<string, Uint8Array>()
  hears: (peer: string) => boolean = () => true
  /** Whether the node says that it hears everybody's reports. */
  hearsReports = true
  /** What this node answers to a peer; set it to lie. */
  answers: (reply: Reply) => Reply = (reply) => reply
  /** Questions that this node has asked. */
  readonly questions: Question[] = []
  records!: SlowRecords
  agreement: Agreement<TestMap> | undefined
  clock!: NodeClock
  #sequence = 0
  readonly #network: TestNetwork

  constructor(network: TestNetwork, id: string) {
    this.#network = network
    this.id = id
  }

  async start(init: Partial<AgreementInit> = {}): Promise<void> {
    const network = this.#network
    const clock = (this.clock = new NodeClock(network.clock))
    this.records = new SlowRecords(this.disk, clock)
    const agreement = new Agreement<TestMap>(
      {
        clock,
        random: randomSource(network.prng.fork()),
        logger: { info: () => {}, warn: (message) => network.warnings.push(`${this.id}: ${message}`) },
        link: this.#link(),
        records: this.records,
        rules,
        sign: (statement) => signatureOf(statement),
        verify: ({ statement, signature }) => Buffer.compare(signature, signatureOf(statement)) === 0
      },
      { self: this.id, roster: network.roster, epochMs: network.epochMs, ...init }
    )
    this.agreement = agreement
    agreement.onMap((map, slot) => this.maps.push({ slot, map }))
    this.#reportOn(clock)
    await agreement.start()
  }

  /** kill -9: what was being written is lost, and nothing of this process happens any more. */
  kill(): void {
    this.clock.stop()
    this.agreement = undefined
  }

  get newest(): TestMap | undefined {
    return this.maps.at(-1)?.map
  }

  #reportOn(clock: NodeClock): void {
    const report = (): void => {
      const signed = signedReport(this.id, ++this.#sequence, clock.nowMs())
      for (const node of this.#network.nodes) if (node.hears(this.id)) node.reports.set(this.id, signed)
      clock.after(2_000, report)
    }
    report()
  }

  #link(): AgreementLink {
    const network = this.#network
    return {
      publish: async (envelope, value) => network.broadcast(this, envelope, value),
      ask: async (peer, question, { signal }) => await network.ask(this, peer, question, signal),
      peers: () =>
        network.nodes.filter((node) => node !== this && node.agreement !== undefined).map(({ id }) => id),
      reports: () => [...this.reports.values()],
      hearsReports: () => this.hearsReports,
      mapHolders: () =>
        network.nodes
          .filter((node) => node !== this && node.agreement !== undefined && node.hearsReports)
          .map(({ id }) => id)
    }
  }
}

export class TestNetwork {
  readonly clock = new VirtualClock()
  readonly prng: Prng
  readonly nodes: TestNode[] = []
  readonly roster: QuorumSet
  readonly epochMs: number
  readonly published: Envelope[] = []
  readonly warnings: string[] = []
  readonly #delayMs: number
  readonly #loss: number

  constructor({
    seed = 1,
    validators = 4,
    observers = 0,
    epochMs = 5_000,
    delayMs = 50,
    loss = 0
  }: TestNetworkInit = {}) {
    this.prng = new Prng(seed)
    this.epochMs = epochMs
    this.#delayMs = delayMs
    this.#loss = loss
    const ids = Array.from({ length: validators }, (_, i) => `validator-${i}`)
    // n - f of n = 3f + 1
    this.roster = { threshold: validators - Math.floor((validators - 1) / 3), validators: ids, innerSets: [] }
    for (const id of ids) this.nodes.push(new TestNode(this, id))
    for (let i = 0; i < observers; i++) this.nodes.push(new TestNode(this, `observer-${i}`))
  }

  /** Reports of so many peers that do not run reach everybody: a value of 80 is too long to come with an envelope. */
  guests(count: number): void {
    for (let i = 0; i < count; i++) {
      const signed = signedReport(`guest-${i}`, 1, Math.floor(wallMs(this)))
      for (const node of this.nodes) node.reports.set(`guest-${i}`, signed)
    }
  }

  async startAll(): Promise<void> {
    for (const node of this.nodes) await node.start()
  }

  async pass(seconds: number): Promise<void> {
    const untilMicros = this.clock.nowMicros + seconds * 1_000_000
    let isOver = false
    this.clock.after(seconds * 1_000_000, () => (isOver = true))
    await drive(this.clock, untilMicros, () => isOver)
  }

  broadcast(from: TestNode, envelope: Envelope, value?: Uint8Array): void {
    this.published.push(envelope)
    for (const to of this.nodes) {
      if (to === from || this.prng.chance(this.#loss)) continue
      this.#later(() => void to.agreement?.receive(envelope, from.id, value))
    }
  }

  async ask(from: TestNode, peer: string, question: Question, signal: AbortSignal): Promise<Reply> {
    from.questions.push(question)
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    this.#later(() => {
      const to = this.nodes.find(({ id }) => id === peer)
      const agreement = to?.agreement
      void agreement?.answer(question).then((reply) => {
        if (to?.agreement !== agreement) return
        this.#later(() => {
          if (from.agreement !== undefined) resolve(to!.answers(reply))
        })
      })
    })
    return await promise
  }

  /** Nodes that run have the same map for every slot that two of them have. */
  disagreements(): string[] {
    const bySlot = new Map<number, Map<string, string[]>>()
    for (const node of this.nodes) {
      for (const { slot, map } of node.maps) {
        const key = Buffer.from(digest(rules.encode(map))).toString('hex')
        const maps = bySlot.get(slot) ?? new Map<string, string[]>()
        bySlot.set(slot, maps)
        maps.set(key, [...(maps.get(key) ?? []), node.id])
      }
    }
    return [...bySlot].filter(([, maps]) => maps.size > 1).map(([slot]) => `slot ${slot}`)
  }

  #later(run: () => void): void {
    this.clock.after(this.#delayMs * (0.8 + 0.4 * this.prng.unit()) * 1000, run)
  }
}

export const wallMs = (network: TestNetwork): number => EPOCH_MS + network.clock.nowMicros / 1000

/** Stands for a signature by the node that the statement names: only its author makes it in these tests. */
export function signatureOf(statement: Statement): Uint8Array {
  return digest(Buffer.concat([text.encode(`signed by ${statement.nodeId}`), encodeStatement(statement)]))
}
