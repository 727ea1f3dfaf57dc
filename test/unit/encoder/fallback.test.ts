import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  EncoderError,
  PlanCache,
  createScalarBackend,
  createSegmentCodec,
  probeEncoders
} from '../../../encoder/index.ts'
import type { Backend, BackendName, CalibratedEvent, CodecEvent } from '../../../encoder/index.ts'
import { fastestOf } from '../../../encoder/backends/calibration.ts'
import { BackendChoices } from '../../../encoder/backends/choices.ts'
import { FallbackChain } from '../../../encoder/backends/open.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { oracle, pseudoRandomBytes } from './support.ts'

const plan = new PlanCache().encode(4, 7)

function rowsToCode(seed: number) {
  const made = new Uint8Array(3 * 100)
  return { sources: splitRows(pseudoRandomBytes(400, seed), 100), targets: splitRows(made, 100), made }
}

function expected(seed: number): Uint8Array {
  const { sources, targets, made } = rowsToCode(seed)
  oracle.compute(plan, sources, targets)
  return made
}

/** A GPU that is lost in the middle of its third call, with half of the rows written. */
function dyingBackend(): Backend {
  const scalar = createScalarBackend()
  let calls = 0
  return {
    ...scalar,
    name: 'webgpu',
    async compute(plan, sources, targets) {
      await null
      if (++calls < 3) return scalar.compute(plan, sources, targets)
      targets[0].fill(0xee)
      throw new EncoderError('BACKEND_FAILED', 'the device was lost')
    }
  }
}

describe('fallback to another backend', () => {
  it('repeats the call on the next backend with the same bytes, and reports it once', async () => {
    const events: CodecEvent[] = []
    const chain = new FallbackChain(
      ['webgpu', 'scalar'],
      (event) => events.push(event),
      async (name) => (name === 'webgpu' ? dyingBackend() : createScalarBackend())
    )
    const calls = [1, 2, 3, 4, 5, 6].map(async (seed) => {
      const { sources, targets, made } = rowsToCode(seed)
      await chain.compute(plan, sources, targets)
      expect(Buffer.from(expected(seed)).equals(made), `call ${seed}`).to.equal(true)
    })
    await Promise.all(calls)
    expect(events.map(({ type }) => type)).to.deep.equal(['backend', 'fallback', 'backend'])
    expect(events[1]).to.deep.equal({
      type: 'fallback',
      from: 'webgpu',
      to: 'scalar',
      reason: 'the device was lost'
    })
  })

  it('skips a backend that does not open', async () => {
    const events: CodecEvent[] = []
    const open = async (name: string) => {
      if (name === 'webgpu') throw new EncoderError('BACKEND_FAILED', 'no adapter')
      return createScalarBackend()
    }
    const chain = new FallbackChain(['webgpu', 'scalar'], (event) => events.push(event), open)
    const { sources, targets, made } = rowsToCode(1)
    await chain.compute(plan, sources, targets)
    expect(Buffer.from(expected(1)).equals(made)).to.equal(true)
    expect(events[0]).to.include({ type: 'fallback', from: 'webgpu', to: 'scalar', reason: 'no adapter' })
  })

  it('does not mistake bad input for a broken backend', async () => {
    const events: CodecEvent[] = []
    const chain = new FallbackChain(['wasm', 'scalar'], (event) => events.push(event))
    const { sources } = rowsToCode(1)
    const error = await chain.compute(plan, sources, []).catch((reason) => reason)
    expect(error).to.have.property('code', 'BAD_ROWS')
    expect(events.map(({ type }) => type)).to.deep.equal(['backend'])
  })

  it('fails when the last backend fails', async () => {
    const open = async (): Promise<Backend> => {
      throw new EncoderError('BACKEND_FAILED', 'nothing here')
    }
    const chain = new FallbackChain(['wasm', 'scalar'], () => {}, open)
    const { sources, targets } = rowsToCode(1)
    expect(await chain.compute(plan, sources, targets).catch(({ code }) => code)).to.equal('BACKEND_FAILED')
  })
})

describe('choosing a backend', () => {
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thhe-encoder-'))
    file = join(folder, 'encoder.json')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const shape = { k: 10, n: 14, blockBytes: 65536 }

  it('compares a GPU, which one thread serves, with all threads of the pool', () => {
    const measured = (backend: BackendName, bytesPerSecond: number) => ({
      backend,
      bytesPerSecond,
      detail: ''
    })
    const both = [measured('wasm', 400e6), measured('webgpu', 1000e6)]
    expect([1, 2, 3, 4].map((threads) => fastestOf(both, threads))).to.deep.equal([
      'webgpu',
      'webgpu',
      'wasm',
      'wasm'
    ])
    expect(fastestOf([], 4)).to.equal('scalar')
  })

  it('remembers choices in the file, for blocks of about the same size', async () => {
    expect(await new BackendChoices(file).set(shape, 'webgpu')).to.equal(true)
    const choices = new BackendChoices(file)
    expect(choices.get(shape)).to.equal('webgpu')
    expect(choices.get({ ...shape, blockBytes: 60000 })).to.equal('webgpu')
    expect(choices.get({ ...shape, n: 15 })).to.equal(undefined)
  })

  it('treats a choices file of another machine as empty', async () => {
    await new BackendChoices(file).set(shape, 'webgpu')
    const written = JSON.parse(await readFile(file, 'utf8'))
    for (const content of [
      '{',
      'null',
      JSON.stringify({ ...written, format: 0 }),
      JSON.stringify({ ...written, machine: 'another' }),
      JSON.stringify({ ...written, choices: { '10+4x65536': 'abacus' } })
    ]) {
      await writeFile(file, content)
      expect(new BackendChoices(file).get(shape), content).to.equal(undefined)
    }
  })

  it('keeps a choice for this run when the file cannot be written', async () => {
    const choices = new BackendChoices(join(folder, 'missing', 'encoder.json'))
    expect(await choices.set(shape, 'wasm')).to.equal(false)
    expect(choices.get(shape)).to.equal('wasm')
  })

  it('measures a new shape in the background while its segments are encoded', async () => {
    const calibrated = Promise.withResolvers<CodecEvent>()
    const codec = createSegmentCodec({
      workers: 1,
      choicesFile: file,
      onEvent: (event) => event.type === 'calibrated' && calibrated.resolve(event)
    })
    const wide = { k: 4, n: 6, blockBytes: 65536 }
    const data = pseudoRandomBytes(4 * 65536, 1)
    expect((await codec.encode(wide, data)).parity.length).to.equal(2 * 65536)
    const event = await calibrated.promise
    await codec.close()
    const { calibration } = event as CalibratedEvent
    expect(calibration.measurements.map(({ backend }) => backend)).to.include('wasm')
    expect(new BackendChoices(file).get(wide)).to.equal(calibration.fastest)
  })

  it('reports for every backend what it runs on, or why it is not used', async () => {
    const probes = await probeEncoders()
    expect(probes.map(({ backend }) => backend)).to.deep.equal(['scalar', 'wasm', 'webgpu', 'tfjs'])
    for (const { isAvailable, isCandidate, detail, reason } of probes) {
      expect(isAvailable).to.equal(detail !== '')
      expect(isCandidate).to.equal(reason === '')
    }
    expect(probes[1]).to.include({ isCandidate: true })
  })
})
