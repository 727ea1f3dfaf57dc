// Fills the small disk at its first argument under a store, and prints as JSON what the store made of it.
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { leafHash } from '../../encoder/merkle/merkle.ts'
import { openStore } from '../../src/store/index.ts'
import {
  bytesOf,
  codeOf,
  keepManifest,
  leaseOf,
  readSample,
  sample,
  storeSample
} from '../unit/store/support.ts'
import type { Sample } from '../unit/store/support.ts'

const [disk] = process.argv.slice(2)
const init = { path: join(disk, 'store'), quotaBytes: 1e12, diskFloorBytes: 0 }
const filler = join(disk, 'filler')

/** Takes all but `leaveBytes` of the disk, as somebody else's program would. */
async function fill(leaveBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  const file = await open(filler, 'a')
  const chunk = new Uint8Array(bsize)
  for (let left = bavail * bsize - leaveBytes; left > 0; left -= bsize) await file.write(chunk)
  await file.close()
}

const same = (blocks: Uint8Array[] | undefined, one: Sample): boolean =>
  blocks !== undefined && blocks.every((block, i) => Buffer.compare(block, one.blocks[i]) === 0)

let store = await openStore(init)
const before = await sample('before', [65536, 65536])
const during = await sample('during', Array(64).fill(65536))
await storeSample(store, before)
const upload = await store.openUpload(during.upload, during.shard, 0)
await fill(1024 * 1024)

const codes: string[] = []
for (const block of during.blocks) codes.push(await codeOf(upload.append(block, leafHash(block))))
codes.push(await codeOf(upload.commit(during.cid, during.manifest)))
const closed = await codeOf(upload.close())
await fill(0)
const manifest = await codeOf(keepManifest(store, during.cid, bytesOf('large', 60_000)))
const lease = await codeOf(
  store.putLease(during.cid, leaseOf({ tombstone: true, signed: bytesOf('large', 60_000) }))
)
const shown = await store.shardsOf(during.cid)
const readable = same(await readSample(store, before), before)

await rm(filler)
await storeSample(store, { ...during, shard: during.shard + 1 })
const resumed = await store.openUpload(during.upload, during.shard, 0)
const held = resumed.blocksHeld
for (const block of during.blocks.slice(held)) await resumed.append(block, leafHash(block))
await resumed.commit(during.cid, during.manifest)
const finished = same(await readSample(store, during), during)
const { usedBytes } = await store.usage()
await store.close()
store = await openStore(init)
const usedAgain = (await store.usage()).usedBytes
const kept = same(await readSample(store, before), before) && same(await readSample(store, during), during)
await store.close()
console.log(
  JSON.stringify({
    codes,
    closed,
    manifest,
    lease,
    shown,
    readable,
    held,
    finished,
    kept,
    usedBytes,
    usedAgain
  })
)
