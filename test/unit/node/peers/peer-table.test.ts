import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { PeerTable } from '../../../../src/node/peers/peer-table.ts'
import { MAX_STRANGERS, MAX_STRANGERS_PER_INTRODUCER } from '../../../../src/node/peers/strangers.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import type { PeerId } from '@libp2p/interface'
import type { PeerReport } from '../../../../src/node/peers/report.ts'
import { EMPTY_SECTIONS } from '../../../support/reports.ts'

const INTERVAL = 30_000
const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

describe('peer table', () => {
  let self: PeerId
  let peer: PeerId
  let clock: VirtualTime
  let table: PeerTable
  let sequence: bigint

  before(async () => {
    self = await newPeer()
    peer = await newPeer()
  })
  beforeEach(() => {
    clock = new VirtualTime()
    sequence = 0n
    table = new PeerTable({ self, clock })
  })

  const report = (fields: Partial<PeerReport> = {}): PeerReport => ({
    peer,
    sequence: ++sequence,
    issuedAtMs: clock.nowMs(),
    capacityBytes: 100,
    freeBytes: 50,
    version: '1.0.0',
    uptimeSeconds: 1,
    ...EMPTY_SECTIONS,
    domain: '',
    multiaddrs: [multiaddr('/ip4/192.0.2.7/tcp/4701')],
    intervalMs: INTERVAL,
    signed: Uint8Array.of(1),
    ...fields
  })
  const AT = multiaddr('/ip4/8.8.4.7/tcp/4701')
  /** Takes a report of the peer, with which a connection has been made. */
  const meet = (fields: Partial<PeerReport> = {}): void => {
    const one = report(fields)
    table.accept(one)
    table.markReached(one.peer, AT)
  }
  const isLive = (): boolean => table.get(peer)?.live === true

  it('keeps the newest report of a peer, in any order of arrival', () => {
    const old = report({ freeBytes: 1 })
    table.accept(report({ freeBytes: 2 }))
    table.accept(old)
    expect(table.get(peer)?.report.freeBytes).to.equal(2)
    expect(table.lastSequence(peer)).to.equal(2n)
    expect(table.entries()).to.have.lengthOf(1)
  })

  it('treats a peer as gone after three of its own intervals of silence', async () => {
    meet({ intervalMs: 1_000 })
    await clock.advance(2_999)
    expect(isLive()).to.equal(true)
    await clock.advance(1)
    expect(isLive()).to.equal(false)
    table.accept(report({ intervalMs: 1_000 }))
    expect(isLive()).to.equal(true)
  })

  it('counts the age of a forwarded report, and tolerates a clock that is behind', async () => {
    meet({ issuedAtMs: clock.nowMs() - 60_000 - INTERVAL })
    await clock.advance(2 * INTERVAL)
    expect(isLive()).to.equal(false)
    table.accept(report({ issuedAtMs: clock.nowMs() - 59_000 }))
    await clock.advance(3 * INTERVAL - 1)
    expect(isLive()).to.equal(true)
  })

  it('does not treat all peers as gone when the wall clock is set forward', () => {
    meet()
    clock.jump(86_400_000)
    expect(isLive()).to.equal(true)
  })

  it('announces a lost peer that returns, by a connection or by a report', () => {
    const back: PeerId[] = []
    table.onUp((one) => back.push(one))
    meet()
    table.markUp(peer)
    expect(back).to.have.lengthOf(0)
    table.markDown(peer)
    table.markReached(peer, AT)
    expect(back).to.have.lengthOf(1)
    table.accept(report({ intervalMs: 0 }))
    table.accept(report())
    expect(back).to.have.lengthOf(2)
  })

  it('notifies a listener of changes until it is removed', () => {
    let changes = 0
    const unsubscribe = table.onChange(() => changes++)
    table.accept(report())
    table.markDown(peer)
    table.markDown(peer)
    expect(changes).to.equal(2)
    unsubscribe()
    table.markUp(peer)
    expect(changes).to.equal(2)
  })

  it('leaves out a peer that was lost until it is reached again, and remembers it', () => {
    meet()
    table.markDown(peer)
    expect(isLive()).to.equal(false)
    expect(table.live()).to.have.lengthOf(0)
    table.markUp(peer)
    expect(isLive()).to.equal(true)
    table.observe(peer, 'unreachable')
    table.accept(report())
    expect(isLive()).to.equal(false)
    expect(table.unproven().map(({ lost }) => lost)).to.deep.equal([true])
    table.markReached(peer, AT)
    expect(isLive()).to.equal(true)
  })

  it('does not count a peer with only reports until it is reached', () => {
    table.accept(report())
    expect([isLive(), table.isReached(peer), table.get(peer)?.domain]).to.deep.equal([
      false,
      false,
      undefined
    ])
    table.markReached(peer, undefined)
    expect([isLive(), table.get(peer)?.domain]).to.deep.equal([true, undefined])
    table.markReached(peer, AT)
    expect(table.get(peer)?.domain).to.equal('net:8.8.4/24')
    expect(table.unproven()).to.deep.equal([])
  })

  it("accepts a bounded number of strangers from one introducer, and each other peer's own report", async () => {
    const [liar, honest, newcomer] = [await newPeer(), await newPeer(), await newPeer()]
    const ghost = (i: number): PeerId => ({ toString: () => `ghost-${i}` }) as unknown as PeerId
    const outcomes = Array.from({ length: 200 }, (_, i) => table.accept(report({ peer: ghost(i) }), liar))
    expect(outcomes.filter((one) => one === 'accepted')).to.have.lengthOf(MAX_STRANGERS_PER_INTRODUCER)
    expect(outcomes.at(-1)).to.equal('too-many-new')
    expect(table.accept(report({ peer: newcomer }), honest)).to.equal('accepted')
    table.markReached(ghost(0), AT)
    expect(table.accept(report({ peer: ghost(1000) }), liar)).to.equal('accepted')
    table.forget(ghost(1))
    expect(table.accept(report({ peer: ghost(1001) }), liar)).to.equal('accepted')
  })

  it('accepts a bounded number of strangers in all: the introducer of most loses its oldest', () => {
    const named = (name: string): PeerId => ({ toString: () => name }) as unknown as PeerId
    for (let i = 0; i < MAX_STRANGERS; i++) {
      const introducer = `introducer-${Math.floor(i / (MAX_STRANGERS_PER_INTRODUCER - 1))}`
      expect(table.accept(report({ peer: named(`s${i}`) }), named(introducer))).to.equal('accepted')
    }
    expect(table.accept(report(), named('another'))).to.equal('accepted')
    expect(table.entries()).to.have.lengthOf(MAX_STRANGERS)
    expect([table.knows('s0'), table.knows(peer.toString())]).to.deep.equal([false, true])
  })

  it('grants a newcomer a quarter, half after three hours, and all after a day of presence', async () => {
    const stand = (): number | undefined => table.get(peer)?.standingPpm
    const pass = async (hours: number): Promise<void> => {
      for (let i = 0; i < hours * 4; i++) {
        await clock.advance(900_000)
        meet({ intervalMs: 900_000 })
      }
    }
    meet({ intervalMs: 900_000 })
    expect(stand()).to.equal(250_000)
    await pass(3)
    expect(stand()).to.equal(500_000)
    table.markDown(peer)
    await clock.advance(40 * 3_600_000)
    meet({ intervalMs: 900_000 })
    expect(stand(), 'absence proves nothing').to.equal(500_000)
    await pass(21)
    expect(stand()).to.equal(1_000_000)
    table.observe(peer, 'lied')
    expect(stand()).to.equal(250_000)
  })

  it('counts time in which the peer served as double, and at most double', async () => {
    meet({ intervalMs: 900_000 })
    for (let i = 0; i < 6; i++) {
      for (let n = 0; n < 100; n++) table.observe(peer, 'served')
      await clock.advance(900_000)
      expect(table.get(peer)?.standingPpm).to.equal(250_000)
      meet({ intervalMs: 900_000 })
    }
    expect(table.get(peer)?.standingPpm).to.equal(500_000)
  })

  it('believes a peer that says it leaves', () => {
    table.accept(report())
    table.accept(report({ intervalMs: 0 }))
    expect(isLive()).to.equal(false)
    table.markUp(peer)
    expect(isLive()).to.equal(false)
  })

  it('never treats this node as gone, and never blames it', async () => {
    table.accept(report({ peer: self, intervalMs: 0 }))
    await clock.advance(1e9)
    table.observe(self, 'lied')
    table.prune()
    expect(table.get(self)).to.include({ live: true, reliabilityPpm: 1_000_000, standingPpm: 1_000_000 })
  })

  it('lowers the reliability of peers that fail, much more of peers that lie, and raises it for peers that serve', () => {
    table.accept(report())
    const after = (...outcomes: Array<'served' | 'slow' | 'unreachable' | 'lied'>): number => {
      for (const outcome of outcomes) table.observe(peer, outcome)
      return table.get(peer)?.reliabilityPpm ?? 0
    }
    expect(after('slow')).to.equal(1_000_000)
    const shaken = after('unreachable', 'unreachable', 'unreachable')
    expect(shaken).to.be.lessThan(1_000_000)
    const liar = after('lied')
    expect(liar).to.be.lessThan(shaken / 2)
    table.accept(report())
    expect(table.get(peer)?.reliabilityPpm).to.equal(liar)
    expect(after(...Array<'served'>(60).fill('served'))).to.equal(1_000_000)
  })

  it('forgets a peer after a long silence, and not before', async () => {
    table.accept(report())
    await clock.advance(3 * INTERVAL + 3_600_000)
    table.prune()
    expect(table.get(peer)).to.not.equal(undefined)
    await clock.advance(1)
    table.prune()
    expect(table.get(peer)).to.equal(undefined)
  })

  it('holds a bounded number of peers: those gone longest are dropped, live ones are not', async function () {
    this.timeout(20_000)
    const peers = Array.from(
      { length: 4097 },
      (_, i) => ({ toString: () => `peer-${i}` }) as unknown as PeerId
    )
    for (const one of peers.slice(0, 4096)) {
      expect(table.accept(report({ peer: one }))).to.equal('accepted')
      table.markReached(one, AT)
    }
    expect(table.accept(report({ peer: peers[4096] }))).to.equal('table-full')
    table.markDown(peers[7])
    expect(table.accept(report({ peer: peers[4096] }))).to.equal('accepted')
    expect(table.get(peers[7])).to.equal(undefined)
    expect(table.entries()).to.have.lengthOf(4096)
  })

  describe('what the agreed map says', () => {
    const vouch = (more: object = {}): void =>
      table.vouch([
        {
          id: peer.toString(),
          sequence: Number(sequence) + 1,
          issuedAtMs: clock.nowMs(),
          capacityBytes: 200,
          freeBytes: 7,
          heatPpm: 5,
          coordinate: undefined,
          ...more
        }
      ])

    it('keeps a peer live that reports to others, with what it lends now', async () => {
      meet()
      await clock.advance(2 * INTERVAL)
      vouch()
      // The clocks may differ by a minute, and three intervals of the old report are over.
      await clock.advance(2 * INTERVAL)
      expect(isLive()).to.equal(true)
      expect(table.get(peer)?.report).to.include({ capacityBytes: 200, freeBytes: 7, heatPpm: 5 })
      expect(table.signedReports()).to.deep.equal([])
      await clock.advance(2 * INTERVAL)
      expect(isLive()).to.equal(false)
    })

    it('does not make a peer live that this node has lost, nor one whose newer report is here', async () => {
      meet()
      table.markDown(peer)
      vouch()
      expect(isLive()).to.equal(false)
      table.markUp(peer)
      vouch({ sequence: 0, capacityBytes: 1 })
      expect(table.get(peer)?.report.capacityBytes).to.equal(200)
    })

    it('tells whose report to ask for: of peers that are not here, and of those that have reported since they were gone', () => {
      expect(table.lacksReport(peer.toString(), 1n)).to.equal(true)
      expect(table.lacksReport(self.toString(), 1n)).to.equal(false)
      meet()
      expect(table.lacksReport(peer.toString(), sequence + 1n)).to.equal(false)
      table.markDown(peer)
      expect(table.lacksReport(peer.toString(), sequence)).to.equal(false)
      expect(table.lacksReport(peer.toString(), sequence + 1n)).to.equal(true)
      table.markUp(peer)
      table.accept(report({ intervalMs: 0 }))
      vouch()
      expect(isLive()).to.equal(false)
      expect(table.lacksReport(peer.toString(), sequence + 1n)).to.equal(true)
      table.accept(report())
      expect(isLive()).to.equal(true)
    })
  })
})
