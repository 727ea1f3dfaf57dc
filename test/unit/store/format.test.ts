import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openStore } from '../../../src/store/index.ts'
import { codeOf, leaseOf, plain, PLENTY_BYTES, readSample, sample, useFolder } from './support.ts'
import { FIXTURE, FIXTURE_PATH } from './fixture.ts'

describe('store format', () => {
  const folder = useFolder()
  const opened = async () => await openStore({ path: folder(), quotaBytes: PLENTY_BYTES })

  it('reads a store of version 1', async () => {
    await cp(FIXTURE_PATH, folder(), { recursive: true })
    const store = await opened()
    const { shard, upload, lease } = FIXTURE
    const one = await sample(shard.seed, shard.blockSizes, shard.index)
    expect(await store.shardsOf(one.cid)).to.deep.equal([shard.index])
    expect(await readSample(store, one)).to.deep.equal(one.blocks)
    expect(plain(await store.getManifest(one.cid))).to.deep.equal(one.manifest)
    expect(plain(await store.getPlacement(one.cid))).to.deep.equal(FIXTURE.placement)
    expect(plain(await store.getOwned(one.cid))).to.deep.equal(FIXTURE.owned)
    expect(await store.leases(one.cid)).to.deep.equal([leaseOf(lease)])
    const half = await sample(upload.seed, upload.blockSizes)
    const resumed = await store.openUpload(half.upload, half.shard, 0)
    expect(resumed.blocksHeld).to.equal(upload.held)
    expect((await store.usage()).usedBytes).to.equal(FIXTURE.usedBytes)
    await store.close()
  })

  it('names its version in a file', async () => {
    await (await opened()).close()
    expect(JSON.parse(await readFile(join(folder(), 'format'), 'utf8'))).to.deep.equal({
      format: 'thhe-store',
      version: 1
    })
  })

  it('refuses the folder of a newer version, and names that version', async () => {
    await (await opened()).close()
    await writeFile(join(folder(), 'format'), '{"format":"thhe-store","version":2}\n')
    const error = await opened().catch((reason) => reason)
    expect(error.code).to.equal('FORMAT_UNKNOWN')
    expect(error.message).to.contain('version 2').and.to.contain('version 1')
  })

  it('refuses an empty format file', async () => {
    for (const text of [
      '',
      'not json',
      '{"format":"other","version":1}',
      '{"format":"thhe-store"}',
      'null'
    ]) {
      await mkdir(folder(), { recursive: true })
      await writeFile(join(folder(), 'format'), text)
      expect(await codeOf(opened()), text).to.equal('FORMAT_UNKNOWN')
    }
  })

  it('refuses a folder with other contents', async () => {
    await mkdir(folder(), { recursive: true })
    await writeFile(join(folder(), 'thesis.txt'), 'mine')
    expect(await codeOf(opened())).to.equal('FORMAT_UNKNOWN')
    expect(await readFile(join(folder(), 'thesis.txt'), 'utf8')).to.equal('mine')
  })
})
