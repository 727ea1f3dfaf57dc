import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { expect } from 'chai'
import { KeptHeadsStore } from '../../../src/heads/kept.ts'
import type { HeadRecords } from '../../../src/heads/kept.ts'
import { openHead, signHead } from '../../../src/heads/index.ts'
import type { Head } from '../../../src/heads/index.ts'

const NETWORK = new Uint8Array(32).fill(7)

/** Records in memory; they fail where a test says so. */
class MemoryRecords implements HeadRecords {
  readonly kept = new Map<string, Uint8Array>()
  readonly damaged = new Set<string>()
  fails = false

  async write(changes: Parameters<HeadRecords['write']>[0]): Promise<void> {
    if (this.fails) throw new Error('the disk is full')
    for (const { key, value } of changes) {
      if (value === undefined) this.kept.delete(key)
      else this.kept.set(key, value)
    }
  }

  async list(_prefix: string, onDamaged: (key: string) => void): ReturnType<HeadRecords['list']> {
    for (const key of this.damaged) onDamaged(key)
    return [...this.kept].map(([key, value]) => ({ key, value }))
  }
}

describe('heads: what a peer keeps for others', () => {
  let nowMs = 1_700_000_000_000
  const clock = { nowMs: () => nowMs }

  const headOf = async (sequence: number, value = sequence, lifeMs = 1000): Promise<Head> => {
    const key = keys.at(-1)!
    const signer = {
      peer: peerIdFromPrivateKey(key),
      sign: async (bytes: Uint8Array) => await key.sign(bytes)
    }
    const fields = { sequence, expiresAtMs: nowMs + lifeMs, value: Uint8Array.of(value) }
    return await openHead(NETWORK, await signHead(NETWORK, fields, signer), nowMs)
  }
  const keys: Ed25519PrivateKey[] = []
  const nextName = async (): Promise<void> => void keys.push(await generateKeyPair('Ed25519'))
  beforeEach(nextName)

  const openStore = async (records: HeadRecords, settings = {}): Promise<[KeptHeadsStore, string[]]> => {
    const dropped: string[] = []
    const store = new KeptHeadsStore({
      records,
      networkId: NETWORK,
      clock,
      settings: { maxNames: 8, maxShare: 0.25, ...settings },
      onDropped: (key) => dropped.push(key)
    })
    await store.open()
    return [store, dropped]
  }
  const valuesOf = (heads: readonly Head[] | undefined): number[] =>
    (heads ?? []).map(({ value }) => value[0]).sort()

  it('outlives a restart; older ones never replace newer ones', async () => {
    const records = new MemoryRecords()
    const [store] = await openStore(records)
    const [first, second] = [await headOf(1), await headOf(2)]
    expect(valuesOf(await store.put(second, 'a'))).to.deep.equal([2])
    expect(valuesOf(await store.put(first, 'a'))).to.deep.equal([2])
    const [again] = await openStore(records)
    expect(valuesOf(again.get(second.name.toString()))).to.deep.equal([2])
  })

  it('is acknowledged only when the disk has it', async () => {
    const records = new MemoryRecords()
    const [store] = await openStore(records)
    records.fails = true
    const head = await headOf(1)
    const failed = await store.put(head, 'a').then(
      () => false,
      () => true
    )
    expect(failed).to.equal(true)
    expect(store.get(head.name.toString())).to.deep.equal([])
    records.fails = false
    expect(valuesOf(await store.put(head, 'a'))).to.deep.equal([1])
  })

  it('keeps conflicting heads of one sequence, whatever comes at the same time', async () => {
    const [store] = await openStore(new MemoryRecords())
    const heads = await Promise.all([1, 2, 3].map(async (value) => await headOf(5, value)))
    await Promise.all(heads.map(async (head) => await store.put(head, 'a')))
    expect(valuesOf(store.get(heads[0].name.toString()))).to.deep.equal([1, 2, 3])
    expect(valuesOf(await store.put(await headOf(6, 9), 'a'))).to.deep.equal([9])
  })

  it('takes no more names than its limits, of one network fewer; known names and its own user always', async () => {
    const [store] = await openStore(new MemoryRecords())
    const first = await headOf(1)
    await store.put(first, 'a')
    await nextName()
    expect(valuesOf(await store.put(await headOf(1), 'a'))).to.deep.equal([1])
    await nextName()
    expect(await store.put(await headOf(1), 'a')).to.equal(undefined)
    expect(valuesOf(await store.put(await headOf(1), 'b'))).to.deep.equal([1])
    for (const network of ['c', 'd', 'e', 'f', 'g']) {
      await nextName()
      await store.put(await headOf(1), network)
    }
    await nextName()
    expect(await store.put(await headOf(1), 'z')).to.equal(undefined)
    expect(valuesOf(await store.put(await headOf(1), undefined))).to.deep.equal([1])
  })

  it('says nothing of what has expired, and drops it at the next start, with what is damaged', async () => {
    const records = new MemoryRecords()
    const [store] = await openStore(records)
    const head = await headOf(1, 1, 10)
    const name = head.name.toString()
    await store.put(head, 'a')
    records.kept.set('rubbish', Uint8Array.of(255, 255))
    records.damaged.add('unreadable')
    nowMs += 10
    expect(store.get(name)).to.deep.equal([])
    const [again, dropped] = await openStore(records)
    expect(dropped).to.have.members([name, 'rubbish', 'unreadable'])
    expect([again.size, records.kept.size]).to.deep.equal([0, 0])
  })
})
