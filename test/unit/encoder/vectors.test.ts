import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { RowCodec, createWasmBackend } from '../../../encoder/index.ts'
import { generatorRow } from '../../../encoder/rs8/generator.ts'

interface Vectors {
  readonly generator: ReadonlyArray<{ k: number; row: number; coefficients: string }>
  readonly segments: ReadonlyArray<{ k: number; n: number; blockBytes: number; paritySha256: string }>
}

const vectors = JSON.parse(readFileSync(new URL('vectors/rs8.json', import.meta.url), 'utf8')) as Vectors

/** Data of the vectors: byte i is the low byte of i * i + 7 * i + (i >> 8). */
function vectorData(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * i + 7 * i + (i >> 8))
}

/**
 * What is on somebody's disk already. If one of these fails, the code has changed, and the vector has not.
 */
describe('rs8 test vectors', () => {
  for (const { k, row, coefficients } of vectors.generator) {
    it(`row ${row} at k = ${k}`, () => {
      expect(Buffer.from(generatorRow(k, row)).toString('hex')).to.equal(coefficients)
    })
  }

  const codec = new RowCodec(createWasmBackend())
  for (const { k, n, blockBytes, paritySha256 } of vectors.segments) {
    it(`parity of (${k}, ${n}) with blocks of ${blockBytes} bytes`, () => {
      const parity = codec.encode({ k, n, blockBytes }, vectorData(k * blockBytes))
      expect(createHash('sha256').update(parity).digest('hex')).to.equal(paritySha256)
    })
  }
})
