import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { PeerExperience } from '../../../../../src/hologram/client/find/experience.ts'

describe('experience with peers', () => {
  let near: PeerId
  let far: PeerId
  let stranger: PeerId

  before(async () => {
    const keys = await Promise.all([1, 2, 3].map(async () => generateKeyPair('Ed25519')))
    ;[near, far, stranger] = keys.map((key) => peerIdFromPrivateKey(key))
  })

  it('predicts latency and queue from samples', () => {
    const experience = new PeerExperience()
    for (let i = 0; i < 50; i++) {
      experience.sampleLatency(near, 2)
      experience.sampleLatency(far, 200)
      experience.sampleRate(near, 100_000, 1)
      experience.sampleRate(far, 1_000, 1)
    }
    expect(experience.predictMs(near, 0, 65_536)).to.be.closeTo(2 + 0.66, 0.5)
    expect(experience.predictMs(far, 65_536, 65_536)).to.be.closeTo(200 + 131, 10)
  })

  it('predicts an unknown peer from the others', () => {
    const experience = new PeerExperience()
    for (let i = 0; i < 50; i++) experience.sampleLatency(far, 400)
    expect(experience.predictMs(stranger, 0, 1)).to.be.closeTo(400, 20)
  })

  it('judges a peer that was never asked by its distance, and then by its own times', () => {
    const experience = new PeerExperience({
      rttMs: (peer) => (peer === near ? 10 : peer === far ? 250 : undefined)
    })
    for (let i = 0; i < 50; i++) experience.sampleLatency(stranger, 100)
    expect(experience.predictMs(near, 0, 1)).to.be.closeTo(25, 1)
    expect(experience.predictMs(far, 0, 1)).to.be.closeTo(505, 1)
    expect(experience.deadlineMs(far, 1, 50)).to.be.greaterThan(1_000)
    for (let i = 0; i < 50; i++) experience.sampleLatency(near, 300)
    expect(experience.predictMs(near, 0, 1)).to.be.closeTo(300, 5)
  })

  it('waits longer for a peer whose times vary, and at least the minimum', () => {
    const steady = new PeerExperience()
    const shaky = new PeerExperience()
    for (let i = 0; i < 100; i++) {
      steady.sampleLatency(near, 100)
      shaky.sampleLatency(near, i % 2 === 0 ? 20 : 180)
      steady.sampleLatency(far, 1)
    }
    expect(steady.deadlineMs(near, 1, 50)).to.be.closeTo(100, 5)
    expect(shaky.deadlineMs(near, 1, 50)).to.be.greaterThan(300)
    expect(steady.deadlineMs(far, 1, 50)).to.equal(50)
  })

  it('ignores invalid samples', () => {
    const experience = new PeerExperience()
    const before = experience.predictMs(near, 0, 65_536)
    for (const sample of [NaN, -1]) experience.sampleLatency(near, sample)
    for (const elapsed of [0, -1, NaN]) experience.sampleRate(near, 1000, elapsed)
    experience.sampleRate(near, 0, 10)
    expect(experience.predictMs(near, 0, 65_536)).to.equal(before)
  })

  it('forgets the peer that was not asked for longest', () => {
    const experience = new PeerExperience({ maxPeers: 2 })
    experience.sampleLatency(near, 1)
    experience.sampleLatency(far, 500)
    experience.sampleLatency(near, 1)
    experience.sampleLatency(stranger, 500)
    expect(experience.deadlineMs(near, 0, 0)).to.be.lessThan(10)
    expect(experience.predictMs(far, 0, 0)).to.not.equal(500)
  })
})
