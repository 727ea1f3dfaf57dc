import { expect } from 'chai'
import { MerkleTree } from '../../../../encoder/index.ts'
import { leafHash } from '../../../../encoder/index.ts'
import { GetRequest } from '../../../../protocols/generated/object.js'
import { signLease } from '../../../../src/hologram/records/lease.ts'
import type { LeasedShape } from '../../../../src/hologram/records/shape.ts'
import { codedObject, DAY_MS, NETWORK, NOW_MS } from '../support.ts'
import { ask, commit, getRequest, openUpload, readReply, sendBlocks, startHolder, WAIT } from './fixture.ts'
import type { Fixture } from './fixture.ts'
import type { Signer } from '../../../../protocols/signed.ts'

const N = 4

describe('holder: another number of shards than the manifest has', () => {
  const object = codedObject({ n: N })
  /** Rows of the same geometry that the manifest does not have. */
  const more = codedObject({ n: 7 }).shards
  const rootOf = (row: number): Uint8Array => new MerkleTree(Buffer.concat(more[row].map(leafHash))).root
  const asking = (n: number): LeasedShape => ({
    n,
    roots: Array.from({ length: Math.max(0, n - N) }, (_, row) => rootOf(N + row))
  })
  let fixture: Fixture

  beforeEach(async () => {
    fixture = await startHolder()
  })
  afterEach(async () => fixture.stop())

  const lease = async (
    who: Signer,
    sequence: number,
    { shape, tombstone = false }: { shape?: LeasedShape; tombstone?: boolean } = {}
  ): Promise<Uint8Array<ArrayBuffer>> => {
    const terms = {
      cid: object.cid,
      sequence: BigInt(sequence),
      expiresAtMs: NOW_MS + DAY_MS,
      tombstone,
      shape
    }
    return Uint8Array.from(await signLease(NETWORK, terms, who))
  }

  const put = async (shard: number, signed: Uint8Array): Promise<string> => {
    const { stream } = await openUpload(fixture, object, shard)
    await sendBlocks(stream, more[shard])
    const { status } = await commit(stream, object.bytes, signed)
    await stream.close(WAIT)
    return status
  }
  const putLease = async (putLease: Uint8Array<ArrayBuffer>): Promise<string> =>
    (await ask(fixture, { putLease })).status
  const held = async (): Promise<number[]> => fixture.holdings.shardsOf(object.cid)
  const blockOf = async (shard: number): Promise<string | undefined> => {
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await stream.writeMessage(GetRequest, getRequest(object.cid, { shard }), WAIT)
    const reply = await readReply(stream)
    await stream.close(WAIT)
    return reply?.status
  }

  it('takes and serves an added shard under the root in the lease, and only under that', async () => {
    expect(await put(5, await lease(fixture.alice, 1))).to.equal('REFUSED')
    expect(await put(5, await lease(fixture.alice, 1, { shape: asking(5) }))).to.equal('REFUSED')
    const wrong = { n: 6, roots: [rootOf(4), rootOf(6)] }
    expect(await put(5, await lease(fixture.alice, 1, { shape: wrong }))).to.equal('REFUSED')
    expect(await held()).to.deep.equal([])
    expect(await put(5, await lease(fixture.alice, 2, { shape: asking(6) }))).to.equal('OK')
    expect(await blockOf(5)).to.equal('OK')
    const { leases } = await ask(fixture, { getManifest: Uint8Array.from(object.cid.bytes) })
    expect(leases).to.have.length(1)
  })

  it('serves it although another lessee states another root', async () => {
    const other = { n: 6, roots: [rootOf(6), rootOf(6)] }
    expect(await putLease(await lease(fixture.bob, 1, { shape: other }))).to.equal('NOT_FOUND')
    expect(await put(5, await lease(fixture.alice, 1, { shape: asking(6) }))).to.equal('OK')
    expect(await putLease(await lease(fixture.bob, 1, { shape: other }))).to.equal('OK')
    expect(await blockOf(5)).to.equal('OK')
    expect(await held()).to.deep.equal([5])
  })

  it('drops what its only lessee lets go, and takes no older lease for the truth afterwards', async () => {
    for (const shard of [1, 3]) expect(await put(shard, await lease(fixture.alice, 1))).to.equal('OK')
    expect(await putLease(await lease(fixture.alice, 2, { shape: asking(3) }))).to.equal('OK')
    expect(await held()).to.deep.equal([1])
    expect(await put(3, await lease(fixture.alice, 3))).to.equal('OK')
    expect(await putLease(await lease(fixture.alice, 2, { shape: asking(3) }))).to.equal('OK')
    expect(await held()).to.deep.equal([1, 3])
  })

  it('keeps what another lessee asks for, until that one lets go', async () => {
    for (const shard of [1, 3]) expect(await put(shard, await lease(fixture.alice, 1))).to.equal('OK')
    expect(await putLease(await lease(fixture.bob, 1))).to.equal('OK')
    expect(await putLease(await lease(fixture.alice, 2, { shape: asking(2) }))).to.equal('OK')
    expect(await held()).to.deep.equal([1, 3])
    expect(await putLease(await lease(fixture.bob, 2, { tombstone: true }))).to.equal('OK')
    expect(await held()).to.deep.equal([1])
  })

  it('keeps everything while a lease is damaged on its disk, and for a number below k', async () => {
    for (const shard of [1, 3]) expect(await put(shard, await lease(fixture.alice, 1))).to.equal('OK')
    expect(await putLease(await lease(fixture.alice, 2, { shape: asking(1) }))).to.equal('OK')
    expect(await held()).to.deep.equal([1, 3])
    const damaged = {
      sequence: 0n,
      expiresAtMs: NOW_MS + DAY_MS,
      tombstone: false,
      signed: new Uint8Array(0)
    }
    await fixture.holdings.putLease(object.cid, { lessee: fixture.bob.peer.toString(), ...damaged })
    expect(await putLease(await lease(fixture.alice, 3, { shape: asking(2) }))).to.equal('OK')
    expect(await held()).to.deep.equal([1, 3])
  })
})
