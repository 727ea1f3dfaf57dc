import type { CID } from 'multiformats/cid'
import type { Clock } from '../clock/index.ts'
import type { Logger, Node } from '../node/index.ts'
import type { SharedTable } from '../tables/index.ts'
import { idOf } from './bodies.ts'
import type { OpenBucket } from './open-bucket.ts'
import { decodeRules, type Rule } from './operations/lifecycle.ts'
import type { ObjectRecord } from './records.ts'

export interface HousekeepingComponents {
  readonly objects: Pick<Node['objects'], 'list' | 'remove'>
  readonly peerId: string
  readonly clock: Clock
  readonly logger: Logger
  readonly buckets: () => Promise<OpenBucket[]>
  readonly account: Pick<SharedTable, 'references' | 'collectGarbage'>
  /** Name of the mesh objects that tables consist of. */
  readonly tablesName: string
}

export interface HousekeepingSettings {
  readonly garbageGraceMs: number
  readonly sweepEveryMs: number
}

const LIFECYCLE_EVERY_MS = 3_600_000
const DAY_MS = 86_400_000
/** Objects deleted in one change. */
const MAX_DELETED = 500
/** Entries that are looked at before other work gets its turn. */
const ENTRIES_A_TURN = 1000

/** Frees the bytes that no object names any more, and deletes what the lifecycle of its bucket says. */
export class Housekeeping {
  readonly #components: HousekeepingComponents
  readonly #settings: HousekeepingSettings
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #lifecycleDueMs = 0

  constructor(components: HousekeepingComponents, settings: HousekeepingSettings) {
    this.#components = components
    this.#settings = settings
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the S3 service stops'))
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#components
    const { signal } = this.#stopping
    await this.#attempt('what an earlier run left could not be freed', async () => await this.#freeOrphans())
    while (!signal.aborted) {
      await this.#attempt('garbage could not be freed', async () => {
        await this.#components.account.collectGarbage()
        for (const bucket of await this.#components.buckets()) {
          await this.#freeGarbage(bucket)
          await bucket.collectTable()
        }
      })
      if (clock.monotonicMs() >= this.#lifecycleDueMs) {
        this.#lifecycleDueMs = clock.monotonicMs() + LIFECYCLE_EVERY_MS
        await this.#attempt('the lifecycle of buckets could not be applied', async () => {
          for (const bucket of await this.#components.buckets()) await this.#applyLifecycle(bucket)
        })
      }
      await clock.sleep(this.#settings.sweepEveryMs, signal).catch(() => {})
    }
  }

  async #attempt(failure: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#components.logger.warn(`s3: ${failure}`, { error })
    }
  }

  /** The note goes first: a mesh object whose note is gone and whose lease is not is found as an orphan. */
  async #freeGarbage(bucket: OpenBucket): Promise<void> {
    const { clock, peerId, logger } = this.#components
    const view = await bucket.anyView()
    const due = [...view.garbage()].filter(
      ({ cid, by, sinceMs }) =>
        by === peerId &&
        clock.nowMs() - sinceMs >= this.#settings.garbageGraceMs &&
        !bucket.bodies.isPinned(cid)
    )
    for (let start = 0; start < due.length; start += MAX_DELETED) {
      const some = due.slice(start, start + MAX_DELETED)
      const freed = await bucket.sweep((now, change) => {
        const still = some.filter(({ cid }) => now.isGarbage(cid))
        for (const { cid } of still) change.forget(cid)
        return still
      })
      for (const { cid } of freed) {
        await bucket.bodies
          .remove(cid, this.#stopping.signal)
          .catch((error: unknown) =>
            logger.warn('s3: bytes could not be freed', { bucket: bucket.name, error })
          )
      }
    }
  }

  /** Mesh objects that this node put before it started, and that nothing names: of puts that were broken off, or old tables. */
  async #freeOrphans(): Promise<void> {
    const { objects, account, tablesName, clock, logger } = this.#components
    const startedMs = clock.nowMs()
    const buckets = new Map((await this.#components.buckets()).map((bucket) => [bucket.bodies.name, bucket]))
    const owned = new Map<string, CID[]>()
    for await (const { cid, name, createdAtMs } of objects.list({ signal: this.#stopping.signal })) {
      if (!(buckets.has(name) || name === tablesName) || createdAtMs >= startedMs) continue
      const same = owned.get(name) ?? []
      owned.set(name, same)
      same.push(cid)
    }
    const tables = [
      account.references(),
      ...[...buckets.values()].map((bucket) => bucket.tableReferences())
    ].flat()
    const inTables = new Set(tables.map(idOf))
    const old = (owned.get(tablesName) ?? []).filter((cid) => !inTables.has(idOf(cid.bytes)))
    for (const cid of old) await objects.remove(cid, { signal: this.#stopping.signal })
    owned.delete(tablesName)
    for (const [name, cids] of owned) {
      const bucket = buckets.get(name)!
      const view = await bucket.anyView()
      const named = new Set(view.named())
      const orphans = cids.filter(
        ({ bytes }) => !named.has(idOf(bytes)) && !view.isGarbage(bytes) && !bucket.bodies.isPinned(bytes)
      )
      for (const cid of orphans) await objects.remove(cid, { signal: this.#stopping.signal })
      if (orphans.length > 0) {
        logger.info('s3: freed what broken-off puts had left', {
          bucket: bucket.name,
          objects: orphans.length
        })
      }
    }
  }

  async #applyLifecycle(bucket: OpenBucket): Promise<void> {
    const { clock, logger } = this.#components
    const nowMs = clock.nowMs()
    const view = await bucket.anyView()
    const stored = view.configuration('lifecycle')
    if (stored === undefined) return
    const rules = decodeRules(stored).filter(({ isEnabled }) => isEnabled)
    const expired: string[] = []
    let looked = 0
    for (const { key, record } of view.objects()) {
      if (rules.some((rule) => isExpired(rule, key, record(), nowMs))) expired.push(key)
      // The view is of one moment only: what comes after a pause is looked at the next time.
      if (++looked % ENTRIES_A_TURN === 0 && expired.length >= MAX_DELETED) break
    }
    for (let start = 0; start < expired.length; start += MAX_DELETED) {
      const some = expired.slice(start, start + MAX_DELETED)
      await bucket.sweep((now, change) => {
        for (const key of some) {
          const record = now.object(key)
          if (record !== undefined && rules.some((rule) => isExpired(rule, key, record, nowMs)))
            change.removeObject(key)
        }
      })
      logger.info('s3: objects expired', { bucket: bucket.name, objects: some.length })
    }
    const stale = [...(await bucket.anyView()).uploads()].filter(({ key, record }) =>
      rules.some(
        ({ abortDays, prefix }) =>
          abortDays !== undefined &&
          key.startsWith(prefix) &&
          nowMs - record().initiatedMs >= abortDays * DAY_MS
      )
    )
    if (stale.length === 0) return
    await bucket.sweep((now, change) => {
      for (const { key, id } of stale) change.removeUpload(now, key, id)
    })
    logger.info('s3: uploads that were not completed were aborted', {
      bucket: bucket.name,
      uploads: stale.length
    })
  }
}

/** S3 counts days from the midnight that follows; nothing goes earlier here. */
export const isExpired = (rule: Rule, key: string, record: ObjectRecord, nowMs: number): boolean => {
  const { prefix, tags, minBytes = 0, maxBytes = Infinity, expireDays, expireAtMs } = rule
  if (!key.startsWith(prefix) || record.bytes < minBytes || record.bytes > maxBytes) return false
  if (Object.entries(tags).some(([name, value]) => record.tags[name] !== value)) return false
  if (expireAtMs !== undefined) return nowMs >= expireAtMs
  if (expireDays === undefined) return false
  return nowMs >= Math.ceil((record.modifiedMs + expireDays * DAY_MS) / DAY_MS) * DAY_MS
}
