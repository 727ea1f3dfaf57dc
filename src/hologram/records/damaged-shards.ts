import type { ObjectReply } from '../../../protocols/generated/object.js'

/** The shards of a reply of which their holder knows damaged blocks: `badBlocks` goes along with `shards`. */
export function damagedShardsOf({ shards, badBlocks }: Pick<ObjectReply, 'shards' | 'badBlocks'>): number[] {
  return shards.filter((_, index) => (badBlocks[index] ?? 0) > 0)
}
