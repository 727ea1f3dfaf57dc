import { gauge } from './metrics.ts'
import type { Store } from '../store/index.ts'
import type { Module } from './module.ts'

/** The open store: closed at the end. */
export const storeModule = (store: Store): Module => ({
  name: 'store',
  stop: async () => await store.close(),
  status: async () => ({ usage: await store.usage(), damage: store.health() }),
  metrics: (registry) => {
    const usage = async (): ReturnType<Store['usage']> => await store.usage()
    const health = (): ReturnType<Store['health']> => store.health()
    gauge(registry, 'thhe_store_quota_bytes', 'Disk space lent', async () => (await usage()).quotaBytes)
    gauge(registry, 'thhe_store_used_bytes', 'Disk space in use', async () => (await usage()).usedBytes)
    gauge(
      registry,
      'thhe_store_free_bytes',
      'Bytes that would still be taken',
      async () => (await usage()).freeBytes
    )
    gauge(registry, 'thhe_store_bad_blocks', 'Blocks that are known to be damaged', () => health().badBlocks)
    gauge(registry, 'thhe_store_damaged_shards', 'Shards with damaged blocks', () => health().damagedShards)
    gauge(
      registry,
      'thhe_store_shards_set_aside',
      'Shards of which nothing can be served',
      () => health().shardsSetAside
    )
    gauge(
      registry,
      'thhe_store_damaged_entries',
      'Damaged index entries since the start',
      () => health().damagedEntries
    )
  }
})
