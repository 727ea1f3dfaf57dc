import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openStore } from '../../src/store/index.ts'
import { all, clockAt, plain, readSample, useFolder } from '../unit/store/support.ts'
import { crashSample, LEASE_LIFE_MS, QUOTA_BYTES } from './store-crash-workload.ts'
import type { Store } from '../../src/store/index.ts'

const KILLS = 10
const CHILD = fileURLToPath(new URL('./store-crash-child.ts', import.meta.url))

/** The furthest that the child said of each name. */
type Promises = Map<string, string>

describe('store after a kill of its process', function () {
  this.timeout(300_000)
  const folder = useFolder()

  it(`keeps everything it acknowledged, and nothing incomplete, over ${KILLS} kills`, async () => {
    const promises: Promises = new Map()
    for (let round = 0; round < KILLS; round++) {
      await killAfter(promises, round, 10 + ((round * 37) % 60))
      const store = await openStore({ path: folder(), quotaBytes: QUOTA_BYTES, diskFloorBytes: 0 })
      // All of it at the end, what this round wrote before.
      const names = [...promises.keys()].filter((name) => round === KILLS - 1 || name.startsWith(`${round}.`))
      for (const name of names) await expectPromised(store, name, promises.get(name)!)
      expect((await store.usage()).usedBytes).to.equal(await bytesOnDisk(store, [...promises.keys()]))
      await store.close()
    }
    const later = Date.now() + 10 * LEASE_LIFE_MS
    const store = await openStore({
      path: folder(),
      quotaBytes: QUOTA_BYTES,
      clock: clockAt(() => later),
      peersAgreeOnTime: () => true
    })
    await store.collectGarbage()
    expect((await store.usage()).usedBytes).to.equal(0)
    expect(await fileSizes()).to.deep.equal([])
    await store.close()
    expect([...promises.values()].filter((word) => word === 'shard').length).to.be.above(KILLS)
  })

  /** Runs the child and kills it when it has said `lines` things. */
  async function killAfter(promises: Promises, round: number, lines: number): Promise<void> {
    const child = spawn(process.execPath, [CHILD, folder(), String(round)], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const exited = once(child, 'exit')
    let said = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, name] = line.split(' ')
      promises.set(name, word)
      if (++said === lines) child.kill('SIGKILL')
    }
    const [, signal] = await exited
    expect(signal, 'the child ended by itself').to.equal('SIGKILL')
  }

  async function expectPromised(store: Store, name: string, word: string): Promise<void> {
    const { cid, shard, blocks, manifest } = await crashSample(name)
    const held = await readSample(store, { cid, shard })
    const kept = plain(await store.getManifest(cid))
    const leases = await store.leases(cid)
    if (held !== undefined) expect(held, name).to.deep.equal(blocks)
    if (held !== undefined) expect(kept, name).to.deep.equal(manifest)
    if (word === 'shard') expect(held, name).to.deep.equal(blocks)
    if (word === 'manifest') expect(kept, name).to.deep.equal(manifest)
    if (word !== 'start') expect(leases, name).to.have.length(1)
    if (word === 'removed') {
      expect(held, name).to.equal(undefined)
      expect(kept, name).to.equal(undefined)
      expect(leases[0]).to.include({ sequence: 2n, tombstone: true })
    }
  }

  async function fileSizes(): Promise<number[]> {
    const names = await readdir(folder(), { recursive: true })
    const files = names.filter((name) => name.endsWith('.blocks') || name.endsWith('.leaves'))
    return await Promise.all(files.map(async (name) => (await stat(join(folder(), name))).size))
  }

  /** Counted without the store's own counters: every shard file, and every index entry (docs: 4 bytes checksum), of which there are two copies. */
  async function bytesOnDisk(store: Store, names: string[]): Promise<number> {
    let bytes = (await fileSizes()).reduce((sum, size) => sum + size, 0)
    for (const name of [...names, 'every round']) {
      const { cid } = await crashSample(name)
      const keyBytes = 1 + cid.bytes.length
      const manifest = await store.getManifest(cid)
      if (manifest !== undefined) bytes += 2 * (keyBytes + 4 + manifest.length)
      for (const { lessee, signed } of await store.leases(cid)) {
        bytes += 2 * (keyBytes + lessee.length + 4 + 25 + signed.length)
      }
    }
    expect((await all(store.listShards())).length).to.be.above(0)
    return bytes
  }
})
