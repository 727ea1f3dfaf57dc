import { expect } from 'chai'
import { openStore } from '../../../src/store/index.ts'
import { PLENTY_BYTES, useFolder } from './support.ts'

describe('notes of other rooms in the store', () => {
  const folder = useFolder()
  const open = async () => await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

  it('are kept over a restart, in order, separate for each namespace', async () => {
    const store = await open()
    await store.notes('agreement').write([
      { key: 'slot/2', value: bytes(2) },
      { key: 'slot/1', value: bytes(1) },
      { key: 'decision', value: bytes(9) }
    ])
    await store.notes('agree').write([{ key: 'ment/slot/3', value: bytes(3) }])
    await store.close()
    const again = await open()
    const notes = again.notes('agreement')
    expect(await notes.list('slot/')).to.deep.equal([
      { key: 'slot/1', value: bytes(1) },
      { key: 'slot/2', value: bytes(2) }
    ])
    expect(await notes.get('decision')).to.deep.equal(bytes(9))
    expect(await notes.get('ment/slot/3')).to.equal(undefined)
    expect(await again.notes('agree').list('')).to.have.length(1)
    await again.close()
  })

  it('count against the quota, are never refused by it, and free their space when deleted', async () => {
    const store = await openStore({ path: folder(), quotaBytes: 10 })
    const before = (await store.usage()).usedBytes
    const notes = store.notes('agreement')
    await notes.write([{ key: 'a', value: new Uint8Array(1000) }])
    expect((await store.usage()).usedBytes).to.be.greaterThan(before + 1000)
    await notes.write([{ key: 'a', value: new Uint8Array(10) }, { key: 'b' }])
    await notes.write([{ key: 'a' }])
    expect((await store.usage()).usedBytes).to.equal(before)
    await store.close()
    const again = await openStore({ path: folder(), quotaBytes: 10 })
    expect((await again.usage()).usedBytes).to.equal(before)
    await again.close()
  })

  it('are refused with a namespace that could be mistaken for another', async () => {
    const store = await open()
    for (const name of ['', 'A', 'a/b', 'x'.repeat(33)]) expect(() => store.notes(name)).to.throw(RangeError)
    await store.close()
  })
})
