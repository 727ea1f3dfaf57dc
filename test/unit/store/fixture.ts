// What test/fixtures/store-v1 holds. Run this file to write the folder of a new format version; those of earlier
// versions are never written again.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leafHash } from '../../../encoder/merkle/merkle.ts'
import { openStore } from '../../../src/store/index.ts'
import { bytesOf, clockAt, leaseOf, sample, storeSample, keepPlacement } from './support.ts'

export const FIXTURE_PATH = fileURLToPath(new URL('../../fixtures/store-v1', import.meta.url))

export const FIXTURE = {
  shard: { seed: 'fixture', blockSizes: [512, 512, 64, 512, 128], index: 5 },
  upload: { seed: 'fixture upload', blockSizes: [256, 256, 64], held: 2 },
  lease: { lessee: 'fixture lessee', sequence: 7n, expiresAtMs: 4_102_444_800_000 },
  placement: bytesOf('fixture placement', 80),
  owned: bytesOf('fixture owned', 40),
  /** Entries of the index are counted twice since it has a mirror. */
  usedBytes: 4022
}

async function writeFixture(): Promise<void> {
  await rm(FIXTURE_PATH, { recursive: true, force: true })
  const store = await openStore({
    path: FIXTURE_PATH,
    quotaBytes: 1e9,
    clock: clockAt(() => 1_700_000_000_000)
  })
  const one = await sample(FIXTURE.shard.seed, FIXTURE.shard.blockSizes, FIXTURE.shard.index)
  await storeSample(store, one)
  await store.putLease(one.cid, leaseOf(FIXTURE.lease))
  const placement = { record: FIXTURE.placement, sequence: 3n }
  await keepPlacement(store, one, placement, { lease: leaseOf(FIXTURE.lease) })
  await store.putOwned(one.cid, FIXTURE.owned)
  const half = await sample(FIXTURE.upload.seed, FIXTURE.upload.blockSizes)
  const upload = await store.openUpload(half.upload, half.shard, 0)
  for (const block of half.blocks.slice(0, FIXTURE.upload.held)) await upload.append(block, leafHash(block))
  await upload.close()
  console.log(await store.usage())
  await store.close()
  for (const name of ['LOCK', 'LOG']) await rm(join(FIXTURE_PATH, 'index', name))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFixture()
