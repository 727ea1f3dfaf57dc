import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect } from 'chai'
import { systemClock } from '../../../../src/clock/index.ts'
import { FramedStream } from '../../../../protocols/framing/index.ts'
import { MAX_DATA_BYTES } from '../../../../src/node/bulk/records.ts'
import { HEAD_START_MS, IDLE_MS, MAX_CONNECTIONS_PER_PEER } from '../../../../src/node/bulk/pool.ts'
import { eventually } from '../../../support/eventually.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import { ECHO, HOST, PREFIX, TestChannels } from './support.ts'
import type { AddressInfo } from 'node:net'
import type { PeerId, Stream } from '@libp2p/interface'
import type { TestChannel } from './support.ts'

const WAIT = { timeoutMs: 20_000 }
const MAX_FRAME_BYTES = 4 * 2 ** 20
const never = { signal: new AbortController().signal }

const framed = (stream: Stream): FramedStream =>
  new FramedStream(stream, { maxFrameBytes: MAX_FRAME_BYTES, clock: systemClock })

/** Sends every frame back, until the other end closes. */
const echo = async (stream: Stream): Promise<void> => {
  const frames = framed(stream)
  for (let frame = await frames.read(WAIT); frame !== undefined; frame = await frames.read(WAIT)) {
    await frames.write([frame], WAIT)
  }
  await frames.finish(WAIT)
}

describe('the bulk channel', () => {
  let channels: TestChannels
  beforeEach(() => {
    channels = new TestChannels()
  })
  afterEach(async () => {
    await channels.stop()
  })

  const server = async (): Promise<TestChannel> => {
    const started = await channels.start()
    started.channel.handle(ECHO, echo)
    return started
  }
  const open = async ({ channel }: TestChannel, peer: PeerId): Promise<FramedStream> => {
    const stream = await channel.open(peer, ECHO, never)
    expect(stream).not.to.equal(undefined)
    return framed(stream!)
  }
  const converse = async (frames: FramedStream, bytes: Uint8Array): Promise<void> => {
    await frames.write([bytes], WAIT)
    expect(Buffer.compare((await frames.read(WAIT))!, bytes)).to.equal(0)
    await frames.finish(WAIT)
  }

  it('carries frames of every size both ways, and tells both ends who the other is', async () => {
    const holder = await server()
    const client = await channels.start()
    const askers: PeerId[] = []
    holder.channel.handle(ECHO, async (stream, { remotePeer }) => {
      askers.push(remotePeer)
      await echo(stream)
    })
    for (const size of [
      0,
      1,
      4095,
      4096,
      MAX_DATA_BYTES - 3,
      MAX_DATA_BYTES,
      MAX_DATA_BYTES + 1,
      3 * 2 ** 20
    ]) {
      await converse(await open(client, holder.peer), randomBytes(size))
    }
    expect(askers.every((asker) => asker.equals(client.peer))).to.equal(true)
    expect(client.channel.works(holder.peer)).to.equal(true)
    expect(holder.channel.works(client.peer)).to.equal(true)
  })

  it('uses one connection for conversations one after another, and up to four at once', async () => {
    const holder = await server()
    const client = await channels.start()
    for (let i = 0; i < 5; i++) await converse(await open(client, holder.peer), randomBytes(1000))
    expect(client.channel.counts.connections.outbound).to.equal(1)
    const many = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS_PER_PEER }, async () => await open(client, holder.peer))
    )
    expect(await client.channel.open(holder.peer, ECHO, never)).to.equal(undefined)
    await Promise.all(many.map(async (frames) => await converse(frames, randomBytes(1000))))
    expect(client.channel.counts.connections.outbound).to.equal(MAX_CONNECTIONS_PER_PEER)
    expect(client.channel.counts.opened).to.equal(5 + MAX_CONNECTIONS_PER_PEER)
  })

  it('holds the sender back while the reader pauses, in both directions', async () => {
    const holder = await channels.start()
    const client = await channels.start()
    const served: Stream[] = []
    holder.channel.handle(ECHO, async (stream) => void served.push(stream))
    const ours = (await client.channel.open(holder.peer, ECHO, never))!
    ours.send(Uint8Array.of(1))
    await eventually('the conversation to begin', () => served.length === 1)
    const block = randomBytes(2 ** 18)
    for (const [sender, reader] of [
      [ours, served[0]],
      [served[0], ours]
    ]) {
      let received = 0
      reader.pause()
      reader.addEventListener('message', ({ data }) => {
        received += data.byteLength
      })
      let sent = 0
      while (sender.send(block)) sent += block.byteLength
      // What TCP and TLS take at most on their way; far less than the 64 MiB that an unbounded sender would get rid of.
      let isDrained = false
      for (let quiet = 0; quiet < 20;) {
        if (!sender.writableNeedsDrain && sent < 64 * 2 ** 20) {
          sent += block.byteLength
          isDrained = sender.send(block)
          quiet = 0
        } else {
          await systemClock.sleep(5)
          quiet++
        }
      }
      expect(isDrained).to.equal(false)
      expect(sent).to.be.below(32 * 2 ** 20)
      expect(received).to.equal(0)
      expect(reader.readBufferLength).to.be.below(2 * MAX_DATA_BYTES)
      reader.resume()
      await eventually('the rest to come', () => received >= sent)
    }
    ours.abort(new Error('enough'))
  })

  it('breaks a conversation whose connection breaks, at both ends, and connects anew for the next', async () => {
    const holder = await channels.start()
    const client = await channels.start()
    const broken: Array<Promise<unknown>> = []
    holder.channel.handle(ECHO, async (stream) => {
      broken.push(
        framed(stream)
          .read(WAIT)
          .catch((error: unknown) => error)
      )
    })
    const frames = await open(client, holder.peer)
    await frames.write([randomBytes(10)], WAIT)
    await eventually('the conversation to begin', () => broken.length === 1)
    await broken[0]
    frames.abort(new Error('enough'))
    await eventually('the holder to notice', () => holder.channel.counts.connections.inbound === 0)
    holder.channel.handle(ECHO, echo)
    await converse(await open(client, holder.peer), randomBytes(10))
  })

  it('ends a stream with an error when the other end goes away in the middle of it', async () => {
    const holder = await server()
    const client = await channels.start()
    const frames = await open(client, holder.peer)
    await frames.write([randomBytes(10)], WAIT)
    await frames.read(WAIT)
    const read = frames.read(WAIT).catch((error: { code?: string }) => error.code)
    await holder.channel.stop()
    expect(await read).to.equal('UNREACHABLE')
  })

  it('lets go of idle connections after a while, and of all at once when it stops', async () => {
    const clock = new VirtualTime(Date.now())
    const holder = await server()
    const client = await channels.start({ clock })
    await converse(await open(client, holder.peer), randomBytes(10))
    expect(client.channel.size).to.equal(1)
    await clock.advance(IDLE_MS)
    await eventually(
      'the connection to close at both ends',
      () => client.channel.size + holder.channel.size === 0
    )
    await converse(await open(client, holder.peer), randomBytes(10))
    await client.channel.stop()
    await eventually(
      'the connection to close at both ends',
      () => client.channel.size + holder.channel.size === 0
    )
  })

  it('counts against the limit on connections, and gives up idle ones first', async () => {
    const holders = await Promise.all(Array.from({ length: 3 }, server))
    const client = await channels.start({ maxConnections: 10, otherConnections: () => 8 })
    const busy = await open(client, holders[0].peer)
    await converse(await open(client, holders[1].peer), randomBytes(10))
    // The third takes the place of the second, which is idle.
    const third = await open(client, holders[2].peer)
    expect(client.channel.size).to.equal(2)
    expect(await client.channel.open(holders[1].peer, ECHO, never)).to.equal(undefined)
    await converse(busy, randomBytes(10))
    await converse(third, randomBytes(10))
    expect(client.channel.endIdle()).to.equal(true)
  })

  it('leaves the stream to libp2p where nobody listens, at once the second time, and tries again later', async () => {
    const clock = new VirtualTime(Date.now())
    const gone = await channels.start()
    const { port } = gone.channel
    await gone.channel.stop()
    const client = await channels.start({ clock, endpoints: () => [{ host: HOST, port }] })
    expect(await client.channel.open(gone.peer, ECHO, never)).to.equal(undefined)
    expect(client.channel.works(gone.peer)).to.equal(false)
    expect(await client.channel.open(gone.peer, ECHO, never)).to.equal(undefined)
    expect(client.channel.counts.failed).to.deep.equal({ BROKEN: 1 })
    await clock.advance(5_000)
    expect(await client.channel.open(gone.peer, ECHO, never)).to.equal(undefined)
    expect(client.channel.counts.failed).to.deep.equal({ BROKEN: 2 })
    // The pause doubles.
    await clock.advance(5_000)
    expect(await client.channel.open(gone.peer, ECHO, never)).to.equal(undefined)
    expect(client.channel.counts.failed).to.deep.equal({ BROKEN: 2 })
  })

  it('leaves the stream to libp2p after a second where a port swallows what comes, and keeps to its deadline', async () => {
    const clock = new VirtualTime(Date.now())
    const silent = createServer(() => {})
    silent.listen(0, HOST)
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const holder = await channels.start()
    const client = await channels.start({ clock, endpoints: () => [{ host: HOST, port }] })
    const stream = client.channel.open(holder.peer, ECHO, never)
    await clock.advance(HEAD_START_MS)
    expect(await stream).to.equal(undefined)
    await clock.advance(8_000)
    await eventually('the attempt to end', () => client.channel.size === 0)
    expect(client.channel.counts.failed).to.deep.equal({ TIMEOUT: 1 })
    silent.close()
  })

  it('stops waiting for a connection when the caller does', async () => {
    const silent = createServer(() => {})
    silent.listen(0, HOST)
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    const holder = await channels.start()
    const client = await channels.start({ endpoints: () => [{ host: HOST, port }] })
    const stop = new AbortController()
    const stream = client.channel
      .open(holder.peer, ECHO, { signal: stop.signal })
      .catch((error: unknown) => error)
    stop.abort(new Error('no longer needed'))
    expect(((await stream) as Error).message).to.equal('no longer needed')
    silent.close()
  })

  it('is refused, and counted, where another peer answers', async () => {
    const holder = await server()
    const other = await channels.start()
    const client = await channels.start({ endpoints: () => [{ host: HOST, port: holder.channel.port }] })
    expect(await client.channel.open(other.peer, ECHO, never)).to.equal(undefined)
    expect(client.channel.counts.failed).to.deep.equal({ OTHER_PEER: 1 })
  })

  it('has no listener where it is told of no address, and still dials', async () => {
    const holder = await server()
    const client = await channels.start({ listen: { hosts: [], port: 0, orFree: false } })
    expect(client.channel.port).to.equal(0)
    await converse(await open(client, holder.peer), randomBytes(10))
  })

  it('breaks the connection of a peer that asks for a protocol that nobody serves', async () => {
    const holder = await server()
    const client = await channels.start()
    const stream = (await client.channel.open(holder.peer, `${PREFIX}/other/1`, never))!
    const frames = framed(stream)
    expect(await frames.read(WAIT).catch((error: { code?: string }) => error.code)).to.equal('UNREACHABLE')
  })
})
