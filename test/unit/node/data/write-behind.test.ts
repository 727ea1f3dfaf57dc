import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { WriteBehindDatastore } from '../../../../src/node/data/write-behind.ts'
import type { Batch } from 'interface-datastore'

const NEVER_MS = 1e6
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** Counts what reaches it, and refuses batches when told to. */
class WatchedDatastore extends MemoryDatastore {
  gets = 0
  batches = 0
  full = false

  override get(key: Key): Uint8Array {
    this.gets++
    return super.get(key) as Uint8Array
  }

  override batch(): Batch {
    const batch = super.batch()
    return {
      put: (key, value) => batch.put(key, value),
      delete: (key) => batch.delete(key),
      commit: async () => {
        if (this.full) throw new Error('the disk is full')
        this.batches++
        await batch.commit()
      }
    }
  }
}

describe('write-behind datastore', () => {
  const [one, two, three] = ['/peers/one', '/peers/two', '/dht/three'].map((name) => new Key(name))
  let base: WatchedDatastore
  let store: WriteBehindDatastore
  let errors: unknown[]

  beforeEach(() => {
    base = new WatchedDatastore()
    errors = []
    store = behind()
  })
  afterEach(async () => store.close())

  const behind = (maxCached?: number, delayMs = NEVER_MS): WriteBehindDatastore =>
    new WriteBehindDatastore(base, { delayMs, maxCached, onError: (error) => errors.push(error) })

  const named = async (prefix: string): Promise<Record<string, number>> => {
    const found: Record<string, number> = {}
    for await (const { key, value } of store.query({ prefix })) found[key.toString()] = value[0]
    return found
  }

  it('answers from memory, and writes many changes at once', async () => {
    for (let value = 0; value < 50; value++) await store.put(one, bytes(value))
    await store.put(two, bytes(7))
    expect(await store.get(one)).to.deep.equal(bytes(49))
    expect(base.has(one)).to.equal(false)
    await store.flush()
    expect([base.get(one), base.get(two), base.batches]).to.deep.equal([bytes(49), bytes(7), 1])
  })

  it('writes after a delay', async () => {
    store = behind(undefined, 1)
    const written = new Promise<void>((resolve) => {
      const put = base.put.bind(base)
      base.put = (key, value) => {
        resolve()
        return put(key, value)
      }
    })
    await store.put(one, bytes(1))
    await written
    expect(base.batches).to.equal(1)
  })

  it('writes pending changes when it is closed', async () => {
    await store.put(one, bytes(1))
    await store.close()
    expect(base.get(one)).to.deep.equal(bytes(1))
  })

  it('drops changes after its close, instead of writing to a closed datastore', async () => {
    await store.close()
    base.full = true
    await store.put(one, bytes(1))
    await store.flush()
    expect(errors).to.deep.equal([])
    expect(base.has(one)).to.equal(false)
  })

  it('reads an entry from the datastore behind once', async () => {
    base.put(one, bytes(5))
    for (let i = 0; i < 3; i++) expect(await store.get(one)).to.deep.equal(bytes(5))
    expect(base.gets).to.equal(1)
  })

  it('keeps a bounded number of entries in memory, and still finds the others', async () => {
    store = behind(1)
    await store.put(one, bytes(1))
    await store.put(two, bytes(2))
    expect(await store.get(one), 'not written yet').to.deep.equal(bytes(1))
    await store.flush()
    expect(await store.get(one)).to.deep.equal(bytes(1))
    expect(await store.get(two)).to.deep.equal(bytes(2))
    expect(base.gets).to.equal(2)
  })

  it('does not find deleted entries, written or not', async () => {
    base.put(one, bytes(1))
    await store.put(two, bytes(2))
    await store.get(one)
    await store.delete(one)
    await store.delete(two)
    for (const when of ['before it is written', 'after']) {
      for (const key of [one, two]) {
        expect(await store.has(key), when).to.equal(false)
        expect(await Promise.resolve(store.get(key)).catch(({ name }: Error) => name)).to.equal(
          'NotFoundError'
        )
      }
      expect(await named('/')).to.deep.equal({})
      await store.flush()
    }
  })

  it('lists written and pending entries under a prefix, each once', async () => {
    base.put(one, bytes(1))
    base.put(two, bytes(2))
    await store.put(two, bytes(3))
    await store.put(three, bytes(4))
    expect(await named('/peers')).to.deep.equal({ '/peers/one': 1, '/peers/two': 3 })
    expect(await named('/dht')).to.deep.equal({ '/dht/three': 4 })
    const keys: string[] = []
    for await (const key of store.queryKeys({ prefix: '/peers' })) keys.push(key.toString())
    expect(keys.sort()).to.deep.equal(['/peers/one', '/peers/two'])
  })

  it('logs a failed write, and continues', async () => {
    base.full = true
    await store.put(one, bytes(1))
    await store.flush()
    expect(errors).to.have.length(1)
    base.full = false
    await store.put(two, bytes(2))
    await store.flush()
    expect(base.get(two)).to.deep.equal(bytes(2))
    expect(errors).to.have.length(1)
  })
})
