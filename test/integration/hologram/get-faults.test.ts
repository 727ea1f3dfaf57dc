import { setTimeout as sleep } from 'node:timers/promises'
import * as dagCbor from '@ipld/dag-cbor'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/index.ts'
import { GetRequest } from '../../../protocols/generated/object.js'
import { systemClock } from '../../../src/clock/index.ts'
import { FramedStream } from '../../../protocols/framing/index.ts'
import { encodeManifest, homesOf, manifestCid } from '../../../src/hologram/index.ts'
import type { StoredLease } from '../../../src/hologram/holdings.ts'
import type { Holdings, HologramError, Manifest, PutResult } from '../../../src/hologram/index.ts'
import type { CID } from 'multiformats/cid'
import { StoreError } from '../../../src/store/errors.ts'
import { chunked, Cluster, collect, overriding, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
const SEGMENT = 3 * BLOCK

/** Changes a block on its way out; `other` reads another one of the same shard. */
type Tamper = (
  block: Uint8Array,
  index: number,
  other: (index: number) => Promise<Uint8Array>
) => Promise<Uint8Array>

/** Deadlines of a test, not of a continent. */
const QUICK = { readStallTimeoutMs: 2_500, openTimeoutMs: 2_500, requestTimeoutMs: 2_500 }

const PATIENT = { readStallTimeoutMs: 30_000, minHedgeMs: 30_000 }

describe('hologram: a get with faults', () => {
  let cluster: Cluster
  let bytes: Uint8Array
  let result: PutResult
  /** Holds nothing and is home to nothing. */
  let reader: ClusterPeer
  /** Likewise, and waits so long that nothing comes too late. */
  let patient: ClusterPeer
  /** What the peers of the cluster hand out instead of their blocks, by peer. */
  const tampering = new Map<string, Tamper>()
  /** Nobody has a placement record any more. */
  let recordsLost: boolean

  const setUp = async (): Promise<void> => {
    cluster = await Cluster.start(0, { k: 3, n: 6, client: QUICK })
    for (let i = 0; i < 6; i++) {
      const peer: ClusterPeer = await cluster.join({
        holdings: (store) => tamperable(store, () => tampering.get(peer.mesh.self.toString()))
      })
    }
    reader = await cluster.join({ lends: false })
    patient = await cluster.join({ lends: false, client: PATIENT })
    bytes = randomObject(12 * SEGMENT + 100)
    result = await cluster.peers[0].hologram.put(chunked(bytes))
  }

  beforeEach(() => {
    tampering.clear()
    recordsLost = false
  })

  afterEach(() => {
    reader.mesh.table = undefined
  })

  const keepWith = async (
    store: Holdings,
    cid: CID,
    manifest: Uint8Array,
    leases: readonly StoredLease[]
  ): Promise<void> => {
    for (const lease of leases) await store.keepObject(cid, { manifest, lease }, { nowMs: Date.now() })
  }

  /** A store that hands out what it holds, unless told otherwise. */
  const tamperable = (store: Holdings, how: () => Tamper | undefined): Holdings =>
    overriding(store, {
      getPlacement: async (cid) => (recordsLost ? undefined : store.getPlacement(cid)),
      openShard: async (cid, shard) => {
        const found = await store.openShard(cid, shard)
        if (found === undefined) return undefined
        return overriding(found, {
          read: async (index, options) => {
            const block = await found.read(index, options)
            return how()?.(block, index, async (other) => found.read(other)) ?? block
          }
        })
      }
    })

  const holderOf = (shard: number): ClusterPeer => {
    const { peer } = result.stored.find((stored) => stored.shard === shard)!
    return cluster.peers.find(({ mesh }) => mesh.self.equals(peer))!
  }

  const tamperAt = (shard: number, how: Tamper): ClusterPeer => {
    const holder = holderOf(shard)
    tampering.set(holder.mesh.self.toString(), how)
    return holder
  }

  /** The disk of the holder of `shard` has lost block `bad`. */
  const rottenAt = (shard: number, bad: number): ClusterPeer =>
    tamperAt(shard, async (block, index) => {
      if (index === bad) throw new StoreError('CORRUPT', 'bit rot')
      return block
    })

  const read = async (by = reader): Promise<Uint8Array> => collect((await by.hologram.get(result.cid)).bytes)

  const expectWhole = async (by = reader): Promise<void> => {
    expect(Buffer.compare(await read(by), bytes)).to.equal(0)
  }

  describe('holders that misbehave', () => {
    before(setUp)
    after(async () => cluster.stop())

    const lies: Record<string, Tamper> = {
      'with a flipped bit': async (block) => {
        const flipped = block.slice()
        flipped[flipped.length >> 1] ^= 4
        return flipped
      },
      'cut short': async (block) => block.subarray(0, block.length - 64),
      'of another place': async (_, index, other) => other(index === 0 ? 1 : index - 1)
    }
    for (const [name, lie] of Object.entries(lies)) {
      it(`detects a block ${name}, blames its sender and reads it from another peer`, async () => {
        const liars = [tamperAt(0, lie), tamperAt(2, lie)]
        patient.mesh.observed.length = 0
        await expectWhole(patient)
        for (const liar of liars) expect(patient.mesh.blamed(liar.mesh.self, 'lied')).to.equal(1)
        expect(patient.mesh.observed.filter(({ outcome }) => outcome === 'lied')).to.have.length(2)
      })
    }

    it('reads an object when more holders than it can lose have each lost one block', async () => {
      // k is 3 of 6: without the other blocks of the four that rot there would be two shards left.
      for (const shard of [0, 1, 2, 3]) rottenAt(shard, 2 * shard + 1)
      patient.mesh.observed.length = 0
      for (let attempt = 0; attempt < 3; attempt++) {
        await expectWhole(patient)
        expect(patient.mesh.observed.filter(({ outcome }) => outcome === 'lied')).to.deep.equal([])
      }
      // A holder reads its own shard from its own disk.
      await expectWhole(holderOf(1))
    })

    it('reads around a holder that lies only now and then', async () => {
      let lies = 0
      const liar = tamperAt(1, async (block, index) => {
        if (index !== 9) return block
        lies++
        return new Uint8Array(block.length)
      })
      // Three of the other five would do. Two of them have lost the block and two take long, so that the liar is asked.
      for (const shard of [0, 2]) rottenAt(shard, 9)
      for (const shard of [4, 5]) {
        tamperAt(shard, async (block) => {
          await sleep(50)
          return block
        })
      }
      patient.mesh.observed.length = 0
      for (let reads = 0; reads < 20 && lies === 0; reads++) await expectWhole(patient)
      expect(lies).to.equal(1)
      expect(patient.mesh.blamed(liar.mesh.self, 'lied')).to.equal(1)
    })

    it('asks others for the late blocks of a holder, and drops a holder that sends nothing', async () => {
      const released = Promise.withResolvers<void>()
      const staller = tamperAt(0, async (block, index) => {
        if (index >= 4) await released.promise
        return block
      })
      await expectWhole()
      const finishedBefore = reader.mesh.blamed(staller.mesh.self, 'slow') === 0
      released.resolve()
      expect(finishedBefore, 'done before the staller was given up').to.equal(true)
    })

    it('sends no further requests once its consumer has left', async () => {
      const before = blocksHandedOut()
      const { bytes: source } = await reader.hologram.get(result.cid)
      await takeOne(source)
      await reader.hologram.stat(result.cid)
      expect(blocksHandedOut() - before).to.be.at.most(8 * 3)
    })

    it('ends when its signal fires', async () => {
      const abort = new AbortController()
      const { bytes: source } = await reader.hologram.get(result.cid, { signal: abort.signal })
      const error = await failure(
        (async () => {
          for await (const piece of source) if (piece.byteLength > 0) abort.abort(new Error('enough'))
        })()
      )
      expect(error).to.have.property('message', 'enough')
    })

    it('finds shards by the placement record when the computed homes are wrong', async () => {
      // The reader has not heard of the holder of shard 0, so that it computes another home.
      const unknown = holderOf(0).mesh.self
      reader.mesh.table = (peers) => peers.filter(({ id }) => !id.equals(unknown))
      const homes = homesOf(result.manifest.seed, 6, 3, reader.mesh.peers()).peers
      const moved = result.stored.filter(({ shard, peer }) => homes[shard]?.id.equals(peer) === false)
      expect(moved).to.not.have.length(0)
      await expectWhole()
    })

    it('finds a manifest through the DHT when the table is empty', async () => {
      reader.mesh.table = () => []
      await expectWhole()
    })

    it('reports that no peer knows an object', async () => {
      const cid = manifestCid(randomObject(10))
      const error = (await failure(reader.hologram.get(cid))) as HologramError<'NOT_FOUND'>
      expect(error).to.include({ code: 'NOT_FOUND' })
      expect(error.data).to.include({ cid: cid.toString() })
    })

    it('never releases the last chunk of an object with a wrong digest', async () => {
      const forged = await forge({ ...result.manifest, digest: new Uint8Array(32) })
      const { bytes: source } = await reader.hologram.get(forged)
      let got = 0
      const error = await failure(
        (async () => {
          for await (const piece of source) got += piece.byteLength
        })()
      )
      expect(error).to.include({ code: 'CORRUPT' })
      expect(got).to.be.lessThan(bytes.byteLength)
    })

    it('refuses an inconsistent manifest from any peer', async () => {
      const bad = dagCbor.encode({ ...result.manifest, size: result.manifest.size + 1 })
      const cid = manifestCid(bad)
      for (const { store } of cluster.peers.slice(0, 6)) {
        await keepWith(store, cid, bad, await store.leases(result.cid))
      }
      expect(await failure(reader.hologram.get(cid))).to.include({ code: 'BAD_MANIFEST' })
    })

    it('reads the provable blocks when the manifest has roots of other shards', async () => {
      const [first, second, ...others] = result.manifest.roots
      const forged = await forge({ ...result.manifest, roots: [second, first, ...others] })
      expect(Buffer.compare(await collect((await reader.hologram.get(forged)).bytes), bytes)).to.equal(0)
    })
  })

  describe('loss of holders', () => {
    beforeEach(setUp)
    afterEach(async () => cluster.stop())

    it('drops a holder that sends one byte per second', async () => {
      const dripper = holderOf(1)
      await dripper.mesh.unhandle(dripper.mesh.protocol('get/1'))
      const ended = new AbortController()
      await dripper.mesh.handle(
        dripper.mesh.protocol('get/1'),
        async (stream) => {
          const framed = new FramedStream(stream, { maxFrameBytes: 1000, clock: systemClock })
          await framed.readMessage(GetRequest, { timeoutMs: 5000 })
          stream.send(Uint8Array.of(0x80, 0x80, 0x04, 0x0a))
          while (!ended.signal.aborted && stream.status === 'open') {
            await sleep(100, undefined, { signal: ended.signal }).catch(() => {})
            if (stream.status === 'open') stream.send(Uint8Array.of(0))
          }
        },
        { maxInboundStreams: 10 }
      )
      // Two more gone: the shard of the dripper would be needed if it could be had.
      for (const shard of [4, 5]) await holderOf(shard).kill()
      await expectWhole()
      await holderOf(0).kill()
      const error = await failure(read())
      ended.abort()
      expect(error).to.include({ code: 'NOT_ENOUGH_SHARDS' })
      expect(reader.mesh.blamed(dripper.mesh.self, 'slow')).to.be.at.least(1)
    })

    it('survives the kill of holders while it reads', async () => {
      const { bytes: source } = await reader.hologram.get(result.cid)
      const pieces: Uint8Array[] = []
      for await (const piece of source) {
        pieces.push(piece)
        if (pieces.length === 4) await Promise.all([0, 1, 2].map(async (shard) => holderOf(shard).kill()))
      }
      expect(Buffer.compare(Buffer.concat(pieces), bytes)).to.equal(0)
    })

    it('says how many shards are missing when more than n - k are lost', async () => {
      for (const shard of [0, 2, 3, 5]) await holderOf(shard).kill()
      const error = (await failure(read())) as HologramError<'NOT_ENOUGH_SHARDS'>
      expect(error).to.include({ code: 'NOT_ENOUGH_SHARDS' })
      expect(error.data).to.deep.equal({ needed: 3, live: 2, missing: 1 })
    })

    it('continues when a holder has lost its shard', async () => {
      const { store } = holderOf(0)
      await store.deleteObject(result.cid)
      await expectWhole()
      expect(reader.mesh.blamed(holderOf(0).mesh.self, 'lied')).to.equal(0)
    })

    it('finds manifest and shards by asking all peers when there are no homes and no record', async () => {
      recordsLost = true
      await Promise.all(Array.from({ length: 6 }, async () => cluster.join({ capacityBytes: 2 ** 50 })))
      await expectWhole()
    })

    it('blames a peer that answers with the manifest of another object', async () => {
      const other = await cluster.peers[0].hologram.put(chunked(randomObject(100)))
      const wrong = encodeManifest(other.manifest)
      const [liar] = cluster.peers
      await liar.store.deleteObject(result.cid)
      await keepWith(liar.store, result.cid, wrong, await cluster.peers[1].store.leases(result.cid))
      reader.mesh.table = (peers) => peers.filter(({ id }) => id.equals(liar.mesh.self))
      await expectWhole()
      expect(reader.mesh.blamed(liar.mesh.self, 'lied')).to.be.at.least(1)
    })
  })

  function blocksHandedOut(): number {
    return cluster.peers.reduce((sum, { hologram }) => sum + hologram.stats.blocksOut, 0)
  }

  /** Every holder keeps its shard under a manifest that no honest putter would have made. */
  async function forge(manifest: Manifest): Promise<CID> {
    const encoded = encodeManifest(manifest)
    const cid = manifestCid(encoded)
    for (const { shard } of result.stored) {
      const { store } = holderOf(shard)
      const upload = await store.openUpload(new Uint8Array(32).fill(shard), shard, 0)
      const honest = (await store.openShard(result.cid, shard))!
      for (let index = 0; index < honest.blocks; index++) {
        const block = await honest.read(index)
        await upload.append(block, leafHash(block))
      }
      await honest.close()
      await upload.commit(cid, encoded)
      for (const lease of await store.leases(result.cid)) await store.putLease(cid, lease)
    }
    return cid
  }
})

/** Takes the first piece, and leaves. */
async function takeOne(source: AsyncIterable<Uint8Array>): Promise<void> {
  const pieces = source[Symbol.asyncIterator]()
  await pieces.next()
  await pieces.return?.()
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error
  )
}
