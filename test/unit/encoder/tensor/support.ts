import { spawn } from 'node:child_process'
import process from 'node:process'
import { json } from 'node:stream/consumers'
import { expect } from 'chai'
import fc from 'fast-check'
import { ELEMENT_TYPES, TensorError, tensorBytes } from '../../../../encoder/tensor/index.ts'
import type { ElementType, Tensor } from '../../../../encoder/tensor/index.ts'
import { pseudoRandomBytes } from '../support.ts'

/** The code of the TensorError that `action` throws. */
export function refusal(action: () => unknown): string | undefined {
  try {
    action()
  } catch (error) {
    if (error instanceof TensorError) return error.code
    throw error
  }
  return undefined
}

export function expectSame(actual: Tensor, expected: Tensor): void {
  expect({ ...actual, bytes: undefined }).to.deep.equal({ ...expected, bytes: undefined })
  expect(Buffer.compare(actual.bytes, expected.bytes), 'bytes').to.equal(0)
}

/** Any bits in any element type, shape (empty and odd axes among them) and order. */
export const anyTensor: fc.Arbitrary<Tensor> = fc
  .record({
    type: fc.constantFrom<ElementType>(...ELEMENT_TYPES),
    shape: fc.oneof(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 5, maxLength: 8 }),
      fc.tuple(fc.integer({ min: 1, max: 34 }), fc.integer({ min: 1, max: 24 })),
      fc.tuple(
        fc.integer({ min: 1, max: 18 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 })
      ),
      fc.tuple(fc.integer({ min: 1, max: 520 }))
    ),
    order: fc.constantFrom<'C' | 'F'>('C', 'F'),
    seed: fc.nat(),
    smooth: fc.boolean()
  })
  .map(({ type, shape, order, seed, smooth }) => {
    const bytes = pseudoRandomBytes(tensorBytes(type, shape), seed)
    // Long runs compress, so that both codings of a layer occur.
    if (smooth) bytes.fill(seed & 0xff, 0, Math.floor(bytes.length * 0.9))
    return { type, shape, order, bytes }
  })

/** A picture with smooth parts, edges and a little noise; shape (height, width, 3). */
export function drawnPicture(height: number, width: number): Tensor {
  const bytes = new Uint8Array(height * width * 3)
  const noise = pseudoRandomBytes(bytes.length, 5)
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = Math.hypot(x - width / 2, y - height / 2) < height / 4
      for (let channel = 0; channel < 3; channel++, at++) {
        const smooth = 128 + 90 * Math.sin(x / (30 + 9 * channel)) * Math.cos(y / 40)
        bytes[at] = Math.round((inside ? 255 - smooth : smooth) + (noise[at] & 7))
      }
    }
  }
  return { type: 'uint8', shape: [height, width, 3], order: 'C', bytes }
}

/** What came of reading something in a process of its own. */
export interface ReadApart {
  /** Of the tensor; undefined when it was refused. */
  readonly shape?: readonly number[]
  /** Code of the TensorError. */
  readonly refusal?: string
  /** By how much the largest resident size of the process grew meanwhile. */
  readonly growthMiB: number
}

/**
 * Runs `expression` over the bytes `input` in a process of its own, and measures its memory.
 * @param expression - gives a tensor, by what `encoder/tensor` exports
 */
export async function readApart(expression: string, input: Uint8Array): Promise<ReadApart> {
  const room = new URL('../../../../encoder/tensor/index.ts', import.meta.url).href
  const script = `
    import { buffer } from 'node:stream/consumers'
    import * as tensors from '${room}'
    const { ${TENSOR_EXPORTS.join(', ')} } = tensors
    const input = await buffer(process.stdin)
    const before = process.resourceUsage().maxRSS
    const result = {}
    try {
      result.shape = (${expression}).shape
    } catch (error) {
      result.refusal = error.code
    }
    result.growthMiB = (process.resourceUsage().maxRSS - before) / 1024
    console.log(JSON.stringify(result))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  child.stdin.end(input)
  return (await json(child.stdout)) as ReadApart
}
const TENSOR_EXPORTS = ['readPng', 'decodeTensor', 'decodeParameters']
