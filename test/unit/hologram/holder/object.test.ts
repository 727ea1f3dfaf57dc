import { expect } from 'chai'
import { ObjectReply, ObjectRequest } from '../../../../protocols/generated/object.js'
import { openLease } from '../../../../src/hologram/records/lease.ts'
import { encodeManifest, manifestCid } from '../../../../src/hologram/records/manifest.ts'
import {
  openHolderStatement,
  signHolderStatement
} from '../../../../src/hologram/records/holder-statement.ts'
import { signPlacement } from '../../../../src/hologram/records/placement-record.ts'
import {
  codedObject,
  DAY_MS,
  inlineManifest,
  leaseOn,
  NETWORK,
  noise,
  NOW_MS,
  OTHER_NETWORK,
  signer
} from '../support.ts'
import { ask, putShard, startHolder, WAIT, type Fixture } from './fixture.ts'
import type { Signer } from '../../../../protocols/signed.ts'

const owned = (bytes: Uint8Array) => Uint8Array.from(bytes)

describe('holder: object/1', () => {
  const manifest = codedObject({ n: 3, seed: 2 }).bytes
  const cid = manifestCid(manifest)
  let fixture: Fixture
  let lease: Uint8Array

  beforeEach(async () => {
    fixture = await startHolder()
    lease = await leaseOn(cid, fixture.alice)
  })

  afterEach(async () => fixture.stop())

  async function placementBy(
    who: Signer,
    fields: { sequence?: bigint; shard?: number; of?: typeof cid } = {}
  ) {
    const { sequence = BigInt(NOW_MS), shard = 0, of = cid } = fields
    return owned(
      await signPlacement(NETWORK, { cid: of, sequence, holders: [{ shard, peer: who.peer }] }, who)
    )
  }

  const putManifest = async (
    fields: {
      manifest?: Uint8Array
      lease?: Uint8Array
      placement?: Uint8Array
      quiet?: boolean
      statements?: Uint8Array<ArrayBuffer>[]
    } = {}
  ) =>
    ask(fixture, {
      putManifest: {
        manifest: owned(fields.manifest ?? manifest),
        lease: owned(fields.lease ?? lease),
        placement: owned(fields.placement ?? new Uint8Array(0)),
        quiet: fields.quiet ?? false,
        statements: fields.statements ?? []
      }
    })
  const getManifest = async () => ask(fixture, { getManifest: owned(cid.bytes) })
  const putLease = async (signed: Uint8Array) => ask(fixture, { putLease: owned(signed) })
  const status = async () => ask(fixture, { status: owned(cid.bytes) })

  function expectRefused(reply: ObjectReply, message: RegExp, code = 'REFUSED'): void {
    expect(reply).to.include({ status: code })
    expect(reply.message).to.match(message)
  }

  it('keeps a manifest with its lease and placement, serves them, and announces the object', async () => {
    const placement = await placementBy(fixture.alice)
    expect(await putManifest({ placement })).to.include({ status: 'OK' })
    const reply = await getManifest()
    expect(reply).to.deep.include({ status: 'OK', shards: [] })
    expect(Buffer.compare(reply.manifest, manifest)).to.equal(0)
    expect(Buffer.compare(reply.placement, placement)).to.equal(0)
    expect(fixture.mesh.provided.map(String)).to.deep.equal([cid.toString()])
  })

  it('does not announce an object that others announce', async () => {
    expect(await putManifest({ quiet: true })).to.include({ status: 'OK' })
    expect(await getManifest()).to.include({ status: 'OK' })
    expect(fixture.mesh.provided).to.deep.equal([])
  })

  it('reports which shards it holds', async () => {
    const object = codedObject()
    await putShard(fixture, object, 2)
    await putShard(fixture, object, 0)
    const reply = await ask(fixture, { getManifest: owned(object.cid.bytes) })
    expect([...reply.shards]).to.deep.equal([0, 2])
    expect([...(await ask(fixture, { status: owned(object.cid.bytes) })).shards]).to.deep.equal([0, 2])
  })

  it('answers its own node like a peer', async () => {
    await putManifest()
    const reply = await fixture.holder.answer({ getManifest: owned(cid.bytes) })
    expect(Buffer.compare(reply.manifest, manifest)).to.equal(0)
  })

  it('serves leases as they were signed', async () => {
    await putManifest()
    await putLease(await leaseOn(cid, fixture.bob, { sequence: 9n }))
    const { leases } = await status()
    const opened = await Promise.all(leases.map(async (signed) => openLease(NETWORK, signed, NOW_MS)))
    expect(opened.map(({ sequence }) => sequence)).to.have.members([1n, 9n])
  })

  it('reports how many blocks of each shard are damaged', async () => {
    const object = codedObject()
    await putShard(fixture, object, 2)
    await putShard(fixture, object, 0)
    fixture.holdings.badBlocks.set(`${object.cid.toString()} 2`, 3)
    for (const request of ['getManifest', 'status'] as const) {
      const reply = await ask(fixture, { [request]: owned(object.cid.bytes) })
      expect([...reply.badBlocks], request).to.deep.equal([0, 3])
    }
  })

  it('reports which lease of the lessee it keeps, whichever was sent', async () => {
    const expectKept = (reply: ObjectReply, kept: Uint8Array): void => {
      expect(reply.status).to.equal('OK')
      expect(reply.leases.map((signed) => Buffer.compare(signed, kept))).to.deep.equal([0])
    }
    expectKept(await putManifest(), lease)
    const later = await leaseOn(cid, fixture.alice, { sequence: 7n, expiresAtMs: NOW_MS + DAY_MS / 2 })
    expectKept(await putLease(later), later)
    // The clock of the lessee has been set back: its longer lease is not the newest.
    const longer = await leaseOn(cid, fixture.alice, { sequence: 3n, expiresAtMs: NOW_MS + 90 * DAY_MS })
    expectKept(await putLease(longer), later)
    expectKept(await putManifest({ lease: longer }), later)
    const bobs = await leaseOn(cid, fixture.bob)
    expectKept(await putLease(bobs), bobs)
  })

  it('does not serve a lease that its disk has lost', async () => {
    await putManifest()
    await fixture.holdings.putLease(cid, {
      lessee: 'unknown',
      sequence: 0n,
      expiresAtMs: NOW_MS + DAY_MS,
      tombstone: false,
      signed: new Uint8Array(0)
    })
    expect((await status()).leases).to.have.length(1)
  })

  it('answers NOT_FOUND for an object that it does not hold', async () => {
    expect(await getManifest()).to.include({ status: 'NOT_FOUND' })
    expect(await status()).to.include({ status: 'NOT_FOUND' })
    expect(await putLease(lease)).to.include({ status: 'NOT_FOUND' })
  })

  it('serves the tombstones of a removed object', async () => {
    await putManifest()
    const tombstone = await leaseOn(cid, fixture.alice, { sequence: 2n, tombstone: true })
    expect(await putLease(tombstone)).to.include({ status: 'OK' })
    fixture.holdings.manifests.delete(cid.toString())
    expect(await status()).to.include({ status: 'NOT_FOUND' })
    const { leases } = await ask(fixture, { getLeases: owned(cid.bytes) })
    expect(leases.map((one) => Buffer.from(one).toString('hex'))).to.deep.equal([
      Buffer.from(tombstone).toString('hex')
    ])
  })

  it('keeps and serves holder statements, and makes its own', async () => {
    const object = codedObject()
    const lease = await leaseOn(object.cid, fixture.alice)
    const holder = await signer(7)
    const sign = async (fields: { sequence?: bigint; shards?: number[]; cid?: typeof cid } = {}) =>
      owned(
        await signHolderStatement(
          NETWORK,
          { cid: object.cid, sequence: BigInt(NOW_MS), shards: [1], ...fields },
          holder
        )
      )
    const put = async (statements: Uint8Array<ArrayBuffer>[]) =>
      putManifest({ manifest: object.bytes, lease, statements })
    const [older, newer] = [await sign(), await sign({ sequence: BigInt(NOW_MS + 1), shards: [2] })]
    expect(await put([newer])).to.include({ status: 'OK' })
    expect(await put([older])).to.include({ status: 'OK' })
    const { statements } = await ask(fixture, { getManifest: owned(object.cid.bytes) })
    expect(statements.map((bytes) => Buffer.from(bytes).toString('hex'))).to.deep.equal([
      Buffer.from(newer).toString('hex')
    ])
    expectRefused(await put([await sign({ shards: [object.manifest.n] })]), /does not have/)
    expectRefused(await put([await sign({ cid })]), /of another object/)
    expect(await ask(fixture, { getStatement: owned(object.cid.bytes) })).to.include({ status: 'NOT_FOUND' })
    await putShard(fixture, object, 3)
    const own = await ask(fixture, { getStatement: owned(object.cid.bytes) })
    const opened = await openHolderStatement(NETWORK, own.statements[0], NOW_MS)
    expect(opened.shards).to.deep.equal([3])
  })

  it('serves an object only while a lease is live', async () => {
    await putManifest()
    fixture.passTime(DAY_MS)
    expect(await getManifest()).to.include({ status: 'NOT_FOUND' })
    const renewed = await leaseOn(cid, fixture.alice, { sequence: 2n, expiresAtMs: NOW_MS + 2 * DAY_MS })
    expect(await putLease(renewed)).to.include({ status: 'OK' })
    expect(await getManifest()).to.include({ status: 'OK' })
  })

  it("lets each lessee end its own lease, but not another's", async () => {
    await putManifest()
    await putLease(await leaseOn(cid, fixture.bob))
    const end = async (who: Signer) => putLease(await leaseOn(cid, who, { sequence: 2n, tombstone: true }))
    expect(await end(fixture.bob)).to.include({ status: 'OK' })
    expect(await getManifest()).to.include({ status: 'OK' })
    expect(await end(fixture.alice)).to.include({ status: 'OK' })
    expect(await getManifest()).to.include({ status: 'NOT_FOUND' })
    expect((await status()).leases, 'what was said stays known').to.have.length(2)
  })

  it('accepts a lease twice, but not one that its lessee has ended', async () => {
    await putManifest()
    expect(await putLease(lease)).to.include({ status: 'OK' })
    await putLease(await leaseOn(cid, fixture.alice, { sequence: 5n, tombstone: true }))
    expectRefused(await putLease(lease), /said otherwise/)
    expectRefused(await putManifest(), /said otherwise/)
  })

  it('keeps a bounded number of lessees of an object', async () => {
    await fixture.stop()
    fixture = await startHolder({ settings: { maxLeases: 3 } })
    await putManifest()
    for (const number of [1, 2]) {
      expect(await putLease(await leaseOn(cid, await signer(number)))).to.include({ status: 'OK' })
    }
    expectRefused(await putLease(await leaseOn(cid, await signer(3))), /too many lessees/)
    const renewed = await leaseOn(cid, fixture.alice, { sequence: 2n })
    expect(await putLease(renewed), 'a renewal is no new lessee').to.include({ status: 'OK' })
  })

  it('refuses a manifest that is malformed, or has no valid lease', async () => {
    expectRefused(await putManifest({ manifest: manifest.subarray(1) }), /manifest/)
    expectRefused(await putManifest({ lease: new Uint8Array(0) }), /lease/)
    const other = codedObject().cid
    expectRefused(await putManifest({ lease: await leaseOn(other, fixture.alice) }), /another object/)
    expectRefused(
      await putManifest({ lease: await leaseOn(cid, fixture.alice, { tombstone: true }) }),
      /tombstone/
    )
    const foreign = await leaseOn(cid, fixture.alice, { network: OTHER_NETWORK })
    expectRefused(await putManifest({ lease: foreign }), /another network/, 'WRONG_NETWORK')
    expect(fixture.holdings.manifests.size).to.equal(0)
    expect(fixture.mesh.provided).to.deep.equal([])
  })

  it('refuses a placement record of another signer, object or shard, and keeps nothing', async () => {
    const { alice, bob } = fixture
    expectRefused(await putManifest({ placement: await placementBy(bob) }), /not signed by the lessee/)
    expectRefused(await putManifest({ placement: await placementBy(alice, { shard: 3 }) }), /does not have/)
    const ofOther = await placementBy(alice, { of: codedObject().cid })
    expectRefused(await putManifest({ placement: ofOther }), /another object/)
    expectRefused(await putManifest({ placement: noise(50) }), /placement record/)
    expect(fixture.holdings.manifests.size + fixture.holdings.placements.size).to.equal(0)
  })

  it('keeps the newest placement record', async () => {
    const { alice } = fixture
    await putManifest({ placement: await placementBy(alice) })
    const newer = await placementBy(alice, { sequence: BigInt(NOW_MS) + 2n })
    expect(await putManifest({ placement: newer })).to.include({ status: 'OK' })
    await putManifest({ placement: await placementBy(alice, { sequence: BigInt(NOW_MS) + 1n, shard: 1 }) })
    expect(Buffer.compare((await getManifest()).placement, newer)).to.equal(0)
  })

  it('serves a small object from its manifest and its leases, and looks up nothing else', async () => {
    const small = encodeManifest(inlineManifest(noise(1000)))
    const id = manifestCid(small)
    const put = await putManifest({ manifest: small, lease: await leaseOn(id, fixture.alice) })
    expect(put).to.include({ status: 'OK' })
    const { holdings } = fixture
    const fail = async (): Promise<never> => {
      throw new Error('not to be looked up')
    }
    holdings.getPlacement = holdings.heldShards = holdings.shardsOf = holdings.statements = fail
    const reply = await ask(fixture, { getManifest: owned(id.bytes) })
    expect(reply).to.include({ status: 'OK' })
    expect(Buffer.compare(reply.manifest, small)).to.equal(0)
  })

  it('answers a manifest with the lease that it keeps, with no look at the others', async () => {
    const newer = await leaseOn(cid, fixture.alice, { sequence: 3n })
    fixture.holdings.leases = async () => []
    expect((await putManifest()).leases.map((one) => Buffer.from(one))).to.deep.equal([Buffer.from(lease)])
    expect((await putManifest({ lease: newer })).leases.map((one) => Buffer.from(one))).to.deep.equal([
      Buffer.from(newer)
    ])
  })

  it('keeps several manifests of one request, each judged alone', async () => {
    const { alice } = fixture
    const objects = await Promise.all(
      [1, 2, 3].map(async (seed) => {
        const bytes = owned(encodeManifest(inlineManifest(noise(100, seed))))
        const signed = owned(await leaseOn(manifestCid(bytes), alice))
        return { manifest: bytes, lease: signed, placement: new Uint8Array(0), quiet: true, statements: [] }
      })
    )
    const [first, second, third] = objects
    const wrong = { ...second, lease: first.lease }
    const reply = await ask(fixture, { putManifests: { objects: [first, wrong, third, first] } })
    expect(reply).to.include({ status: 'OK' })
    expect(reply.replies.map(({ status }) => status)).to.deep.equal(['OK', 'REFUSED', 'OK', 'OK'])
    expect(reply.replies[1].message).to.match(/another object/)
    expect(reply.replies.map(({ lease }) => lease.byteLength > 0)).to.deep.equal([true, false, true, true])
    expect([...fixture.holdings.manifests.keys()]).to.have.members(
      [first, third].map(({ manifest }) => manifestCid(manifest).toString())
    )
  })

  it('keeps the others of one request when its disk fails for one', async () => {
    const { alice, holdings } = fixture
    const objects = await Promise.all(
      [1, 2].map(async (seed) => {
        const bytes = owned(encodeManifest(inlineManifest(noise(100, seed))))
        const signed = owned(await leaseOn(manifestCid(bytes), alice))
        return { manifest: bytes, lease: signed, placement: new Uint8Array(0), quiet: true, statements: [] }
      })
    )
    const keep = holdings.keepObject.bind(holdings)
    holdings.keepObject = async (id, ...rest) => {
      if (id.equals(manifestCid(objects[0].manifest)))
        throw Object.assign(new Error('full'), { code: 'DISK_FULL' })
      return await keep(id, ...rest)
    }
    const { replies } = await ask(fixture, { putManifests: { objects } })
    expect(replies.map(({ status }) => status)).to.deep.equal(['QUOTA', 'OK'])
  })

  it('refuses a request of no manifests, and cuts off one of more than 32', async () => {
    expectRefused(await ask(fixture, { putManifests: { objects: [] } }), /no manifests/)
    const none = new Uint8Array(0)
    const empty = { manifest: none, lease: none, placement: none, quiet: true, statements: [] }
    const objects = Array.from({ length: 33 }, () => empty)
    expectRefused(await ask(fixture, { putManifests: { objects } }), /./)
    const { replies } = await ask(fixture, { putManifests: { objects: objects.slice(1) } })
    expect(replies.map(({ status }) => status)).to.deep.equal(Array.from({ length: 32 }, () => 'REFUSED'))
  })

  it('refuses a request without an object, and an empty request', async () => {
    for (const bytes of [new Uint8Array(0), new Uint8Array(36), noise(36)]) {
      expectRefused(await ask(fixture, { getManifest: owned(bytes) }), /no object id/)
      expectRefused(await ask(fixture, { status: owned(bytes) }), /no object id/)
    }
    expectRefused(await ask(fixture, {}), /asks for nothing/)
  })

  it('answers QUOTA and FAILED for faults of its disk', async () => {
    fixture.holdings.keepObject = async () => {
      throw Object.assign(new Error('full'), { code: 'DISK_FULL' })
    }
    expect(await putManifest()).to.include({ status: 'QUOTA' })
    fixture.holdings.getManifest = async () => {
      throw new Error('EIO on /dev/sda1')
    }
    expect(await getManifest()).to.include({ status: 'FAILED', message: 'the holder failed' })
    expect(fixture.holder.stats.refused).to.deep.equal({ QUOTA: 1, FAILED: 1 })
    expect(fixture.log).to.deep.equal(['a request of object/1 failed'])
  })

  it('serves one request after another on a stream, and continues after a refusal', async () => {
    const stream = await fixture.mesh.dial('object/1', fixture.bob.peer)
    const request = async (fields: Partial<ObjectRequest>) => {
      await stream.write([ObjectRequest.encode(fields)], WAIT)
      return await stream.readMessage(ObjectReply, WAIT)
    }
    const put = {
      manifest: owned(manifest),
      lease: owned(lease),
      placement: new Uint8Array(0),
      quiet: false,
      statements: []
    }
    expect(await request({ getManifest: owned(cid.bytes) })).to.include({ status: 'NOT_FOUND' })
    expect(await request({ putManifest: put })).to.include({ status: 'OK' })
    expect(await request({ getManifest: owned(cid.bytes) })).to.include({ status: 'OK' })
    await stream.close(WAIT)
    expect(await stream.read(WAIT)).to.equal(undefined)
    await Promise.all(fixture.mesh.served)
  })

  it('closes an idle stream without a reset', async () => {
    await fixture.stop()
    fixture = await startHolder({ settings: { idleTimeoutMs: 20 } })
    const stream = await fixture.mesh.dial('object/1', fixture.bob.peer)
    expect(await stream.read(WAIT)).to.equal(undefined)
    await stream.close(WAIT)
    await Promise.all(fixture.mesh.served)
    expect(fixture.holder.stats.streamsCut).to.equal(0)
  })

  it('does not answer a stream without a request', async () => {
    const stream = await fixture.mesh.dial('object/1', fixture.bob.peer)
    await stream.close(WAIT)
    expect(await stream.read(WAIT), 'nothing asked, nothing answered').to.equal(undefined)
    await Promise.all(fixture.mesh.served)
  })
})
