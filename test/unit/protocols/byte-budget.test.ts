import { setImmediate as turn } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import { varint } from 'multiformats'
import { ByteBudget, FramedStream } from '../../../protocols/framing/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { errorOf } from '../hologram/support.ts'
import type { Stream } from '@libp2p/interface'

const KIB = 1024
const WAIT = { timeoutMs: 5_000 }

describe('byte budget', () => {
  const newBudget = (): ByteBudget =>
    new ByteBudget({ totalBytes: 1000, perPeerBytes: 600, minPerPeerBytes: 100 })

  it('bounds the bytes that the streams of one peer hold, and frees them', () => {
    const budget = newBudget()
    const [first, second] = [budget.share('bob'), budget.share('bob')]
    expect([first.hold(400), second.hold(201), second.hold(200)]).to.deep.equal([true, false, true])
    expect(budget.heldBytes).to.equal(600)
    expect([first.hold(100), second.hold(500)]).to.deep.equal([true, true])
    first.release()
    first.release()
    second.release()
    expect(budget.heldBytes).to.equal(0)
  })

  it('bounds the bytes of all peers together, and leaves each peer a minimum', () => {
    const budget = newBudget()
    expect([budget.share('bob').hold(600), budget.share('eve').hold(400)]).to.deep.equal([true, true])
    expect(budget.share('carol').hold(101)).to.equal(false)
    expect(budget.share('carol').hold(100)).to.equal(true)
  })

  it('counts bytes that have arrived beyond the limit, and reports them', () => {
    const budget = newBudget()
    const share = budget.share('bob')
    expect([share.mustHold(600), share.mustHold(601), budget.heldBytes]).to.deep.equal([true, false, 601])
    expect([share.hold(601), share.hold(602), share.hold(10)]).to.deep.equal([true, false, true])
  })
})

describe('framed streams of one peer with a budget', () => {
  const FRAME_BYTES = 64 * KIB
  const streams: Stream[] = []
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.abort(new Error('the test is over'))
  })

  const open = async (budget: ByteBudget): Promise<{ remote: Stream; framed: FramedStream }> => {
    const [remote, inbound] = await streamPair()
    streams.push(remote, inbound)
    const framed = new FramedStream(inbound, {
      maxFrameBytes: FRAME_BYTES,
      clock: new VirtualTime(),
      peer: 'bob',
      budget: budget.share('bob')
    })
    return { remote, framed }
  }
  const length = (bytes: number): Uint8Array =>
    varint.encodeTo(bytes, new Uint8Array(varint.encodingLength(bytes)))

  it('refuse a message over the budget, can still answer, and accept it when others have ended', async () => {
    const budget = new ByteBudget({
      totalBytes: 10 * FRAME_BYTES,
      perPeerBytes: 3 * FRAME_BYTES,
      minPerPeerBytes: 0
    })
    const unfinished = await Promise.all(Array.from({ length: 3 }, async () => open(budget)))
    const reads = unfinished.map(async ({ remote, framed }) => {
      remote.send(length(FRAME_BYTES))
      return await framed.read(WAIT)
    })
    await turn()
    await turn()
    expect(budget.heldBytes).to.equal(3 * FRAME_BYTES)
    const late = await open(budget)
    late.remote.send(length(FRAME_BYTES))
    expect(await errorOf(async () => late.framed.read(WAIT))).to.have.property('code', 'OVERLOADED')
    await late.framed.write([Buffer.from('busy')], WAIT)
    late.framed.release()
    unfinished[0].remote.send(new Uint8Array(FRAME_BYTES))
    expect((await reads[0])?.byteLength).to.equal(FRAME_BYTES)
    unfinished[0].framed.release()
    const again = await open(budget)
    again.remote.send(length(FRAME_BYTES))
    again.remote.send(new Uint8Array(FRAME_BYTES))
    expect((await again.framed.read(WAIT))?.byteLength).to.equal(FRAME_BYTES)
    for (const { framed } of [...unfinished, again]) framed.release()
    expect(budget.heldBytes).to.equal(0)
    for (const { framed } of unfinished) framed.abort(new Error('enough'))
    await Promise.allSettled(reads)
  })

  it('count unexpected bytes, and free them when they are discarded', async () => {
    const budget = new ByteBudget({ totalBytes: 2 ** 30, perPeerBytes: 2 ** 30, minPerPeerBytes: 0 })
    const { remote, framed } = await open(budget)
    remote.send(new Uint8Array(10 * KIB))
    await turn()
    await turn()
    expect(budget.heldBytes)
      .to.equal(framed.bufferedBytes)
      .and.to.equal(10 * KIB)
    void framed.finish({ timeoutMs: 10 })
    expect(budget.heldBytes).to.equal(0)
  })
})
