import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import { ObjectReply, ObjectRequest, Status } from '../../../../../protocols/generated/object.js'
import { PeerExperience } from '../../../../../src/hologram/client/find/experience.ts'
import { newClientCounts } from '../../../../../src/hologram/client/counts.ts'
import { ObjectClient } from '../../../../../src/hologram/client/wire/object-client.ts'
import { systemClock } from '../../../../../src/clock/index.ts'
import { FramedStream } from '../../../../../protocols/framing/index.ts'
import { FakeMesh } from '../../fake-mesh.ts'
import { signer } from '../../support.ts'
import type { Stream } from '@libp2p/interface'
import type { Signer } from '../../../../../protocols/signed.ts'

const WAIT = { timeoutMs: 2000 }
const none = new Uint8Array(0)
const STATUS = { status: Uint8Array.of(1) }

/** A peer that answers so many requests on each stream and then closes it; streams are counted. */
class FakePeer extends FakeMesh {
  streams = 0
  answersPerStream = Infinity
  answered = 0

  override async open(): Promise<Stream> {
    this.streams++
    const [outbound, inbound] = await streamPair()
    void this.#serve(new FramedStream(inbound, { maxFrameBytes: 2 ** 16, clock: systemClock }))
    return outbound
  }

  async #serve(framed: FramedStream): Promise<void> {
    for (let left = this.answersPerStream; left > 0; left--) {
      if ((await framed.readMessage(ObjectRequest, WAIT)) === undefined) break
      this.answered++
      const rest = { message: '', retryAfterMs: 0, manifest: none, placement: none, leases: [] }
      await framed.writeMessage(ObjectReply, { status: Status.OK, shards: [this.answered], ...rest }, WAIT)
    }
    await framed.finish(WAIT)
  }
}

describe('client of object/1', () => {
  let self: Signer
  let peer: Signer
  let mesh: FakePeer
  let client: ObjectClient

  before(async () => {
    ;[self, peer] = await Promise.all([signer(1), signer(2)])
  })
  beforeEach(() => {
    mesh = new FakePeer(self)
    client = new ObjectClient(
      {
        mesh,
        clock: systemClock,
        logger: { warn: () => {}, info: () => {}, debug: () => {} },
        counts: newClientCounts(),
        experience: new PeerExperience()
      },
      async () => {
        throw new Error('this node itself is not asked')
      },
      { timeoutMs: 2000, maxPerPeer: () => 16 }
    )
  })
  afterEach(() => client.close())

  const ask = async (): Promise<number> => (await client.request(peer.peer, STATUS)).shards[0]

  it('asks one request after another on one stream', async () => {
    for (const number of [1, 2, 3]) expect(await ask()).to.equal(number)
    expect(mesh.streams).to.equal(1)
  })

  it('opens a stream for each concurrent request, and keeps the streams for later ones', async () => {
    await Promise.all(Array.from({ length: 5 }, ask))
    await Promise.all(Array.from({ length: 5 }, ask))
    expect(mesh.streams).to.equal(5)
    expect(mesh.answered).to.equal(10)
  })

  it('retries on a new stream when the peer has ended a kept one', async () => {
    mesh.answersPerStream = 1
    for (const number of [1, 2, 3]) expect(await ask()).to.equal(number)
    expect(mesh.streams).to.equal(3)
  })

  it('fails when a peer ends a new stream without an answer', async () => {
    mesh.answersPerStream = 0
    const error = await ask().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'PROTOCOL' })
    expect(mesh.streams).to.equal(1)
  })

  it('keeps no stream once closed', async () => {
    await ask()
    client.close()
    expect(await ask()).to.equal(2)
    expect(await ask()).to.equal(3)
    expect(mesh.streams).to.equal(3)
  })
})
