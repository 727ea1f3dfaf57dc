import { setImmediate } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import { expect } from 'chai'
import fc from 'fast-check'
import { varint } from 'multiformats'
import { GetRequest } from '../../../protocols/generated/object.js'
import { encodePutBlock } from '../../../src/hologram/wire/block-frame.ts'
import { FramedStream, isFramingError, type FramingErrorCode } from '../../../protocols/framing/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { errorOf, noise, stalledStream } from '../hologram/support.ts'
import { StreamCloseEvent, type Stream } from '@libp2p/interface'

const WAIT = { timeoutMs: 5000 }
const MAX_FRAME_BYTES = 1000

/** The code of the FramingError that `run` rejects with; any other error is thrown on. */
async function codeOf(run: () => Promise<unknown>): Promise<FramingErrorCode> {
  const error = await errorOf(run)
  if (isFramingError(error)) return error.code
  throw error
}

function frame(bytes: Uint8Array): Uint8Array {
  const prefix = varint.encodeTo(bytes.byteLength, new Uint8Array(varint.encodingLength(bytes.byteLength)))
  return new Uint8Array(Buffer.concat([prefix, bytes]))
}

describe('framed stream', () => {
  let clock: VirtualTime
  let remote: Stream
  let framed: FramedStream

  beforeEach(async () => {
    clock = new VirtualTime()
    const [outbound, inbound] = await streamPair()
    remote = outbound
    framed = new FramedStream(inbound, { maxFrameBytes: MAX_FRAME_BYTES, clock, peer: 'bob' })
  })

  afterEach(() => {
    remote.abort(new Error('the test is over'))
    framed.abort(new Error('the test is over'))
  })

  it('knows of a reset that came before it listened', async () => {
    remote.abort(new Error('too many streams'))
    while (framed.stream.status === 'open') await setImmediate()
    const late = new FramedStream(framed.stream, { maxFrameBytes: MAX_FRAME_BYTES, clock, peer: 'bob' })
    const errors = [
      await errorOf(() => late.read(WAIT)),
      await errorOf(() => late.write([new Uint8Array(1)], WAIT))
    ]
    for (const error of errors) expect(error).to.have.nested.property('cause.name', 'StreamResetError')
  })

  it('reads frames as they were written, for any split of the bytes', async () => {
    const sizes = fc.array(fc.nat(MAX_FRAME_BYTES), { minLength: 1, maxLength: 10 })
    const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(sizes, cuts, async (sizes, cuts) => {
        const frames = sizes.map((size, i) => noise(size, i + 1))
        const bytes = Buffer.concat(frames.map(frame))
        for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
          const size = cuts[turn % cuts.length]
          remote.send(bytes.subarray(at, at + size))
          at += size
        }
        for (const expected of frames)
          expect(Buffer.compare((await framed.read(WAIT))!, expected)).to.equal(0)
      }),
      { numRuns: 40 }
    )
  })

  it('writes frames that the other end reads', async () => {
    const other = new FramedStream(remote, { maxFrameBytes: 70000, clock })
    const data = noise(65536)
    await framed.write(encodePutBlock(7, data), WAIT)
    await framed.writeMessage(GetRequest, { cid: new Uint8Array(36), shard: 1, first: 2, count: 3 }, WAIT)
    expect((await other.read(WAIT))!.subarray(-65536)).to.deep.equal(data)
    expect(await other.readMessage(GetRequest, WAIT)).to.include({ shard: 1, first: 2, count: 3 })
  })

  it('ends between two frames when the peer closes', async () => {
    remote.send(frame(noise(10)))
    void remote.close()
    expect(await framed.read(WAIT)).to.have.length(10)
    expect(await framed.read(WAIT)).to.equal(undefined)
    expect(await framed.read(WAIT)).to.equal(undefined)
  })

  it('refuses an end inside a frame, or inside a length', async () => {
    remote.send(frame(noise(10)).subarray(0, 5))
    void remote.close()
    expect(await codeOf(async () => framed.read(WAIT))).to.equal('PROTOCOL')
    const [outbound, inbound] = await streamPair()
    outbound.send(Uint8Array.of(0x80))
    void outbound.close()
    const other = new FramedStream(inbound, { maxFrameBytes: MAX_FRAME_BYTES, clock })
    expect(await codeOf(async () => other.read(WAIT))).to.equal('PROTOCOL')
  })

  it('accepts a frame of the largest size, and refuses a longer one before it reads it', async () => {
    remote.send(frame(noise(MAX_FRAME_BYTES)))
    expect(await framed.read(WAIT)).to.have.length(MAX_FRAME_BYTES)
    remote.send(frame(noise(MAX_FRAME_BYTES + 1)).subarray(0, 2))
    expect(await codeOf(async () => framed.read(WAIT))).to.equal('PROTOCOL')
  })

  it('refuses a length of more than four bytes', async () => {
    remote.send(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01))
    expect(await codeOf(async () => framed.read(WAIT))).to.equal('PROTOCOL')
  })

  it('refuses a length that is longer than it needs to be', async () => {
    remote.send(Uint8Array.of(0x85, 0x00))
    expect(await codeOf(async () => framed.read(WAIT))).to.equal('PROTOCOL')
  })

  it('reports an undecodable message as a breach of protocol', async () => {
    remote.send(frame(new Uint8Array(8).fill(0xff)))
    expect(await codeOf(async () => framed.readMessage(GetRequest, WAIT))).to.equal('PROTOCOL')
  })

  it('times out a peer that sends nothing, or only a part', async () => {
    expect(await clock.during(codeOf(async () => framed.read(WAIT)))).to.equal('TIMEOUT')
    expect(clock.monotonicMs()).to.equal(WAIT.timeoutMs)
    remote.send(frame(noise(100)).subarray(0, 50))
    expect(await clock.during(codeOf(async () => framed.read(WAIT)))).to.equal('TIMEOUT')
  })

  it('waits for ever on request, and leaves no timer behind', async () => {
    const waiting = framed.read({ timeoutMs: Infinity })
    await clock.advance(365 * 24 * 60 * 60 * 1000)
    remote.send(frame(noise(10)))
    expect(await waiting).to.have.length(10)
    expect(clock.waiting).to.equal(0)
  })

  it('stops when the signal fires, before and while it waits', async () => {
    const stop = new AbortController()
    const waiting = codeOf(async () => framed.read({ ...WAIT, signal: stop.signal }))
    stop.abort()
    expect(await waiting).to.equal('ABORTED')
    expect(await codeOf(async () => framed.read({ ...WAIT, signal: stop.signal }))).to.equal('ABORTED')
    expect(await codeOf(async () => framed.write([noise(1)], { ...WAIT, signal: stop.signal }))).to.equal(
      'ABORTED'
    )
  })

  it('distinguishes a broken stream from a closed one, and still reads the bytes before', async () => {
    remote.send(frame(noise(10)))
    expect(await framed.read(WAIT)).to.have.length(10)
    remote.send(frame(noise(20)))
    const second = framed.read(WAIT)
    expect(await second).to.have.length(20)
    const third = codeOf(async () => framed.read(WAIT))
    remote.abort(new Error('gone'))
    expect(await third).to.equal('UNREACHABLE')
    expect(await codeOf(async () => framed.write([noise(1)], WAIT))).to.equal('UNREACHABLE')
  })

  it('cannot write after closing', async () => {
    await framed.close(WAIT)
    expect(await codeOf(async () => framed.write([noise(1)], WAIT))).to.equal('UNREACHABLE')
  })

  it('slows down a peer that sends faster than it is read', async () => {
    const { stream } = framed
    while (stream.readStatus !== 'paused') {
      remote.send(frame(noise(MAX_FRAME_BYTES)))
      await setImmediate()
    }
    const buffered = framed.bufferedBytes
    expect(buffered).to.be.within(256 * 1024, 512 * 1024)
    while (framed.bufferedBytes > 1002) await framed.read(WAIT)
    expect(stream.readStatus).to.equal('readable')
  })

  it('does not pause during a resume, which the muxer would not notice', async () => {
    const { stream } = framed
    while (stream.readStatus !== 'paused') {
      remote.send(frame(noise(MAX_FRAME_BYTES)))
      await setImmediate()
    }
    for (let i = 0; i < 600; i++) remote.send(frame(noise(MAX_FRAME_BYTES)))
    while (stream.readBufferLength < 600 * 1002) await setImmediate()
    const calls: string[] = []
    const { pause, resume } = stream
    stream.pause = () => (calls.push('pause'), pause.call(stream))
    stream.resume = () => (calls.push('resume'), resume.call(stream), calls.push('resumed'))
    while (calls.length === 0) await framed.read(WAIT)
    expect(calls).to.deep.equal(['resume', 'resumed', 'pause'])
  })

  it('waits for a peer that reads nothing, and fails at the deadline', async () => {
    const stalled = stalledStream(framed.stream)
    expect(await clock.during(codeOf(async () => framed.write([noise(10)], WAIT)))).to.equal('TIMEOUT')
    const write = framed.write([noise(10)], WAIT)
    stalled.drain()
    expect(await write).to.equal(undefined)
  })

  it('fails when the stream breaks while it waits to write', async () => {
    stalledStream(framed.stream)
    const write = codeOf(async () => framed.write([noise(10)], WAIT))
    remote.abort(new Error('gone'))
    expect(await write).to.equal('UNREACHABLE')
  })

  it('fails when the connection closes while it waits to write', async () => {
    stalledStream(framed.stream)
    const write = codeOf(async () => framed.write([noise(10)], WAIT))
    Object.assign(framed.stream, { status: 'closed', writeStatus: 'closed', remoteWriteStatus: 'closed' })
    framed.stream.dispatchEvent(new StreamCloseEvent())
    expect(await write).to.equal('UNREACHABLE')
  })

  it('finishes with a peer that also closes, whatever it still sends', async () => {
    const finished = framed.finish(WAIT)
    remote.send(noise(5000))
    await remote.close()
    await finished
    expect(framed.stream.status).to.equal('closed')
    expect(framed.bufferedBytes).to.equal(0)
  })

  it('resets the stream of a peer that does not close', async () => {
    await clock.during(framed.finish(WAIT))
    expect(framed.stream.status).to.equal('aborted')
  })

  it('keeps the first reason for which it broke', async () => {
    framed.abort(new Error('first'))
    framed.abort(new Error('second'))
    expect(await errorOf(async () => framed.read(WAIT))).to.have.property('message', 'first')
  })
})
