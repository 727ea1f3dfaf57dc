import { expect } from 'chai'
import { toHex } from '../../../fba/bytes.ts'
import { encodeEpochValue, MAX_EPOCH_REPORTS, NO_MAP_HASH } from '../../../src/agreement/epoch-value.ts'
import { MAX_NAMES_PER_AUTHOR, ValuePool } from '../../../src/agreement/value-pool.ts'
import { digest } from './fixture.ts'

const value = (closedAtMs: number): Uint8Array =>
  encodeEpochValue({ closedAtMs, previousMap: NO_MAP_HASH, reports: [] })
const nameOf = (bytes: Uint8Array): string => toHex(digest(bytes))

describe('values by their names', () => {
  it('are kept when this node made them, or when it wanted them', () => {
    const pool = new ValuePool(digest)
    const own = pool.add(value(1))
    expect(pool.known(own)?.value?.closedAtMs).to.equal(1)
    const name = nameOf(value(2))
    expect(pool.offer(name, value(2)), 'nobody named it').to.equal(false)
    expect(pool.known(name)).to.equal(undefined)
    expect(pool.want(name, 'author')).to.equal(true)
    expect(pool.isWanted(name)).to.equal(true)
    expect(pool.offer(name, value(2))).to.equal(true)
    expect(pool.known(name)?.bytes).to.deep.equal(value(2))
    expect(pool.isWanted(name)).to.equal(false)
    expect(pool.offer(name, value(2)), 'twice').to.equal(false)
  })

  it('that are none are remembered as such, without their bytes', () => {
    const pool = new ValuePool(digest)
    const tooMany = encodeEpochValue({
      ...{ closedAtMs: 1, previousMap: NO_MAP_HASH },
      reports: Array.from({ length: MAX_EPOCH_REPORTS + 1 }, (_, i) => digest(Uint8Array.of(i, i >> 8)))
    })
    for (const bytes of [new Uint8Array(1_000_000), tooMany, new Uint8Array()]) {
      const name = nameOf(bytes)
      pool.want(name, 'author')
      expect(pool.offer(name, bytes)).to.equal(true)
      expect(pool.known(name)?.value).to.equal(undefined)
      expect(pool.known(name)?.bytes).to.have.lengthOf(0)
    }
  })

  it('are wanted up to a number for each author, and beyond it once another names them', () => {
    const pool = new ValuePool(digest)
    const names = Array.from({ length: MAX_NAMES_PER_AUTHOR + 1 }, (_, i) => nameOf(value(i)))
    for (const name of names.slice(0, -1)) expect(pool.want(name, 'liar')).to.equal(true)
    const last = names[MAX_NAMES_PER_AUTHOR]
    expect(pool.want(last, 'liar')).to.equal(false)
    expect(pool.isWanted(last)).to.equal(false)
    expect(pool.want(names[0], 'liar'), 'wanted already').to.equal(true)
    expect(pool.want(last, 'honest')).to.equal(true)
  })

  it('of a decision are wanted whatever else is', () => {
    const pool = new ValuePool(digest)
    for (let i = 0; i < 4_000; i++) pool.want(nameOf(value(i)), `author-${i}`)
    const name = nameOf(value(4_000))
    expect(pool.want(name, 'one more')).to.equal(false)
    pool.wantDecided(name)
    expect(pool.offer(name, value(4_000))).to.equal(true)
  })

  it('call back when they come, unless the wait has ended', () => {
    const pool = new ValuePool(digest)
    const calls: string[] = []
    const name = nameOf(value(1))
    pool.want(name, 'author')
    pool.whenKnown(name, () => calls.push('first'))
    pool.whenKnown(name, () => calls.push('second'))()
    pool.offer(name, value(1))
    expect(calls).to.deep.equal(['first'])
  })

  it('are dropped when a slot is over, with all that was wanted', () => {
    const pool = new ValuePool(digest)
    const [kept, dropped] = [pool.add(value(1)), pool.add(value(2))]
    for (let i = 0; i < MAX_NAMES_PER_AUTHOR; i++) pool.want(nameOf(value(100 + i)), 'author')
    pool.retain((name) => name === toHex(kept))
    expect(pool.known(kept)).to.not.equal(undefined)
    expect(pool.known(dropped)).to.equal(undefined)
    expect(pool.isWanted(nameOf(value(100)))).to.equal(false)
    expect(pool.want(nameOf(value(200)), 'author')).to.equal(true)
  })
})
