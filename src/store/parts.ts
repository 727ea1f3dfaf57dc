import type { Logger } from '../node/logger.ts'
import type { Database } from './database.ts'
import type { Clock, RandomSource } from '../clock/index.ts'
import type { ClockGuard } from './clock-guard.ts'
import type { Folder } from './folder.ts'
import type { Health } from './health.ts'
import type { Locks } from './locks.ts'
import type { Pressure } from './pressure.ts'
import type { Space } from './space.ts'

/** The parts that the store's functions share. */
export interface StoreParts {
  readonly database: Database
  readonly folder: Folder
  readonly space: Space
  /** By the text of an object's CID: held while an object's data is changed. */
  readonly locks: Locks
  readonly health: Health
  readonly clock: Clock
  readonly clockGuard: ClockGuard
  readonly pressure: Pressure
  readonly random: RandomSource
  readonly logger: Pick<Logger, 'info' | 'warn'>
}
