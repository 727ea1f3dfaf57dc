import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import { PutFrame, PutReply, Status } from '../../../../../protocols/generated/object.js'
import { RemoteSink } from '../../../../../src/hologram/client/put/remote-sink.ts'
import { FramedStream } from '../../../../../protocols/framing/index.ts'
import { unhandledDuring } from '../../../../support/rejections.ts'
import { VirtualTime } from '../../../../support/virtual-clock.ts'
import { FakeMesh } from '../../fake-mesh.ts'
import { codeOf, signer } from '../../support.ts'
import type { Stream } from '@libp2p/interface'
import type { Signer } from '../../../../../protocols/signed.ts'

const OPENED = {
  status: Status.OK,
  message: '',
  retryAfterMs: 0,
  blocksHeld: 0,
  heldDigest: new Uint8Array(0)
}
const COMMITMENT = {
  cid: CID.parse('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'),
  manifest: new Uint8Array(10),
  lease: new Uint8Array(10)
}
const COMMIT_TIMEOUT_MS = 60_000

/** A holder that takes the upload, reads frames up to the commit, and then does what the test says. */
class FakeHolder extends FakeMesh {
  readonly clock: VirtualTime
  onCommit: (framed: FramedStream) => Promise<void> = async () => {}
  done: Promise<void> = Promise.resolve()

  constructor(self: Signer, clock: VirtualTime) {
    super(self)
    this.clock = clock
  }

  override async open(): Promise<Stream> {
    const [outbound, inbound] = await streamPair()
    const { clock } = this
    // The stream may break under it: that is what the tests are about.
    this.done = this.#serve(new FramedStream(inbound, { maxFrameBytes: 2 ** 16, clock })).catch(() => {})
    return outbound
  }

  async #serve(framed: FramedStream): Promise<void> {
    const wait = { timeoutMs: Infinity }
    for (;;) {
      const frame = await framed.readMessage(PutFrame, wait)
      if (frame === undefined) return
      if (frame.open !== undefined) await framed.writeMessage(PutReply, OPENED, wait)
      if (frame.commit !== undefined) return this.onCommit(framed)
    }
  }
}

describe('an upload over the network', () => {
  let clock: VirtualTime
  let holder: FakeHolder
  let peer: Signer

  before(async () => {
    peer = await signer(2)
  })
  beforeEach(async () => {
    clock = new VirtualTime()
    holder = new FakeHolder(await signer(1), clock)
  })

  const open = async (signal = new AbortController().signal): Promise<RemoteSink> =>
    RemoteSink.open(
      { mesh: holder, clock },
      { peer: peer.peer, shard: 0, seed: new Uint8Array(32), expectedBytes: 0, oneShot: false, signal },
      { openTimeoutMs: 5_000, sendTimeoutMs: 20_000, commitTimeoutMs: COMMIT_TIMEOUT_MS }
    )

  it('ends when the holder has made the shard durable', async () => {
    holder.onCommit = async (framed) => framed.writeMessage(PutReply, OPENED, { timeoutMs: Infinity })
    const sink = await open()
    expect(await sink.commit(COMMITMENT)).to.equal(undefined)
  })

  it('leaves no rejection behind when the holder dies in the middle of the commit', async () => {
    const rejections = await unhandledDuring(async () => {
      holder.onCommit = async (framed) => framed.abort(new Error('killed'))
      const sink = await open()
      expect(await codeOf(async () => sink.commit(COMMITMENT))).to.equal('UNREACHABLE')
      sink.abandon(new Error('over'))
      await clock.advance(2 * COMMIT_TIMEOUT_MS)
    })
    expect(rejections).to.deep.equal([])
    expect(clock.waiting).to.equal(0)
  })

  it('leaves no rejection behind when the commit cannot be sent', async () => {
    const rejections = await unhandledDuring(async () => {
      const sink = await open()
      sink.abandon(new Error('over'))
      expect(await sink.commit(COMMITMENT).catch((error: Error) => error.message)).to.equal('over')
      await clock.advance(2 * COMMIT_TIMEOUT_MS)
    })
    expect(rejections).to.deep.equal([])
  })

  it('gives up on a holder that does not answer the commit in time', async () => {
    const sink = await open()
    const committed = codeOf(async () => sink.commit(COMMITMENT))
    await holder.done
    await clock.advance(COMMIT_TIMEOUT_MS)
    expect(await committed).to.equal('TIMEOUT')
  })

  it('leaves no rejection behind when its signal fires during the commit', async () => {
    const stop = new AbortController()
    const rejections = await unhandledDuring(async () => {
      const sink = await open(stop.signal)
      const committed = codeOf(async () => sink.commit(COMMITMENT))
      await holder.done
      stop.abort(new Error('enough'))
      expect(await committed).to.equal('ABORTED')
      sink.abandon(new Error('over'))
      await clock.advance(2 * COMMIT_TIMEOUT_MS)
    })
    expect(rejections).to.deep.equal([])
  })
})
