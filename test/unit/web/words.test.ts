import { expect } from 'chai'
import { healthOf, spareWords, verdictOn, weakestWords } from '../../../web/src/words.ts'

const object = (missing?: number): { k: number; n: number; missing?: number } => ({ k: 4, n: 12, missing })

describe('web page: words', () => {
  const rows: ReadonlyArray<[objects: Array<ReturnType<typeof object>>, state: string, text: string]> = [
    [[], 'good', 'Nothing is stored from here yet.'],
    [[object(0)], 'good', 'The one object can lose 8 peers.'],
    [[object(0), object(7)], 'good', 'All 2 objects can lose 1 peer.'],
    [[object(0), object(), object(3)], 'good', '2 of 3 objects can lose 5 peers.'],
    [[object()], 'good', '1 object; their holders are asked soon.'],
    [[object(0), object(8)], 'weak', '1 of 2 objects cannot lose another peer.'],
    [[object(8), object(9)], 'bad', '1 of 2 objects cannot be read now: too many holders are away.']
  ]
  for (const [objects, state, text] of rows) {
    it(`says of ${JSON.stringify(objects.map(({ missing }) => missing ?? 'unasked'))}: ${text}`, () => {
      expect(verdictOn(objects)).to.deep.equal({ state, text })
    })
  }

  it('says of one object what is to be rebuilt, and passes warnings on', () => {
    expect(healthOf(object(1))).to.deep.equal({ state: 'good', text: 'can lose 7 peers, 1 shard to rebuild' })
    expect(healthOf(object(0)).text).to.equal('can lose 8 peers')
    expect(healthOf(object(8)).state).to.equal('weak')
    expect(healthOf(object(9)).state).to.equal('bad')
    expect(healthOf({ ...object(0), warning: 'its lease ends soon' })).to.deep.equal({
      state: 'weak',
      text: 'its lease ends soon'
    })
  })

  it('says what one object may lose, and where it is weakest', () => {
    expect(spareWords({ spare: 3 })).to.deep.equal({ state: 'good', text: 'It can lose 3 shards.' })
    expect(spareWords({ spare: 0 }).state).to.equal('weak')
    expect(spareWords({ spare: -2 })).to.deep.equal({
      state: 'bad',
      text: 'It cannot be read until 2 shards more come back.'
    })
    const cut = (...names: string[]) => ({ names, isExact: true })
    expect(weakestWords({ weakest: { hosts: cut(), domains: cut() } })).to.deep.equal([])
    expect(weakestWords({ weakest: { hosts: cut('a', 'b'), domains: cut('a', 'b') } })).to.deep.equal([
      'losing 2 hosts can lose it: a, b'
    ])
    const hosts = { names: ['a', 'b'], isExact: false }
    expect(weakestWords({ weakest: { hosts, domains: cut('x') } })).to.deep.equal([
      'losing 2 hosts can lose it, and perhaps fewer: a, b',
      'losing 1 failure domain can lose it: x'
    ])
  })
})
