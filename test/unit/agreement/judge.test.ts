import { expect } from 'chai'
import { encodeEpochValue, MAX_EPOCH_REPORTS, NO_MAP_HASH } from '../../../src/agreement/epoch-value.ts'
import { Judge } from '../../../src/agreement/judge.ts'
import { Payloads } from '../../../src/agreement/payloads.ts'
import { ValuePool } from '../../../src/agreement/value-pool.ts'
import { digest, rules, signedReport } from './fixture.ts'

const NOW_MS = 1_000_000
const ROSTER = { threshold: 1, validators: ['validator'], innerSets: [] }

interface Judged {
  readonly judge: Judge
  readonly payloads: Payloads
  readonly values: ValuePool
  readonly peersOf: (name: Uint8Array) => string[]
}

const judgeOf = (): Judged => {
  const payloads = new Payloads(digest, rules.read)
  const values = new ValuePool(digest)
  const judge = new Judge({ roster: ROSTER, payloads, values, nowMs: () => NOW_MS })
  const peersOf = (name: Uint8Array): string[] =>
    values.known(name)!.value!.reports.map((hash) => payloads.report(hash)!.peer)
  return { judge, payloads, values, peersOf }
}

/** The validator and `others` peers, with new reports in each round. */
const reportsOf = (others: number, round: number): Uint8Array[] =>
  ['validator', ...Array.from({ length: others }, (_, i) => `peer-${String(i).padStart(4, '0')}`)].map(
    (peer) => signedReport(peer, round, NOW_MS - 1)
  )

describe('values of a network with more peers than fit', () => {
  const before = (peers: readonly string[]) => ({
    closedAtMs: 1,
    mapHash: NO_MAP_HASH,
    peers: new Set(peers)
  })

  it('name the validators and the peers on the map before, whatever the hashes of their new reports', () => {
    const { judge, values, peersOf } = judgeOf()
    const first = peersOf(values.add(judge.propose(reportsOf(1_000, 1), before([]))!))
    expect(first).to.have.lengthOf(MAX_EPOCH_REPORTS).and.include('validator')
    // Those of the map are no longer the first by id.
    const onMap = reportsOf(1_000, 2)
      .map((signed) => rules.read(signed)!.peer)
      .slice(-MAX_EPOCH_REPORTS + 1)
    const second = peersOf(values.add(judge.propose(reportsOf(1_000, 2), before(onMap))!))
    expect(second).to.have.members(['validator', ...onMap])
  })

  it('are combined into one that keeps the peers on the map before', () => {
    const { judge, values, peersOf } = judgeOf()
    const everybody = reportsOf(1_000, 1)
    const low = values.add(judge.propose(everybody.slice(0, 500), before([]))!)
    const high = values.add(judge.propose([everybody[0], ...everybody.slice(-499)], before([]))!)
    const union = judge.combine([low, high], before(peersOf(high)))
    expect(peersOf(union)).to.have.members(peersOf(high))
  })
})

describe('a value', () => {
  const BEFORE = { closedAtMs: 1, mapHash: NO_MAP_HASH, peers: new Set<string>() }
  const valueOf = (closedAtMs: number, reports: readonly Uint8Array[]): Uint8Array =>
    encodeEpochValue({
      ...{ closedAtMs, previousMap: NO_MAP_HASH },
      reports: reports.map(digest).sort((a, b) => Buffer.compare(a, b))
    })

  it('is neither valid nor invalid before its bytes and all of its reports are here, and valid then', () => {
    const { judge, payloads, values } = judgeOf()
    const reports = reportsOf(2, 1)
    const bytes = valueOf(NOW_MS, reports)
    const name = digest(bytes)
    expect(judge.judge(name, BEFORE, true)).to.deep.equal({ level: 'maybe-valid', missing: [] })
    values.add(bytes)
    expect(judge.judge(name, BEFORE, true).missing).to.have.lengthOf(3)
    for (const signed of reports) payloads.addReport(signed)
    expect(judge.judge(name, undefined, true)).to.deep.equal({ level: 'maybe-valid', missing: [] })
    expect(judge.judge(name, BEFORE, true).level).to.equal('valid')
    expect(judge.judge(name, { ...BEFORE, closedAtMs: NOW_MS }, true).level).to.equal('invalid')
    expect(judge.judge(name, BEFORE, false).level).to.equal('valid')
  })

  it('from the future is invalid while it is nominated only, however often it was judged', () => {
    const { judge, payloads, values } = judgeOf()
    const reports = reportsOf(2, 1)
    for (const signed of reports) payloads.addReport(signed)
    const name = values.add(valueOf(NOW_MS + 70_000, reports))
    expect(judge.judge(name, BEFORE, false).level).to.equal('valid')
    expect(judge.judge(name, BEFORE, true).level).to.equal('invalid')
    expect(judge.judge(name, BEFORE, false).level).to.equal('valid')
  })

  it('whose name is no hash, or whose bytes are no value, is invalid', () => {
    const { judge, values } = judgeOf()
    expect(judge.judge(Uint8Array.of(1), BEFORE, true).level).to.equal('invalid')
    expect(judge.judge(values.add(Uint8Array.of(1, 2, 3)), BEFORE, true).level).to.equal('invalid')
  })
})
