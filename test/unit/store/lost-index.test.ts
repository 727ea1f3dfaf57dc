import { cp, open, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { expect } from 'chai'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { FIXTURE, FIXTURE_PATH } from './fixture.ts'
import {
  all,
  bytesOf,
  leaseOf,
  plain,
  PLENTY_BYTES,
  readSample,
  sample,
  storeSample,
  useFolder,
  keepPlacement
} from './support.ts'
import type { Store } from '../../../src/store/index.ts'
import type { Sample } from './support.ts'

describe('store whose index is lost', () => {
  const folder = useFolder()
  const lease = leaseOf({ expiresAtMs: 4e12, sequence: 3n })
  const inline = bytesOf('an inline object', 3000)
  const owned = bytesOf('owned', 50)
  const placement = bytesOf('placement', 90)
  let samples: Sample[]
  let log: string[]
  let usedBytes: number

  const opened = async (): Promise<Store> =>
    await openStore({
      path: folder(),
      quotaBytes: PLENTY_BYTES,
      logger: { info: () => {}, warn: (message) => void log.push(message) }
    })

  /** Everything that a store keeps, in more than one file of LevelDB. */
  beforeEach(async () => {
    log = []
    samples = await Promise.all(['a', 'b', 'c'].map(async (name) => await sample(name, [4096, 4096, 64])))
    const store = await opened()
    for (const one of samples) {
      await storeSample(store, one)
      await store.putLease(one.cid, lease)
      await keepPlacement(store, one, { record: placement, sequence: 2n }, { lease })
    }
    const { cid } = await sample('inline')
    await store.keepObject(cid, { manifest: inline, lease }, { nowMs: 0 })
    await store.putOwned(cid, owned)
    const open = await store.openUpload(samples[0].upload, 9, 0)
    await open.append(samples[0].blocks[0], leafHash(samples[0].blocks[0]))
    await open.close()
    await store.deleteObject(samples[2].cid)
    await store.close()
    await makeTables('index')
    await makeTables('mirror')
    const second = await opened()
    expect(second.health().indexRebuilt).to.equal(false)
    await second.putLease(samples[1].cid, leaseOf({ ...lease, lessee: 'later' }))
    usedBytes = (await second.usage()).usedBytes
    await second.close()
  })

  /** Moves what LevelDB has in its log into a table. */
  async function makeTables(copy: string): Promise<void> {
    const level = new ClassicLevel(join(folder(), copy))
    await level.open()
    await level.compactRange('', '~~~~')
    await level.close()
  }

  async function expectAll(store: Store): Promise<void> {
    for (const one of samples.slice(0, 2)) {
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
      expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
      expect(plain(await store.getPlacement(one.cid))).to.deep.equal(placement)
    }
    expect(await store.leases(samples[0].cid)).to.deep.equal([lease])
    expect((await store.leases(samples[1].cid)).map(({ lessee }) => lessee)).to.have.members([
      'later',
      'lessee'
    ])
    expect(await store.shardsOf(samples[2].cid)).to.deep.equal([])
    const { cid } = await sample('inline')
    expect(plain(await store.getManifest(cid))).to.deep.equal(inline)
    expect((await all(store.listOwned())).map(({ value }) => plain(value))).to.deep.equal([owned])
    const again = await store.openUpload(samples[0].upload, 9, 0)
    expect(again.blocksHeld).to.equal(1)
    await again.close()
  }

  const matching = async (pattern: RegExp, copy = 'index'): Promise<string[]> =>
    (await readdir(join(folder(), copy)))
      .filter((name) => pattern.test(name))
      .map((name) => join(folder(), copy, name))

  const losses: Record<string, () => Promise<void>> = {
    'has no tables any more': async () => {
      for (const file of await matching(/\.ldb$/)) await rm(file)
    },
    'has tables cut short': async () => {
      for (const file of await matching(/\.ldb$/)) await truncate(file, 100)
    },
    'has tables of other bytes': async () => {
      for (const file of await matching(/\.ldb$/)) await writeFile(file, bytesOf(file, 5000))
    },
    'has no MANIFEST': async () => {
      for (const file of await matching(/^MANIFEST/)) await rm(file)
    },
    'has a MANIFEST cut short': async () => {
      for (const file of await matching(/^MANIFEST/)) await truncate(file, 9)
    },
    'has no CURRENT': async () => await rm(join(folder(), 'index', 'CURRENT')),
    'has no log': async () => {
      for (const file of await matching(/\.log$/)) await rm(file)
    },
    'is empty': async () => {
      for (const file of await matching(/./)) await rm(file)
    },
    'is not there': async () => await rm(join(folder(), 'index'), { recursive: true })
  }
  for (const [what, lose] of Object.entries(losses)) {
    it(`loses nothing when the index ${what}`, async () => {
      await lose()
      const store = await opened()
      await expectAll(store)
      expect(store.health().indexRebuilt).to.equal(true)
      expect(log.join()).to.contain('made anew from its mirror')
      expect((await store.usage()).usedBytes).to.equal(usedBytes)
      await store.close()
      const next = await opened()
      expect(next.health().indexRebuilt, log.join()).to.equal(false)
      await expectAll(next)
      await next.close()
    })
  }

  for (const [what, lose] of [
    ['damaged', async () => await truncate((await matching(/^MANIFEST/, 'mirror'))[0], 9)],
    ['gone', async () => await rm(join(folder(), 'mirror'), { recursive: true })]
  ] as const) {
    it(`rebuilds a mirror that is ${what}`, async () => {
      await lose()
      await (await opened()).close()
      await losses['is not there']()
      const store = await opened()
      await expectAll(store)
      await store.close()
    })
  }

  it('finds its shards by their files when both copies are gone, and keeps them', async () => {
    await rm(join(folder(), 'index'), { recursive: true })
    await rm(join(folder(), 'mirror'), { recursive: true })
    const store = await opened()
    for (const one of samples.slice(0, 2)) {
      expect(await readSample(store, one)).to.deep.equal(one.blocks)
      expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
    }
    expect(store.health()).to.include({ indexRebuilt: true, shardsFound: 2 })
    expect(await store.collectGarbage(Date.now())).to.include({ removedObjects: 0 })
    await store.close()
    const next = await opened()
    expect(await readSample(next, samples[1])).to.deep.equal(samples[1].blocks)
    await next.close()
  })

  it('quarantines files that do not name their shard', async () => {
    const [file] = (await readdir(join(folder(), 'shards'), { recursive: true })).filter((name) =>
      name.endsWith('.leaves')
    )
    await truncate(join(folder(), 'shards', file), 80)
    await rm(join(folder(), 'index'), { recursive: true })
    await rm(join(folder(), 'mirror'), { recursive: true })
    const store = await opened()
    expect(store.health()).to.include({ shardsFound: 1, shardsSetAside: 1 })
    expect(await readdir(join(folder(), 'quarantine'))).to.have.length(2)
    await store.close()
  })

  it('reads the mirror while the index is damaged under a running store', async () => {
    const store = await opened()
    // In place: LevelDB has the files mapped, and would be killed if they became shorter.
    for (const path of await matching(/\.ldb$/)) {
      const file = await open(path, 'r+')
      await file.write(bytesOf(path, (await file.stat()).size), 0)
      await file.close()
    }
    await expectAll(store)
    await store.putOwned(samples[0].cid, owned)
    expect(plain(await store.getOwned(samples[0].cid))).to.deep.equal(owned)
    await store.close().catch(() => {})
    const next = await opened()
    await next.deleteOwned(samples[0].cid)
    await expectAll(next)
    await next.close()
  })

  it('gives a store of version 1 a mirror at the first start', async () => {
    await rm(folder(), { recursive: true })
    await cp(FIXTURE_PATH, folder(), { recursive: true })
    await (await opened()).close()
    await rm(join(folder(), 'index'), { recursive: true })
    const store = await opened()
    const { shard } = FIXTURE
    const one = await sample(shard.seed, shard.blockSizes, shard.index)
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
    expect(plain(await store.getOwned(one.cid))).to.deep.equal(FIXTURE.owned)
    await store.close()
  })
})
