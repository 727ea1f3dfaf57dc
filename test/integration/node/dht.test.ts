import { randomBytes } from 'node:crypto'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { NodeError } from '../../../src/node/index.ts'
import { Lab, prefixOf, startLabHost, until } from './support.ts'
import type { PeerId } from '@libp2p/interface'
import type { LabHost } from './support.ts'

const PEERS = 12
const deadline = (): { signal: AbortSignal } => ({ signal: AbortSignal.timeout(40_000) })
const randomCid = (): CID => CID.createV1(raw.code, Digest.create(0x12, randomBytes(32)))

describe('provider records over 12 peers', function () {
  this.timeout(60_000)
  const peers: LabHost[] = []

  before(async () => {
    peers.push(await startLabHost())
    const bootstrap = peers[0].host.getMultiaddrs().map(String)
    peers.push(...(await Promise.all(Array.from({ length: PEERS - 1 }, () => startLabHost({ bootstrap })))))
  })
  after(async () => {
    await Promise.all(peers.map(({ host }) => host.stop()))
  })

  it('are found by every other peer as soon as provide resolves, for any provider', async () => {
    const cids = peers.map(randomCid)
    await Promise.all(peers.map(({ mesh }, i) => mesh.provide(cids[i], deadline())))
    const finds = peers.flatMap(({ mesh }, reader) =>
      cids.map(async (cid, provider) => {
        if (reader === provider) return
        for await (const found of mesh.findProviders(cid, deadline())) {
          if (found.equals(peers[provider].host.peerId)) return
        }
        throw new Error(`peer ${reader} does not find what peer ${provider} provides`)
      })
    )
    await Promise.all(finds)
    expect(finds).to.have.lengthOf(PEERS * PEERS)
  })

  it('name every provider once, and none for an object that nobody provides', async () => {
    const cid = randomCid()
    await Promise.all(peers.slice(0, 3).map(({ mesh }) => mesh.provide(cid, deadline())))
    const found: string[] = []
    for await (const peer of peers[11].mesh.findProviders(cid, deadline())) found.push(peer.toString())
    expect(found.sort()).to.deep.equal(
      peers
        .slice(0, 3)
        .map(({ host }) => host.peerId.toString())
        .sort()
    )
    for await (const peer of peers[11].mesh.findProviders(randomCid(), deadline()))
      expect.fail(peer.toString())
  })

  it('are not reported as kept when no peer keeps them', async () => {
    const client = await startLabHost({ dht: 'client' })
    const lonely = await startLabHost({ bootstrap: client.host.getMultiaddrs().map(String) })
    try {
      await until('a connection', () => lonely.host.getConnections().length > 0)
      const error = await lonely.mesh
        .provide(randomCid(), { signal: AbortSignal.timeout(1_500) })
        .catch((reason: unknown) => reason)
      const name = error instanceof NodeError ? error.code : (error as Error).name
      expect(name).to.be.oneOf(['NOT_PROVIDED', 'TimeoutError', 'AbortError'])
    } finally {
      await Promise.all([client.host.stop(), lonely.host.stop()])
    }
  })
})

describe('provider records of a stranger', function () {
  this.timeout(120_000)
  const RECORDS = 3_000

  it('take at most their share, and are counted in the status', async () => {
    const lab = new Lab()
    const node = await lab.start('n0', { dht: 'server' })
    const attacker = await startLabHost({}, prefixOf(node))
    await attacker.host.handle(`${prefixOf(node)}/peers/1`, (stream) => stream.abort(new Error('no')))
    try {
      const connection = await attacker.host.dial(multiaddr(node.multiaddrs()[0]), deadline())
      const messages = lpStream(await connection.newStream(`${prefixOf(node)}/kad/1.0.0`, deadline()))
      for (let i = 0; i < RECORDS; i++) {
        await messages.write(addProvider(randomCid(), attacker.host.peerId), deadline())
      }
      const { dhtRecords } = await node.status()
      await until('the share to be full', async () => (await node.status()).dhtRecords.entries === 2_048)
      expect(dhtRecords.entries).to.be.at.most(2_048)
      expect((await node.status()).dhtRecords.bytes).to.be.within(2_048 * 100, 2_048 * 200)
    } finally {
      await attacker.host.stop()
      await lab.stop()
    }
  })

  /** ADD_PROVIDER of kad-dht (libp2p specification, "RPC messages"): type = 2, key, one provider with an address. */
  const addProvider = (cid: CID, peer: PeerId): Uint8Array => {
    const field = (number: number, bytes: Uint8Array): Uint8Array =>
      Buffer.concat([Uint8Array.of((number << 3) | 2, bytes.byteLength), bytes])
    const provider = Buffer.concat([
      field(1, peer.toMultihash().bytes),
      field(2, multiaddr('/ip4/127.0.0.1/tcp/9').bytes)
    ])
    return Buffer.concat([Uint8Array.of(0x08, 2), field(2, cid.bytes), field(9, provider)])
  }
})
