import { expect } from 'chai'
import { analyzeInWorker, QuorumAnalysisError } from '../../../src/node/quorum-analysis.ts'
import { flatNetwork, quorumSet } from '../fba/analysis/networks.ts'

/** What `work` fails with. */
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error
  )

describe('quorum analysis in a thread', () => {
  // Takes far longer than any test: the thread has to be stopped.
  const ids = Array.from({ length: 60 }, (_, index) => `n${index}`)
  const hard = ids.map((id, index) => ({
    id,
    quorumSet: quorumSet(
      29,
      ids.filter((_, other) => (other * 7 + index * index) % 11 !== 3 || other === index)
    )
  }))

  it('gives the same answer as on the main thread', async () => {
    const analysis = await analyzeInWorker(flatNetwork(4, 3), { limitMillis: 60_000 })
    expect(analysis.intersection.status).to.equal('intersects')
    expect(analysis.minimalSplittingSets.count).to.equal(6n)
  })

  it('answers undecided at its limit', async () => {
    const { intersection } = await analyzeInWorker(hard, { limitMillis: 100, graceMillis: 60_000 })
    expect(intersection.status).to.equal('undecided')
  })

  it('is killed when it does not answer by its deadline', async () => {
    const error = await failureOf(analyzeInWorker(hard, { limitMillis: 3_600_000, graceMillis: -3_599_900 }))
    expect(error).to.be.instanceOf(QuorumAnalysisError).with.property('code', 'KILLED_AT_DEADLINE')
  })

  it('is killed when its caller gives up', async () => {
    const caller = new AbortController()
    const analysis = analyzeInWorker(hard, { limitMillis: 3_600_000, signal: caller.signal })
    const reason = new Error('node stops')
    caller.abort(reason)
    expect(await failureOf(analysis)).to.equal(reason)
    expect(await failureOf(analyzeInWorker(hard, { limitMillis: 1, signal: caller.signal }))).to.equal(reason)
  })

  it('reports an error in its input', async () => {
    const error = await failureOf(analyzeInWorker(flatNetwork(3, 2), { limitMillis: 60_000, deleted: ['x'] }))
    expect(error).to.be.instanceOf(QuorumAnalysisError).with.property('code', 'FAILED')
    expect((error as QuorumAnalysisError).cause).to.be.instanceOf(RangeError)
  })
})
