import type { CID } from 'multiformats/cid'
import { shapeInLease } from '../records/lease.ts'
import type { Holdings, ShardReader, ShardUpload } from '../holdings.ts'

export interface HoldingsWatcher {
  /** Something new of the object is kept: a manifest, a shard, a record. */
  readonly onKept: (cid: CID) => void
  /** A block of the object cannot be read any more. */
  readonly onDamaged: (cid: CID) => void
}

/** The same holdings; the watcher is called for what happens in them. */
export function watchHoldings(holdings: Holdings, { onKept, onDamaged }: HoldingsWatcher): Holdings {
  return delegate(holdings, {
    keepObject: async (cid, object, options) => {
      const kept = await holdings.keepObject(cid, object, options)
      if (kept.outcome === 'kept') onKept(cid)
      return kept
    },
    putLease: async (cid, lease, ...rest) => {
      const isNews = await holdings.putLease(cid, lease, ...rest)
      // Another number of shards: what is missing is another question.
      if (isNews && shapeInLease(lease.signed) !== undefined) onKept(cid)
      return isNews
    },
    putStatement: async (cid, ...rest) => {
      await holdings.putStatement(cid, ...rest)
      onKept(cid)
    },
    openShard: async (cid, shard) => {
      const reader = await holdings.openShard(cid, shard)
      return reader && watchReader(reader, () => onDamaged(cid))
    },
    openUpload: async (...request) => watchUpload(await holdings.openUpload(...request), onKept)
  })
}

function watchReader(reader: ShardReader, onDamaged: () => void): ShardReader {
  return delegate(reader, {
    read: async (...request) => {
      try {
        return await reader.read(...request)
      } catch (error) {
        if ((error as { code?: unknown }).code === 'CORRUPT') onDamaged()
        throw error
      }
    }
  })
}

function watchUpload(upload: ShardUpload, onKept: (cid: CID) => void): ShardUpload {
  return delegate(upload, {
    commit: async (cid, manifest) => {
      await upload.commit(cid, manifest)
      onKept(cid)
    }
  })
}

/** `target` with some methods replaced; methods of classes with private fields go on working. */
function delegate<T extends object>(target: T, members: Partial<T>): T {
  const bound = new Map<string | symbol, unknown>(Object.entries(members))
  return new Proxy(target, {
    get: (_, name) => {
      if (bound.has(name)) return bound.get(name)
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      const method: unknown = member.bind(target)
      bound.set(name, method)
      return method
    }
  })
}
