// `npm run bench:tensor`: tensors to layers and back. Throughput on 64 MiB of float32, size beside zstd and PNG, and
// what each number of live shards shows, beside plain Reed-Solomon and beside a replicated thumbnail. With --fields, sizes
// and errors of many kinds of fields instead. Prints Markdown; with --write it goes into docs/bench too.
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { constants, zstdCompressSync } from 'node:zlib'
import {
  choosePriorities,
  decodeTensor,
  encodeTensor,
  layerFidelities,
  psnr,
  recoveredBytes,
  tensorOf,
  writePng
} from '../encoder/tensor/index.ts'
import type { EncodedTensor, Tensor } from '../encoder/tensor/index.ts'
import { decorrelateColours } from '../encoder/tensor/transform/colour.ts'
import { codeConditionalLayer, codeLayer } from '../encoder/tensor/coding/layer-coding.ts'
import { wordShape } from '../encoder/tensor/form.ts'
import { takeApart } from '../encoder/tensor/transform/apart.ts'
import { toWords } from '../encoder/tensor/transform/words.ts'
import { drawPicture } from '../scripts/hologram/picture.ts'
import { generator, normals } from './tensor/random.ts'
import { fieldsTable } from './tensor/table.ts'

const MIB = 2 ** 20
const N = 12
const K = 8
const EXTRA_STORAGE = 0.15
const RUNS = 3
const PICTURE = { height: 1024, width: 1536 }

const { values: options } = parseArgs({
  options: { write: { type: 'boolean', default: false }, fields: { type: 'boolean', default: false } }
})

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]

/**
 * Median seconds of processor time of a few runs. Nothing here waits, so on an idle machine it is the time on the clock
 * (or more, where memory is freed on a second core meanwhile).
 */
const secondsOf = (work: () => unknown): number => {
  return median(
    Array.from({ length: RUNS }, () => {
      const started = process.cpuUsage()
      work()
      const { user, system } = process.cpuUsage(started)
      return (user + system) / 1e6
    })
  )
}

/** A physical field: waves of several lengths and a little measurement noise. */
const field = (rows: number, columns: number): Tensor => {
  const random = generator(1)
  const values = new Float32Array(rows * columns)
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const waves = Math.sin(x / 211) * Math.cos(y / 173) + 0.3 * Math.sin((x + 2 * y) / 37)
      values[at++] = 280 + 12 * waves + 0.01 * random()
    }
  }
  return tensorOf(values, [rows, columns])
}

/** The picture with the grain of a camera on it: some in all channels, a little in each. */
const photograph = (picture: Tensor): Tensor => {
  const normal = normals(3)
  const bytes = new Uint8ClampedArray(picture.bytes)
  for (let pixel = 0; pixel < bytes.length; pixel += 3) {
    const grain = 1.5 * normal()
    for (let channel = 0; channel < 3; channel++) bytes[pixel + channel] += grain + 0.7 * normal()
  }
  return { ...picture, bytes: new Uint8Array(bytes.buffer) }
}

/** Weights of a network: independent normal numbers, in which there is nothing to find. */
const weights = (rows: number, columns: number): Tensor => {
  const normal = normals(2)
  return tensorOf(
    Float32Array.from({ length: rows * columns }, () => 0.02 * normal()),
    [rows, columns]
  )
}

const zstdBytes = (bytes: Uint8Array): number =>
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }).length

const total = ({ layers }: EncodedTensor): number => layers.reduce((sum, { length }) => sum + length, 0)

/** What is timed: one function for each row of the table. */
const stepsOf = (tensor: Tensor) => {
  const { type, bytes } = tensor
  const { parameters, layers } = encodeTensor(tensor)
  const { components, colour, steps, transform, shifts, map, digits } = parameters
  const point = map === 'order' ? undefined : ({ base: map === 'binary' ? 2 : 10, digits } as const)
  const partsOf = () => {
    const words = toWords(type, bytes, components)
    if (colour) decorrelateColours(words as Int16Array, words.length / components)
    const source = { exact: words, filled: words, shape: wordShape(parameters), nan: 0 }
    return takeApart(source, steps, { type, point, transform, shifts })
  }
  return {
    transform: partsOf,
    both: () => {
      const { scales, refinements, rest } = partsOf()
      const later = rest === undefined ? refinements : [...refinements, rest]
      for (const layer of scales) codeLayer(layer, components)
      for (const { words, conditions } of later) codeConditionalLayer(words, conditions)
    },
    encode: () => encodeTensor(tensor),
    decode: () => decodeTensor(parameters, layers),
    zstd: () => zstdBytes(bytes)
  }
}

const throughput = (tensors: readonly Tensor[]): string[] => {
  const columns = tensors.map((tensor) => {
    const steps = stepsOf(tensor)
    if (Buffer.compare(steps.decode().bytes, tensor.bytes) !== 0) {
      throw new Error('what came back is not what was put in')
    }
    return (name: keyof typeof steps): string =>
      (tensor.bytes.length / MIB / secondsOf(steps[name])).toFixed(0)
  })
  const row = (text: string, name: keyof ReturnType<typeof stepsOf>): string =>
    `| ${[text, ...columns.map((rateOf) => rateOf(name))].join(' | ')} |`
  const heads = tensors.map(
    ({ type, shape, bytes }) => `${shape.join(' x ')} ${type}, ${(bytes.length / MIB).toFixed(0)} MiB`
  )
  return [
    `MiB of the tensor a second, one thread, processor time, median of ${RUNS}:`,
    '',
    `| step | ${heads.join(' | ')} |`,
    `| --- |${' --- |'.repeat(tensors.length)}`,
    row('transform (fixed point, lifting, subbands, rest)', 'transform'),
    row('transform and coding of the layers', 'both'),
    row(
      'the same, with the choice of the transform and the error of each layer measured (what a put does)',
      'encode'
    ),
    row('back: all layers to the tensor', 'decode'),
    row('zstd alone, level 3, for comparison', 'zstd')
  ]
}

const sizes = (tensors: ReadonlyArray<readonly [name: string, tensor: Tensor]>): string[] => {
  const rows = tensors.map(([name, tensor]) => {
    const encoded = encodeTensor(tensor)
    const layers = total(encoded)
    const zstd = zstdBytes(tensor.bytes)
    const png = tensor.type === 'uint8' ? writePng(tensor).length : undefined
    const share = (bytes: number | undefined): string =>
      bytes === undefined ? '-' : (bytes / tensor.bytes.length).toFixed(3)
    const { transform } = encoded.parameters
    return `| ${name} | ${tensor.bytes.length} | ${transform} | ${share(layers)} | ${share(zstd)} | ${share(png)} |`
  })
  return [
    'Size as a share of the raw bytes:',
    '',
    '| tensor | raw bytes | transform | layers | zstd alone | PNG |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows
  ]
}

/** What each number of live shards shows, under three ways to spend about the same storage. */
const fidelity = (name: string, encoded: EncodedTensor, range: number): string[] => {
  const { parameters, layers } = encoded
  const lengths = layers.map(({ length }) => length)
  const fidelities = layerFidelities(parameters)
  const choice = choosePriorities({ lengths, fidelities, n: N, k: K, extraStorage: EXTRA_STORAGE })
  const codes = lengths.map((length, layer) => ({ k: choice.k[layer], length }))
  const thumbnail = largestThumbnail(lengths)
  const quality = (count: number): string => {
    if (count === 0) return 'nothing'
    if (count === layers.length) return 'exact'
    const error = parameters.errors[count - 1]
    return `${psnr(error, range).toFixed(1)} dB, ${(error.rms / parameters.deviation).toFixed(3)}`
  }
  const rows = Array.from({ length: N }, (_, index) => {
    const live = index + 1
    const readable = codes.filter(({ k }) => k <= live).length
    const whole = live >= K ? layers.length : 0
    return (
      `| ${live} | ${quality(readable)} | ${recoveredBytes(codes, live)} | ${quality(whole)} | ` +
      `${quality(Math.max(whole, thumbnail))} |`
    )
  })
  return [
    `### ${name}`,
    '',
    `${lengths.length} layers of ${lengths.join(', ')} bytes; k = ${choice.k.join(', ')} of n = ${N}; storage ` +
      `${choice.storageRatio.toFixed(3)} of the uniform code. Expected fidelity when every number of live shards is as ` +
      `likely: ${choice.expectedFidelity.toFixed(3)}, against ${choice.uniformFidelity.toFixed(3)} for the uniform code. ` +
      'PSNR and rms error over standard deviation:',
    '',
    '| live | layers with priorities | bytes recovered | plain Reed-Solomon, 8 of 12 | the same and a thumbnail on every peer |',
    '| --- | --- | --- | --- | --- |',
    ...rows
  ]
}

/** Layers of the largest thumbnail whose n copies fit the same extra storage. */
const largestThumbnail = (lengths: readonly number[]): number => {
  const whole = lengths.reduce((sum, length) => sum + length, 0)
  const room = (EXTRA_STORAGE * whole) / K
  let bytes = 0
  return lengths.filter((length) => (bytes += length) <= room).length
}

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

const head = (title: string, made: string): string[] => [
  `# ${title}`,
  '',
  `<!-- Made by \`npm run bench:tensor -- ${made}\`. -->`,
  '',
  `${cpus().length} x ${cpus()[0].model.trim()}, Node ${process.version}, commit ${commit()}. Ratios within the run mean`,
  'something; absolute figures vary with what else the machine does. How it works: [tensors.md](../guide/tensors.md).',
  ''
]

const figures = (): string[] => {
  const picture = drawPicture(PICTURE.height, PICTURE.width)
  const photo = photograph(picture)
  const small = field(1024, 1024)
  return [
    ...head('Tensors: figures', '--write'),
    'Many kinds of fields: [tensor-fields.md](tensor-fields.md).',
    '',
    '## Throughput',
    '',
    ...throughput([field(4096, 4096), photo]),
    '',
    '## Size',
    '',
    ...sizes([
      [`drawn picture ${PICTURE.width} x ${PICTURE.height}, uint8 RGB`, picture],
      ['the same with the grain of a camera', photo],
      ['field 1024 x 1024, float32', small],
      ['normal weights 1024 x 1024, float32', weights(1024, 1024)]
    ]),
    '',
    '## What live shards show',
    '',
    ...fidelity('Drawn picture', encodeTensor(picture), 255),
    '',
    ...fidelity('The same with the grain of a camera', encodeTensor(photo), 255),
    '',
    ...fidelity('Field', encodeTensor(small), 32)
  ]
}

const [file, lines] = options.fields
  ? ['tensor-fields.md', [...head('Tensors: many kinds of fields', '--fields --write'), ...fieldsTable()]]
  : ['tensor.md', figures()]
console.log(lines.join('\n'))
if (options.write) {
  await writeFile(fileURLToPath(new URL(`../docs/bench/${file}`, import.meta.url)), `${lines.join('\n')}\n`)
}
