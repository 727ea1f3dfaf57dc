// Fields to measure on, each made by rule: smooth and rough, real and whole, of every kind that crosses zero.
import { tensorOf } from '../../encoder/tensor/index.ts'
import type { Tensor } from '../../encoder/tensor/index.ts'
import { numberToHalf } from '../../encoder/tensor/half.ts'
import { trainNetwork } from './network.ts'
import { generator, normals } from './random.ts'

export interface Field {
  readonly name: string
  readonly tensor: Tensor
  /** Neighbours are alike: coarse layers should show nearly all of it. */
  readonly isSmooth: boolean
}

type Surface = (y: number, x: number) => number

const singles = (rows: number, columns: number, at: Surface): Tensor =>
  tensorOf(Float32Array.from(grid(rows, columns, at)), [rows, columns])

function* grid(rows: number, columns: number, at: Surface): Generator<number> {
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) yield at(y, x)
  }
}

/**
 * A random surface of about unit variance: waves in all directions, of lengths from `longest` down, each octave weaker
 * than the one before.
 * @param fade - amplitude of an octave over that of the one before
 */
const terrain = (seed: number, longest: number, octaves: number, fade: number): Surface => {
  const random = generator(seed)
  const waves = Array.from({ length: 6 * octaves }, (_, i) => {
    const octave = Math.floor(i / 6)
    const angle = 2 * Math.PI * random()
    const rate = (2 * Math.PI * 2 ** octave * (0.75 + 0.5 * random())) / longest
    const [ry, rx] = [rate * Math.sin(angle), rate * Math.cos(angle)]
    return { ry, rx, phase: 7 * random(), size: fade ** octave / Math.sqrt(3) }
  })
  return (y, x) =>
    waves.reduce((sum, { ry, rx, phase, size }) => sum + size * Math.sin(y * ry + x * rx + phase), 0)
}

/** A tune of plucked strings with a little noise, 16 kHz. */
const audio = (count: number): Float32Array => {
  const normal = normals(21)
  const notes = [220, 277.2, 329.6, 440, 392, 329.6, 261.6, 293.7]
  return Float32Array.from({ length: count }, (_, t) => {
    const since = t % 8192
    const note = notes[Math.floor(t / 8192) % notes.length]
    let sound = 0
    for (let harmonic = 1; harmonic <= 6; harmonic++) {
      const decay = Math.exp((-since * harmonic) / 9000)
      sound += (decay / harmonic) * Math.sin((2 * Math.PI * note * harmonic * t) / 16000)
    }
    return 0.3 * sound + 0.0005 * normal()
  })
}

/** Fourier transforms of pieces of the tune, one a row: complex64 of shape (128, 256). */
const spectra = (): Tensor => {
  const [rows, size] = [128, 256]
  const sound = audio(rows * size)
  const parts = new Float32Array(2 * rows * size)
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < size; k++) {
      let [re, im] = [0, 0]
      for (let t = 0; t < size; t++) {
        const angle = (-2 * Math.PI * k * t) / size
        re += sound[row * size + t] * Math.cos(angle)
        im += sound[row * size + t] * Math.sin(angle)
      }
      parts.set([re, im], 2 * (row * size + k))
    }
  }
  return tensorOf(parts, [rows, size], 'complex64')
}

/** A swirling flow of which the velocity along one axis is kept. */
const volume = (side: number): Tensor => {
  const values = new Float32Array(side ** 3)
  for (let z = 0, at = 0; z < side; z++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const swirl = Math.sin(x / 7 + Math.cos(z / 11)) * Math.cos(y / 9) * Math.sin(z / 13)
        values[at++] = 3 * swirl + 0.4 * Math.sin((x + 2 * y - z) / 5)
      }
    }
  }
  return tensorOf(values, [side, side, side])
}

const halves = (rows: number, columns: number, at: Surface): Tensor =>
  tensorOf(Uint16Array.from(grid(rows, columns, at), numberToHalf), [rows, columns], 'float16')

export const fields = (): Field[] => {
  const relief = terrain(31, 500, 8, 0.55)
  const weather = terrain(32, 700, 5, 0.4)
  const layersOfRock = terrain(33, 300, 5, 0.5)
  const land = terrain(34, 300, 6, 0.5)
  const network = trainNetwork()
  const noise = normals(1)
  const spread = normals(2)
  const sparse = generator(3)
  const sensor = normals(4)
  const elevation: Surface = (y, x) => 1800 * relief(y, x) - 600
  const celsius: Surface = (y, x) => 9 + 11 * weather(y, x)
  return [
    smooth(
      'sin x cos y, float32',
      singles(600, 800, (y, x) => Math.sin(x / 60) * Math.cos(y / 45))
    ),
    smooth('waves, float64', tensorOf(Float64Array.from(grid(400, 512, weather)), [400, 512])),
    smooth(
      'the same + 280, float32',
      singles(400, 512, (y, x) => 280 + 12 * weather(y, x))
    ),
    smooth('elevation with depths, float32', singles(480, 640, elevation)),
    smooth(
      'elevation in whole metres, float32',
      singles(480, 640, (y, x) => Math.round(elevation(y, x)))
    ),
    smooth(
      'degrees Celsius in tenths, float32',
      singles(400, 512, (y, x) => Math.round(10 * celsius(y, x)) / 10)
    ),
    smooth(
      'degrees Celsius with sensor noise, float32',
      singles(400, 512, (y, x) => celsius(y, x) + 0.05 * sensor())
    ),
    smooth(
      'degrees Celsius, NaN on land, float32',
      singles(400, 512, (y, x) => (land(y, x) > 0.4 ? NaN : celsius(y, x)))
    ),
    smooth('flow in a volume, float32', volume(64)),
    smooth('waves, float16', halves(400, 512, weather)),
    smooth('audio, float32', tensorOf(audio(262_144))),
    smooth(
      'permeability, 12 decades, float64',
      tensorOf(Float64Array.from(grid(300, 400, (y, x) => 10 ** (2.6 * layersOfRock(y, x)))), [300, 400])
    ),
    rough(
      'normal noise, float32',
      singles(400, 512, () => noise())
    ),
    rough(
      'log-normal noise, 12 decades, float32',
      singles(400, 512, () => 10 ** (1.5 * spread()))
    ),
    rough('weights of a network, float32', network.weights),
    rough('gradient of a network, float32', network.gradient),
    rough('complex spectra, complex64', spectra()),
    rough(
      'sparse, float32',
      singles(400, 512, () => (sparse() < 0.02 ? noise() : 0))
    ),
    rough(
      'constant, float32',
      singles(400, 512, () => 3.14)
    ),
    smooth('elevation, int16', tensorOf(Int16Array.from(grid(480, 640, elevation)), [480, 640])),
    smooth(
      'relief, uint8',
      tensorOf(Uint8Array.from(grid(480, 640, (y, x) => 128 + 40 * relief(y, x))), [480, 640])
    ),
    smooth(
      'counts, int32',
      tensorOf(Int32Array.from(grid(400, 512, (y, x) => 1e6 * weather(y, x))), [400, 512])
    ),
    smooth(
      'stamps, uint64',
      tensorOf(
        BigUint64Array.from(
          grid(400, 512, (y, x) => Math.round(1e12 + 1e9 * weather(y, x))),
          BigInt
        ),
        [400, 512]
      )
    ),
    rough(
      'noise, int8',
      tensorOf(
        Int8Array.from({ length: 200_000 }, () => 30 * noise()),
        [400, 500]
      )
    )
  ]
}

const smooth = (name: string, tensor: Tensor): Field => ({ name, tensor, isSmooth: true })
const rough = (name: string, tensor: Tensor): Field => ({ name, tensor, isSmooth: false })
