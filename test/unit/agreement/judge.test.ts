import { expect } from 'chai'
import { decodeEpochValue, MAX_EPOCH_REPORTS, NO_MAP_HASH } from '../../../src/agreement/epoch-value.ts'
import { Judge } from '../../../src/agreement/judge.ts'
import { Payloads } from '../../../src/agreement/payloads.ts'
import { digest, rules, signedReport } from './fixture.ts'

const NOW_MS = 1_000_000
const ROSTER = { threshold: 1, validators: ['validator'], innerSets: [] }

const judgeOf = (): { judge: Judge; peersOf: (value: Uint8Array) => string[] } => {
  const payloads = new Payloads(digest, rules.read)
  const judge = new Judge({ roster: ROSTER, payloads, nowMs: () => NOW_MS })
  const peersOf = (value: Uint8Array): string[] =>
    decodeEpochValue(value).reports.map((hash) => payloads.report(hash)!.peer)
  return { judge, peersOf }
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
    const { judge, peersOf } = judgeOf()
    const first = peersOf(judge.propose(reportsOf(1_000, 1), before([]))!)
    expect(first).to.have.lengthOf(MAX_EPOCH_REPORTS).and.include('validator')
    // Those of the map are no longer the first by id.
    const onMap = reportsOf(1_000, 2)
      .map((signed) => rules.read(signed)!.peer)
      .slice(-MAX_EPOCH_REPORTS + 1)
    const second = peersOf(judge.propose(reportsOf(1_000, 2), before(onMap))!)
    expect(second).to.have.members(['validator', ...onMap])
  })

  it('are combined into one that keeps the peers on the map before', () => {
    const { judge, peersOf } = judgeOf()
    const everybody = reportsOf(1_000, 1)
    const low = judge.propose(everybody.slice(0, 500), before([]))!
    const high = judge.propose([everybody[0], ...everybody.slice(-499)], before([]))!
    const union = judge.combine([low, high], before(peersOf(high)))
    expect(peersOf(union)).to.have.members(peersOf(high))
  })
})
