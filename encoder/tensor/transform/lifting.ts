// One step of the reversible LeGall 5/3 transform by lifting (LeGall and Tabatabai 1988; Sweldens 1996; ISO/IEC
// 15444-1, annex F), along one axis, in place, in integers modulo the word:
//   predict: each odd word less the mean of its neighbours is a detail,
//   update:  each even word plus a quarter of the details beside it is a coarse word.
// At the ends the missing neighbour is the one on the other side. Undone step by step, whatever was rounded or wrapped.
import type { Words } from './words.ts'

/**
 * The four steps over words at `target`, `target + stride` and so on, `count` of them, with neighbours that begin at
 * `left` and `right` and advance as fast.
 */
interface Steps<W> {
  predict: (words: W, target: number, left: number, right: number, count: number, stride: number) => void
  unpredict: Steps<W>['predict']
  update: Steps<W>['predict']
  undoUpdate: Steps<W>['predict']
}

/** floor((a + b) / 2) without a sum that overflows: what both have, and half of what one has. */
const NARROW: Steps<Int16Array | Int32Array> = {
  predict(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const a = words[left]
      const b = words[right]
      words[target] -= (a & b) + ((a ^ b) >> 1)
    }
  },
  unpredict(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const a = words[left]
      const b = words[right]
      words[target] += (a & b) + ((a ^ b) >> 1)
    }
  },
  update(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      words[target] += (words[left] + words[right] + 2) >> 2
    }
  },
  undoUpdate(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      words[target] -= (words[left] + words[right] + 2) >> 2
    }
  }
}

/** The same on 64 bits; `asIntN` is what lets the engine compute in registers. */
const WIDE: Steps<BigInt64Array> = {
  predict(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const a = words[left]
      const b = words[right]
      const mean = BigInt.asIntN(64, BigInt.asIntN(64, a & b) + (BigInt.asIntN(64, a ^ b) >> 1n))
      words[target] = BigInt.asIntN(64, words[target] - mean)
    }
  },
  unpredict(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const a = words[left]
      const b = words[right]
      const mean = BigInt.asIntN(64, BigInt.asIntN(64, a & b) + (BigInt.asIntN(64, a ^ b) >> 1n))
      words[target] = BigInt.asIntN(64, words[target] + mean)
    }
  },
  update(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const sum = BigInt.asIntN(64, BigInt.asIntN(64, words[left] + words[right]) + 2n)
      words[target] = BigInt.asIntN(64, words[target] + (sum >> 2n))
    }
  },
  undoUpdate(words, target, left, right, count, stride) {
    for (let n = 0; n < count; n++, target += stride, left += stride, right += stride) {
      const sum = BigInt.asIntN(64, BigInt.asIntN(64, words[left] + words[right]) + 2n)
      words[target] = BigInt.asIntN(64, words[target] - (sum >> 2n))
    }
  }
}

/**
 * Transforms words along one axis in place: coarse words at even places, details at odd ones.
 *
 * @param outer - how often the axis repeats
 * @param length - words along the axis
 * @param inner - distance of two neighbours along the axis
 */
export function liftAxis(words: Words, outer: number, length: number, inner: number): void {
  if (words instanceof BigInt64Array) lift(WIDE, words, outer, length, inner)
  else lift(NARROW, words, outer, length, inner)
}

/** Undoes `liftAxis`. */
export function unliftAxis(words: Words, outer: number, length: number, inner: number): void {
  if (words instanceof BigInt64Array) unlift(WIDE, words, outer, length, inner)
  else unlift(NARROW, words, outer, length, inner)
}

/** The first half of `liftAxis` alone: the words at even places stay as they are. */
export function predictAxis(words: Words, outer: number, length: number, inner: number): void {
  if (words instanceof BigInt64Array) betweenEvens(WIDE.predict, words, outer, length, inner)
  else betweenEvens(NARROW.predict, words, outer, length, inner)
}

/** Undoes `predictAxis`. */
export function unpredictAxis(words: Words, outer: number, length: number, inner: number): void {
  if (words instanceof BigInt64Array) betweenEvens(WIDE.unpredict, words, outer, length, inner)
  else betweenEvens(NARROW.unpredict, words, outer, length, inner)
}

function betweenEvens<W>(
  step: Steps<W>['predict'],
  words: W,
  outer: number,
  length: number,
  inner: number
): void {
  for (let block = 0; block < outer; block++) {
    const base = block * length * inner
    if (inner === 1) alongLine(step, words, base, length)
    else {
      const row = (index: number): number => base + index * inner
      for (let i = 1; i < length; i += 2) {
        step(words, row(i), row(i - 1), row(i + 1 < length ? i + 1 : i - 1), inner, 1)
      }
    }
  }
}

function lift<W>(steps: Steps<W>, words: W, outer: number, length: number, inner: number): void {
  if (length < 2) return
  for (let block = 0; block < outer; block++) {
    const base = block * length * inner
    if (inner === 1) {
      alongLine(steps.predict, words, base, length)
      betweenDetails(steps.update, words, base, length)
    } else liftRows(steps, words, base, length, inner)
  }
}

function unlift<W>(steps: Steps<W>, words: W, outer: number, length: number, inner: number): void {
  if (length < 2) return
  for (let block = 0; block < outer; block++) {
    const base = block * length * inner
    if (inner === 1) {
      betweenDetails(steps.undoUpdate, words, base, length)
      alongLine(steps.unpredict, words, base, length)
    } else unliftRows(steps, words, base, length, inner)
  }
}

/** A step over the odd words of a line. */
function alongLine<W>(step: Steps<W>['predict'], words: W, base: number, length: number): void {
  step(words, base + 1, base, base + 2, (length - 1) >> 1, 2)
  if (length % 2 === 0) step(words, base + length - 1, base + length - 2, base + length - 2, 1, 2)
}

/** A step over the even words of a line. */
function betweenDetails<W>(step: Steps<W>['predict'], words: W, base: number, length: number): void {
  step(words, base, base + 1, base + 1, 1, 2)
  step(words, base + 2, base + 1, base + 3, (length >> 1) - 1, 2)
  if (length % 2 === 1) step(words, base + length - 1, base + length - 2, base + length - 2, 1, 2)
}

/** Whole rows at a time, each updated as soon as the details on both sides are there, while they are in the cache. */
function liftRows<W>(steps: Steps<W>, words: W, base: number, length: number, inner: number): void {
  const row = (index: number): number => base + index * inner
  for (let i = 1; i < length; i += 2) {
    steps.predict(words, row(i), row(i - 1), row(i + 1 < length ? i + 1 : i - 1), inner, 1)
    steps.update(words, row(i - 1), row(i >= 3 ? i - 2 : i), row(i), inner, 1)
  }
  if (length % 2 === 1) steps.update(words, row(length - 1), row(length - 2), row(length - 2), inner, 1)
}

function unliftRows<W>(steps: Steps<W>, words: W, base: number, length: number, inner: number): void {
  const row = (index: number): number => base + index * inner
  steps.undoUpdate(words, row(0), row(1), row(1), inner, 1)
  for (let i = 1; i < length; i += 2) {
    if (i + 1 < length) {
      steps.undoUpdate(words, row(i + 1), row(i), row(i + 2 < length ? i + 2 : i), inner, 1)
    }
    steps.unpredict(words, row(i), row(i - 1), row(i + 1 < length ? i + 1 : i - 1), inner, 1)
  }
}
