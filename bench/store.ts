// What the store does on this disk: append, commit and read of one large shard beside plain writes of the same
// bytes, small objects a second, and memory. `node bench/store.ts [--mebibytes 1024] [--json]`
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { leafHash } from '../encoder/merkle/merkle.ts'
import { openStore } from '../src/store/index.ts'
import type { Store } from '../src/store/index.ts'

const BLOCK_BYTES = 64 * 1024
const MIB = 1024 * 1024
const SMALL_OBJECTS = 1000
const SMALL_BYTES = 16 * 1024
const CONCURRENCY = 64

const { values } = parseArgs({
  options: { mebibytes: { type: 'string', default: '1024' }, json: { type: 'boolean', default: false } }
})
const totalBytes = Number(values.mebibytes) * MIB
const block = new Uint8Array(BLOCK_BYTES).fill(0x5a)
const leaf = leafHash(block)

async function seconds(task: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await task()
  return (performance.now() - startedAt) / 1000
}

/** The yardstick: the same bytes into one file by writes of 1 MiB, then one sync. */
async function plainWrite(path: string): Promise<{ write: number; sync: number }> {
  const chunk = new Uint8Array(MIB).fill(0x5a)
  const file = await open(path, 'w')
  const write = await seconds(async () => {
    for (let at = 0; at < totalBytes; at += MIB) await file.write(chunk, 0, MIB, at)
  })
  const sync = await seconds(async () => await file.datasync())
  await file.close()
  await rm(path)
  return { write, sync }
}

async function largeShard(store: Store): Promise<Record<'append' | 'commit' | 'read', number>> {
  const manifest = new Uint8Array(1000)
  const cid = CID.createV1(0x71, await sha256.digest(manifest))
  const upload = await store.openUpload(new Uint8Array(32), 0, totalBytes)
  const append = await seconds(async () => {
    for (let at = 0; at < totalBytes; at += BLOCK_BYTES) await upload.append(block, leaf)
  })
  const commit = await seconds(async () => await upload.commit(cid, manifest))
  const reader = await store.openShard(cid, 0)
  if (reader === undefined) throw new Error('The shard is gone.')
  const read = await seconds(async () => {
    for (let i = 0; i < reader.blocks; i++) await reader.read(i)
  })
  await reader.close()
  return { append, commit, read }
}

/** Manifests of inline objects, each with a lease, from so many callers at once. */
async function smallObjects(store: Store): Promise<number> {
  const objects = await Promise.all(
    Array.from({ length: SMALL_OBJECTS }, async (_, i) => {
      const manifest = new Uint8Array(SMALL_BYTES)
      new DataView(manifest.buffer).setUint32(0, i)
      return { manifest, cid: CID.createV1(0x71, await sha256.digest(manifest)) }
    })
  )
  const signed = new Uint8Array(300)
  return await seconds(async () => {
    const put = async (): Promise<void> => {
      for (let one = objects.pop(); one !== undefined; one = objects.pop()) {
        const lease = { lessee: 'bench', sequence: 1n, expiresAtMs: 1e13, tombstone: false, signed }
        await store.keepObject(one.cid, { manifest: one.manifest, lease }, { nowMs: 0 })
      }
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, put))
  })
}

const folder = await mkdtemp(join(tmpdir(), 'thhe-bench-store-'))
try {
  const plain = await plainWrite(join(folder, 'plain'))
  const store = await openStore({ path: join(folder, 'store'), quotaBytes: 4 * totalBytes })
  const before = process.memoryUsage().rss
  const large = await largeShard(store)
  const peakBytes = process.resourceUsage().maxRSS * 1024
  const small = await smallObjects(store)
  await store.close()
  const rate = (time: number): number => Math.round(totalBytes / 1e6 / time)
  const figures = {
    shardMebibytes: totalBytes / MIB,
    plainWriteMBps: rate(plain.write),
    plainSyncedMBps: rate(plain.write + plain.sync),
    appendMBps: rate(large.append),
    appendCommitMBps: rate(large.append + large.commit),
    readMBps: rate(large.read),
    smallObjectsPerSecond: Math.round(SMALL_OBJECTS / small),
    rssBeforeMiB: Math.round(before / MIB),
    rssPeakMiB: Math.round(peakBytes / MIB)
  }
  if (values.json) console.log(JSON.stringify(figures))
  else console.table(figures)
} finally {
  await rm(folder, { recursive: true })
}
