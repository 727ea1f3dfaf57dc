import { expect } from 'chai'
import { codeFor } from '../../../src/cli/cluster/code.ts'
import { problemError } from '../../../src/cli/client.ts'
import { checkPeers, planPut } from '../../../src/hologram/client/put/put-plan.ts'
import { HologramError } from '../../../src/hologram/errors.ts'

describe('cli: the code of a local cluster', () => {
  it('lets a put go on when one peer of three, or two of six, are down', () => {
    for (let peers = 1; peers <= 100; peers++) {
      const plan = planPut({}, { ...codeFor(peers), blockBytes: 65_536 })
      const down = peers >= 6 ? 2 : peers >= 3 ? 1 : 0
      expect(() => checkPeers(plan, peers - down, false), `${peers} peers`).to.not.throw()
    }
  })

  it('loses half of its shards without loss of data', () => {
    for (const peers of [4, 5, 8, 12, 20]) {
      const { k, n } = codeFor(peers)
      expect(n - k, `${peers} peers`).to.be.at.least(k)
    }
  })

  it('is the code that a put with too few peers suggests, so that the next put works', () => {
    for (let available = 1; available <= 30; available++) {
      const refusal = (): void => checkPeers({ k: 30, n: 60, margin: 5 }, available, false)
      const error = thrownBy(refusal) as HologramError<'NOT_ENOUGH_PEERS'>
      const { hint } = problemError({
        code: error.code,
        message: error.message,
        data: { ...error.data },
        hint: 'x'
      })
      const [, k, n] = (/-k (\d+) -n (\d+)/.exec(hint) ?? []).map(Number)
      const plan = planPut({ k, n }, { k: 1, n: 1, blockBytes: 65_536 })
      expect(() => checkPeers(plan, available, false), hint).to.not.throw()
    }
  })
})

const thrownBy = (run: () => void): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
