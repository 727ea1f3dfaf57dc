import type { Clock } from '../clock/index.ts'
import type { Logger } from '../node/index.ts'
import type { SharedTable } from '../tables/index.ts'
import type { BucketEntry } from './account.ts'
import type { Bodies } from './bodies.ts'
import { S3Error } from './errors.ts'
import { encodeRecord, type Piece } from './records.ts'
import { BucketView, type BucketChange } from './table.ts'

/** Set in a bucket that is deleted: whoever still has it open finds out before it writes. */
const CLOSED = 'closed'

export interface OpenBucketComponents {
  readonly entry: BucketEntry
  readonly table: SharedTable
  readonly bodies: Bodies
  readonly clock: Clock
  readonly logger: Logger
}

/** One bucket as this gateway serves it. */
export class OpenBucket {
  readonly name: string
  readonly createdMs: number
  readonly bodies: Bodies
  readonly #components: OpenBucketComponents

  constructor(components: OpenBucketComponents) {
    this.#components = components
    this.name = components.entry.name
    this.createdMs = components.entry.createdMs
    this.bodies = components.bodies
  }

  get entry(): BucketEntry {
    return this.#components.entry
  }

  /** How old what is read is while too few validators answer to say what is newer; undefined while they do. */
  get staleMs(): number | undefined {
    return this.#components.table.staleMs
  }

  /** @throws S3Error 'NoSuchBucket'; TableError */
  async view(signal?: AbortSignal): Promise<BucketView> {
    const view = new BucketView(await this.#components.table.view({ signal }))
    this.#checkOpen(view)
    return view
  }

  /**
   * Decides on a change and makes it. `decide` may run again on a newer state; what it throws rejects, and nothing changes.
   *
   * @param put - bodies that the change names for the first time; they are freed if it is not made
   * @throws S3Error 'NoSuchBucket'; what `decide` throws; TableError
   */
  async change<T>(
    decide: (view: BucketView, change: BucketChange) => T,
    { put = [], signal }: { put?: readonly Piece[]; signal?: AbortSignal } = {}
  ): Promise<T> {
    try {
      return await this.#components.table.transact(
        (state) => {
          const view = new BucketView(state)
          this.#checkOpen(view)
          return decisionOf(view, this.#components.clock.nowMs(), decide)
        },
        { signal }
      )
    } catch (error) {
      // Whether it was made is not known when nobody answered in time: then the bytes stay until the next start looks.
      if (error instanceof S3Error) this.#free(put)
      throw error
    } finally {
      this.bodies.unpin(put)
    }
  }

  /** Changes what is closed or open alike: the sweep. */
  async sweep<T>(decide: (view: BucketView, change: BucketChange) => T): Promise<T> {
    const { table, clock } = this.#components
    return await table.transact((state) => decisionOf(new BucketView(state), clock.nowMs(), decide))
  }

  /** Writes the first entry of a new bucket's table. */
  async begin(): Promise<void> {
    await this.change((_, change) => change.setConfiguration('version', encodeRecord({ version: 1 })))
  }

  async isClosed(): Promise<boolean> {
    return (await this.anyView()).configuration(CLOSED) !== undefined
  }

  /** As `view`, also of a bucket that is closed. */
  async anyView(): Promise<BucketView> {
    return new BucketView(await this.#components.table.view())
  }

  /** Nothing can be put from here on. @throws S3Error 'BucketNotEmpty' | 'NoSuchBucket' */
  async close(signal?: AbortSignal): Promise<void> {
    await this.change(
      (view, change) => {
        const [first] = view.objects()
        if (first !== undefined) {
          throw new S3Error('BucketNotEmpty', 'The bucket you tried to delete is not empty.', {
            BucketName: this.name
          })
        }
        for (const { key, id } of view.uploads()) change.removeUpload(view, key, id)
        change.setConfiguration(CLOSED, encodeRecord({}))
      },
      { signal }
    )
  }

  /** References of all objects that the bucket's table consists of. */
  tableReferences(): Uint8Array[] {
    return this.#components.table.references()
  }

  /** Frees old parts of the bucket's table. */
  async collectTable(): Promise<void> {
    await this.#components.table.collectGarbage()
  }

  async stop(): Promise<void> {
    await this.#components.table.close()
  }

  #checkOpen(view: BucketView): void {
    if (view.configuration(CLOSED) !== undefined) throw noSuchBucket(this.name)
  }

  #free(pieces: readonly Piece[]): void {
    const { logger } = this.#components
    for (const { cid, packed } of pieces) {
      if (packed) continue
      this.bodies
        .remove(cid)
        .catch((error: unknown) => logger.warn('could not free the bytes of a refused put', { error }))
    }
  }
}

const decisionOf = <T>(
  view: BucketView,
  nowMs: number,
  decide: (view: BucketView, change: BucketChange) => T
): { changes: BucketChange['changes']; result: T } => {
  const change = view.change(nowMs)
  const result = decide(view, change)
  return { changes: change.changes, result }
}

export const noSuchBucket = (name: string): S3Error =>
  new S3Error('NoSuchBucket', 'The specified bucket does not exist.', { BucketName: name })
