// Leaf hashes of rows on the GPU: SHA-256(0x00 || block), one thread to a block. A block is hashed front to back, so the
// speed comes from the number of blocks in a batch.

import { BufferUsage } from './device.ts'
import type { RowPlan } from '../../plan.ts'
import { HASH_BYTES } from '../../merkle/merkle.ts'

/** Smaller blocks are hashed by the processor: the batch would have more hashes than they are worth. */
export const MIN_HASHED_BYTES = 4096
const WORKGROUP_THREADS = 32
const WORDS_OF_SHAPE = 4
const VECTOR_BYTES = 16

/** FIPS 180-4, 4.2.2: the fractions of the cube roots of the first 64 primes; and 5.3.3: of the square roots of eight. */
const fractionsOfRoots = (count: number, root: (prime: number) => number): number[] =>
  firstPrimes(count).map((prime) => Math.floor((root(prime) % 1) * 2 ** 32) >>> 0)

const firstPrimes = (count: number): number[] => {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return primes
}

/**
 * The kernel. Rounds are written out, sixteen words of the schedule stay in registers: an array that is indexed by a variable
 * would live in memory. Message word i is made of the last byte of data word i - 1 and the first three of word i, since
 * the prefix moves all by one byte.
 */
export function leafKernel(): string {
  const constants = fractionsOfRoots(64, Math.cbrt)
  const initial = fractionsOfRoots(8, Math.sqrt)
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
  const rounds = constants.map((constant, t) => {
    const [a, b, c, d, e, f, g, h] = names.map((_, i) => names[(i - t + 64) & 7])
    const w = (back: number): string => `w${(t - back) & 15}`
    const schedule = t < 16 ? '' : `${w(16)} += scheduled(${w(15)}, ${w(2)}) + ${w(7)};\n    `
    return `${schedule}${h} += bigE(${e}) + ch(${e}, ${f}, ${g}) + ${constant}u + w${t & 15};
    ${d} += ${h};
    ${h} += bigA(${a}) + maj(${a}, ${b}, ${c});`
  })
  const words = Array.from({ length: 16 }, (_, i) => i)
  const wholeVector = (number: number): string => {
    const made = ['x', 'y', 'z', 'w'].map((part, i) => {
      const before = i === 0 ? 'last' : `v${number}.${'xyzw'[i - 1]}`
      return `w${4 * number + i} = (${before} & 0xff000000u) | (swapped(v${number}.${part}) >> 8u);`
    })
    return `let v${number} = rows[block.start + at / 4u + ${number}u]; ${made.join(' ')} last = v${number}.w;`
  }
  return KERNEL.replace('/*initial*/', initial.map((word, i) => `var s${i} = ${word}u;`).join(' '))
    .replace('/*declare*/', words.map((i) => `var w${i}: u32;`).join(' '))
    .replace('/*whole*/', [0, 1, 2, 3].map(wholeVector).join('\n      '))
    .replace('/*part*/', words.map((i) => `w${i} = word(block, at + ${i}u);`).join('\n      '))
    .replace('/*enter*/', names.map((name, i) => `var ${name} = s${i};`).join(' '))
    .replace('/*rounds*/', rounds.join('\n    '))
    .replace('/*leave*/', names.map((name, i) => `s${i} += ${name};`).join(' '))
    .replace('/*store*/', names.map((_, i) => `leaves[out + ${i}u] = swapped(s${i});`).join(' '))
}

const KERNEL = /* wgsl */ `
struct Shape {
  // Vectors of sixteen bytes in a row of the batch; rows; blocks in a row; number of the first row's hashes.
  vectors: u32,
  rows: u32,
  blocks: u32,
  firstRow: u32,
}

struct Block {
  // Where it begins in its row, in vectors, and its length in bytes.
  start: u32,
  bytes: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> leaves: array<u32>;

fn swapped(v: u32) -> u32 {
  return ((v & 0xffu) << 24u) | ((v & 0xff00u) << 8u) | ((v >> 8u) & 0xff00u) | (v >> 24u);
}

// Bytes past the end of the block belong to others.
fn data(block: Block, index: u32) -> u32 {
  let first = 4u * index;
  if (first >= block.bytes) {
    return 0u;
  }
  let word = rows[block.start + index / 4u][index & 3u];
  let left = block.bytes - first;
  return select(word & ((1u << (8u * (left & 3u))) - 1u), word, left >= 4u);
}

// After the prefix and the data come a byte 0x80 and eight bytes of length.
fn lastChunk(block: Block) -> u32 {
  return (1u + block.bytes + 8u) / 64u;
}

fn word(block: Block, index: u32) -> u32 {
  var before = 0u;
  if (index > 0u) {
    before = data(block, index - 1u) & 0xff000000u;
  }
  var made = before | (swapped(data(block, index)) >> 8u);
  let end = block.bytes + 1u;
  if (index == end / 4u) {
    made |= 0x80u << (24u - 8u * (end & 3u));
  }
  if (index == lastChunk(block) * 16u + 15u) {
    made = 8u * end;
  }
  return made;
}

fn turned(v: u32, by: u32) -> u32 {
  return (v >> by) | (v << (32u - by));
}

fn bigA(v: u32) -> u32 {
  return turned(v, 2u) ^ turned(v, 13u) ^ turned(v, 22u);
}

fn bigE(v: u32) -> u32 {
  return turned(v, 6u) ^ turned(v, 11u) ^ turned(v, 25u);
}

fn ch(e: u32, f: u32, g: u32) -> u32 {
  return g ^ (e & (f ^ g));
}

fn maj(a: u32, b: u32, c: u32) -> u32 {
  return (a & b) | (c & (a | b));
}

fn scheduled(far: u32, near: u32) -> u32 {
  return (turned(far, 7u) ^ turned(far, 18u) ^ (far >> 3u)) + (turned(near, 17u) ^ turned(near, 19u) ^ (near >> 10u));
}

@compute @workgroup_size(${WORKGROUP_THREADS})
fn hashLeaves(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.rows * shape.blocks) {
    return;
  }
  let row = id.x / shape.blocks;
  let number = id.x % shape.blocks;
  let block = Block(row * shape.vectors + blocks[number].start, blocks[number].bytes);
  let words = (lastChunk(block) + 1u) * 16u;
  /*initial*/
  // The data word before this one.
  var last = 0u;
  for (var at = 0u; at < words; at += 16u) {
    /*declare*/
    if (4u * (at + 16u) <= block.bytes) {
      /*whole*/
    } else {
      /*part*/
    }
    /*enter*/
    /*rounds*/
    /*leave*/
  }
  let out = ((shape.firstRow + row) * shape.blocks + number) * 8u;
  /*store*/
}
`

export function createLeafPipeline(device: GPUDevice): Promise<GPUComputePipeline> {
  return device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: leafKernel() }), entryPoint: 'hashLeaves' }
  })
}

/** A block in every row of a batch: where it begins, a multiple of sixteen, and its length, in bytes. */
export interface BlockSpan {
  readonly start: number
  readonly bytes: number
}

/** The hashing of one lane: its buffers, and the two steps, over the given rows and over the wanted ones. */
export class LeafHasher {
  readonly #device: GPUDevice
  readonly #pipeline: GPUComputePipeline
  readonly #spans: GPUBuffer
  readonly #leaves: GPUBuffer
  readonly #steps: ReadonlyArray<{ shape: GPUBuffer; bindings: GPUBindGroup }>

  /** @param maxLeaves - of a batch */
  constructor(
    device: GPUDevice,
    pipeline: GPUComputePipeline,
    maxLeaves: number,
    given: GPUBuffer,
    wanted: GPUBuffer
  ) {
    const buffer = (size: number, usage: number) => device.createBuffer({ size, usage })
    this.#device = device
    this.#pipeline = pipeline
    this.#spans = buffer(8 * maxLeaves, BufferUsage.storage | BufferUsage.copyTarget)
    this.#leaves = buffer(HASH_BYTES * maxLeaves, BufferUsage.storage | BufferUsage.copySource)
    this.#steps = [given, wanted].map((rows) => {
      const shape = buffer(4 * WORDS_OF_SHAPE, BufferUsage.uniform | BufferUsage.copyTarget)
      const buffers = [shape, this.#spans, rows, this.#leaves]
      const bindings = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((resource, binding) => ({ binding, resource: { buffer: resource } }))
      })
      return { shape, bindings }
    })
  }

  /** Writes what the steps need; before the commands are submitted. */
  prepare(plan: RowPlan, vectors: number, spans: readonly BlockSpan[]): void {
    const { queue } = this.#device
    queue.writeBuffer(
      this.#spans,
      0,
      Uint32Array.from(spans.flatMap(({ start, bytes }) => [start / VECTOR_BYTES, bytes]))
    )
    const [given, wanted] = this.#steps
    queue.writeBuffer(given.shape, 0, Uint32Array.of(vectors, plan.have.length, spans.length, 0))
    queue.writeBuffer(
      wanted.shape,
      0,
      Uint32Array.of(vectors, plan.want.length, spans.length, plan.have.length)
    )
  }

  /** Adds the steps to a pass, after that which makes the wanted rows. */
  record(pass: GPUComputePassEncoder, plan: RowPlan, blocks: number): void {
    pass.setPipeline(this.#pipeline)
    ;[plan.have.length, plan.want.length].forEach((rows, i) => {
      pass.setBindGroup(0, this.#steps[i].bindings)
      pass.dispatchWorkgroups(Math.ceil((rows * blocks) / WORKGROUP_THREADS))
    })
  }

  /** Adds the copy of the hashes to `target`, from `offset`; ordered by row, then by block. */
  copyTo(commands: GPUCommandEncoder, target: GPUBuffer, offset: number, count: number): void {
    commands.copyBufferToBuffer(this.#leaves, 0, target, offset, count * HASH_BYTES)
  }
}
