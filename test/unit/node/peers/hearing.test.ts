import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { Hearing } from '../../../../src/node/peers/hearing.ts'
import { PeerTable } from '../../../../src/node/peers/peer-table.ts'
import { silentLogger } from '../../../../src/node/index.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import { EMPTY_SECTIONS } from '../../../support/reports.ts'
import type { PeerId } from '@libp2p/interface'
import type { Host } from '../../../../src/node/host/host.ts'
import type { Agreed } from '../../../../src/node/peers/hearing.ts'
import type { AgreedMap, MapPeer } from '../../../../src/manifold/map/index.ts'

const INTERVAL = 30_000
const TOPICS = { hearers: 'all', neighbours: 'near' }
const LIMITS = { allUpTo: 2, least: 2, enough: 3 }
const newPeer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

describe('hearing', () => {
  let self: PeerId
  let others: PeerId[]
  let clock: VirtualTime
  let table: PeerTable
  let agreed: Agreed | undefined
  /** Connected hearers. */
  let beside: PeerId[]
  let besideQuiet: PeerId[]
  let topics: Set<string>
  let dialled: string[]
  let asked: Array<{ peer: string; of: readonly string[] }>
  let hearing: Hearing

  before(async () => {
    self = await newPeer()
    others = await Promise.all(Array.from({ length: 6 }, newPeer))
  })

  const entry = (id: string, more: Partial<MapPeer> = {}): MapPeer => ({
    ...{
      id,
      sequence: 1,
      issuedAtMs: clock.nowMs(),
      reportedInSlot: 1,
      capacityBytes: 1,
      freeBytes: 1,
      domain: ''
    },
    ...{ sinceMs: 0, seenIn: '', coordinate: undefined, isDoubted: false, heatPpm: 0, serviceMicros: 0 },
    ...{ upKibPerSecond: 0, downKibPerSecond: 0, seat: undefined, failuresPpm: 0, witnesses: 0 },
    ...more
  })
  const mapOf = (peers: MapPeer[]): AgreedMap => ({
    ...{ slot: 1, closedAtMs: clock.nowMs(), era: 0, edges: [] },
    peers
  })
  const agree = (peers: MapPeer[], more: Partial<Agreed> = {}): void => {
    agreed = {
      isValidator: false,
      validators: [others[0], others[1]].map(String),
      map: mapOf(peers),
      ...more
    }
  }
  const everybody = (): MapPeer[] => [self, ...others].map((peer) => entry(peer.toString()))
  const know = (peer: PeerId): void => {
    table.accept({
      ...{ peer, sequence: 1n, issuedAtMs: clock.nowMs(), capacityBytes: 1, freeBytes: 1, version: '1' },
      ...{ uptimeSeconds: 1, domain: '', intervalMs: INTERVAL, signed: Uint8Array.of(1), ...EMPTY_SECTIONS },
      multiaddrs: [multiaddr('/ip4/192.0.2.7/tcp/4701')]
    })
  }

  beforeEach(() => {
    clock = new VirtualTime()
    table = new PeerTable({ self, clock })
    others.forEach(know)
    agreed = undefined
    beside = others.slice(2, 5)
    besideQuiet = []
    topics = new Set()
    dialled = []
    asked = []
    const host = {
      peerId: self,
      getPeers: () => beside,
      getConnections: () => [],
      peerStore: { merge: async () => {} },
      dial: async (peer: PeerId) => void dialled.push(peer.toString()),
      services: {
        pubsub: {
          subscribe: (topic: string) => topics.add(topic),
          unsubscribe: (topic: string) => topics.delete(topic),
          getSubscribers: (topic: string) => (topic === TOPICS.hearers ? beside : besideQuiet)
        }
      }
    } as unknown as Host
    hearing = new Hearing({
      ...{ host, table, topics: TOPICS, intervalMs: INTERVAL, limits: LIMITS, clock, logger: silentLogger },
      agreed: () => agreed,
      ask: async (peer, of) => void asked.push({ peer: peer.toString(), of }),
      random: { unit: () => 0.1, bytes: (count) => new Uint8Array(count) }
    })
    hearing.start()
  })
  afterEach(() => hearing.stop())

  it('begins with everybody; ends with a map and enough hearers, and begins again without either', async () => {
    await clock.advance(INTERVAL)
    expect([...topics]).to.deep.equal(['all'])
    agree(everybody())
    await clock.advance(INTERVAL)
    expect([...topics]).to.deep.equal(['near'])
    expect(hearing.isHearing).to.equal(false)
    beside = others.slice(2, 3)
    await clock.advance(INTERVAL)
    expect([...topics]).to.deep.equal(['all'])
    beside = others.slice(2, 5)
    await clock.advance(INTERVAL)
    expect([...topics]).to.deep.equal(['near'])
    agreed = { ...agreed!, map: undefined }
    await clock.advance(INTERVAL)
    expect([...topics]).to.deep.equal(['all'])
  })

  it('never ends for a validator', async () => {
    agree(everybody(), { isValidator: true })
    await clock.advance(4 * INTERVAL)
    expect([...topics]).to.deep.equal(['all'])
    expect(dialled).to.deep.equal([])
  })

  it('a hearer with too few others beside it connects to validators', async () => {
    beside = []
    agree(everybody())
    await clock.advance(INTERVAL / 2)
    expect(new Set(dialled)).to.deep.equal(new Set(agreed!.validators))
  })

  it('asks a hearer for peers of the map that are not in the table', async () => {
    const strangers = await Promise.all(Array.from({ length: 70 }, newPeer))
    agree([...everybody(), ...strangers.map((peer) => entry(peer.toString()))])
    await clock.advance(INTERVAL)
    expect(beside.map(String)).to.include(asked[0].peer)
    expect(asked[0].of).to.have.length(64)
    expect(strangers.map(String)).to.include.members([...asked[0].of])
    asked = []
    agree(everybody())
    await clock.advance(INTERVAL)
    expect(asked).to.deep.equal([])
  })

  it('connects to validators when all hearers keep its reports to themselves', async () => {
    const update = (): void => agree(everybody())
    for (let i = 0; i < 8; i++) {
      update()
      await clock.advance(INTERVAL)
    }
    expect(dialled, 'while the map follows').to.deep.equal([])
    const last = clock.nowMs()
    for (let i = 0; i < 5; i++) {
      agree(everybody().map((peer) => (peer.id === self.toString() ? { ...peer, issuedAtMs: last } : peer)))
      await clock.advance(INTERVAL)
    }
    expect(new Set(dialled)).to.deep.equal(new Set(agreed!.validators))
  })

  it('takes from the map what a newer report would say', () => {
    const id = others[0].toString()
    hearing.follow(mapOf([entry(id, { sequence: 2, freeBytes: 7, capacityBytes: 9 })]))
    expect(table.find(id)?.report).to.include({ freeBytes: 7, capacityBytes: 9 })
  })

  it('sends reports to hearers, and to neighbours that do not hear; few of them while a full map has no place', () => {
    expect(hearing.topicsOfNext()).to.deep.equal(['all'])
    besideQuiet = [others[5]]
    expect(hearing.topicsOfNext()).to.deep.equal(['all', 'near'])
    agree(Array.from({ length: 500 }, (_, i) => entry(`peer-${i}`)))
    const sent = Array.from({ length: 16 }, () => hearing.topicsOfNext())
    expect(sent.filter((topics) => topics.includes('all'))).to.have.length(2)
    expect(sent.every((topics) => topics.includes('near'))).to.equal(true)
  })
})
