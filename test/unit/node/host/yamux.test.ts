import { multiaddrConnectionPair } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { expect } from 'chai'
import { nodeMuxer, thriftyYamux } from '../../../../src/node/host/yamux.ts'
import { systemClock } from '../../../../src/clock/index.ts'
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { eventually } from '../../../support/eventually.ts'
import type { MultiaddrConnection, Stream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'

const KIB = 1024
const WINDOW = { streamOptions: { initialStreamWindowSize: 256 * KIB, maxStreamWindowSize: 256 * KIB } }
const WAIT = { timeoutMs: 5000 }

describe('yamux', () => {
  const muxers: StreamMuxer[] = []
  afterEach(async () => {
    await Promise.all(muxers.splice(0).map(async (muxer) => muxer.close().catch(() => {})))
  })

  /** A stream between two muxers, and how many frames each of them has sent. */
  const open = async (
    factory: StreamMuxerFactory
  ): Promise<{ near: FramedStream; far: FramedStream; sent: { near: number; far: number } }> => {
    const [outbound, inbound] = multiaddrConnectionPair()
    const sent = { near: 0, far: 0 }
    count(outbound, () => sent.near++)
    count(inbound, () => sent.far++)
    const [dialler, listener] = [outbound, inbound].map((connection) => factory.createStreamMuxer(connection))
    muxers.push(dialler, listener)
    const accepted = new Promise<Stream>((resolve) => {
      listener.addEventListener('stream', ({ detail }) => resolve(detail), { once: true })
    })
    const near = new FramedStream(await dialler.createStream(), {
      maxFrameBytes: 2 ** 22,
      clock: systemClock
    })
    return {
      near,
      far: new FramedStream(await accepted, { maxFrameBytes: 2 ** 22, clock: systemClock }),
      sent
    }
  }

  const count = (connection: MultiaddrConnection, onSend: () => void): void => {
    const send = connection.send.bind(connection)
    connection.send = (data) => {
      onSend()
      return send(data)
    }
  }

  const requests = async (factory: StreamMuxerFactory, times: number): Promise<number> => {
    const { near, far, sent } = await open(factory)
    for (let i = 0; i < times; i++) {
      await near.write([new Uint8Array(100)], WAIT)
      await far.read(WAIT)
      await far.write([new Uint8Array(10)], WAIT)
      await near.read(WAIT)
    }
    return sent.near + sent.far
  }

  it('sends one frame for a small request and one for its reply, where js-yamux sends four', async () => {
    expect(await requests(thriftyYamux(WINDOW)(), 100)).to.be.within(200, 210)
    // When this fails, js-yamux has learnt it and src/node/host/yamux.ts can go.
    expect(await requests(yamux(WINDOW)(), 100)).to.be.at.least(400)
  })

  it('carries many times the size of the window, in pieces of any size', async () => {
    const { near, far } = await open(thriftyYamux(WINDOW)())
    const sizes = [1, 100, 64 * KIB, 255 * KIB, 256 * KIB, 257 * KIB, 1024 * KIB, 3]
    const writing = (async () => {
      for (let round = 0; round < 3; round++) {
        for (const size of sizes) await near.write([new Uint8Array(size).fill(size % 251)], WAIT)
      }
      await near.close(WAIT)
    })()
    for (let round = 0; round < 3; round++) {
      for (const size of sizes) {
        const frame = await far.read(WAIT)
        expect(frame?.byteLength).to.equal(size)
        expect(frame?.every((byte) => byte === size % 251)).to.equal(true)
      }
    }
    expect(await far.read(WAIT)).to.equal(undefined)
    await writing
  })

  it('takes many streams that arrive before the other end of the connection is ready', async () => {
    const [outbound, inbound] = multiaddrConnectionPair()
    const factory = nodeMuxer()()
    const [dialler, listener] = [outbound, inbound].map((connection) => factory.createStreamMuxer(connection))
    muxers.push(dialler, listener)
    const streams = await Promise.all(Array.from({ length: 100 }, async () => dialler.createStream()))
    await eventually('all streams to arrive', () => listener.streams.length === streams.length)
    const arrived = new Promise<void>((resolve) => {
      let left = streams.length
      listener.addEventListener('stream', () => --left === 0 && resolve())
    })
    await arrived
    expect(streams.every(({ status }) => status === 'open')).to.equal(true)
  })

  it('ends the connection together with the muxer, at both ends', async () => {
    const [outbound, inbound] = multiaddrConnectionPair()
    const ends = [outbound, inbound]
    const closed = ends.map(
      async (end) =>
        new Promise<void>((resolve) => end.addEventListener('close', () => resolve(), { once: true }))
    )
    const [dialler] = ends.map((connection) => nodeMuxer()().createStreamMuxer(connection))
    dialler.abort(new Error('a fault of the muxer'))
    await Promise.all(closed)
    expect(ends.map(({ status }) => status)).not.to.include('open')
  })
})
