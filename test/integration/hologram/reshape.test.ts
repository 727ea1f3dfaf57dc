import { expect } from 'chai'
import type { CID } from 'multiformats/cid'
import { leafHash, MerkleRootBuilder } from '../../../encoder/index.ts'
import type { Holdings } from '../../../src/hologram/index.ts'
import { Layout } from '../../../src/hologram/records/layout.ts'
import { shapeInLease, signLease, storedLease } from '../../../src/hologram/records/lease.ts'
import { decodeManifest } from '../../../src/hologram/records/manifest.ts'
import { manifestHomes } from '../../../src/hologram/placement/placement.ts'
import type { LeasedShape } from '../../../src/hologram/records/shape.ts'
import { decodeOwned, encodeOwned } from '../../../src/hologram/client/keep/owned.ts'
import { isHologramError } from '../../../src/hologram/index.ts'
import { eventually } from '../../support/eventually.ts'
import { fastClock } from '../../support/fast-clock.ts'
import { chunked, Cluster, collect, overriding, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'

const BLOCK = 65536
const QUICK = { openTimeoutMs: 8_000, requestTimeoutMs: 8_000, readStallTimeoutMs: 8_000 }
const DAY_MS = 86_400_000
const [K, N] = [2, 4]

describe('hologram: another number of shards', function () {
  this.timeout(120_000)
  let cluster: Cluster
  let owner: ClusterPeer

  /** @param graceMs - peers that are gone for longer have their shards rebuilt; the default is never */
  const start = async (peers: number, graceMs = DAY_MS): Promise<void> => {
    cluster = await Cluster.start(peers, {
      ...{ k: K, n: N, client: QUICK, heal: { graceMs, rankDelayMs: 1_000 }, clock: fastClock(4) }
    })
    owner = cluster.peers[0]
  }

  afterEach(async () => cluster.stop())

  const put = async (
    peer = owner,
    bytes = randomObject(5 * BLOCK)
  ): Promise<{ cid: CID; bytes: Uint8Array }> => {
    const { cid } = await peer.hologram.put(chunked(bytes))
    return { cid, bytes }
  }

  const alive = (): ClusterPeer[] => cluster.peers.filter(({ running }) => running)

  /** Shards on the disks of live peers, sorted, with repetitions. */
  const shards = async (cid: CID): Promise<number[]> => {
    const held = await Promise.all(alive().map(async ({ store }) => store.shardsOf(cid)))
    return held.flat().sort((a, b) => a - b)
  }

  const holderOf = async (cid: CID, shard: number): Promise<ClusterPeer> => {
    for (const peer of alive()) if ((await peer.store.shardsOf(cid)).includes(shard)) return peer
    throw new Error(`nobody has shard ${shard}`)
  }

  const kill = async (victims: Iterable<ClusterPeer>): Promise<void> => {
    for (const victim of victims) {
      victim.mesh.withdraw()
      await victim.kill()
    }
  }

  const read = async (
    peer: ClusterPeer,
    cid: CID,
    range?: { start: number; end: number }
  ): Promise<Uint8Array> => collect((await peer.hologram.get(cid, { range })).bytes)

  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown
    )
    if (!isHologramError(error)) throw error ?? new Error('nothing was thrown')
    return error.code
  }

  /** Puts on every disk a lease of `lessee` that asks for `shape`. */
  const lease = async (lessee: ClusterPeer, cid: CID, shape: LeasedShape): Promise<void> => {
    const { mesh } = lessee
    const terms = {
      cid,
      sequence: BigInt(Date.now()),
      expiresAtMs: Date.now() + DAY_MS,
      tombstone: false,
      shape
    }
    const signer = { peer: mesh.self, sign: async (bytes: Uint8Array) => mesh.sign(bytes) }
    const signed = await signLease(mesh.networkId, terms, signer)
    const stored = storedLease({ ...terms, lessee: mesh.self }, signed)
    for (const { store } of cluster.peers) await store.putLease(cid, stored)
  }

  /** Gives `liar` bytes of its own as shard `shard`. @returns their root */
  const forge = async (liar: ClusterPeer, cid: CID, shard: number): Promise<Uint8Array> => {
    const manifest = (await owner.store.getManifest(cid))!
    const layout = new Layout(decodeManifest(manifest))
    const root = new MerkleRootBuilder()
    const upload = await liar.store.openUpload(randomObject(32), shard, layout.shardBytes)
    for (let index = 0; index < layout.segments; index++) {
      const block = randomObject(layout.blockBytesAt(index))
      await upload.append(block, leafHash(block))
      root.append(leafHash(block))
    }
    await upload.commit(cid, manifest)
    return root.root()
  }

  it('grows: the added shards alone make up for lost ones, for whole reads and for parts', async () => {
    await start(9)
    const { cid, bytes } = await put()
    const report = await owner.hologram.reshape(cid, 7)
    expect(report).to.include({ before: 4, n: 7, missing: 0 })
    expect(report.added.map(({ shard }) => shard)).to.deep.equal([4, 5, 6])
    expect(await shards(cid)).to.deep.equal([0, 1, 2, 3, 4, 5, 6])
    const { manifest, live, spare } = await cluster.peers[8].hologram.stat(cid)
    expect([manifest.n, live, spare]).to.deep.equal([7, 7, 5])
    const victims = new Set<ClusterPeer>()
    for (const shard of [0, 1, 2]) victims.add(await holderOf(cid, shard))
    await kill(victims)
    const reader = await cluster.join()
    expect(Buffer.compare(await read(reader, cid), bytes)).to.equal(0)
    const part = { start: 70_000, end: 200_000 }
    expect(Buffer.compare(await read(reader, cid, part), bytes.subarray(70_000, 200_000))).to.equal(0)
  })

  it('shrinks: holders drop the rest at once, and an id in between is as good as before', async () => {
    await start(6)
    const { cid, bytes } = await put()
    expect(await owner.hologram.reshape(cid, 3)).to.deep.include({
      before: 4,
      n: 3,
      dropped: [3],
      missing: 0
    })
    expect(await shards(cid)).to.deep.equal([0, 1, 2])
    expect((await owner.hologram.stat(cid)).manifest.n).to.equal(3)
    await owner.hologram.keeper.round()
    expect(await shards(cid)).to.deep.equal([0, 1, 2])
    await owner.hologram.reshape(cid, 6)
    expect(await shards(cid)).to.deep.equal([0, 1, 2, 3, 4, 5])
    await owner.hologram.reshape(cid, 4)
    expect(await shards(cid)).to.deep.equal([0, 1, 2, 3])
    expect(Buffer.compare(await read(cluster.peers[5], cid), bytes)).to.equal(0)
  })

  it('goes on where its owner ended between writing the smaller number down and telling the holders', async () => {
    await start(6)
    const { cid } = await put()
    const record = decodeOwned((await owner.store.getOwned(cid))!)
    const holders = record.holders.filter(({ shard }) => shard < 3)
    const after = { ...record, n: 3, shape: { n: 3, roots: [] }, holders }
    await owner.store.putOwned(cid, encodeOwned(after))
    expect(await owner.hologram.reshape(cid, 3)).to.deep.include({
      dropped: [3],
      missing: 0,
      unreachable: []
    })
    expect(await shards(cid)).to.deep.equal([0, 1, 2])
  })

  it('shrinks only once the shards that stay are whole', async () => {
    await start(7)
    const { cid, bytes } = await put()
    const lost = await holderOf(cid, 1)
    await lost.store.dropShards(cid)
    const { added } = await owner.hologram.reshape(cid, 3)
    expect(added.map(({ shard }) => shard)).to.deep.equal([1])
    expect(await shards(cid)).to.deep.equal([0, 1, 2])
    expect(Buffer.compare(await read(cluster.peers[6], cid), bytes)).to.equal(0)
  })

  it('keeps what another lessee asks for, until that one lets go', async () => {
    await start(6)
    const { cid, bytes } = await put()
    const other = cluster.peers[1]
    await put(other, bytes)
    await owner.hologram.reshape(cid, 2)
    expect(new Set(await shards(cid))).to.deep.equal(new Set([0, 1, 2, 3]))
    expect((await other.hologram.stat(cid)).manifest.n).to.equal(4)
    await other.hologram.remove(cid)
    await eventually('two shards', async () => new Set(await shards(cid)).size === 2, 20_000)
    expect(Buffer.compare(await read(other, cid), bytes)).to.equal(0)
  })

  it('refuses what cannot be, and changes nothing then', async () => {
    await start(5)
    const { cid } = await put()
    const small = await put(owner, randomObject(100))
    const { hologram } = owner
    expect(await codeOf(cluster.peers[1].hologram.reshape(cid, 3))).to.equal('NOT_OWNED')
    expect(await codeOf(hologram.reshape(cid, 1))).to.equal('BAD_CODE_PARAMETERS')
    expect(await codeOf(hologram.reshape(cid, 69))).to.equal('BAD_CODE_PARAMETERS')
    expect(await codeOf(hologram.reshape(cid, 6))).to.equal('NOT_ENOUGH_PEERS')
    expect(await codeOf(hologram.reshape(small.cid, 4))).to.equal('BAD_CODE_PARAMETERS')
    expect(await shards(cid)).to.deep.equal([0, 1, 2, 3])
    for await (const { n } of hologram.list()) expect(n).to.be.oneOf([4, 3])
  })

  it('is healed to the new number when the owner is gone', async () => {
    await start(10, 1_500)
    const { cid, bytes } = await put()
    await owner.hologram.reshape(cid, 6)
    await kill(new Set([owner, await holderOf(cid, 5), await holderOf(cid, 0)]))
    await eventually('six shards', async () => new Set(await shards(cid)).size === 6, 60_000)
    expect(Buffer.compare(await read(alive()[0], cid), bytes)).to.equal(0)
  })

  it('believes no lessee that states wrong roots: parts are proved by the whole, and repair goes on without its shards', async () => {
    await start(9, 1_500)
    const { cid, bytes } = await put()
    const liar = cluster.peers[1]
    await lease(liar, cid, { n: 6, roots: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] })
    const victims = new Set<ClusterPeer>()
    for (const shard of [0, 3]) victims.add(await holderOf(cid, shard))
    victims.delete(liar)
    await kill(victims)
    await eventually('the shards of the manifest', async () => new Set(await shards(cid)).size === 4, 60_000)
    expect(new Set(await shards(cid))).to.deep.equal(new Set([0, 1, 2, 3]))
    expect(Buffer.compare(await read(alive()[0], cid), bytes)).to.equal(0)
  })

  it('does not doubt the owner when a stranger adds a false root behind its true ones', async () => {
    await start(10, 1_500)
    const { cid, bytes } = await put()
    await owner.hologram.reshape(cid, 5)
    const { shape } = decodeOwned((await owner.store.getOwned(cid))!)
    const liar = cluster.peers[1]
    await lease(liar, cid, { n: 6, roots: [...shape!.roots, new Uint8Array(32).fill(2)] })
    const victims = new Set([await holderOf(cid, 4), await holderOf(cid, 0)])
    victims.delete(owner)
    victims.delete(liar)
    await kill(victims)
    await eventually('the five shards', async () => new Set(await shards(cid)).size === 5, 60_000)
    expect(new Set(await shards(cid))).to.deep.equal(new Set([0, 1, 2, 3, 4]))
    expect(Buffer.compare(await read(alive()[0], cid), bytes)).to.equal(0)
  })

  it('never reads wrong bytes from a lessee that keeps shards of its own making under its roots', async () => {
    await start(9)
    const { cid, bytes } = await put()
    const holders = new Set<ClusterPeer>()
    for (let shard = 0; shard < N; shard++) holders.add(await holderOf(cid, shard))
    const liar = cluster.peers.find((peer) => peer !== owner && !holders.has(peer))!
    const roots = [await forge(liar, cid, 4), await forge(liar, cid, 5)]
    await lease(liar, cid, { n: 6, roots })
    const reader = await cluster.join()
    const part = { start: 70_000, end: 200_000 }
    const expectRight = async (): Promise<void> => {
      expect(Buffer.compare(await read(reader, cid), bytes)).to.equal(0)
      expect(Buffer.compare(await read(reader, cid, part), bytes.subarray(70_000, 200_000))).to.equal(0)
    }
    await expectRight()
    const [first, second, ...rest] = [...holders]
    await kill([first, second])
    await expectRight()
    // One true shard is left, of two that are needed: with a false one, nothing of the object can be made.
    await kill([rest[0]])
    expect(await codeOf(read(reader, cid))).to.equal('CORRUPT')
    const seen: Uint8Array[] = []
    const { bytes: parts } = await reader.hologram.get(cid, { range: part })
    const reading = (async (): Promise<void> => {
      for await (const piece of parts) seen.push(piece)
    })()
    expect(await codeOf(reading)).to.equal('CORRUPT')
    expect(seen).to.deep.equal([])
  })

  it('readers learn of added shards from others when the home that they ask has missed the lease', async () => {
    await start(0)
    /** Of the peers that a later lease with another number of shards reaches, the one that takes it; the others miss it. */
    let informed: Holdings | undefined
    let mayBeInformed = (_: Holdings): boolean => false
    const holdings = (store: ClusterPeer['store']): Holdings => {
      const misses = async (cid: CID, signed: Uint8Array): Promise<boolean> => {
        if (shapeInLease(signed) === undefined || (await store.leases(cid)).length === 0) return false
        if (store === owner.store) return false
        if (mayBeInformed(store)) informed ??= store
        return store !== informed
      }
      return overriding<Holdings>(store, {
        putLease: async (cid, lease, options) =>
          (await misses(cid, lease.signed)) ? false : store.putLease(cid, lease, options),
        keepObject: async (cid, object, options) => {
          if (!(await misses(cid, object.lease.signed))) return store.keepObject(cid, object, options)
          const earlier = (await store.leases(cid)).find(({ lessee }) => lessee === object.lease.lessee)
          return { outcome: 'kept', lease: earlier ?? object.lease }
        }
      })
    }
    for (let peer = 0; peer < 10; peer++) await cluster.join({ holdings })
    owner = cluster.peers[0]
    const { cid, bytes } = await put()
    const order = manifestHomes(cid, 10, owner.mesh.placement().peers).map(({ id }) =>
      cluster.peers.find(({ mesh }) => mesh.self.equals(id))!
    )
    const holders = new Set<ClusterPeer>()
    for (let shard = 0; shard < 3; shard++) holders.add(await holderOf(cid, shard))
    const dying = [...holders, owner].map(({ store }) => store as Holdings)
    // The first home is the one that a reader asks first.
    mayBeInformed = (store) => store !== order[0].store && !dying.includes(store)
    expect(await owner.hologram.reshape(cid, 7)).to.include({ missing: 0 })
    expect(informed).to.not.equal(undefined)
    await kill([...holders, owner])
    const reader = await cluster.join()
    // On a busy machine the one that was told may answer too late for the first read.
    await eventually('the reader to find them', async () => {
      const got = await read(reader, cid).catch((error: unknown) => {
        if (!isHologramError(error) || error.code !== 'NOT_ENOUGH_SHARDS') throw error
        return undefined
      })
      if (got !== undefined) expect(Buffer.compare(got, bytes)).to.equal(0)
      return got !== undefined
    })
  })
})
