// Words of which something is known besides their neighbours: a class for each, by which its size can be expected.
import { DOWN_LAST } from './contexts.ts'
import { newStates } from './range-coder.ts'
import { sizesOf } from './symbols.ts'
import type { ModelStates, SymbolCoder } from './band-coder.ts'

const NODES = DOWN_LAST + 1

/** What is known of the words of a layer. */
export interface Conditions {
  /** One for each word, an index of `expected`. */
  readonly classes: Uint8Array
  /** The size (symbols.ts) that a word of each class has most likely, unless the one before of its class was 0. */
  readonly expected: readonly number[]
  /** A size of which words may have one sign only, which is told apart; 0 for none. */
  readonly oneSided: number
}

/** States of a layer of conditional words: for each class, two sets of sizes and two signs. */
export function conditionalStates({ expected, oneSided }: Conditions, wordBytes: number): ModelStates {
  return {
    sizes: sizesOf(wordBytes),
    states: newStates(expected.length * 2 * NODES),
    signs: newStates(expected.length * 2),
    oneSided
  }
}

/**
 * Codes the symbols of a layer.
 *
 * @param symbols - a reader fills them in
 */
export function codeConditional(
  coder: SymbolCoder,
  { classes, expected }: Conditions,
  symbols: Uint8Array,
  wordBytes: number
): void {
  const most = sizesOf(wordBytes) - 2
  const sizes = expected.map((size) => Math.max(0, Math.min(most, size)))
  const wasZero = new Uint8Array(expected.length)
  for (let i = 0; i < symbols.length; i++) {
    const kind = classes[i]
    const isAfterZero = wasZero[kind]
    const symbol = coder.code(
      symbols[i],
      (2 * kind + isAfterZero) * NODES,
      isAfterZero === 1 ? 0 : sizes[kind],
      2 * kind
    )
    symbols[i] = symbol
    wasZero[kind] = symbol === 0 ? 1 : 0
  }
}
