import type { CID } from 'multiformats/cid'
import type { Holdings, ShardUpload } from '../holdings.ts'

/**
 * The same holdings, whose owner is told of each object of which something new is kept: a manifest, a shard, a record.
 */
export function watchHoldings(holdings: Holdings, onKept: (cid: CID) => void): Holdings {
  return delegate(holdings, {
    keepObject: async (cid, object, options) => {
      const outcome = await holdings.keepObject(cid, object, options)
      if (outcome === 'kept') onKept(cid)
      return outcome
    },
    putPlacement: async (cid, ...rest) => {
      await holdings.putPlacement(cid, ...rest)
      onKept(cid)
    },
    putStatement: async (cid, ...rest) => {
      await holdings.putStatement(cid, ...rest)
      onKept(cid)
    },
    openUpload: async (...request) => watchUpload(await holdings.openUpload(...request), onKept)
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
