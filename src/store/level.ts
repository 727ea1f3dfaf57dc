// LevelDB as the store uses it: opening, the number of the last batch, and the repair of a damaged folder.
import { readdir, rename, rm } from 'node:fs/promises'
import { ClassicLevel } from 'classic-level'
import { errorCode, mapSystemError, StoreError } from './errors.ts'
import { decodeBatchNumber, intact, KIND, kindKey } from './records.ts'

/** LevelDB's log may grow to this many bytes before it becomes a table. */
export const WRITE_BUFFER_BYTES = 4 * 1024 * 1024
const CACHE_BYTES = 8 * 1024 * 1024

/** The part of LevelDB that the store uses. */
export type Level = Pick<
  ClassicLevel<Uint8Array, Uint8Array>,
  'open' | 'close' | 'get' | 'getMany' | 'has' | 'keys' | 'iterator' | 'location'
> & {
  batch: (operations: BatchOperation[], options: { sync: boolean }) => Promise<void>
}

export type BatchOperation =
  { type: 'put'; key: Uint8Array; value: Uint8Array } | { type: 'del'; key: Uint8Array }

export const BATCH_NUMBER_KEY = kindKey(KIND.batchNumber)

/** LevelDB on this machine's file system. */
export const levelDb = (path: string): Level =>
  new ClassicLevel(path, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    compression: false,
    writeBufferSize: WRITE_BUFFER_BYTES,
    cacheSize: CACHE_BYTES
  })

/** @throws StoreError 'LOCKED' | 'CORRUPT' | 'DISK_FULL' */
export async function openLevel(level: Level): Promise<void> {
  try {
    await level.open()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    switch (errorCode(cause)) {
      case 'LEVEL_LOCKED':
        throw new StoreError(
          'LOCKED',
          `Another process has the store open: ${level.location}. Stop that process first.`,
          { cause }
        )
      case 'LEVEL_CORRUPTION':
        throw damaged(level, cause)
      default:
        // LevelDB reports a missing database file as LEVEL_IO_ERROR.
        if (isLevelDamage(cause)) throw damaged(level, cause)
        throw mapSystemError(cause ?? error)
    }
  }
}

/** Number of the last batch; 0 if there is none or the entry is damaged. */
export async function batchNumberOf(level: Level): Promise<number> {
  const stored = await level.get(BATCH_NUMBER_KEY)
  const value = stored && intact(stored)
  return value === undefined ? 0 : decodeBatchNumber(value)
}

/** Lets LevelDB repair what it can of a damaged folder. */
export async function repairLevel(path: string): Promise<void> {
  await ClassicLevel.repair(path)
}

/** Moves a damaged folder aside and deletes the one moved before. @returns its new path */
export async function moveAside(path: string): Promise<string> {
  const aside = `${path}.damaged`
  await rm(aside, { recursive: true, force: true })
  await rename(path, aside)
  return aside
}

const damaged = (level: Level, cause: unknown): StoreError =>
  new StoreError('CORRUPT', `The index is damaged: ${level.location}`, { cause })

/** Whether LevelDB failed because some of its files are missing or damaged. */
export function isLevelDamage(error: unknown): boolean {
  if (errorCode(error) === 'LEVEL_CORRUPTION') return true
  return (
    errorCode(error) === 'LEVEL_IO_ERROR' &&
    /No such file|Invalid argument|truncated/i.test((error as Error).message)
  )
}

/**
 * Whether the folder lacks LevelDB's CURRENT file; without it LevelDB starts an empty database over the existing files.
 * Call this before creating a level, which opens itself.
 */
export async function lacksCurrent(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => [])
  return !names.includes('CURRENT') && names.some((name) => /\.(ldb|log)$|^MANIFEST-/.test(name))
}
