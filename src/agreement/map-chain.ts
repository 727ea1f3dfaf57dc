// From decisions to maps: each map follows from the one before it and from the reports that the decision names. A node that
// does not hear the reports takes the map before it from others: the decision names its hash. So it is one slot behind.

import { compareBytes, toHex } from '../../fba/bytes.ts'
import { NO_MAP_HASH } from './epoch-value.ts'
import type { Decision, Journal } from './journal.ts'
import type { MapAnswer } from './exchange.ts'
import type { Before } from './judge.ts'
import type { MapQuestion } from './link.ts'
import type { MapRules } from './map-rules.ts'
import type { Payloads } from './payloads.ts'
import type { ValuePool } from './value-pool.ts'

export interface MapChainInit<M> {
  readonly rules: MapRules<M>
  readonly payloads: Payloads
  readonly values: ValuePool
  readonly journal: Journal
  readonly sha256: (bytes: Uint8Array) => Uint8Array
  /** Takes in the reports that gossip has brought. */
  readonly hear: () => void
  /** Reports or a map are needed before the newest decision can be worked out. */
  readonly onMissing: (hashes: readonly Uint8Array[]) => void
  /** Whether a map is taken from others when so many of the reports that it follows from are missing here. */
  readonly takesMaps: (missing: number) => boolean
  /** The map before the newest decision is not here. */
  readonly onMissingMap: (map: MapQuestion) => void
  /** Nothing is known of the newest decision but its name. */
  readonly onMissingValue: (name: Uint8Array) => void
  readonly onMap: (map: M, slot: number) => void
  /** The decision stands all the same; after a crash it is fetched again. */
  readonly onSaveFailure: (slot: number, error: unknown) => void
}

interface Undigested {
  readonly slot: number
  /** Name of the value. */
  readonly name: Uint8Array
}

/** Decisions whose values and maps are kept for peers that catch up. */
const DECISIONS_KEPT = 4
/** Deltas kept: peers that follow ask for the same one. */
const DELTAS_KEPT = 4

const GENESIS: Before & { readonly slot: number } = {
  ...{ slot: 0, closedAtMs: 0, mapHash: NO_MAP_HASH },
  peers: new Set()
}

export class MapChain<M> {
  readonly #init: MapChainInit<M>
  #map: M | undefined
  #before = GENESIS
  #name: Uint8Array = Uint8Array.of(0)
  #undigested: Undigested | undefined
  #work: Promise<void> | undefined
  readonly #deltas = new Map<string, Uint8Array>()
  /** Hash of a map to which a delta has not led: all of it is asked for. */
  #misled: string | undefined
  /** Hashes of the maps in force last, hexadecimal: peers that follow or catch up ask for them. */
  #lastMaps: readonly string[] = []
  /** Names of the values that were decided last, by slot. */
  readonly #names = new Map<number, Uint8Array>()

  constructor(init: MapChainInit<M>) {
    this.#init = init
  }

  /** The map in force and the slot that it was agreed in. */
  get current(): { readonly map: M; readonly slot: number } | undefined {
    return this.#map === undefined ? undefined : { map: this.#map, slot: this.#before.slot }
  }

  /** The last decision that has been worked out. */
  get before(): Before & { readonly slot: number } {
    return this.#before
  }

  /** The name of its value, as the seed of the next slot's leaders; one byte before the first. */
  get name(): Uint8Array {
    return this.#name
  }

  /** Whether the value of that name was decided lately, or is to be worked out. */
  needsValue(name: string): boolean {
    return [...this.#names.values()].some((one) => toHex(one) === name)
  }

  /** A decision waits for reports or for the map before it. */
  get isBehind(): boolean {
    return this.#undigested !== undefined
  }

  /** Takes up what an earlier process wrote down. */
  restore({ slot, value, map }: Decision): void {
    this.#advance(slot, this.#init.rules.decode(map), map, value)
  }

  /** A slot has been decided; an older decision that still waits is passed over. */
  decided(slot: number, name: Uint8Array): void {
    if (slot <= this.#before.slot) return
    this.#undigested = { slot, name }
    this.#noteName(slot, name)
  }

  /** Keeps a map if it is the one that the waiting decision names. @returns whether it is */
  offerMap(bytes: Uint8Array): boolean {
    const wanted = this.#wantedMap()
    if (wanted === undefined || compareBytes(this.#init.sha256(bytes), wanted) !== 0) return false
    this.#init.payloads.addMap(bytes)
    return true
  }

  /** Keeps the map that a delta to the one in force leads to, if the waiting decision names it. @returns whether it does */
  offerDelta(delta: Uint8Array): boolean {
    const { rules, payloads } = this.#init
    const wanted = this.#wantedMap()
    const before = payloads.map(this.#before.mapHash)
    if (wanted === undefined || before === undefined || payloads.map(wanted) !== undefined) return false
    try {
      if (this.offerMap(rules.patch(before, delta))) return true
    } catch {
      // Bytes that are no delta are as bad as one that leads elsewhere.
    }
    this.#misled = toHex(wanted)
    return false
  }

  /** What this node has of a map that a peer asks for. */
  answer({ wanted, have }: MapQuestion): MapAnswer {
    const { payloads, rules } = this.#init
    const whole = payloads.map(wanted)
    const before = have && payloads.map(have)
    if (whole === undefined || have === undefined || before === undefined) return { whole }
    const key = `${toHex(have)} ${toHex(wanted)}`
    const known = this.#deltas.get(key)
    if (known !== undefined) return { delta: known }
    try {
      const delta = rules.delta(before, whole)
      this.#deltas.set(key, delta)
      if (this.#deltas.size > DELTAS_KEPT) this.#deltas.delete(this.#deltas.keys().next().value!)
      return { delta }
    } catch {
      // A map of an earlier version: there is no delta to it.
      return { whole }
    }
  }

  #wantedMap(): Uint8Array | undefined {
    return this.#undigested && this.#init.values.known(this.#undigested.name)?.value?.previousMap
  }

  /** Works out the newest decision if all that it needs is here, and says what is not. */
  async digest(): Promise<void> {
    this.#work ??= this.#digest().finally(() => (this.#work = undefined))
    await this.#work
  }

  async #digest(): Promise<void> {
    for (let work = this.#undigested; work !== undefined; work = this.#undigested) {
      if (!(await this.#digestOne(work))) return
      if (this.#undigested === work) this.#undigested = undefined
    }
  }

  async #digestOne(work: Undigested): Promise<boolean> {
    const { rules, payloads, values, journal, hear, onMissing, onMissingValue, onSaveFailure, onMap } =
      this.#init
    const { bytes: valueBytes, value } = values.known(work.name) ?? {}
    if (valueBytes === undefined || value === undefined) {
      onMissingValue(work.name)
      return false
    }
    const { closedAtMs, previousMap, reports } = value
    const previous = this.#previous(work.slot, previousMap)
    if (reports.some((hash) => payloads.report(hash) === undefined)) hear()
    const found = reports.flatMap((hash) => payloads.report(hash) ?? [])
    if (found.length < reports.length || previous === 'missing') {
      const missing = reports.filter((hash) => payloads.report(hash) === undefined)
      if (this.#init.takesMaps(missing.length)) return await this.#takeMap(work.slot - 1, previousMap)
      onMissing(previous === 'missing' ? [...missing, previousMap] : missing)
      return false
    }
    const map = rules.build(previous.map, { slot: work.slot, closedAtMs }, found)
    const bytes = rules.encode(map)
    const named = new Set(reports.map(toHex))
    try {
      await journal.saveDecision({ slot: work.slot, value: valueBytes, map: bytes }, (hash) =>
        named.has(hash)
      )
    } catch (error) {
      onSaveFailure(work.slot, error)
    }
    this.#advance(work.slot, map, bytes, valueBytes)
    payloads.retain(
      (hash) => named.has(hash),
      (hash) => this.#lastMaps.includes(hash)
    )
    onMap(map, work.slot)
    return true
  }

  /** @returns false while the map is not here */
  async #takeMap(slot: number, hash: Uint8Array): Promise<boolean> {
    const { rules, payloads, journal, onMissingMap, onMap, onSaveFailure } = this.#init
    if (compareBytes(hash, this.#before.mapHash) === 0 || compareBytes(hash, NO_MAP_HASH) === 0) return true
    const bytes = payloads.map(hash)
    if (bytes === undefined) {
      const mayPatch = this.#map !== undefined && this.#misled !== toHex(hash)
      onMissingMap({ wanted: hash, ...(mayPatch && { have: this.#before.mapHash }) })
      return false
    }
    const map = rules.decode(bytes)
    const value = this.#valueOf(slot)
    if (value !== undefined) {
      // Without its value a decision is not written down: after a restart the node asks for the map that is in force then.
      await journal
        .saveDecision({ slot, value, map: bytes }, () => false)
        .catch((error: unknown) => onSaveFailure(slot, error))
    }
    this.#advance(slot, map, bytes, value)
    payloads.retain(
      () => false,
      (one) => this.#lastMaps.includes(one)
    )
    onMap(map, slot)
    return true
  }

  #valueOf(slot: number): Uint8Array | undefined {
    const name = this.#names.get(slot)
    return name && this.#init.values.known(name)?.bytes
  }

  #previous(slot: number, hash: Uint8Array): { readonly map: M | undefined } | 'missing' {
    if (compareBytes(hash, NO_MAP_HASH) === 0) return { map: undefined }
    if (this.#before.slot === slot - 1 && compareBytes(this.#before.mapHash, hash) === 0)
      return { map: this.#map }
    const bytes = this.#init.payloads.map(hash)
    return bytes === undefined ? 'missing' : { map: this.#init.rules.decode(bytes) }
  }

  /** @param value - unknown where the map was taken from others after a gap */
  #advance(slot: number, map: M, bytes: Uint8Array, value: Uint8Array | undefined): void {
    const { sha256, payloads, values, rules } = this.#init
    const mapHash = sha256(bytes)
    payloads.addMap(bytes)
    this.#map = map
    this.#before = {
      ...{ slot, mapHash },
      closedAtMs: rules.closedAtMsOf(map),
      peers: new Set(rules.peersOf(map))
    }
    this.#lastMaps = [toHex(mapHash), ...this.#lastMaps.slice(0, DECISIONS_KEPT - 1)]
    if (value === undefined) return
    this.#name = values.add(value)
    this.#noteName(slot, this.#name)
  }

  #noteName(slot: number, name: Uint8Array): void {
    this.#names.set(slot, name)
    for (const old of this.#names.keys()) if (old <= slot - DECISIONS_KEPT) this.#names.delete(old)
  }
}
