import { toHex } from '../../fba/bytes.ts'
import type { ReadReport } from './map-rules.ts'

/** Reports kept that no value names: of the network as gossip brings it. */
const MAX_LOOSE_REPORTS = 4096
/** Largest payload: a map of as many peers as a value may have reports of. */
export const MAX_PAYLOAD_BYTES = 1024 * 1024

/** Reports and maps by the SHA-256 of their bytes. A report is verified before it comes in. */
export class Payloads {
  readonly #sha256: (bytes: Uint8Array) => Uint8Array
  readonly #read: (signed: Uint8Array) => ReadReport | undefined
  readonly #reports = new Map<string, ReadReport>()
  /** Hashes of reports in the objects in which gossip brought them: the same ones are offered epoch after epoch. */
  readonly #hashes = new WeakMap<Uint8Array, string>()
  /** Hash of the newest report of each peer. */
  readonly #newest = new Map<string, string>()
  readonly #maps = new Map<string, Uint8Array>()

  constructor(
    sha256: (bytes: Uint8Array) => Uint8Array,
    read: (signed: Uint8Array) => ReadReport | undefined
  ) {
    this.#sha256 = sha256
    this.#read = read
  }

  /** @returns the hash, hexadecimal; undefined for a report that is not in order */
  addReport(signed: Uint8Array): string | undefined {
    const hash = this.#hashOf(signed)
    if (this.#reports.has(hash)) return hash
    const report = this.#read(signed)
    if (report === undefined) return undefined
    this.#reports.set(hash, report)
    const newest = this.#reports.get(this.#newest.get(report.peer) ?? '')
    if (newest === undefined || newest.sequence < report.sequence) this.#newest.set(report.peer, hash)
    return hash
  }

  #hashOf(signed: Uint8Array): string {
    const known = this.#hashes.get(signed)
    if (known !== undefined) return known
    const hash = toHex(this.#sha256(signed))
    this.#hashes.set(signed, hash)
    return hash
  }

  addMap(bytes: Uint8Array): string {
    const hash = toHex(this.#sha256(bytes))
    this.#maps.set(hash, bytes)
    return hash
  }

  report(hash: Uint8Array | string): ReadReport | undefined {
    return this.#reports.get(typeof hash === 'string' ? hash : toHex(hash))
  }

  map(hash: Uint8Array): Uint8Array | undefined {
    return this.#maps.get(toHex(hash))
  }

  /** The bytes of a report or a map, to answer a peer that asks for them. */
  bytes(hash: Uint8Array): Uint8Array | undefined {
    return this.map(hash) ?? this.report(hash)?.signed
  }

  /** Drops maps that `keepsMap` does not want, and reports that are neither wanted nor their peer's newest. */
  retain(keepsReport: (hash: string) => boolean, keepsMap: (hash: string) => boolean): void {
    for (const hash of this.#maps.keys()) if (!keepsMap(hash)) this.#maps.delete(hash)
    const loose: string[] = []
    for (const [hash, { peer }] of this.#reports) {
      if (keepsReport(hash)) continue
      if (this.#newest.get(peer) === hash) loose.push(hash)
      else this.#reports.delete(hash)
    }
    for (const hash of loose.slice(0, Math.max(0, loose.length - MAX_LOOSE_REPORTS))) this.#forget(hash)
  }

  #forget(hash: string): void {
    const peer = this.#reports.get(hash)?.peer
    this.#reports.delete(hash)
    if (peer !== undefined && this.#newest.get(peer) === hash) this.#newest.delete(peer)
  }
}
