import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { dialPatiently, knowsAll, Lab, livePeers, until } from './support.ts'
import type { Libp2p } from '@libp2p/interface'

/** A peer of the public DHT as far as we can tell: it serves /ipfs/kad/1.0.0 and knows nothing of us. */
const startPublicPeer = async (): Promise<Libp2p> =>
  await createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({ protocol: '/ipfs/kad/1.0.0', clientMode: false, peerInfoMapper: passthroughMapper })
    }
  })

describe('rendezvous through a public DHT', function () {
  this.timeout(90_000)
  let lab: Lab
  const publicPeers: Libp2p[] = []

  before(async () => {
    lab = new Lab()
    for (let i = 0; i < 4; i++) publicPeers.push(await startPublicPeer())
    for (const peer of publicPeers.slice(1)) await dialPatiently(peer, publicPeers[0].getMultiaddrs())
  })
  after(async () => {
    await lab.stop()
    await Promise.all(publicPeers.map((peer) => peer.stop()))
  })

  it('connects peers of one network that know only the public DHT', async () => {
    const settings = {
      bootstrap: [],
      rendezvous: 'ipfs',
      rendezvousBootstrap: publicPeers[0].getMultiaddrs().map(String)
    } as const
    const first = await lab.start('first', settings)
    await until('the first to have provided', async () => (await first.status()).rendezvous === 'joined')
    const stranger = await lab.start('stranger', { ...settings, network: lab.network('elsewhere').path })
    const second = await lab.start('second', settings)
    await until(
      'the two to find each other',
      () => knowsAll(first, [second]) && knowsAll(second, [first]),
      60_000
    )
    expect(livePeers(first)).to.have.lengthOf(2)
    expect(livePeers(stranger)).to.deep.equal([stranger.peerId.toString()])
    const known = first.peers().map(({ id }) => id)
    for (const peer of publicPeers) expect(known).not.to.include(peer.peerId.toString())
  })
})
