import { expect } from 'chai'
import { healSettings } from '../../../../src/hologram/heal/settings.ts'

describe('timing of repair', () => {
  it('gives the first in rank time to repair, however short the grace time is', () => {
    for (const graceMs of [1_000, 5_000, 60_000]) {
      expect(healSettings({ graceMs }).rankDelayMs, `${graceMs} ms`).to.be.at.least(2_000)
    }
    expect(healSettings({ graceMs: 900_000 }).rankDelayMs).to.equal(22_500)
  })

  it('looks often enough to notice a loss within the grace time, and not more often than it helps', () => {
    expect(healSettings({ graceMs: 1_000 }).tickMs).to.be.below(100)
    expect(healSettings({}).tickMs).to.equal(5_000)
  })

  it('takes what it is given', () => {
    const given = { graceMs: 1, rankDelayMs: 2, tickMs: 3, bytesPerSecond: () => 4 }
    expect(healSettings(given)).to.deep.equal(given)
  })
})
