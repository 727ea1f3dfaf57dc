import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { HologramError, Holdings, OwnedObject } from '../../../src/hologram/index.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { chunked, Cluster, collect, overriding, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
const MIB = 2 ** 20
const MINUTE_MS = 60_000

/** Two segments of the 3-of-6 code fit the window of these clusters. */
const SMALL_WINDOW = { putWindowBytes: 12 * BLOCK }
const IMPATIENT = { stallTimeoutMs: 1_500, commitTimeoutMs: 10_000, patienceMs: 300 }

describe('hologram: a put with faults', () => {
  let cluster: Cluster

  afterEach(async () => cluster.stop())

  const readable = async (
    result: { cid: Parameters<ClusterPeer['hologram']['get']>[0] },
    bytes: Uint8Array
  ) => {
    const reader = cluster.peers.findLast((peer) => peer.running)!
    const read = await collect((await reader.hologram.get(result.cid)).bytes)
    expect(Buffer.compare(read, bytes)).to.equal(0)
  }

  it('refuses impossible codes before it reads anything', async () => {
    cluster = await Cluster.start(2, { k: 1, n: 2 })
    let read = false
    const source = async function* (): AsyncGenerator<Uint8Array> {
      read = true
      yield new Uint8Array(1)
    }
    for (const options of [
      { k: 4, n: 3 },
      { k: 1, n: 257 },
      { k: 0, n: 2 },
      { k: 1.5, n: 2 },
      { k: 1, n: 2, margin: 2 }
    ]) {
      const error = await failure(cluster.peers[0].hologram.put(source(), options))
      expect(error).to.include({ code: 'BAD_CODE_PARAMETERS' })
    }
    expect(read).to.equal(false)
  })

  it('refuses more shards than peers, naming both numbers, unless fewer are accepted', async () => {
    cluster = await Cluster.start(5, { k: 3, n: 7 })
    const bytes = randomObject(MIB)
    const [putter] = cluster.peers
    const refused = (await failure(putter.hologram.put(chunked(bytes)))) as HologramError<'NOT_ENOUGH_PEERS'>
    expect(refused).to.include({ code: 'NOT_ENOUGH_PEERS' })
    expect(refused.data).to.deep.equal({ needed: 7, available: 5 })

    const result = await putter.hologram.put(chunked(bytes), { allowFewerShards: true })
    expect(result.stored).to.have.length(5)
    expect(result.missing).to.have.length(2)
    expect(result.tolerates).to.equal(2)
    await readable(result, bytes)

    const tooFew = await failure(
      putter.hologram.put(chunked(bytes), { allowFewerShards: true, k: 3, n: 9, margin: 4 })
    )
    expect(tooFew).to.include({ code: 'NOT_ENOUGH_PEERS' })

    await cluster.join()
    await cluster.join()
    cluster.nowMs = () => Date.now() + 10 * MINUTE_MS
    await putter.hologram.keeper.round()
    const stat = await putter.hologram.stat(result.cid)
    expect(stat.live).to.equal(7)
    expect((await listed(putter))[0].missing).to.equal(0)
  })

  it('puts small objects on fewer peers when that is accepted', async () => {
    cluster = await Cluster.start(3, { k: 3, n: 7 })
    const bytes = randomObject(100)
    expect(await failure(cluster.peers[0].hologram.put(chunked(bytes)))).to.include({
      code: 'NOT_ENOUGH_PEERS'
    })
    const result = await cluster.peers[0].hologram.put(chunked(bytes), { allowFewerShards: true })
    expect(result.tolerates).to.equal(2)
    await readable(result, bytes)
  })

  it('acknowledges nothing when the source fails, and resumes at the next attempt', async () => {
    cluster = await Cluster.start(7, { k: 3, n: 6, client: SMALL_WINDOW })
    const bytes = randomObject(40 * 3 * BLOCK)
    const [putter] = cluster.peers
    const cause = new Error('the file went away')
    expect(await failure(putter.hologram.put(failingAfter(bytes, 36 * 3 * BLOCK, cause)))).to.equal(cause)
    expect(await listed(putter)).to.deep.equal([])
    for (const { store } of cluster.peers) expect(await store.listShards().next()).to.include({ done: true })

    let sentBytes = 0
    const result = await putter.hologram.put(chunked(bytes), {
      onProgress: (progress) => {
        sentBytes = progress.sentBytes
      }
    })
    expect(result.stored).to.have.length(6)
    expect(sentBytes).to.be.lessThan(0.8 * result.codedBytes)
    await readable(result, bytes)
  })

  it('starts over when the kept blocks belong to other bytes with the same beginning', async () => {
    cluster = await Cluster.start(7, { k: 3, n: 6 })
    const bytes = randomObject(8 * 3 * BLOCK)
    const [putter] = cluster.peers
    await failure(putter.hologram.put(failingAfter(bytes, 7 * 3 * BLOCK, new Error('the file went away'))))
    bytes[3 * BLOCK + 1] ^= 1
    const result = await putter.hologram.put(chunked(bytes))
    expect(result.stored).to.have.length(6)
    await readable(result, bytes)
  })

  it('fails when it detects that too late, and the next attempt succeeds', async () => {
    cluster = await Cluster.start(7, { k: 3, n: 6, client: SMALL_WINDOW })
    const bytes = randomObject(16 * 3 * BLOCK)
    const [putter] = cluster.peers
    await failure(putter.hologram.put(failingAfter(bytes, 12 * 3 * BLOCK, new Error('the file went away'))))
    bytes[3 * BLOCK + 1] ^= 1
    expect(await failure(putter.hologram.put(chunked(bytes)))).to.include({ code: 'NOT_DURABLE' })
    const result = await putter.hologram.put(chunked(bytes))
    expect(result.stored).to.have.length(6)
    await readable(result, bytes)
  })

  it('ends when its signal fires, even while the source hangs', async () => {
    cluster = await Cluster.start(6, { k: 3, n: 6 })
    const abort = new AbortController()
    const hanging = async function* (): AsyncGenerator<Uint8Array> {
      yield randomObject(MIB)
      queueMicrotask(() => abort.abort(new Error('enough')))
      await new Promise(() => {})
    }
    const error = await failure(cluster.peers[0].hologram.put(hanging(), { signal: abort.signal }))
    expect(error).to.have.property('message', 'enough')
  })

  it('reports that there is no room when all peers are full, for large and small objects', async () => {
    cluster = await Cluster.start(0, { k: 2, n: 4 })
    for (let i = 0; i < 4; i++) await cluster.join({ quotaBytes: 100 })
    const putter = await cluster.join({ lends: false })
    for (const size of [2 * MIB, 1_000]) {
      const error = (await failure(putter.hologram.put(chunked(randomObject(size))))) as Error
      expect(error).to.include({ code: 'QUOTA' })
      expect(error.message).to.include('no room')
    }
    expect(await listed(putter)).to.deep.equal([])
  })

  it('does not count a holder that cannot return an acknowledged block', async () => {
    cluster = await Cluster.start(2, { k: 2, n: 4 })
    const forgetful = (store: Holdings): Holdings => overriding(store, { openShard: async () => undefined })
    for (let i = 0; i < 2; i++) await cluster.join({ holdings: forgetful })
    const putter = await cluster.join({ lends: false })
    const bytes = randomObject(MIB)
    const result = await putter.hologram.put(chunked(bytes), { margin: 0 })
    const caught = putter.mesh.observed.filter(({ outcome }) => outcome === 'lied').map(({ peer }) => peer)
    // Three of the four holders are asked, so that one of the two at least is found out.
    expect(caught.length).to.be.within(1, 2)
    expect(result.missing).to.have.length(caught.length)
    for (const { peer } of result.stored) expect(caught.some((liar) => liar.equals(peer))).to.equal(false)
    expect(result.tolerates).to.equal(result.stored.length - 2)
    expect(putter.hologram.clientStats.survived['read-back']).to.equal(caught.length)
  })

  it('takes the next-ranked peer for a holder that is full or gone', async () => {
    cluster = await Cluster.start(6, { k: 3, n: 6 })
    const full = await cluster.join({ quotaBytes: 100_000 })
    const gone = await cluster.join()
    await cluster.join()
    await gone.kill()
    const bytes = randomObject(2 * MIB)
    const result = await cluster.peers[0].hologram.put(chunked(bytes), { sizeHint: bytes.byteLength })
    expect(result.stored).to.have.length(6)
    const holders = result.stored.map(({ peer }) => peer.toString())
    expect(holders).to.not.include(full.mesh.self.toString())
    expect(holders).to.not.include(gone.mesh.self.toString())
    await readable(result, bytes)
  })

  it('continues without a holder that fills up or is killed, and completes the shards later', async () => {
    cluster = await Cluster.start(5, { k: 3, n: 6, client: { ...SMALL_WINDOW, putTiming: IMPATIENT } })
    const full = await cluster.join({ quotaBytes: 400_000 })
    const bytes = randomObject(4 * MIB)
    const [putter, victim] = cluster.peers
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunked(bytes.subarray(0, 2 * MIB))) yield chunk
      await victim.kill()
      for await (const chunk of chunked(bytes.subarray(2 * MIB))) yield chunk
    }
    const result = await putter.hologram.put(source(), { margin: 1 })
    expect(result.stored).to.have.length(4)
    expect(result.missing).to.have.length(2)
    expect(result.tolerates).to.equal(1)
    await readable(result, bytes)

    victim.mesh.withdraw()
    full.mesh.withdraw()
    await cluster.join()
    await cluster.join()
    cluster.nowMs = () => Date.now() + 10 * MINUTE_MS
    await putter.hologram.keeper.round()
    expect((await putter.hologram.stat(result.cid)).live).to.equal(6)
    await readable(result, bytes)
  })

  it('rebuilds at once the shards that its promised durability needs', async () => {
    cluster = await Cluster.start(8, { k: 3, n: 6, client: { ...SMALL_WINDOW, putTiming: IMPATIENT } })
    const bytes = randomObject(4 * MIB)
    const [putter] = cluster.peers
    let killed: ClusterPeer[] = []
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunked(bytes.subarray(0, 2 * MIB))) yield chunk
      // The first blocks are on their way while the source waits: it takes two holders that have some.
      while (killed.length < 2) {
        await sleep(5)
        killed = cluster.peers
          .filter(({ hologram }) => hologram !== putter.hologram && hologram.stats.blocksIn > 0)
          .slice(0, 2)
      }
      await Promise.all(killed.map(async (peer) => peer.kill()))
      for await (const chunk of chunked(bytes.subarray(2 * MIB))) yield chunk
    }
    const result = await putter.hologram.put(source(), { margin: 3 })
    expect(killed).to.have.length(2)
    expect(result.stored).to.have.length(6)
    await readable(result, bytes)
  })

  it('fails with the reasons when too few holders are left, and promises nothing', async () => {
    cluster = await Cluster.start(6, { k: 3, n: 6, client: { putTiming: IMPATIENT } })
    const [putter, ...others] = cluster.peers
    const bytes = randomObject(MIB)
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, MIB / 2)
      await Promise.all(others.slice(0, 4).map(async (peer) => peer.kill()))
      yield bytes.subarray(MIB / 2)
    }
    const error = (await failure(putter.hologram.put(source()))) as HologramError<'NOT_DURABLE'>
    expect(error).to.include({ code: 'NOT_DURABLE' })
    expect(error.data).to.include({ required: 5 })
    expect(error.data.acknowledged).to.be.at.most(2)
    expect(await listed(putter)).to.deep.equal([])
  })

  it('drops a holder that delays the others', async () => {
    cluster = await Cluster.start(5, { k: 3, n: 6, client: { ...SMALL_WINDOW, putTiming: IMPATIENT } })
    const slow = await cluster.join({ holdings: (store) => withSlowDisk(store, async () => sleep(1_000)) })
    const bytes = randomObject(5 * MIB)
    const result = await cluster.peers[0].hologram.put(chunked(bytes), { margin: 2 })
    expect(result.stored).to.have.length(5)
    expect(cluster.peers[0].mesh.blamed(slow.mesh.self, 'slow')).to.equal(1)
    await readable(result, bytes)
  })

  it('is slow but succeeds when the process is starved of CPU', async function () {
    this.timeout(240_000)
    // Every deadline is 0.75 s of this process.
    const timing = { stallTimeoutMs: 3_000, commitTimeoutMs: 3_000, patienceMs: 3_000 }
    const client = { putTiming: timing, openTimeoutMs: 3_000, requestTimeoutMs: 3_000 }
    cluster = await Cluster.start(6, { k: 3, n: 6, client, clock: fastClock(4) })
    const bytes = randomObject(MIB / 2)
    const [putter] = cluster.peers
    // Connections are open: libp2p has deadlines of its own for dialling.
    await putter.hologram.put(chunked(randomObject(MIB / 2)))
    putter.mesh.observed.length = 0
    // Four times nothing runs in here for longer than every deadline.
    let stalls = 0
    const stalling = setInterval(() => {
      if (stalls++ < 4) stall(800)
    }, 5)
    try {
      const result = await putter.hologram.put(chunked(bytes))
      expect(result.missing).to.deep.equal([])
      expect(stalls, 'it was stalled while it worked').to.be.at.least(2)
    } finally {
      clearInterval(stalling)
    }
    const blamed = putter.mesh.observed.filter(({ outcome }) => outcome !== 'served')
    expect(blamed).to.deep.equal([])
  })

  it('drops a holder that stops reading', async () => {
    cluster = await Cluster.start(5, { k: 3, n: 6, client: { ...SMALL_WINDOW, putTiming: IMPATIENT } })
    const released = Promise.withResolvers<void>()
    const stuck = await cluster.join({
      holdings: (store) => withSlowDisk(store, async () => released.promise)
    })
    const bytes = randomObject(3 * MIB)
    const result = await cluster.peers[0].hologram.put(chunked(bytes), { margin: 2 })
    expect(result.stored).to.have.length(5)
    released.resolve()
    expect(cluster.peers[0].mesh.blamed(stuck.mesh.self, 'slow')).to.equal(1)
  })
})

/** A disk that waits at the gate before each block. */
function withSlowDisk(store: Holdings, gate: () => Promise<unknown>): Holdings {
  return overriding(store, {
    openUpload: async (...args: Parameters<Holdings['openUpload']>) => {
      const upload = await store.openUpload(...args)
      return overriding(upload, {
        append: async (block: Uint8Array | Uint8ArrayList, leaf: Uint8Array) => {
          await gate()
          await upload.append(block, leaf)
        }
      })
    }
  })
}

async function* failingAfter(bytes: Uint8Array, end: number, error: Error): AsyncGenerator<Uint8Array> {
  yield* chunked(bytes.subarray(0, end))
  throw error
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error
  )
}

async function listed({ hologram }: ClusterPeer): Promise<OwnedObject[]> {
  const objects: OwnedObject[] = []
  for await (const object of hologram.list()) objects.push(object)
  return objects
}

/** Keeps the process from doing anything. */
function stall(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs)
}
