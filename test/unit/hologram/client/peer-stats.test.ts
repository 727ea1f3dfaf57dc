import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import { systemClock } from '../../../../src/clock/index.ts'
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { ObjectReply, ObjectRequest, Status } from '../../../../protocols/generated/object.js'
import { newClientCounts } from '../../../../src/hologram/client/counts.ts'
import { PeerExperience } from '../../../../src/hologram/client/find/experience.ts'
import { peerStats } from '../../../../src/hologram/client/peer-stats.ts'
import { ObjectClient } from '../../../../src/hologram/client/wire/object-client.ts'
import { StreamLines } from '../../../../src/hologram/client/wire/stream-lines.ts'
import { openFramed } from '../../../../src/hologram/client/wire/streams.ts'
import { settled } from '../../../support/virtual-clock.ts'
import { FakeMesh } from '../fake-mesh.ts'
import { signer } from '../support.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { PeerStatsSources } from '../../../../src/hologram/client/peer-stats.ts'

const none = new Uint8Array(0)

/** Every peer takes any number of streams, is 12 ms away, and answers when it is told to. */
class FarMesh extends FakeMesh {
  readonly remote: FramedStream[] = []

  override async open(): Promise<Stream> {
    const [outbound, inbound] = await streamPair()
    this.remote.push(new FramedStream(inbound, { maxFrameBytes: 2 ** 16, clock: systemClock }))
    return outbound
  }

  override rttMicros(): number {
    return 12_000
  }
}

describe('statistics of one peer', () => {
  let far: FarMesh
  let sources: PeerStatsSources
  let peer: PeerId

  beforeEach(async () => {
    const [self, other] = await Promise.all([signer(1), signer(2)])
    peer = other.peer
    far = new FarMesh(self)
    const maxPerPeer = (): number => 2
    const mesh = far
    const lines = new StreamLines(maxPerPeer)
    const experience = new PeerExperience()
    const logger = { warn: () => {}, info: () => {}, debug: () => {} }
    const objects = new ObjectClient(
      { mesh, clock: systemClock, logger, counts: newClientCounts(), experience },
      async () => expect.fail('this node itself is not asked'),
      { timeoutMs: 10_000, maxPerPeer }
    )
    sources = { mesh, lines, objects, experience }
  })
  afterEach(() => sources.objects.close())

  it('knows the distance of a peer, and nothing else before the first request', () => {
    expect(peerStats(sources, peer)).to.deep.equal({
      rttMicros: 12_000,
      inFlight: 0,
      waiting: 0,
      blockMs: undefined,
      blockDeviationMs: undefined,
      bytesPerSecond: undefined,
      requestMs: undefined
    })
  })

  it('counts streams until they close, and those that wait for room', async () => {
    const { mesh, lines } = sources
    const opening = [lines.get, lines.get, lines.get, lines.put].map(async (line) =>
      openFramed({ mesh, clock: systemClock, line }, peer, 'get/1', {
        timeoutMs: 10_000,
        maxFrameBytes: 100
      })
    )
    const [first] = await Promise.all([opening[0], opening[1], opening[3]])
    expect(peerStats(sources, peer)).to.include({ inFlight: 3, waiting: 1 })
    first.abort(new Error('enough'))
    await opening[2]
    expect(peerStats(sources, peer)).to.include({ inFlight: 3, waiting: 0 })
    expect(peerStats(sources, far.self)).to.include({ inFlight: 0, waiting: 0 })
  })

  it('counts requests, and learns how long they take', async () => {
    const request = { status: Uint8Array.of(1) }
    const answers = [1, 2, 3].map(async () => sources.objects.request(peer, request))
    while (far.remote.length < 2) await settled()
    expect(peerStats(sources, peer)).to.include({ inFlight: 2, waiting: 1 })
    await Promise.all(far.remote.map(answerAll))
    await Promise.all(answers)
    const { inFlight, waiting, requestMs } = peerStats(sources, peer)
    expect({ inFlight, waiting }).to.deep.equal({ inFlight: 0, waiting: 0 })
    expect(requestMs).to.be.a('number')
  })

  it('shows what blocks have taught', () => {
    sources.experience.sampleLatency(peer, 40)
    sources.experience.sampleRate(peer, 50_000, 10)
    const { blockMs, bytesPerSecond } = peerStats(sources, peer)
    expect(blockMs).to.equal(40)
    expect(bytesPerSecond).to.be.greaterThan(1_000_000)
  })
})

async function answerAll(framed: FramedStream): Promise<void> {
  const wait = { timeoutMs: 10_000 }
  // Answers one request; further ones on the same stream are answered when they come.
  if ((await framed.readMessage(ObjectRequest, wait)) === undefined) return
  const rest = { message: '', retryAfterMs: 0, manifest: none, placement: none, leases: [] }
  await framed.writeMessage(
    ObjectReply,
    { status: Status.OK, shards: [], badBlocks: [], statements: [], ...rest },
    wait
  )
  void answerAll(framed).catch(() => {})
}
