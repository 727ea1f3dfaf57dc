import { expect } from 'chai'
import fc from 'fast-check'
import { AUDITORS, targetsOf, visitMs } from '../../../../src/hologram/audit/rounds.ts'
import { auditSettings } from '../../../../src/hologram/audit/settings.ts'
import type { IndexedObject } from '../../../../src/hologram/heal/object-index.ts'
import { codedObject } from '../support.ts'

const { cid } = codedObject()

function objectOf(holders: readonly string[], homes: readonly string[] = []): IndexedObject {
  return {
    ...{ cid, k: 2, n: holders.length, sizeBytes: 1, inline: false, homes },
    holders: holders.map((peer, shard) => ({ peer, shard, isSaid: true }))
  }
}

const peersNamed = (count: number): string[] => Array.from({ length: count }, (_, i) => `peer ${i}`)
const everybody = (): boolean => true

describe('rounds of audits', () => {
  it('every keeper is challenged by two others, whoever is away', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 1000 }),
        fc.nat(),
        (count, round, bits) => {
          const peers = peersNamed(count)
          const isLive = (peer: string): boolean => ((bits >> peers.indexOf(peer)) & 1) === 1
          const live = peers.filter(isLive)
          const object = objectOf(peers)
          const challenged = live.flatMap((peer) => targetsOf(object, peer, round, isLive))
          for (const peer of live) {
            const times = challenged.filter((one) => one === peer).length
            expect(times).to.equal(Math.min(AUDITORS, live.length - 1))
          }
          expect(challenged.every(isLive)).to.equal(true)
        }
      )
    )
  })

  it('homes of the manifest take part, and others do not', () => {
    const object = objectOf(['a', 'b'], ['b', 'c'])
    const challenged = ['a', 'b', 'c', 'd'].flatMap((peer) => targetsOf(object, peer, 1, everybody))
    expect(challenged.sort()).to.deep.equal(['a', 'a', 'b', 'b', 'c', 'c'])
    expect(targetsOf(object, 'd', 1, everybody)).to.deep.equal([])
  })

  it('pairs are others in each round', () => {
    const object = objectOf(peersNamed(12))
    const met = new Set<string>()
    for (let round = 0; round < 40; round++) {
      for (const target of targetsOf(object, 'peer 0', round, everybody)) met.add(target)
    }
    expect(met.size).to.equal(11)
  })

  it('visits are spread over the round, with time left for those that were away', () => {
    const times = peersNamed(200).map((peer) => visitMs('self', peer, 3, 1000))
    expect(Math.max(...times)).to.be.within(700, 800)
    expect(Math.min(...times)).to.be.within(0, 100)
  })

  it('two rounds make a period', () => {
    expect(auditSettings({ periodMs: 60_000 })).to.include({ roundMs: 30_000, tickMs: 600 })
    expect(auditSettings().tickMs).to.equal(60_000)
  })
})
