import { expect } from 'chai'
import { Registry } from 'prom-client'
import { mapMetrics } from '../../../../src/node/agreement/metrics.ts'
import type { AgreementStatus } from '../../../../src/agreement/index.ts'
import type { AgreedMap, MapPeer } from '../../../../src/manifold/map/index.ts'

const SEAT: MapPeer['seat'] = { capacityBytes: 1, reliabilityPpm: 1, domain: 'a' }

const peer = (id: string, of: Partial<MapPeer> = {}): MapPeer => ({
  id,
  sequence: 1,
  issuedAtMs: 0,
  reportedInSlot: 1,
  capacityBytes: 1,
  freeBytes: 1,
  domain: '',
  sinceMs: 0,
  seenIn: '',
  coordinate: undefined,
  isDoubted: false,
  heatPpm: 0,
  serviceMicros: 0,
  upKibPerSecond: 0,
  downKibPerSecond: 0,
  seat: undefined,
  failuresPpm: 0,
  witnesses: 0,
  ...of
})

const MAP: AgreedMap = {
  slot: 12,
  closedAtMs: 10_000,
  era: 9,
  peers: [peer('a', { seat: SEAT }), peer('b', { seat: SEAT, isDoubted: true }), peer('c')],
  edges: []
}

const NO_MAP = 'none'

const VALIDATORS = ['a', 'b', 'c', 'd'].map((id) => ({ id, heardMsAgo: 5, isMissing: id === 'd' }))

const STATUS: AgreementStatus = {
  slot: 13,
  phase: 'waiting',
  isValidator: true,
  mapSlot: 12,
  mapAgeMs: 100,
  isStale: false,
  hasQuorum: true,
  validators: VALIDATORS,
  lastDecisionMs: 340,
  decided: 7,
  evidence: [],
  halted: undefined
}

const EVIDENCE = { nodeId: 'd', slotIndex: 4 } as AgreementStatus['evidence'][number]

describe('metrics of the agreed map', () => {
  /** Lines of the page, by name and labels. */
  const page = async (
    status: Partial<AgreementStatus>,
    map: AgreedMap | typeof NO_MAP = MAP,
    nowMs = 12_500
  ): Promise<Record<string, number>> => {
    const registry = new Registry()
    const agreement = {
      current: map === NO_MAP ? undefined : { map, slot: map.slot },
      status: () => ({ ...STATUS, ...status })
    }
    mapMetrics(registry, { agreement, clock: { nowMs: () => nowMs }, placementEra: () => 9 })
    const lines = (await registry.metrics()).split('\n').filter((line) => /^thhe_/.test(line))
    return Object.fromEntries(
      lines.map((line) => [line.replace(/ .*$/, ''), Number(line.replace(/^.* /, ''))])
    )
  }

  it('count what the map says, and measure its age from the time at which its slot was closed', async () => {
    expect(await page({})).to.deep.equal({
      thhe_map_slot: 12,
      thhe_map_era: 9,
      thhe_map_placement_era: 9,
      thhe_map_age_seconds: 2.5,
      thhe_map_peers: 3,
      thhe_map_seats: 2,
      thhe_map_doubted_peers: 1,
      thhe_map_stale: 0,
      thhe_map_decision_seconds: 0.34,
      thhe_map_agreed_total: 7,
      thhe_quorum_available: 1,
      'thhe_quorum_validators{state="heard"}': 3,
      'thhe_quorum_validators{state="missing"}': 1,
      thhe_quorum_contradictions: 0,
      thhe_quorum_voting: 1
    })
  })

  it('have neither age nor duration while there is no map', async () => {
    const lines = await page({ mapSlot: 0, mapAgeMs: undefined, lastDecisionMs: undefined }, NO_MAP)
    expect(lines).to.not.have.any.keys('thhe_map_age_seconds', 'thhe_map_decision_seconds')
    expect(lines).to.include({ thhe_map_slot: 0, thhe_map_era: 0, thhe_map_peers: 0, thhe_map_seats: 0 })
  })

  it('give no negative age where this clock is behind', async () => {
    expect(await page({}, MAP, 9_000)).to.include({ thhe_map_age_seconds: 0 })
  })

  it('tell a quorum that was lost, a contradiction, and a validator that no longer votes', async () => {
    const lost = await page({ hasQuorum: false, isStale: true, evidence: [EVIDENCE], halted: 'disk full' })
    expect(lost).to.include({
      thhe_map_stale: 1,
      thhe_quorum_available: 0,
      thhe_quorum_contradictions: 1,
      thhe_quorum_voting: 0
    })
    expect(await page({ isValidator: false })).to.include({ thhe_quorum_voting: 0 })
  })
})
