import { codeLayer } from '../coding/layer-coding.ts'
import { planSteps } from './scales.ts'
import { elementCount } from '../tensor.ts'
import { analyse } from './transform.ts'
import type { TransformKind } from './transform.ts'
import { advance } from './subbands.ts'
import { movable, newWords } from './words.ts'
import type { Words } from './words.ts'

/** A tensor this small is tried whole; of a larger one blocks of about this size in all. */
const SAMPLED_WORDS = 2 ** 16
const BLOCKS = 4
/** Finer scales decide: they have nearly all the words. */
const SCALES = 3
/** Coarse words that are means show what is missing better, which is worth that much storage. */
const LOWPASS_BONUS = 0.95

/**
 * The kind of transform that makes the tensor shortest, tried on blocks along its diagonal; the low-pass unless another
 * is clearly shorter.
 *
 * @param words - not changed
 * @param shape - of the words, components first when there are several
 */
export function chooseTransform(words: Words, shape: readonly number[], components: number): TransformKind {
  const first = components === 1 ? 0 : 1
  const blocks = blocksOf(words, shape, first)
  const bytesAs = (kind: TransformKind): number =>
    blocks.reduce((sum, block) => {
      const steps = planSteps(block.shape, first).slice(0, SCALES)
      const layers = analyse(block.words.slice(), block.shape, steps, kind)
      return sum + layers.reduce((bytes, layer) => bytes + codeLayer(layer, components).bytes.length, 0)
    }, 0)
  let best: TransformKind = 'lowpass'
  let least = LOWPASS_BONUS * bytesAs(best)
  for (const kind of ['interpolating', 'sampling'] as const) {
    const bytes = bytesAs(kind)
    if (bytes >= least) continue
    best = kind
    least = bytes
  }
  return best
}

interface Block {
  readonly words: Words
  readonly shape: readonly number[]
}

function blocksOf(words: Words, shape: readonly number[], first: number): Block[] {
  if (words.length <= SAMPLED_WORDS) return [{ words, shape }]
  const size = blockShape(shape, first, SAMPLED_WORDS / BLOCKS)
  return Array.from({ length: BLOCKS }, (_, block) => {
    const start = shape.map((length, axis) => Math.floor(((length - size[axis]) * (block + 0.5)) / BLOCKS))
    return { words: cut(words, shape, start, size), shape: size }
  })
}

/** The longest axes are shortened until there are at most so many words; components stay together. */
function blockShape(shape: readonly number[], first: number, most: number): number[] {
  const size = [...shape]
  while (elementCount(size) > most) {
    const longest = Math.max(...size.slice(first))
    const axis = size.lastIndexOf(longest)
    size[axis] = Math.ceil(longest / 2)
  }
  return size
}

function cut(
  words: Words,
  shape: readonly number[],
  start: readonly number[],
  size: readonly number[]
): Words {
  const row = size.at(-1)!
  const block = newWords(words.BYTES_PER_ELEMENT as 2 | 4 | 8, elementCount(size))
  const outer = size.slice(0, -1)
  const index = outer.map(() => 0)
  for (let at = 0; at < block.length; at += row) {
    const place = [...index, 0].reduce((sum, offset, axis) => sum * shape[axis] + start[axis] + offset, 0)
    movable(block).set(movable(words).subarray(place, place + row), at)
    advance(index, outer)
  }
  return block
}
