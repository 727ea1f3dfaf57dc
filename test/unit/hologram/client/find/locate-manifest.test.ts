import { expect } from 'chai'
import { DEFAULT_SETTINGS } from '../../../../../src/hologram/client/settings.ts'
import { newClientCounts } from '../../../../../src/hologram/client/counts.ts'
import { PeerExperience } from '../../../../../src/hologram/client/find/experience.ts'
import { locateManifest } from '../../../../../src/hologram/client/find/locate-manifest.ts'
import { HologramError } from '../../../../../src/hologram/errors.ts'
import { manifestHomes } from '../../../../../src/hologram/placement/placement.ts'
import { encodeManifest } from '../../../../../src/hologram/records/manifest.ts'
import { meshPeers, peerIds } from '../../../../support/peers.ts'
import { VirtualTime } from '../../../../support/virtual-clock.ts'
import { codedObject } from '../../support.ts'
import type { PeerId } from '@libp2p/interface'
import type { ClientContext } from '../../../../../src/hologram/client/context.ts'
import type { MeshPeer } from '../../../../../src/hologram/index.ts'

const OBJECT = codedObject()
const SETTINGS = { ...DEFAULT_SETTINGS, k: 2, n: 4 }
const HEDGE_MS = SETTINGS.minHedgeMs

describe('the search for a manifest', () => {
  let clock: VirtualTime
  let table: MeshPeer[]
  let homes: PeerId[]
  let self: PeerId
  let experience: PeerExperience
  /** Milliseconds that a peer takes; Infinity for one that is silent, undefined for one that has nothing. */
  let answers: Map<string, number>
  let asked: PeerId[]

  beforeEach(async () => {
    clock = new VirtualTime()
    table = await meshPeers(6)
    ;[self] = await peerIds(1)
    homes = manifestHomes(OBJECT.cid, SETTINGS.n, table).map(({ id }) => id)
    experience = new PeerExperience()
    answers = new Map(homes.map((home) => [home.toString(), 1]))
    asked = []
  })

  const locate = async (): Promise<void> => {
    const request = async (peer: PeerId, _request: unknown, signal?: AbortSignal): Promise<unknown> => {
      const afterMs = answers.get(peer.toString())
      if (!peer.equals(self)) asked.push(peer)
      if (afterMs === undefined) throw new HologramError('UNREACHABLE', 'gone', { peer: peer.toString() })
      await clock.sleep(afterMs, signal)
      return {
        manifest: encodeManifest(OBJECT.manifest),
        placement: new Uint8Array(0),
        shards: [],
        statements: [],
        leases: []
      }
    }
    const context = {
      mesh: {
        self,
        placement: () => ({ epoch: 0, peers: table }),
        peers: () => table
      },
      clock,
      settings: SETTINGS,
      objects: { request },
      experience,
      steering: { factor: () => 1 },
      counts: newClientCounts(),
      logger: { debug: () => {} }
    }
    const signal = new AbortController().signal
    await clock.during(locateManifest(context as unknown as ClientContext, OBJECT.cid, signal))
  }
  const ranks = (): number[] => asked.map((peer) => homes.findIndex((home) => home.equals(peer)))

  it('asks one home, and nobody else when it answers', async () => {
    await locate()
    expect(ranks()).to.deep.equal([0])
  })

  it('asks the home that has answered quickest', async () => {
    experience.sampleRequest(homes[2], 40)
    await locate()
    experience.sampleRequest(homes[3], 2)
    await locate()
    expect(ranks()).to.deep.equal([2, 3])
  })

  it('asks the next one at once when a home cannot be reached, and late when it is silent', async () => {
    answers.delete(homes[0].toString())
    await locate()
    expect(ranks()).to.deep.equal([0, 1])
    expect(clock.monotonicMs()).to.equal(1)
    answers.set(homes[0].toString(), 3_600_000)
    asked = []
    await locate()
    expect(ranks()).to.deep.equal([0, 1])
    expect(clock.monotonicMs()).to.equal(1 + HEDGE_MS + 1)
  })

  it('waits longer for homes that are all far away', async () => {
    for (const { id } of table) {
      experience.sampleRequest(id, 400)
      answers.set(id.toString(), 700)
    }
    await locate()
    expect(ranks()).to.deep.equal([0])
  })
})
