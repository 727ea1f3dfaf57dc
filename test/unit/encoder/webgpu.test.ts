import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { PlanCache, createWebgpuBackend } from '../../../encoder/index.ts'
import type { WebgpuBackend } from '../../../encoder/index.ts'
import { FallbackChain, openBackend } from '../../../encoder/backends/open.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { oracle, pseudoRandomBytes } from './support.ts'

const BLOCK_BYTES = 65536
const plan = new PlanCache().encode(8, 12)

function job(seed: number) {
  const made = new Uint8Array(4 * BLOCK_BYTES)
  const sources = splitRows(pseudoRandomBytes(8 * BLOCK_BYTES, seed), BLOCK_BYTES)
  return { sources, targets: splitRows(made, BLOCK_BYTES), made }
}

describe('losing a GPU', () => {
  let backend: WebgpuBackend
  beforeEach(async function () {
    try {
      backend = await createWebgpuBackend()
    } catch (error) {
      console.log(`      skipped, no WebGPU here: ${(error as Error).message}`)
      this.skip()
    }
  })

  it('rejects the calls in progress and all later ones, with a code', async () => {
    const calls = Array.from({ length: 40 }, (_, seed) => job(seed))
    const outcomes = Promise.allSettled(
      calls.map(({ sources, targets }) => backend.compute(plan, sources, targets))
    )
    backend.close()
    for (const outcome of await outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason.code).to.equal('BACKEND_FAILED')
    }
    const { sources, targets } = job(1)
    const [later] = await Promise.allSettled([backend.compute(plan, sources, targets)])
    expect(later.status === 'rejected' && later.reason.code).to.equal('BACKEND_FAILED')
  })

  it('finishes an object correctly on WebAssembly', async () => {
    const events: string[] = []
    const chain = new FallbackChain(
      ['webgpu', 'wasm'],
      (event) => events.push(event.type),
      (name) => (name === 'webgpu' ? Promise.resolve(backend) : openBackend(name))
    )
    const calls = Array.from({ length: 20 }, (_, seed) => job(seed))
    const done = calls.map(async ({ sources, targets }, i) => {
      const call = chain.compute(plan, sources, targets)
      if (i === 10) backend.close()
      await call
    })
    await Promise.all(done)
    calls.forEach(({ made }, seed) => {
      const expected = job(seed)
      oracle.compute(plan, expected.sources, expected.targets)
      expect(Buffer.from(expected.made).equals(made), `segment ${seed}`).to.equal(true)
    })
    expect(events).to.deep.equal(['backend', 'fallback', 'backend'])
  })

  it('lets its thread end in the middle of work without harm to the process', async () => {
    // A driver that is asked after its thread is gone aborts the process, so this needs one of its own.
    const script = `
      import { createSegmentCodec } from '${new URL('../../../encoder/index.ts', import.meta.url).href}'
      for (let round = 0; round < 4; round++) {
        const codec = createSegmentCodec({ workers: 1, backend: 'webgpu' })
        const encode = () => codec.encode({ k: 8, n: 16, blockBytes: 65536 }, new Uint8Array(8 * 65536))
        await encode()
        const cut = Promise.allSettled(Array.from({ length: 24 }, encode))
        await codec.close()
        console.log((await cut).filter(({ reason }) => reason?.code === 'CLOSED').length > 0)
      }`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    expect(stdout.trim().split('\n')).to.deep.equal(Array(4).fill('true'))
  })
})
