import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { promisify } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { PairCodec, RowCodec, createSegmentCodec, leafHash } from '../../../encoder/index.ts'
import type { CodecEvent, SegmentCodec } from '../../../encoder/index.ts'
import { splitRows } from '../../../encoder/shape.ts'
import { oracle, pickRows, pseudoRandomBytes } from './support.ts'

const SHAPE = { k: 4, n: 7, blockBytes: 4096 } as const
const reference = new RowCodec(oracle)

const dataOf = (seed: number, shape: { k: number; blockBytes: number } = SHAPE) =>
  pseudoRandomBytes(shape.k * shape.blockBytes, seed)

describe('segment codec', () => {
  let codec: SegmentCodec
  let events: CodecEvent[]

  beforeEach(() => {
    events = []
    codec = createSegmentCodec({ workers: 2, onEvent: (event) => events.push(event) })
  })
  afterEach(() => codec.close())

  it('returns data, parity and leaf hashes of all rows', async () => {
    const { data, parity, leaves } = await codec.encode(SHAPE, dataOf(1))
    expect(Buffer.from(dataOf(1)).equals(data)).to.equal(true)
    expect(Buffer.from(reference.encode(SHAPE, dataOf(1))).equals(parity)).to.equal(true)
    const rows = [...splitRows(data, SHAPE.blockBytes), ...splitRows(parity, SHAPE.blockBytes)]
    expect(Buffer.concat(rows.map(leafHash)).equals(leaves)).to.equal(true)
  })

  it('codes pairs as PairCodec does, and hashes their rows', async () => {
    const pairs = new PairCodec(oracle)
    const pair = (seed: number) => ({ first: dataOf(seed), second: dataOf(seed + 1) })
    const { first, second } = await codec.encodePair(SHAPE, pair(5))
    const expected = pairs.encode(SHAPE, pair(5))
    const { blockBytes } = SHAPE
    for (const [encoded, parity, data] of [
      [first, expected.first, dataOf(5)],
      [second, expected.second, dataOf(6)]
    ] as const) {
      expect(Buffer.compare(encoded.parity, parity)).to.equal(0)
      expect(Buffer.compare(encoded.data, data)).to.equal(0)
      const rows = [...splitRows(data, blockBytes), ...splitRows(parity, blockBytes)]
      expect(Buffer.compare(Buffer.concat(rows.map(leafHash)), encoded.leaves)).to.equal(0)
    }
    const all = [first, second].map(({ data, parity }) => Buffer.concat([data, parity]))
    const given = (half: number, rows: number[]) => ({ rows, blocks: pickRows(all[half], blockBytes, rows) })
    const second0 = await codec.reconstructSecond(SHAPE, given(0, [0, 1, 2, 3]), given(1, [6, 5, 4, 3]), [0])
    expect(Buffer.compare(second0, pickRows(all[1], blockBytes, [0]))).to.equal(0)
    const available = [1, 2, 3, 4, 5, 6]
    const plan = pairs.planRepair(SHAPE, 0, available)!
    const blocks = {
      first: pickRows(all[0], blockBytes, plan.first),
      second: pickRows(all[1], blockBytes, plan.second)
    }
    const repaired = await codec.repairPair(SHAPE, 0, available, blocks)
    expect(Buffer.compare(repaired.first, pickRows(all[0], blockBytes, [0]))).to.equal(0)
    expect(Buffer.compare(repaired.second, pickRows(all[1], blockBytes, [0]))).to.equal(0)
    const refused = await codec.repairPair(SHAPE, 4, available, blocks).catch((error) => error)
    expect(refused).to.have.property('code', 'BAD_ROWS')
  })

  it('moves a whole buffer and copies a view of part of one', async () => {
    const whole = dataOf(2)
    await codec.encode(SHAPE, whole)
    expect(whole.byteLength).to.equal(0)
    const part = new Uint8Array(whole.length + 20000).subarray(8, 8 + SHAPE.k * SHAPE.blockBytes)
    part.set(dataOf(2))
    const { data } = await codec.encode(SHAPE, part)
    expect(Buffer.from(part).equals(data)).to.equal(true)
  })

  it('makes the requested rows and restores rows from any k, leaving the survivors to the caller', async () => {
    const { data, parity } = await codec.encode(SHAPE, dataOf(3))
    const { parity: chosen, leaves } = await codec.encode(SHAPE, dataOf(3), { rows: [6, 4] })
    const segment = Buffer.concat([data, parity])
    expect(pickRows(segment, SHAPE.blockBytes, [6, 4]).equals(chosen)).to.equal(true)
    expect(leaves.length).to.equal((SHAPE.k + 2) * 32)
    const blocks = pickRows(segment, SHAPE.blockBytes, [6, 1, 5, 4])
    const rebuilt = await codec.reconstruct(SHAPE, [6, 1, 5, 4], blocks, [0, 3])
    expect(pickRows(segment, SHAPE.blockBytes, [0, 3]).equals(rebuilt)).to.equal(true)
    expect(blocks.length).to.equal(4 * SHAPE.blockBytes)
  })

  it('codes the short last segment of an object, down to one byte per row', async () => {
    for (const blockBytes of [1, 17, 1000]) {
      const shape = { k: 10, n: 14, blockBytes }
      const { parity } = await codec.encode(shape, dataOf(4, shape))
      expect(Buffer.from(reference.encode(shape, dataOf(4, shape))).equals(parity)).to.equal(true)
    }
  })

  it('answers concurrent calls, each with its own result', async () => {
    const seeds = Array.from({ length: 40 }, (_, seed) => seed)
    const results = await Promise.all(seeds.map((seed) => codec.encode(SHAPE, dataOf(seed))))
    results.forEach(({ parity }, seed) => {
      expect(Buffer.from(reference.encode(SHAPE, dataOf(seed))).equals(parity), `segment ${seed}`).to.equal(
        true
      )
    })
  })

  it('refuses bad input before anything moves', async () => {
    const data = dataOf(5)
    const attempts = [
      codec.encode({ ...SHAPE, k: 9 }, data),
      codec.encode(SHAPE, data.subarray(1)),
      codec.encode(SHAPE, data, { rows: [7] }),
      codec.reconstruct(SHAPE, [0, 1, 2], data, [3]),
      codec.reconstruct(SHAPE, [0, 1, 2, 2], data, [3]),
      codec.reconstruct(SHAPE, [0, 1, 2, 4], data.subarray(1), [3])
    ]
    const codes = (await Promise.allSettled(attempts)).map(
      (result) => (result as PromiseRejectedResult).reason.code
    )
    expect(codes).to.deep.equal(['BAD_SHAPE', 'BAD_LENGTH', 'BAD_ROWS', 'BAD_ROWS', 'BAD_ROWS', 'BAD_LENGTH'])
    expect(data.length).to.equal(SHAPE.k * SHAPE.blockBytes)
  })

  it('refuses more jobs than its limit', async () => {
    const small = createSegmentCodec({ workers: 1, maxQueuedJobs: 1 })
    const jobs = [1, 2, 3, 4].map((seed) => small.encode(SHAPE, dataOf(seed)))
    const outcomes = await Promise.allSettled(jobs)
    await small.close()
    expect(outcomes.slice(0, 3).map(({ status }) => status)).to.deep.equal(Array(3).fill('fulfilled'))
    expect((outcomes[3] as PromiseRejectedResult).reason).to.have.property('code', 'QUEUE_FULL')
  })

  it('rejects with the reason of the signal, in the queue and in progress', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const { signal } = controller
    const jobs = Array.from({ length: 8 }, (_, seed) => codec.encode(SHAPE, dataOf(seed), { signal }))
    controller.abort(reason)
    const outcomes = await Promise.allSettled([...jobs, codec.encode(SHAPE, dataOf(9), { signal })])
    expect(new Set(outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason))).to.deep.equal(
      new Set([reason])
    )
    expect((await codec.encode(SHAPE, dataOf(10))).parity.length).to.equal(3 * SHAPE.blockBytes)
  })

  it('rejects the jobs of a lost worker with a code, and continues with a new worker', async () => {
    const job = codec.encode(SHAPE, dataOf(11))
    const [thread] = (await once(process, 'worker')) as [Worker]
    const [error] = await Promise.all([job.catch((reason) => reason), thread.terminate()])
    expect(error).to.have.property('code', 'WORKER_LOST')
    expect(events.filter(({ type }) => type === 'worker-lost')).to.have.length(1)
    expect((await codec.encode(SHAPE, dataOf(12))).data.length).to.equal(SHAPE.k * SHAPE.blockBytes)
  })

  it('leaves the event loop free while a slow backend computes', async () => {
    const slow = createSegmentCodec({ workers: 1, backend: 'scalar' })
    const shape = { k: 16, n: 32, blockBytes: 65536 }
    await slow.encode(SHAPE, dataOf(1))
    const delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    let turns = 0
    let busy = true
    const spin = () => {
      turns++
      if (busy) setImmediate(spin)
    }
    spin()
    await Promise.all([1, 2].map((seed) => slow.encode(shape, dataOf(seed, shape))))
    busy = false
    delays.disable()
    await slow.close()
    // Half a second of arithmetic on this thread would leave the loop a handful of turns.
    expect(turns).to.be.greaterThan(100)
    expect(delays.percentile(50) / 1e6, 'median delay of the event loop, ms').to.be.lessThan(10)
  })

  it('rejects everything when closed', async () => {
    const jobs = [1, 2, 3, 4, 5, 6].map((seed) => codec.encode(SHAPE, dataOf(seed)))
    const outcomes = Promise.allSettled(jobs)
    await codec.close()
    for (const outcome of await outcomes) {
      expect(outcome.status === 'rejected' && outcome.reason.code).to.equal('CLOSED')
    }
    expect(await codec.encode(SHAPE, dataOf(7)).catch(({ code }) => code)).to.equal('CLOSED')
  })

  it('does not keep a process alive', async () => {
    const index = new URL('../../../encoder/index.ts', import.meta.url).href
    const program = `
      import { createSegmentCodec } from ${JSON.stringify(index)}
      const codec = createSegmentCodec()
      const { parity } = await codec.encode({ k: 1, n: 2, blockBytes: 5 }, new TextEncoder().encode('hello'))
      console.log(new TextDecoder().decode(parity))`
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 30000
    })
    expect((await run).stdout).to.equal('hello\n')
  })
})
