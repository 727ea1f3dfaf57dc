// Sizes of many kinds of fields, and what each number of live shards shows of them.
import { constants, zstdCompressSync } from 'node:zlib'
import {
  choosePriorities,
  decodeTensor,
  encodeTensor,
  formatOf,
  layerFidelities,
  psnr
} from '../../encoder/tensor/index.ts'
import type { EncodedTensor, Tensor } from '../../encoder/tensor/index.ts'
import { BYTES_OF_VERSION_2 } from './before.ts'
import { fields } from './fields.ts'
import type { Field } from './fields.ts'

const N = 12
const K = 8

/** What any `live` shards show. */
interface Shown {
  readonly live: number
  readonly fidelity: number
  /** In decibels, of the range of the finite numbers. */
  readonly psnr: number
  /** The largest error as a share of the range. */
  readonly peak: number
}

export const fieldsTable = (): string[] => {
  const measured = fields().map((field) => ({ field, encoded: checked(field.tensor) }))
  return [
    'Made by rule in `bench/tensor/fields.ts`; the network is trained for real. A package of npm that codes floats and is',
    'maintained was not found: `lerc` only decodes, `numcodecs` has Blosc, of which the column "shuffled" does the same: bytes of equal',
    'weight together, then zstd at level 9.',
    '',
    '## Sizes',
    '',
    'As a share of the raw bytes. Version 2 is the format before fixed point (commit d4909b4, the same fields).',
    '',
    '| field | shape | words | layers | version 2 | of it | zstd 9 | shuffled |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...measured.map(({ field, encoded }) => sizeRow(field, encoded)),
    '',
    '## What live shards show',
    '',
    `${K} of ${N} shards give the whole. PSNR in decibels of the range of the finite numbers, for 1 to ${K - 1} live shards; - is`,
    'nothing. "Fewest" is the fidelity from the fewest shards that show anything, "worst" the largest error of any number in',
    'any version, as a share of the range: it is never above 1.',
    '',
    `| field | ${Array.from({ length: K - 1 }, (_, live) => live + 1).join(' | ')} | fewest | worst |`,
    `| --- |${' --- |'.repeat(K + 1)}`,
    ...measured.map(({ field, encoded }) => shownRow(field, encoded))
  ]
}

const checked = (tensor: Tensor): EncodedTensor => {
  const encoded = encodeTensor(tensor)
  const { bytes } = decodeTensor(encoded.parameters, encoded.layers)
  if (Buffer.compare(bytes, tensor.bytes) !== 0) throw new Error('what came back is not what was put in')
  return encoded
}

const zstdBytes = (bytes: Uint8Array): number =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 9 } }).length

/** Bytes of equal weight together. */
const shuffled = ({ type, bytes }: Tensor): Uint8Array => {
  const width = formatOf(type).numberBytes
  const count = bytes.length / width
  return Uint8Array.from(bytes, (_, i) => bytes[(i % count) * width + Math.floor(i / count)])
}

const sizeRow = ({ name, tensor }: Field, { parameters, layers }: EncodedTensor): string => {
  const bytes = layers.reduce((sum, { length }) => sum + length, 0)
  const before = BYTES_OF_VERSION_2[name]
  const share = (size: number): string => (size / tensor.bytes.length).toFixed(3)
  const { map, digits, transform, shifts } = parameters
  const bits = shifts.length > 1 ? `, ${shifts.length} times` : ''
  const words = `${map}${map === 'order' ? '' : ` ${digits}`}, ${transform}${bits}`
  return (
    `| ${name} | ${tensor.shape.join(' x ')} | ${words} | ${share(bytes)} | ${share(before)} | ` +
    `${(bytes / before).toFixed(3)} | ${share(zstdBytes(tensor.bytes))} | ${share(zstdBytes(shuffled(tensor)))} |`
  )
}

const shownBy = ({ parameters, layers }: EncodedTensor): Shown[] => {
  const { errors, range } = parameters
  const fidelities = layerFidelities(parameters)
  const { k } = choosePriorities({ lengths: layers.map(({ length }) => length), fidelities, n: N, k: K })
  const span = range!.greatest - range!.least
  return Array.from({ length: K - 1 }, (_, index) => index + 1).flatMap((live) => {
    const count = k.filter((needed) => needed <= live).length
    if (count === 0) return []
    const { rms, peak } = errors[count - 1]
    return [{ live, fidelity: fidelities[count - 1], psnr: psnr({ rms, peak }, span), peak: peak / span }]
  })
}

const shownRow = ({ name }: Field, encoded: EncodedTensor): string => {
  const shown = shownBy(encoded)
  const { errors, range } = encoded.parameters
  const cells = Array.from({ length: K - 1 }, (_, index) => {
    const found = shown.find(({ live }) => live === index + 1)
    if (found === undefined) return '-'
    return found.psnr === Infinity ? 'exact' : found.psnr.toFixed(1)
  })
  const fewest = shown.find(({ fidelity }) => fidelity > 0)
  const span = range!.greatest - range!.least
  const worst = span === 0 ? 0 : Math.max(...errors.map(({ peak }) => peak)) / span
  return `| ${name} | ${cells.join(' | ')} | ${fewest === undefined ? '-' : fewest.fidelity.toFixed(3)} | ${worst.toFixed(3)} |`
}
