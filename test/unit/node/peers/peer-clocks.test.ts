import { expect } from 'chai'
import { createLogger } from '../../../../src/node/logger.ts'
import { PeerClocks } from '../../../../src/node/peers/peer-clocks.ts'
import { peerIds } from '../../../support/peers.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import type { PeerId } from '@libp2p/interface'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

describe('clocks of peers', () => {
  let clock: VirtualTime
  let clocks: PeerClocks
  let peers: PeerId[]
  let lines: string[]
  let sequence: bigint

  before(async () => {
    peers = await peerIds(5)
  })
  beforeEach(() => {
    clock = new VirtualTime()
    lines = []
    sequence = 1n
    const logger = createLogger({ level: 'info', format: 'text', write: (line) => lines.push(line) })
    clocks = new PeerClocks({ clock, logger })
  })

  const hear = (...skewsMs: number[]): void => {
    for (const [i, skewMs] of skewsMs.entries()) clocks.sample(peers[i], ++sequence, clock.nowMs() + skewMs)
  }

  it('are ignored while there are fewer than three', () => {
    hear(DAY_MS, DAY_MS)
    expect([clocks.agrees(), clocks.skewMs(), lines.length]).to.deep.equal([undefined, undefined, 0])
  })

  it('warn a node in its own log when its clock is a day behind or ahead', () => {
    hear(DAY_MS, DAY_MS + 3, DAY_MS - 5)
    expect([clocks.agrees(), clocks.skewMs()]).to.deep.equal([false, DAY_MS])
    expect(lines.join()).to.contain('ERROR').and.to.contain('behind').and.to.contain('skewSeconds=86400')
    hear(-DAY_MS, -DAY_MS, -DAY_MS)
    expect(clocks.skewMs()).to.equal(-DAY_MS)
  })

  it('are compared by their median: a few wrong clocks change nothing', () => {
    hear(20, -30, 40, DAY_MS, DAY_MS)
    expect([clocks.agrees(), clocks.skewMs(), lines.length]).to.deep.equal([true, 40, 0])
  })

  it('may be off by a minute', () => {
    hear(60_000, 60_000, 60_000)
    expect(clocks.agrees()).to.equal(true)
    hear(60_001, 60_001, 60_001)
    expect(clocks.agrees()).to.equal(false)
  })

  it('are not taken from a forwarded old report', () => {
    hear(0, 0, 0)
    for (const peer of peers.slice(0, 3)) clocks.sample(peer, 2n, clock.nowMs() - DAY_MS)
    expect(clocks.skewMs()).to.equal(0)
  })

  it('are forgotten after a quarter of an hour, and when this clock is set', async () => {
    hear(DAY_MS, DAY_MS, DAY_MS)
    clock.jump(DAY_MS)
    expect(clocks.agrees()).to.equal(undefined)
    hear(0, 0, 0)
    expect(clocks.agrees()).to.equal(true)
    expect(lines.at(-1)).to.contain('again')
    await clock.advance(15 * 60_000)
    expect(clocks.agrees()).to.equal(undefined)
  })

  it('cause one warning an hour', async () => {
    for (let i = 0; i < 10; i++) hear(DAY_MS, DAY_MS, DAY_MS)
    expect(lines).to.have.lengthOf(1)
    await clock.advance(HOUR_MS)
    hear(DAY_MS, DAY_MS, DAY_MS)
    expect(lines).to.have.lengthOf(2)
  })
})
