// Agreement and reports in a large network: the node's own agreement, reports, map and signatures, on a virtual clock over a
// gossip mesh of all peers. Validators and some observers run; what all others send follows from the mesh, as every peer
// passes every message on once.
import { createHash } from 'node:crypto'
import { Agreement, MemoryRecords } from '../../../src/agreement/index.ts'
import {
  encodeEnvelope,
  encodeQuestion,
  encodeReply,
  MAX_GOSSIP_BYTES
} from '../../../src/node/agreement/envelope.ts'
import { mapRules, verifyNow } from '../../../src/node/agreement/rules.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import { encodeMap } from '../../../src/manifold/map/index.ts'
import { signedBytes } from '../../../fba/index.ts'
import { drive, NodeClock, Prng, randomSource, VirtualClock } from '../engine/index.ts'
import { Hearers } from './hearers.ts'
import { Overlay } from './overlay.ts'
import { makePeers } from './reports.ts'
import type { AgreementLink, MapRules, Question, ReadReport, Reply } from '../../../src/agreement/index.ts'
import type { AgreedMap } from '../../../src/manifold/map/index.ts'
import type { Envelope, QuorumSet, Statement } from '../../../fba/index.ts'
import type { ScalePeer } from './reports.ts'

export interface ScaleInit {
  readonly peers: number
  readonly validators: number
  /** Peers beside the validators whose agreement runs too. */
  readonly observers: number
  readonly epochs: number
  readonly epochMs: number
  readonly reportIntervalMs: number
  readonly storedBytes: number
  readonly seed: number
}

export interface ScaleReport {
  readonly peers: number
  readonly validators: number
  readonly storedBytes: number
  /** Epochs that every validator and observer has a map of. */
  readonly epochs: number
  /** Peers in the last map, its bytes, and whether all who run have the same. */
  readonly mapPeers: number
  readonly mapBytes: number
  readonly isSame: boolean
  /** Statements that validators publish in an epoch, and their bytes. */
  readonly statements: number
  readonly statementBytes: number
  /** Statements of an epoch that are too long for gossip: peers ask for them. */
  readonly tooLong: number
  /** Copies of a message that a peer receives by gossip. */
  readonly copies: number
  /** Peers to which all reports go, and those of them that no other passes reports to. */
  readonly hearers: number
  readonly cutOff: number
  /** Agreement that any peer receives in an epoch, copies included. */
  readonly agreementMessages: number
  readonly agreementBytes: number
  readonly hearing: Received
  /** A peer that does not hear the reports; undefined where all do. */
  readonly quiet: Received | undefined
  /** All that a peer receives in an epoch, on average over all peers. */
  readonly meanBytes: number
  /** Answers that a hearer gives to those that do not hear, an epoch. */
  readonly servedBytes: number
  /** From the first proposal to the decision of a validator, and to the map of an observer, milliseconds. */
  readonly validatorMs: { readonly p50: number; readonly p95: number }
  readonly observerMs: { readonly p50: number; readonly p95: number }
  /** Processor time of one peer in an epoch: its agreement, and checking the reports that are new. */
  readonly agreementCpuMs: number
  readonly reportCpuMs: number
}

/** What one peer receives in an epoch, beside the agreement. */
export interface Received {
  readonly reportMessages: number
  readonly reportBytes: number
  /** Questions that it asks, and bytes of these and their answers. */
  readonly questions: number
  readonly askedBytes: number
}

const NETWORK_ID = new Uint8Array(32).fill(7)

export const runScale = async (init: ScaleInit): Promise<ScaleReport> => await new ScaleRun(init).run()

class ScaleRun {
  readonly #init: ScaleInit
  readonly #clock = new VirtualClock()
  readonly #prng: Prng
  readonly #overlay: Overlay
  readonly #hearers: Hearers
  readonly #hosts: Host[] = []
  readonly #rules: MapRules<AgreedMap>
  readonly #firstProposalMs = new Map<number, number>()
  readonly #sent = { statements: 0, bytes: 0, tooLong: 0 }
  #checks = { count: 0, ms: 0 }
  #peers: readonly ScalePeer[] = []
  #roster!: QuorumSet

  constructor(init: ScaleInit) {
    this.#init = init
    this.#prng = new Prng(init.seed)
    this.#overlay = new Overlay(init.peers, this.#prng.fork())
    const { peers, validators } = init
    this.#hearers = new Hearers({ peers, validators, prng: this.#prng.fork() })
    this.#rules = this.#sharedRules()
  }

  async run(): Promise<ScaleReport> {
    const { peers, validators, epochs, epochMs, reportIntervalMs, storedBytes } = this.#init
    // An epoch more for the start, and as much again in case that some take longer.
    const runMs = (2 * epochs + 3) * epochMs
    this.#peers = await makePeers({
      peers,
      networkId: NETWORK_ID,
      intervalMs: reportIntervalMs,
      runMs,
      storedBytes,
      rttMicros: (from, to) => Math.round(2 * this.#overlay.oneWayMicros(from, to)) + 1,
      prng: this.#prng.fork()
    })
    this.#roster = flatQuorumSet(this.#peers.slice(0, validators).map(({ id }) => id))
    for (const index of this.#whoRuns()) {
      this.#hosts.push(new Host(index, this.#peers[index], this.#overlay.arrivals(index), this.#clock))
    }
    for (const host of this.#hosts) host.agreement = this.#agreementOf(host)
    const before = process.cpuUsage()
    for (const host of this.#hosts) await host.agreement.start()
    const isDone = (): boolean => this.#hosts.every(({ mapsMs }) => mapsMs.size >= epochs)
    await drive(this.#clock, runMs * 1000, isDone)
    const { user, system } = process.cpuUsage(before)
    const report = this.#report((user + system) / 1000)
    for (const host of this.#hosts) await host.agreement.stop()
    return report
  }

  /** The validators, and of the others one that hears and as many as there may be that do not. */
  #whoRuns(): number[] {
    const { peers, validators, observers } = this.#init
    const others = Array.from({ length: peers - validators }, (_, i) => validators + i)
    const quiet = others.filter((index) => !this.#hearers.hears(index))
    const hearing = others.filter((index) => this.#hearers.hears(index))
    const chosen = [...hearing.slice(0, 1), ...quiet, ...hearing.slice(1)].slice(0, observers)
    return [...Array.from({ length: validators }, (_, i) => i), ...chosen]
  }

  #report(cpuMs: number): ScaleReport {
    const { peers, validators, storedBytes, epochMs, reportIntervalMs } = this.#init
    const hosts = this.#hosts
    const epochs = Math.min(...hosts.map(({ mapsMs }) => mapsMs.size))
    const [first] = hosts
    const newest = Math.min(...hosts.map(({ agreement }) => agreement.current?.slot ?? 0))
    const map = first.maps.get(newest)
    const copies = this.#overlay.copies
    const agreed = Math.max(1, ...hosts.map(({ mapsMs }) => mapsMs.size))
    const statements = this.#sent.statements / agreed
    const statementBytes = this.#sent.bytes / agreed
    const perEpoch = epochMs / reportIntervalMs
    const reports = this.#hearers.reportsPerInterval * perEpoch
    const reportLength = this.#peers.reduce((sum, { reports: [bytes] }) => sum + bytes.byteLength, 0) / peers
    const checkMs = this.#checks.ms / Math.max(1, this.#checks.count)
    const received = (hears: boolean, messages: number): Received | undefined => {
      const asking = hosts.filter(({ index }) => this.#hearers.hears(index) === hears)
      if (asking.length === 0) return undefined
      return {
        reportMessages: messages,
        reportBytes: messages * reportLength,
        questions: asking.reduce((sum, host) => sum + host.questions, 0) / agreed / asking.length,
        askedBytes: asking.reduce((sum, host) => sum + host.askedBytes, 0) / agreed / asking.length
      }
    }
    const hearing = received(true, reports * this.#hearers.copies)!
    const quiet = received(false, this.#hearers.neighbourReports * perEpoch)
    const quietShare = 1 - this.#hearers.hearers.length / peers
    const bytesOf = (one: Received = hearing): number =>
      one.reportBytes + one.askedBytes + statementBytes * copies
    return {
      peers,
      validators,
      storedBytes,
      epochs,
      mapPeers: map?.peers.length ?? 0,
      mapBytes: map === undefined ? 0 : encodeMap(map).byteLength,
      isSame: new Set(hosts.map(({ maps }) => hashOfMap(maps.get(newest)))).size === 1,
      statements,
      statementBytes,
      tooLong: this.#sent.tooLong / agreed,
      copies,
      agreementMessages: statements * copies,
      agreementBytes: statementBytes * copies,
      hearers: this.#hearers.hearers.length,
      cutOff: this.#hearers.cutOff,
      hearing,
      quiet,
      meanBytes: (1 - quietShare) * bytesOf(hearing) + quietShare * bytesOf(quiet),
      servedBytes: ((quiet?.askedBytes ?? 0) * quietShare) / (1 - quietShare),
      validatorMs: this.#times(hosts.slice(0, validators)),
      observerMs: this.#times(hosts.slice(validators)),
      // The checks of reports were done once for all, and are billed by themselves.
      agreementCpuMs: (cpuMs - this.#checks.ms) / hosts.length / agreed,
      reportCpuMs: reports * checkMs
    }
  }

  #times(hosts: readonly Host[]): { p50: number; p95: number } {
    const ms = hosts.flatMap(({ mapsMs }) =>
      [...mapsMs].map(([slot, atMs]) => atMs - (this.#firstProposalMs.get(slot) ?? atMs))
    )
    ms.sort((a, b) => a - b)
    const at = (q: number): number => Math.round(ms[Math.floor((ms.length - 1) * q)] ?? 0)
    return { p50: at(0.5), p95: at(0.95) }
  }

  /** Everybody checks the same reports; the work is done once and counted. */
  #sharedRules(): MapRules<AgreedMap> {
    const rules = mapRules(NETWORK_ID)
    const read = new WeakMap<Uint8Array, { report: ReadReport | undefined }>()
    return {
      ...rules,
      read: (signed) => {
        const known = read.get(signed)
        if (known !== undefined) return known.report
        const before = process.cpuUsage()
        const report = rules.read(signed)
        const { user, system } = process.cpuUsage(before)
        this.#checks = { count: this.#checks.count + 1, ms: this.#checks.ms + (user + system) / 1000 }
        read.set(signed, { report })
        return report
      }
    }
  }

  #agreementOf(host: Host): Agreement<AgreedMap> {
    const { epochMs } = this.#init
    const agreement = new Agreement<AgreedMap>(
      {
        clock: host.clock,
        random: randomSource(this.#prng.fork()),
        logger: { info: () => {}, warn: () => {} },
        link: this.#linkOf(host),
        records: new MemoryRecords(),
        rules: this.#rules,
        sign: (statement) => this.#sign(host.peer, statement),
        verify: (envelope) => this.#verify(envelope)
      },
      { self: host.peer.id, roster: this.#roster, epochMs }
    )
    agreement.onMap((map, slot) => host.noteMap(map, slot))
    return agreement
  }

  #linkOf(host: Host): AgreementLink {
    return {
      publish: async (envelope, value) => this.#publish(host, envelope, value),
      ask: async (peer, question, { signal }) => await this.#ask(host, peer, question, signal),
      peers: () => this.#hosts.filter((other) => other !== host).map(({ peer }) => peer.id),
      reports: () => this.#reportsAt(host),
      hearsReports: () => this.#hearers.hears(host.index),
      mapHolders: () =>
        this.#hosts
          .filter((other) => other !== host && this.#hearers.hears(other.index))
          .map(({ peer }) => peer.id)
    }
  }

  #publish(from: Host, envelope: Envelope, value?: Uint8Array): void {
    const { slotIndex, type } = envelope.statement
    if (type === 'nominate' && !this.#firstProposalMs.has(slotIndex)) {
      this.#firstProposalMs.set(slotIndex, from.clock.monotonicMs())
    }
    const length = encodeEnvelope(envelope, value).byteLength
    if (length > MAX_GOSSIP_BYTES) {
      this.#sent.tooLong++
      return
    }
    this.#sent.statements++
    this.#sent.bytes += length
    for (const to of this.#hosts) {
      if (to === from) continue
      this.#clock.after(to.arrivalMicros[from.index], () =>
        to.agreement.receive(envelope, from.peer.id, value)
      )
    }
  }

  async #ask(from: Host, peer: string, question: Question, signal: AbortSignal): Promise<Reply> {
    const to = this.#hosts.find((host) => host.peer.id === peer) as Host
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    const delayMicros = this.#overlay.oneWayMicros(from.index, to.index)
    this.#clock.after(delayMicros, () => {
      void to.agreement.answer(question).then((reply) => {
        from.questions++
        from.askedBytes += encodeQuestion(NETWORK_ID, question).byteLength + encodeReply(reply).byteLength
        this.#clock.after(delayMicros, () => resolve(reply))
      })
    })
    return await promise.finally(() => signal.removeEventListener('abort', onAbort))
  }

  /** The newest report that has arrived of every peer, or of itself and its neighbours. */
  #reportsAt({ clock, arrivalMicros, index: self }: Host): Uint8Array[] {
    const { reportIntervalMs } = this.#init
    const nowMs = clock.monotonicMs()
    const beside = this.#hearers.hears(self) ? undefined : new Set([self, ...this.#hearers.connections[self]])
    return this.#peers.flatMap(({ firstMs, reports }, index) => {
      if (beside?.has(index) === false) return []
      const number = Math.floor((nowMs - firstMs - arrivalMicros[index] / 1000) / reportIntervalMs)
      return number < 0 ? [] : [reports[Math.min(number, reports.length - 1)]]
    })
  }

  #sign({ key }: ScalePeer, statement: Statement): Uint8Array {
    return key.sign(signedBytes(NETWORK_ID, statement)) as Uint8Array
  }

  #verify({ statement, signature }: Envelope): boolean {
    const author = this.#hosts.find(({ peer }) => peer.id === statement.nodeId)
    return author !== undefined && verifyNow(author.peer.peer, signedBytes(NETWORK_ID, statement), signature)
  }
}

/** A peer whose agreement runs. */
class Host {
  readonly index: number
  readonly peer: ScalePeer
  /** How long a message takes between this peer and each other, microseconds. */
  readonly arrivalMicros: Float64Array
  readonly clock: NodeClock
  readonly maps = new Map<number, AgreedMap>()
  /** When this peer had the map of each slot, milliseconds. */
  readonly mapsMs = new Map<number, number>()
  questions = 0
  askedBytes = 0
  agreement!: Agreement<AgreedMap>

  constructor(index: number, peer: ScalePeer, arrivalMicros: Float64Array, clock: VirtualClock) {
    this.index = index
    this.peer = peer
    this.arrivalMicros = arrivalMicros
    this.clock = new NodeClock(clock)
  }

  noteMap(map: AgreedMap, slot: number): void {
    this.maps.set(slot, map)
    this.mapsMs.set(slot, this.clock.monotonicMs())
  }
}

const hashOfMap = (map: AgreedMap | undefined): string =>
  map === undefined ? 'none' : createHash('sha256').update(encodeMap(map)).digest('hex')
