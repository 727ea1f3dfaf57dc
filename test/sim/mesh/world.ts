// Everything that one simulated history consists of: clock, links, nodes, what is traced of it.

import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { SegmentCodec } from '../../../encoder/index.ts'
import { drive, Prng, VirtualClock } from '../engine/index.ts'
import type { OneWayMicros } from '../engine/index.ts'
import type { SimAgreedMap } from './agreed-map.ts'
import { Links } from './links.ts'
import type { HostRates } from './links.ts'
import { SimNode } from './node.ts'
import type { SimNodeInit } from './node.ts'

/** Peers notice after this long that somebody does not answer any more: three reports missed. */
const DETECTION_MICROS = 15_000_000

export interface WorldInit {
  readonly seed: number
  readonly codec: SegmentCodec
  readonly latency: OneWayMicros
}

/** What a node logs. */
export interface SimLogger {
  info(message: string, fields?: object): void
  warn(message: string, fields?: object): void
  error(message: string, fields?: object): void
  debug(message: string, fields?: object): void
}

export class World {
  readonly clock = new VirtualClock()
  readonly links: Links
  readonly codec: SegmentCodec
  readonly networkId = new Uint8Array(32).fill(0x5e)
  readonly nodes: SimNode[] = []
  readonly prng: Prng
  /** Undefined in a network without validators. */
  agreedMap: SimAgreedMap | undefined
  /** Errors that nobody was waiting for; a history with any of them has failed. */
  readonly surprises: string[] = []
  /** Log lines of level warn and above, counted by text. */
  readonly warnings = new Map<string, number>()
  /** What nodes did by themselves, by kind. */
  readonly events = new Map<string, number>()
  readonly #byId = new Map<string, SimNode>()
  readonly #providers = new Map<string, Set<SimNode>>()
  /** When a host was last cut off from the others. */
  readonly #downSince = new Map<number, number>()
  readonly #trace: Hash = createHash('sha256')
  #streams = 0

  constructor({ seed, codec, latency }: WorldInit) {
    this.prng = new Prng(seed)
    this.codec = codec
    this.links = new Links(this.clock, latency)
  }

  async add(rates: HostRates, init: SimNodeInit): Promise<SimNode> {
    const host = this.links.add(rates)
    const node = await SimNode.create(this, host, this.prng.fork(), init)
    this.nodes.push(node)
    this.#byId.set(node.id.toString(), node)
    return node
  }

  find(peer: PeerId): SimNode | undefined {
    return this.#byId.get(peer.toString())
  }

  hostOf(id: string): number | undefined {
    return this.#byId.get(id)?.host
  }

  /** Whether `from` believes that `to` is there. */
  seems(from: number, to: number): boolean {
    if (from === to) return true
    const isThere = this.nodes[to].isRunning && this.links.reaches(from, to)
    if (isThere) return true
    const since = this.#downSince.get(to)
    return since !== undefined && this.clock.nowMicros - since < DETECTION_MICROS
  }

  noteDown(host: number): void {
    this.#downSince.set(host, this.clock.nowMicros)
  }

  /** Cuts the hosts of each group off from all others. */
  partition(groups: readonly (readonly number[])[]): void {
    for (const group of groups) for (const host of group) this.noteDown(host)
    this.trace('partition', ...groups.map((group) => group.join(',')))
    this.links.partition(groups)
  }

  heal(): void {
    this.trace('heal')
    this.links.heal()
  }

  provide(cid: CID, node: SimNode): void {
    const key = cid.toString()
    this.#providers.set(key, (this.#providers.get(key) ?? new Set()).add(node))
  }

  providers(cid: CID): SimNode[] {
    return [...(this.#providers.get(cid.toString()) ?? [])]
  }

  nextStreamId(): string {
    return String(this.#streams++)
  }

  /** Notes an event. The digest over all of them tells two histories apart. */
  trace(kind: string, ...details: Array<string | number>): void {
    this.#trace.update(`${this.clock.nowMicros} ${kind} ${details.join(' ')}\n`)
  }

  /** Hexadecimal SHA-256 over what has been traced so far. */
  digest(): string {
    return this.#trace.copy().digest('hex')
  }

  /** Something that a node did by itself. */
  noteEvent(host: number, room: string, kind: string): void {
    this.trace('event', host, room, kind)
    const name = `${room}.${kind}`
    this.events.set(name, (this.events.get(name) ?? 0) + 1)
  }

  unexpected(where: string, error: unknown): void {
    this.surprises.push(
      `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    )
  }

  loggerOf(host: number): SimLogger {
    const note = (message: string): void => {
      this.trace('log', host, message)
      this.warnings.set(message, (this.warnings.get(message) ?? 0) + 1)
    }
    return { info: () => {}, debug: () => {}, warn: note, error: note }
  }

  /** Lets time pass until `work` has settled. @throws what it throws; Error when it would never settle */
  async run<T>(work: Promise<T>): Promise<T> {
    let isSettled = false
    void work.then(
      () => (isSettled = true),
      () => (isSettled = true)
    )
    await drive(this.clock, Infinity, () => isSettled)
    if (!isSettled) throw new Error('the simulation has come to rest, and the work is not done')
    return await work
  }

  async passSeconds(seconds: number): Promise<void> {
    await this.run(this.sleep(seconds))
  }

  async sleep(seconds: number): Promise<void> {
    await new Promise<void>((resolve) => this.clock.after(seconds * 1_000_000, resolve))
  }
}
