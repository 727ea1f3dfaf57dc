import { expect } from 'chai'
import { drive, NodeClock, uniformLatency, VirtualClock } from './engine/index.ts'
import { SimFileSystem } from './mesh/disk.ts'
import { Links } from './mesh/links.ts'
import { SimStream } from './mesh/stream.ts'

const FAST = { upBytesPerSecond: 1e9, downBytesPerSecond: 1e9 }

async function settle<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isSettled = false
  void work.finally(() => (isSettled = true)).catch(() => {})
  await drive(clock, Infinity, () => isSettled)
  return await work
}

describe('simulated disk', () => {
  async function disk() {
    const clock = new VirtualClock()
    const system = new SimFileSystem()
    const mounted = system.mount(new NodeClock(clock))
    return { clock, system, mounted }
  }

  it('keeps what was synced and loses the rest', async () => {
    const { clock, system, mounted } = await disk()
    const work = async (): Promise<void> => {
      const file = await mounted.create('/d/f')
      await file.write(Uint8Array.of(1, 2, 3), 0)
      await file.sync()
      await mounted.syncDirectory('/d')
      await file.write(Uint8Array.of(9, 9), 2)
    }
    await settle(clock, work())
    system.crash()
    const file = await settle(clock, mounted.open('/d/f', 'read'))
    const bytes = new Uint8Array(8)
    expect(file.readSync(bytes, 0)).to.equal(3)
    expect([...bytes.subarray(0, 3)]).to.deep.equal([1, 2, 3])
  })

  it('loses names that their folder was not synced for', async () => {
    const { clock, system, mounted } = await disk()
    const work = async (): Promise<void> => {
      await (await mounted.create('/d/new')).sync()
      await mounted.syncDirectory('/d')
      await mounted.rename('/d/new', '/d/renamed')
      await (await mounted.create('/d/unsynced')).sync()
    }
    await settle(clock, work())
    system.crash()
    expect(system.paths('')).to.deep.equal(['/d/new'])
  })

  it('does nothing any more for a process that was killed', async () => {
    const clock = new VirtualClock()
    const system = new SimFileSystem()
    const process = new NodeClock(clock)
    const mounted = system.mount(process)
    const work = mounted.create('/d/late')
    process.stop()
    await drive(clock, 1_000_000)
    expect(system.paths('')).to.deep.equal([])
    void work
  })
})

describe('simulated links and streams', () => {
  function pair(latencyMicros = 10_000, rates = FAST) {
    const clock = new VirtualClock()
    const links = new Links(clock, uniformLatency(latencyMicros))
    const [a, b] = [links.add(rates), links.add(rates)]
    const [outbound, inbound] = SimStream.pair(links, a, b, '0', '/test')
    return { clock, links, a, b, outbound, inbound }
  }

  it('delivers after the latency and the time that the bytes take at both ends', async () => {
    const { clock, inbound, outbound } = pair(10_000, { upBytesPerSecond: 1e6, downBytesPerSecond: 1e6 })
    let atMicros = 0
    inbound.addEventListener('message', () => (atMicros = clock.nowMicros))
    outbound.send(new Uint8Array(100_000))
    await drive(clock, 10_000_000)
    // 0.1 s up, 0.01 s of way, 0.1 s down
    expect(atMicros).to.be.within(209_000, 212_000)
  })

  it('holds a sender back whose reader has paused, and lets it go on', async () => {
    const { clock, inbound, outbound } = pair()
    let received = 0
    inbound.addEventListener('message', ({ data }) => (received += data.byteLength))
    inbound.pause()
    for (let i = 0; i < 64; i++) outbound.send(new Uint8Array(65_536))
    await drive(clock, 1_000_000)
    expect(outbound.writableNeedsDrain).to.equal(true)
    expect(received).to.equal(0)
    inbound.resume()
    await drive(clock, 5_000_000)
    expect(received).to.equal(64 * 65_536)
  })

  it('delivers late what a short partition held up, and breaks the stream after a long one', async () => {
    const { clock, links, a, inbound, outbound } = pair()
    const received: number[] = []
    inbound.addEventListener('message', ({ data }) => received.push(data.byteLength))
    links.partition([[a]])
    outbound.send(new Uint8Array(7))
    await drive(clock, 20_000_000)
    links.heal()
    await drive(clock, 30_000_000)
    expect(received).to.deep.equal([7])
    links.partition([[a]])
    outbound.send(new Uint8Array(8))
    await drive(clock, 200_000_000)
    expect(outbound.status).to.equal('reset')
    expect(received).to.deep.equal([7])
  })

  it('tells the other side of a reset, and nobody of a machine that is off', async () => {
    const { clock, links, b, inbound, outbound } = pair()
    inbound.abort(new Error('no more'))
    await drive(clock, 1_000_000)
    expect(outbound.status).to.equal('reset')
    const second = pair()
    second.links.setUp(second.b, false)
    second.inbound.abort(new Error('off'))
    await drive(second.clock, 1_000_000)
    expect(second.outbound.status).to.equal('open')
    void [links, b]
  })
})
