import { expect } from 'chai'
import { Silence, SHORT_TIMEOUT_MS } from '../../../../../src/hologram/client/wire/silence.ts'
import { signer } from '../../support.ts'

describe('silent peers', () => {
  it('get a short deadline for some seconds, and then their whole time again, however often they were asked meanwhile', async () => {
    const { peer } = await signer(1)
    const { peer: other } = await signer(2)
    let nowMs = 0
    const silence = new Silence({ monotonicMs: () => nowMs })
    expect(silence.timeoutFor(peer, 10_000)).to.equal(10_000)
    silence.noteSilent(peer, 10_000, 10_000)
    expect(silence.timeoutFor(peer, 10_000)).to.equal(SHORT_TIMEOUT_MS)
    expect(silence.timeoutFor(peer, 200)).to.equal(200)
    expect(silence.timeoutFor(other, 10_000)).to.equal(10_000)
    for (; nowMs < 5_000; nowMs += 1_000) silence.noteSilent(peer, SHORT_TIMEOUT_MS, 10_000)
    expect(silence.timeoutFor(peer, 10_000)).to.equal(10_000)
    silence.noteSilent(peer, 10_000, 10_000)
    silence.noteAnswer(peer)
    expect(silence.timeoutFor(peer, 10_000)).to.equal(10_000)
  })
})
