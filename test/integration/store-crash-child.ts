// Writes to a store without end, and says on standard output what it is about to do and what has been promised:
// one word and one name a line. Its parent kills it.
import { writeSync } from 'node:fs'
import { leafHash } from '../../encoder/merkle/merkle.ts'
import { openStore } from '../../src/store/index.ts'
import { crashSample, LEASE_LIFE_MS, QUOTA_BYTES } from './store-crash-workload.ts'
import { leaseOf, storeSample } from '../unit/store/support.ts'
import type { Store } from '../../src/store/index.ts'
import type { Sample } from '../unit/store/support.ts'

const LANES = 4

const say = (word: string, name: string): void => void writeSync(1, `${word} ${name}\n`)

async function write(store: Store, name: string, step: number): Promise<void> {
  const one = await crashSample(name)
  say('start', name)
  const lease = leaseOf({ sequence: 1n, expiresAtMs: Date.now() + LEASE_LIFE_MS })
  if (step % 3 === 0) {
    await store.keepObject(one.cid, { manifest: one.manifest, lease }, { nowMs: Date.now() })
    say('leased', name)
    say('manifest', name)
  } else {
    await store.putLease(one.cid, lease)
    say('leased', name)
    if (step % 3 === 1) await interrupt(store, one)
    await finish(store, one)
    say('shard', name)
  }
  if (step % 5 === 4) {
    say('removing', name)
    await store.putLease(
      one.cid,
      leaseOf({ sequence: 2n, tombstone: true, expiresAtMs: Date.now() + LEASE_LIFE_MS })
    )
    await store.collectGarbage(Date.now())
    say('removed', name)
  }
}

/** Leaves half of the shard behind, for a resume. */
async function interrupt(store: Store, { upload, shard, blocks }: Sample): Promise<void> {
  const half = await store.openUpload(upload, shard, 0)
  for (const block of blocks.slice(0, 2)) await half.append(block, leafHash(block))
  await half.close()
}

async function finish(store: Store, one: Sample): Promise<void> {
  const upload = await store.openUpload(one.upload, one.shard, 0)
  for (const block of one.blocks.slice(upload.blocksHeld)) await upload.append(block, leafHash(block))
  await upload.commit(one.cid, one.manifest)
}

const [path, round] = process.argv.slice(2)
const store = await openStore({ path, quotaBytes: QUOTA_BYTES, diskFloorBytes: 0 })
// Once more over what is there: a shard that was committed must be taken again without harm.
await storeSample(store, await crashSample('every round'))
await Promise.all(
  Array.from({ length: LANES }, async (_, lane) => {
    for (let step = 0; ; step++) await write(store, `${round}.${lane}.${step}`, step)
  })
)
