// From decisions to maps: each map follows from the one before it and from the reports that the decision names.

import { compareBytes, toHex } from '../../fba/bytes.ts'
import { decodeEpochValue, NO_MAP_HASH } from './epoch-value.ts'
import type { Decision, Journal } from './journal.ts'
import type { Before } from './judge.ts'
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

/** Decisions whose values are kept for peers that catch up. */
const DECISIONS_KEPT = 4

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
  /** Hashes of the map in force and of the one before it, hexadecimal: peers that catch up ask for them. */
  #lastMaps: readonly string[] = []
  /** Names of the values that were decided last, hexadecimal. */
  #lastValues: readonly string[] = []

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
    const waiting = this.#undigested && toHex(this.#undigested.name)
    return name === waiting || this.#lastValues.includes(name)
  }

  /** A decision waits for reports or for the map before it. */
  get isBehind(): boolean {
    return this.#undigested !== undefined
  }

  /** Takes up what an earlier process wrote down. */
  restore({ slot, value, map }: Decision): void {
    this.#advance(slot, value, this.#init.rules.decode(map), map)
  }

  /** A slot has been decided; an older decision that still waits is passed over. */
  decided(slot: number, name: Uint8Array): void {
    if (slot > this.#before.slot) this.#undigested = { slot, name }
  }

  /** Keeps a map if it is the one that the waiting decision names. */
  offerMap(bytes: Uint8Array): void {
    const wanted = this.#undigested && this.#init.values.known(this.#undigested.name)?.value?.previousMap
    if (wanted !== undefined && compareBytes(this.#init.sha256(bytes), wanted) === 0)
      this.#init.payloads.addMap(bytes)
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
    this.#advance(work.slot, valueBytes, map, bytes)
    payloads.retain(
      (hash) => named.has(hash),
      (hash) => this.#lastMaps.includes(hash)
    )
    onMap(map, work.slot)
    return true
  }

  #previous(slot: number, hash: Uint8Array): { readonly map: M | undefined } | 'missing' {
    if (compareBytes(hash, NO_MAP_HASH) === 0) return { map: undefined }
    if (this.#before.slot === slot - 1 && compareBytes(this.#before.mapHash, hash) === 0)
      return { map: this.#map }
    const bytes = this.#init.payloads.map(hash)
    return bytes === undefined ? 'missing' : { map: this.#init.rules.decode(bytes) }
  }

  #advance(slot: number, value: Uint8Array, map: M, bytes: Uint8Array): void {
    const { sha256, payloads, values, rules } = this.#init
    const mapHash = sha256(bytes)
    payloads.addMap(bytes)
    this.#map = map
    this.#before = {
      ...{ slot, mapHash },
      closedAtMs: decodeEpochValue(value).closedAtMs,
      peers: new Set(rules.peersOf(map))
    }
    this.#name = values.add(value)
    this.#lastMaps = [toHex(mapHash), ...this.#lastMaps.slice(0, 1)]
    this.#lastValues = [toHex(this.#name), ...this.#lastValues.slice(0, DECISIONS_KEPT - 1)]
  }
}
