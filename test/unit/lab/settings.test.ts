import { expect } from 'chai'
import { readSettings, SCENARIOS } from '../../../testnet/lab/settings.ts'

describe('settings of the lab', () => {
  it('are 30 peers and all scenarios at first', () => {
    const { peers, scenarios, k, n } = readSettings([])
    expect(peers).to.equal(30)
    expect(scenarios).to.deep.equal(SCENARIOS)
    expect([k, n]).to.deep.equal([4, 8])
  })

  it('take several scenarios', () => {
    expect(readSettings(['--scenario', 'ping,reads']).scenarios).to.deep.equal(['ping', 'reads'])
  })

  for (const [words, problem] of [
    [['--peers', '2'], '--peers must be a number from 3 to 250'],
    [['--peers', '4.5'], '--peers must be a whole number'],
    [['--peers', 'many'], '--peers must be a number'],
    [['--scenario', 'dance'], '--scenario dance does not exist'],
    [['--code', '4'], '--code must be k/n'],
    [['--peers', '8', '--code', '4/8'], 'with n below the number of peers'],
    [['--loss', '101'], '--loss must be a number from 0 to 100']
  ] as const) {
    it(`refuse ${words.join(' ')}`, () => {
      expect(() => readSettings(words)).to.throw(RangeError, problem)
    })
  }
})
