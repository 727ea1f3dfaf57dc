import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Ed25519PrivateKey, PeerId, Stream } from '@libp2p/interface'
import { expect } from 'chai'
import { lpStream } from '@libp2p/utils'
import { HeadReply, HeadRequest, HeadStatus } from '../../../protocols/generated/head.js'
import { systemClock } from '../../../src/clock/index.ts'
import { copyHomes } from '../../../src/hologram/index.ts'
import { headSeed, Heads, signHead } from '../../../src/heads/index.ts'
import { silentLogger } from '../../../src/node/index.ts'
import { eventually } from '../../support/eventually.ts'
import { TestNetwork } from '../../support/mesh.ts'
import type { TestMesh } from '../../support/mesh.ts'

const DAY_MS = 86_400_000

interface Peer {
  readonly mesh: TestMesh
  readonly heads: Heads
  /** What it has on its disk. */
  readonly disk: Map<string, Uint8Array>
}

describe('heads: kept by real hosts', function () {
  this.timeout(60_000)
  let network: TestNetwork
  let peers: Peer[]
  let key: Ed25519PrivateKey
  let name: PeerId

  const join = async (): Promise<Peer> => {
    const mesh = await network.join()
    const disk = new Map<string, Uint8Array>()
    const heads = new Heads(
      {
        mesh,
        homes: (seed, count) => copyHomes(seed, count, mesh.peers()).map(({ id }) => id),
        records: {
          write: async (changes) => {
            for (const { key: at, value } of changes) {
              if (value === undefined) disk.delete(at)
              else disk.set(at, value)
            }
          },
          list: async () => [...disk].map(([at, value]) => ({ key: at, value }))
        },
        networkOf: () => 'here',
        clock: systemClock,
        logger: silentLogger
      },
      { replicas: 5, handOverMs: 200, timeoutMs: 2_000 }
    )
    await heads.start()
    const peer = { mesh, heads, disk }
    peers.push(peer)
    return peer
  }

  beforeEach(async () => {
    network = new TestNetwork()
    peers = []
    for (let i = 0; i < 12; i++) await join()
    key = await generateKeyPair('Ed25519')
    name = peerIdFromPrivateKey(key)
  })
  afterEach(async () => {
    await Promise.all(peers.map(async ({ heads }) => await heads.stop()))
    await network.stop()
  })

  const sign = async (sequence: number, text: string, by = key): Promise<Uint8Array> =>
    await signHead(
      network.networkId,
      { sequence, expiresAtMs: Date.now() + DAY_MS, value: Buffer.from(text) },
      { peer: peerIdFromPrivateKey(by), sign: async (bytes) => await by.sign(bytes) }
    )
  const read = async ({ heads }: Peer): Promise<string[]> =>
    (await heads.resolve(name)).heads.map(({ value }) => Buffer.from(value).toString()).sort()
  const keepers = (): Peer[] => peers.filter(({ disk }) => disk.has(name.toString()))
  const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
    await promise.then(
      () => undefined,
      (error: { code?: unknown }) => error.code
    )
  /** The peer is gone: it serves nothing, and nobody's table has it. */
  const kill = async (peer: Peer): Promise<void> => {
    peer.mesh.withdraw()
    await peer.mesh.host.stop()
  }

  it('are read by every peer, as they were published last', async () => {
    expect(await codeOf(peers[3].heads.resolve(name))).to.equal('NO_HEAD')
    const published = await peers[0].heads.publish(name, await sign(1, 'one'))
    expect(published.confirmed).to.be.at.least(3)
    expect(published.keepers).to.equal(5)
    for (const peer of peers) expect(await read(peer)).to.deep.equal(['one'])
    await peers[1].heads.publish(name, await sign(2, 'two'))
    for (const peer of peers) expect(await read(peer)).to.deep.equal(['two'])
    expect(await codeOf(peers[2].heads.publish(name, await sign(1, 'one')))).to.equal('STALE_HEAD')
  })

  it('are refused under another name, unsigned, and where there is no majority', async () => {
    const other = await generateKeyPair('Ed25519')
    expect(await codeOf(peers[0].heads.publish(name, await sign(1, 'x', other)))).to.equal('BAD_HEAD')
    expect(await codeOf(peers[0].heads.publish(name, new Uint8Array(100)))).to.equal('BAD_HEAD')
    await peers[0].heads.publish(name, await sign(1, 'one'))
    const away = keepers().slice(0, 3)
    // They are in every table still.
    for (const { mesh } of away) await mesh.host.stop()
    const asker = peers.find((peer) => !away.includes(peer))!
    expect(await codeOf(asker.heads.resolve(name))).to.equal('NO_MAJORITY')
    expect(await codeOf(asker.heads.publish(name, await sign(2, 'two')))).to.equal('NO_MAJORITY')
  })

  it('that conflict are all kept and shown, until one is published above them', async () => {
    await Promise.all([
      peers[0].heads.publish(name, await sign(7, 'a')),
      peers[1].heads.publish(name, await sign(7, 'b'))
    ])
    for (const peer of peers.slice(0, 4)) expect(await read(peer)).to.deep.equal(['a', 'b'])
    await peers[2].heads.publish(name, await sign(8, 'b'))
    expect(await read(peers[3])).to.deep.equal(['b'])
  })

  it('outlive the loss of all peers that kept them first, one after another, without their owner', async () => {
    await peers[0].heads.publish(name, await sign(1, 'kept'))
    const first = keepers()
    for (const keeper of first) {
      await kill(keeper)
      await eventually('others to take it on', () => {
        const homes = copyHomesOf(peers.find(({ mesh }) => mesh.host.status === 'started')!)
        return homes.every((peer) => peer.disk.has(name.toString()))
      })
    }
    for (const peer of peers.filter(({ mesh }) => mesh.host.status === 'started')) {
      expect(await read(peer)).to.deep.equal(['kept'])
    }
  })

  it('go to new homes, and the old ones forget them once a majority has them', async () => {
    await peers[0].heads.publish(name, await sign(1, 'moving'))
    const first = keepers()
    for (const peer of first) peer.mesh.withdraw()
    await eventually('the old ones to forget it', () => first.every(({ disk }) => disk.size === 0))
    for (const peer of peers) expect(await read(peer)).to.deep.equal(['moving'])
  })

  it('are answered with a refusal when asked by nonsense', async () => {
    const [from, to] = peers
    const ask = async (request: Partial<HeadRequest>): Promise<HeadReply> => {
      const stream: Stream = await from.mesh.open(to.mesh.self, to.mesh.protocol('head/1'), {
        signal: AbortSignal.timeout(5_000)
      })
      const lp = lpStream(stream)
      await lp.write(HeadRequest.encode(request))
      const reply = HeadReply.decode((await lp.read()).subarray())
      stream.abort(new Error('done'))
      return reply
    }
    for (const request of [{}, { get: Uint8Array.of(1, 2) }, { put: new Uint8Array(3_000) }]) {
      expect((await ask(request)).status).to.equal(HeadStatus.HEAD_REFUSED)
    }
  })

  const copyHomesOf = ({ mesh }: Peer): Peer[] => {
    const seed = headSeed(name)
    const homes = copyHomes(seed, 5, mesh.peers()).map(({ id }) => id.toString())
    return peers.filter((peer) => homes.includes(peer.mesh.self.toString()))
  }
})
