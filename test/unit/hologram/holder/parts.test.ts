import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { HASH_BYTES, MerkleTree } from '../../../../encoder/index.ts'
import { Status } from '../../../../protocols/generated/object.js'
import { HologramError } from '../../../../src/hologram/errors.ts'
import { Admission } from '../../../../src/hologram/holder/admission.ts'
import { systemClock } from '../../../../src/clock/index.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import { ProvideQueue } from '../../../../src/hologram/holder/provide-queue.ts'
import { readAhead } from '../../../../src/hologram/holder/read-ahead.ts'
import { isOwnFault, Refusal, replyHead } from '../../../../src/hologram/holder/refusal.ts'
import { ShardTree, SUBTREE_LEAVES } from '../../../../src/hologram/holder/shard-tree.ts'
import { TreeCache } from '../../../../src/hologram/holder/tree-cache.ts'
import { MAX_MESSAGE_BYTES } from '../../../../protocols/limits.ts'
import { objectCid } from '../../../../src/hologram/records/cid.ts'
import { storeError } from '../memory-holdings.ts'
import { errorOf, noise, sha256, signer } from '../support.ts'
import type { CID } from 'multiformats/cid'
import type { ShardReader } from '../../../../src/hologram/holdings.ts'

const cidOf = (number: number) => objectCid(sha256(Uint8Array.of(number)))
const silent = { warn: () => {}, info: () => {}, debug: () => {} }

describe('admission', () => {
  it('counts the streams of a peer and of all peers, and refuses streams over the limits', async () => {
    const [{ peer: alice }, { peer: bob }] = [await signer(0), await signer(1)]
    const admission = new Admission({ perPeer: () => 2, total: () => 3 })
    const first = admission.enter(alice)
    admission.enter(alice)
    expect(admission.enter(alice), 'a third of alice').to.equal(undefined)
    expect(admission.enter(bob)).not.to.equal(undefined)
    expect(admission.enter(bob), 'a fourth in all').to.equal(undefined)
    expect(admission.counts).to.deep.equal({ open: 3, limit: 3, turnedAway: 2 })
    first?.()
    expect(admission.counts.open).to.equal(2)
    expect(admission.enter(bob)).not.to.equal(undefined)
  })

  it('follows its limits: a lower one lets nobody in until enough have left', async () => {
    const { peer } = await signer(0)
    let limit = 3
    const admission = new Admission({ perPeer: () => 9, total: () => limit })
    const leave = [admission.enter(peer), admission.enter(peer), admission.enter(peer)]
    limit = 1
    leave[0]?.()
    leave[1]?.()
    expect(admission.enter(peer)).to.equal(undefined)
    expect(admission.counts).to.deep.equal({ open: 1, limit: 1, turnedAway: 1 })
    leave[2]?.()
    expect(admission.enter(peer)).not.to.equal(undefined)
    limit = 2
    expect(admission.enter(peer)).not.to.equal(undefined)
  })
})

describe('shard tree', () => {
  /** A shard on disk of which only the leaf hashes matter. */
  const readerOf = (leaves: Uint8Array, { withRoots = true } = {}) => {
    const reads = { whole: 0, range: 0 }
    const copies = Uint8Array.from(leaves)
    const roots: Uint8Array[] = []
    for (let at = 0; at < leaves.length; at += SUBTREE_LEAVES * HASH_BYTES) {
      roots.push(new MerkleTree(leaves.subarray(at, at + SUBTREE_LEAVES * HASH_BYTES)).root)
    }
    const reader: ShardReader = {
      blocks: leaves.length / HASH_BYTES,
      read: async () => expect.fail('no block is needed'),
      leaves: async () => (reads.whole++, copies),
      leafRange: async (first, count, { copy = false } = {}) => {
        reads.range++
        return (copy ? copies : leaves).slice(first * HASH_BYTES, (first + count) * HASH_BYTES)
      },
      subtreeRoots: async () => (withRoots ? new Uint8Array(Buffer.concat(roots)) : undefined),
      close: async () => {}
    }
    return { reader, reads, root: new MerkleTree(copies).root }
  }
  const opened = async (
    { reader, root }: Pick<ReturnType<typeof readerOf>, 'reader' | 'root'>,
    cache = new TreeCache(1e7)
  ) => await ShardTree.open({ cache, name: 'shard', reader, root, yieldTurn: turn })

  for (const withRoots of [true, false]) {
    it(`makes the paths of the whole tree, ${withRoots ? 'with' : 'without'} roots on disk`, async () => {
      for (const count of [1, 2, 1023, 1024, 1025, 2048, 2049, 3000, 5121]) {
        const leaves = noise(count * HASH_BYTES, count + 1)
        const whole = new MerkleTree(leaves)
        const tree = await opened(readerOf(leaves, { withRoots }))
        for (let index = 0; index < count; index += 1 + Math.floor(count / 50)) {
          const path = await tree.auditPath(index)
          expect(Buffer.compare(path, whole.auditPath(index)), `${index} of ${count}`).to.equal(0)
        }
        expect(await tree.auditPath(count - 1)).to.deep.equal(new Uint8Array(whole.auditPath(count - 1)))
      }
    })
  }

  it('reads one subtree for a request, however large the shard', async () => {
    const shard = readerOf(noise(300_000 * HASH_BYTES, 1))
    const tree = await opened(shard)
    await tree.auditPath(123_456)
    await tree.auditPath(123_457)
    expect(shard.reads).to.deep.equal({ whole: 0, range: 1 })
  })

  it('keeps the upper part and the subtrees from stream to stream', async () => {
    const shard = readerOf(noise(5000 * HASH_BYTES, 1), { withRoots: false })
    const cache = new TreeCache(1e7)
    for (let stream = 0; stream < 3; stream++) await (await opened(shard, cache)).auditPath(4000)
    expect(shard.reads).to.deep.equal({ whole: 1, range: 1 })
    expect(cache.sizeBytes).to.be.below(3 * SUBTREE_LEAVES * HASH_BYTES)
  })

  it('reads the second copies of leaf hashes that are damaged', async () => {
    const leaves = noise(3000 * HASH_BYTES, 1)
    const whole = new MerkleTree(leaves)
    const shard = readerOf(leaves)
    leaves[1500 * HASH_BYTES] ^= 1
    expect(Buffer.compare(await (await opened(shard)).auditPath(1500), whole.auditPath(1500))).to.equal(0)
  })

  it('never makes a wrong path', async () => {
    const leaves = noise(3000 * HASH_BYTES, 1)
    const shard = readerOf(leaves)
    const tree = await opened(shard)
    leaves[10 * HASH_BYTES] ^= 1
    const broken = await opened({ ...shard, reader: { ...shard.reader, leafRange: async () => leaves } })
    expect(String(await errorOf(async () => broken.auditPath(10)))).to.contain('damaged')
    expect(await tree.auditPath(2000)).to.have.length(12 * HASH_BYTES)
    expect(String(await errorOf(async () => opened({ ...shard, root: noise(32, 9) })))).to.contain('damaged')
  })
})

describe('tree cache', () => {
  const treeOf = (leaves: number) => new MerkleTree(noise(leaves * HASH_BYTES))
  const bytesOf = (leaves: number) => treeOf(leaves).sizeBytes

  it('keeps the most recently used trees, up to its limit', async () => {
    const cache = new TreeCache(3 * bytesOf(10))
    let built = 0
    const get = async (number: number, leaves = 10) =>
      cache.get(`${number}`, async () => {
        built++
        return treeOf(leaves)
      })
    for (const number of [1, 2, 3, 1, 4]) await get(number)
    expect(built).to.equal(4)
    expect(cache.sizeBytes).to.equal(3 * bytesOf(10))
    await get(1)
    await get(3)
    expect(built, 'number 2 was used longest ago').to.equal(4)
    await get(2)
    expect(built).to.equal(5)
    await get(5, 40)
    expect(cache.sizeBytes, 'one too large for it is not kept').to.equal(3 * bytesOf(10))
  })

  it('builds a tree once for concurrent callers, and again after a failure', async () => {
    const cache = new TreeCache(1e6)
    let built = 0
    const failing = async () => {
      built++
      throw new Error('unreadable')
    }
    const asked = [1, 2, 3].map(async () => errorOf(async () => cache.get('1', failing)))
    expect((await Promise.all(asked)).map(String)).to.deep.equal(Array(3).fill('Error: unreadable'))
    expect(built).to.equal(1)
    expect((await cache.get('1', async () => treeOf(1))).sizeBytes).to.equal(32)
  })
})

describe('read-ahead', () => {
  const { signal } = new AbortController()

  it('gives the blocks in order, with no more than its depth being read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(20), fc.integer({ min: 1, max: 5 }), fc.nat(9), async (count, depth, first) => {
        let reading = 0
        let most = 0
        const read = async (index: number) => {
          most = Math.max(most, ++reading)
          await Promise.resolve()
          reading--
          return Uint8Array.of(index)
        }
        const seen: number[] = []
        for await (const { index, data } of readAhead({ read }, { first, count, depth, signal })) {
          expect(data![0]).to.equal(index)
          seen.push(index)
        }
        expect(seen).to.deep.equal(Array.from({ length: count }, (_, i) => first + i))
        expect(most).to.equal(Math.min(depth, count))
      })
    )
  })

  it('fails at a block that fails, after all its reads have ended', async () => {
    let reading = 0
    const read = async (index: number) => {
      reading++
      await Promise.resolve()
      reading--
      if (index >= 2) throw new Error(`block ${index}`)
      return Uint8Array.of(index)
    }
    const seen: number[] = []
    const error = await errorOf(async () => {
      for await (const { index } of readAhead({ read }, { first: 0, count: 9, depth: 4, signal }))
        seen.push(index)
    })
    expect(String(error)).to.equal('Error: block 2')
    expect({ seen, reading }).to.deep.equal({ seen: [0, 1], reading: 0 })
  })
})

describe('refusals', () => {
  it('tell the peer its mistake, but do not reveal details of internal failures', () => {
    const statusOf = (error: unknown) => replyHead(error, 700).status
    expect(replyHead(new Refusal(Status.BUSY, 'later', 300), 700)).to.deep.equal({
      status: Status.BUSY,
      message: 'later',
      retryAfterMs: 300
    })
    expect(statusOf(new HologramError('WRONG_NETWORK', '', { expected: '', found: '' }))).to.equal(
      'WRONG_NETWORK'
    )
    expect(statusOf(new HologramError('BAD_MANIFEST', '', { field: 'n' }))).to.equal('REFUSED')
    expect(statusOf(new HologramError('BAD_LEASE', '', { reason: '' }))).to.equal('REFUSED')
    expect(statusOf(storeError('QUOTA_EXCEEDED'))).to.equal('QUOTA')
    expect(statusOf(storeError('DISK_FULL'))).to.equal('QUOTA')
    expect(replyHead(storeError('UPLOAD_BUSY'), 700)).to.include({ status: 'BUSY', retryAfterMs: 700 })
    const own = new Error('/home/alice/secret: permission denied')
    expect(replyHead(own, 700)).to.include({ status: 'FAILED', message: 'the holder failed' })
    expect([isOwnFault(own), isOwnFault(storeError('CORRUPT'))]).to.deep.equal([true, true])
    expect(isOwnFault(storeError('DISK_FULL'))).to.equal(false)
  })

  it('truncate long messages between two characters', () => {
    const { message } = replyHead(new Refusal(Status.REFUSED, `a${'é'.repeat(400)}`), 0)
    expect(Buffer.byteLength(message)).to.equal(MAX_MESSAGE_BYTES - 1)
    expect(message).to.match(/^aé+$/)
  })
})

describe('announcements', () => {
  /** A DHT whose announcements end when the test says so. */
  function slowDht() {
    const running: Array<{ cid: CID; end: () => void; fail: (error: Error) => void }> = []
    const provide = async (cid: CID) =>
      new Promise<void>((resolve, reject) => running.push({ cid, end: resolve, fail: reject }))
    return { running, mesh: { provide } }
  }
  const turn = async () => new Promise((resolve) => setImmediate(resolve))

  it('run a few at a time, each object once', async () => {
    const { running, mesh } = slowDht()
    const stop = new AbortController()
    const queue = new ProvideQueue(
      { mesh, logger: silent, clock: systemClock },
      { maxBacklog: 10, concurrency: 2 }
    )
    for (const number of [1, 2, 3, 4, 4, 4]) queue.add(cidOf(number), stop.signal)
    expect(running).to.have.length(2)
    running[0].end()
    running[1].fail(new Error('no peers'))
    await turn()
    expect(running.map(({ cid }) => cid.toString())).to.deep.equal(
      [1, 2, 3, 4].map((n) => cidOf(n).toString())
    )
    running[2].end()
    running[3].end()
    await queue.idle()
  })

  it('wait a while, so that the first readers of a new object go first', async () => {
    const { running, mesh } = slowDht()
    const stop = new AbortController()
    const queue = new ProvideQueue(
      { mesh, logger: silent, clock: systemClock },
      { maxBacklog: 10, delayMs: 20 }
    )
    queue.add(cidOf(1), stop.signal)
    await turn()
    expect(running).to.have.length(0)
    while (running.length === 0) await turn()
    running[0].end()
    stop.abort()
    await queue.idle()
  })

  it('go slower after the first ones of a row, and are prompt again in the next row', async () => {
    const clock = new VirtualTime()
    const provided: number[] = []
    const mesh = {
      provide: async () => {
        await clock.sleep(10)
        provided.push(clock.monotonicMs())
      }
    }
    const queue = new ProvideQueue(
      { mesh, logger: silent, clock },
      { maxBacklog: 10, restRatio: 1, promptCount: 2, backlogRestRatio: 100 }
    )
    const { signal } = new AbortController()
    const row = async (): Promise<number[]> => {
      const startMs = clock.monotonicMs()
      for (const number of [1, 2, 3, 4]) queue.add(cidOf(number), signal)
      await clock.during(queue.idle())
      return provided.splice(0).map((ms) => ms - startMs)
    }
    expect(await row()).to.deep.equal([10, 30, 50, 1060])
    expect(await row()).to.deep.equal([10, 30, 50, 1060])
  })

  it('are dropped beyond the backlog', async () => {
    const { running, mesh } = slowDht()
    const queue = new ProvideQueue(
      { mesh, logger: silent, clock: systemClock },
      { maxBacklog: 2, concurrency: 1, restRatio: 0 }
    )
    const { signal } = new AbortController()
    for (const number of [1, 2, 3, 4]) queue.add(cidOf(number), signal)
    for (let ended = 0; ended < 3; ended++) {
      while (running.length === ended) await turn()
      running[ended].end()
    }
    await queue.idle()
    expect(running.map(({ cid }) => cid.toString())).to.deep.equal([1, 2, 3].map((n) => cidOf(n).toString()))
  })

  it('are dropped at a stop', async () => {
    const { running, mesh } = slowDht()
    const stop = new AbortController()
    const queue = new ProvideQueue(
      { mesh, logger: silent, clock: systemClock },
      { maxBacklog: 2, concurrency: 1 }
    )
    for (const number of [1, 2]) queue.add(cidOf(number), stop.signal)
    stop.abort()
    running[0].end()
    await queue.idle()
    expect(running).to.have.length(1)
  })
})
