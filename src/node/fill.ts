import { counter, gauge } from './metrics.ts'
import type { FillStats, HolderStats } from '../hologram/index.ts'
import type { Module } from './module.ts'

/** What has moved because peers are fuller or emptier than others, since the start. */
export interface FillStatus extends FillStats {
  /** Shards that fuller peers have moved to this node. */
  readonly takenShards: number
  readonly takenBytes: number
}

export interface FillSource {
  readonly fillStats: FillStats
  readonly stats: Pick<HolderStats, 'shardsFilled' | 'bytesFilled'>
}

const COUNTERS: ReadonlyArray<readonly [name: string, help: string, read: keyof FillStatus]> = [
  ['moved_shards', 'Shards moved to emptier peers that are their homes', 'movedShards'],
  ['moved_bytes', 'Bytes of these', 'movedBytes'],
  ['manifests', 'Manifests and copies of small objects brought to emptier peers', 'manifests'],
  ['failures', 'Shards that an emptier peer did not take, or did not prove to have', 'failures'],
  ['taken_shards', 'Shards that fuller peers have moved here', 'takenShards'],
  ['taken_bytes', 'Bytes of these', 'takenBytes']
]

/** Shows how shards move down the gradient of load. */
export const fillModule = (source: FillSource): Module => {
  const status = (): FillStatus => {
    const { shardsFilled: takenShards, bytesFilled: takenBytes } = source.stats
    return { ...source.fillStats, takenShards, takenBytes }
  }
  return {
    name: 'fill',
    status: () => ({ fill: status() }),
    metrics: (registry) => {
      for (const [name, help, read] of COUNTERS) {
        counter(registry, `thhe_fill_${name}_total`, help, () => status()[read])
      }
      gauge(
        registry,
        'thhe_fill_targets',
        'Peers so much emptier than this node that what has its home there moves there',
        () => status().targets
      )
    }
  }
}
