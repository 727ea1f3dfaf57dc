// The bytes of values by their names. Statements carry the name of a value, the SHA-256 of its bytes; the bytes come once, and
// are here before this node votes for them.
import { toHex } from '../../fba/bytes.ts'
import { EncodingError } from '../../fba/index.ts'
import type { NodeId } from '../../fba/index.ts'
import { decodeEpochValue } from './epoch-value.ts'
import type { EpochValue } from './epoch-value.ts'

/** Length of a name in bytes. */
export const VALUE_NAME_BYTES = 32

/**
 * Names that one validator can make this node fetch in a slot, beyond those that others named before. An honest one brings
 * in its own proposal and a few combinations; what it votes for of others is known by then.
 */
export const MAX_NAMES_PER_AUTHOR = 16
/** Names that all validators together can make this node fetch in a slot: with the longest values 32 MiB. */
const MAX_NAMES = 2048

/** Bytes that hash to the name. Without a value when they are none: such a name is never voted for. */
export interface KnownValue {
  readonly bytes: Uint8Array
  readonly value: EpochValue | undefined
}

export class ValuePool {
  readonly #sha256: (bytes: Uint8Array) => Uint8Array
  readonly #known = new Map<string, KnownValue>()
  readonly #wanted = new Set<string>()
  /** What each validator brought in since the last `retain`. */
  readonly #broughtIn = new Map<NodeId, number>()
  #broughtInByAll = 0
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#sha256 = sha256
  }

  /** Keeps a value that this node made or wrote down itself. @returns its name */
  add(bytes: Uint8Array): Uint8Array {
    const name = this.#sha256(bytes)
    this.#keep(toHex(name), bytes)
    return name
  }

  known(name: Uint8Array | string): KnownValue | undefined {
    return this.#known.get(typeof name === 'string' ? name : toHex(name))
  }

  /**
   * A statement of `author` names a value that is not here.
   *
   * @returns false when this author has named too many: its value is neither fetched nor voted for, unless another names it
   */
  want(name: string, author: NodeId): boolean {
    if (this.#wanted.has(name)) return true
    const count = this.#broughtIn.get(author) ?? 0
    if (this.#known.has(name) || count >= MAX_NAMES_PER_AUTHOR || this.#broughtInByAll >= MAX_NAMES)
      return false
    this.#broughtIn.set(author, count + 1)
    this.#broughtInByAll++
    this.#wanted.add(name)
    return true
  }

  /** The value of a decision is fetched whoever named it, and however many others are. */
  wantDecided(name: string): void {
    if (!this.#known.has(name)) this.#wanted.add(name)
  }

  isWanted(name: string): boolean {
    return this.#wanted.has(name)
  }

  /** Takes bytes that somebody sent. @returns whether they are those of a name that was wanted */
  offer(name: string, bytes: Uint8Array): boolean {
    if (!this.#wanted.has(name)) return false
    this.#keep(name, bytes)
    return true
  }

  /** Calls back once when a wanted value has come. @returns ends the wait */
  whenKnown(name: string, onKnown: () => void): () => void {
    const waiting = this.#waiting.get(name) ?? new Set()
    this.#waiting.set(name, waiting.add(onKnown))
    return () => {
      waiting.delete(onKnown)
      if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name)
    }
  }

  /** A slot is over: drops the values that `keeps` does not want, and all that is wanted. */
  retain(keeps: (name: string) => boolean): void {
    for (const name of this.#known.keys()) if (!keeps(name)) this.#known.delete(name)
    this.#wanted.clear()
    this.#broughtIn.clear()
    this.#broughtInByAll = 0
  }

  #keep(name: string, bytes: Uint8Array): void {
    this.#wanted.delete(name)
    if (!this.#known.has(name)) {
      const value = decoded(bytes)
      // What is no value may be megabytes long: that it is none is all that is remembered.
      this.#known.set(name, { bytes: value === undefined ? new Uint8Array() : bytes, value })
    }
    const waiting = this.#waiting.get(name)
    this.#waiting.delete(name)
    for (const onKnown of waiting ?? []) onKnown()
  }
}

function decoded(bytes: Uint8Array): EpochValue | undefined {
  try {
    return decodeEpochValue(bytes)
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}
