import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { BoundedRecords } from '../../../../src/node/data/bounded-records.ts'
import type { RecordKind } from '../../../../src/node/data/bounded-records.ts'

const KINDS: readonly RecordKind[] = [
  { name: 'provider', prefix: '/p/', maxEntries: 10, maxEntriesPerPeer: 4, maxBytes: 1000, maxValueBytes: 8 },
  { name: 'value', prefix: '/v/', maxEntries: 100, maxBytes: 100, maxValueBytes: 50 }
]

describe('records kept for others', () => {
  let base: MemoryDatastore
  let records: BoundedRecords

  beforeEach(async () => {
    base = new MemoryDatastore()
    records = await BoundedRecords.open(base, 'self', KINDS)
  })

  const put = async (name: string, bytes = 1): Promise<unknown> =>
    await records.put(new Key(name), new Uint8Array(bytes))
  const names = async (prefix = '/'): Promise<string[]> => {
    const found: string[] = []
    for await (const key of base.queryKeys({ prefix })) found.push(key.toString())
    return found.sort()
  }

  it('of one peer are bounded: its oldest is dropped, and no other', async () => {
    await put('/p/x/alice')
    for (let i = 0; i < 5; i++) await put(`/p/${i}/eve`)
    expect(await names('/p')).to.deep.equal(['/p/1/eve', '/p/2/eve', '/p/3/eve', '/p/4/eve', '/p/x/alice'])
  })

  it('put again are no longer the oldest, and count once', async () => {
    for (let i = 0; i < 4; i++) await put(`/p/${i}/eve`)
    await put('/p/0/eve')
    await put('/p/4/eve')
    expect(await names('/p')).to.deep.equal(['/p/0/eve', '/p/2/eve', '/p/3/eve', '/p/4/eve'])
    expect(records.counts().provider.entries).to.equal(4)
  })

  it('in all are bounded: the peer with most loses one first, and this node last', async () => {
    for (let i = 0; i < 6; i++) await put(`/p/${i}/self`)
    await put('/p/x/alice')
    for (let i = 0; i < 3; i++) await put(`/p/${i}/eve`)
    await put('/p/y/bob')
    const left = await names('/p')
    expect(left).to.have.lengthOf(10)
    expect(left).to.include.members(['/p/x/alice', '/p/y/bob', '/p/5/self', '/p/0/self'])
    expect(left).not.to.include('/p/0/eve')
  })

  it('are bounded in bytes', async () => {
    for (let i = 0; i < 4; i++) await put(`/v/${i}`, 40)
    expect(await names('/v')).to.deep.equal(['/v/2', '/v/3'])
    expect(records.counts().value).to.deep.equal({ entries: 2, bytes: 88 })
  })

  it('longer than their kind allows are refused', async () => {
    expect(await put('/v/long', 51).catch((error: unknown) => error)).to.be.instanceOf(RangeError)
    expect(await put('/v/fits', 50)).to.be.instanceOf(Key)
    expect(await put('/elsewhere', 5000)).to.be.instanceOf(Key)
  })

  it('are counted again after a restart, and reduced to the limits', async () => {
    for (let i = 0; i < 7; i++) await base.put(new Key(`/p/${i}/eve`), new Uint8Array(2))
    const again = await BoundedRecords.open(base, 'self', KINDS)
    expect(await names('/p')).to.have.lengthOf(4)
    expect(again.counts().provider).to.deep.equal({ entries: 4, bytes: 4 * ('/p/0/eve'.length + 2) })
    await again.delete(new Key((await names('/p'))[0]))
    expect(again.counts().provider.entries).to.equal(3)
  })

  it('are read and listed unchanged', async () => {
    await put('/p/x/alice', 3)
    expect(await records.get(new Key('/p/x/alice'))).to.have.lengthOf(3)
    expect([await records.has(new Key('/p/x/alice')), await records.has(new Key('/p/x/bob'))]).to.deep.equal([
      true,
      false
    ])
    const found: string[] = []
    for await (const { key } of records.query({ prefix: '/p/x' })) found.push(key.toString())
    for await (const key of records.queryKeys({ prefix: '/p' })) found.push(key.toString())
    expect(found).to.deep.equal(['/p/x/alice', '/p/x/alice'])
  })
})
