import { randomBytes } from 'node:crypto'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { StatusJson } from '../../gateway/index.ts'
import { makeFolder } from '../../node/data/files.ts'
import { systemReason } from '../../node/system-errors.ts'
import { formatBytes, formatRate } from '../format.ts'
import type { Finding } from './finding.ts'

const SAMPLE_BYTES = 32 << 20
const PIECE_BYTES = 1 << 20
const SYNCS = 8
/** The store takes no more when the disk has less than this. */
const FLOOR_BYTES = 64 << 20
/** Below it the disk, not the network, is what a home connection of 100 Mbit/s waits for. */
const SLOW_BYTES_PER_SECOND = 20 << 20
const SLOW_SYNC_MS = 50

/**
 * Space and speed of the disk under the data folder. Writes 32 MiB there, and removes them.
 *
 * @param quotaBytes - what a node would lend that were started here now
 * @param usage - of the node that runs on the folder
 */
export const checkDisk = async (
  folder: string,
  quotaBytes: number,
  usage: StatusJson['usage'] | undefined
): Promise<readonly Finding[]> => {
  try {
    await makeFolder(folder)
    const { bavail, bsize } = await statfs(folder)
    return [spaceFinding(folder, bavail * bsize, quotaBytes, usage), await speedOf(folder, bavail * bsize)]
  } catch (error) {
    const why = systemReason(error)
    if (why === undefined) throw error
    const advice = 'Choose another folder with --data, or mend the disk.'
    return [{ check: 'disk', state: 'bad', detail: `${folder} cannot be written: ${why}`, advice }]
  }
}

const spaceFinding = (
  folder: string,
  freeBytes: number,
  quotaBytes: number,
  usage: StatusJson['usage'] | undefined
): Finding => {
  const check = 'disk space'
  const toCome = usage === undefined ? quotaBytes : Math.max(0, usage.quotaBytes - usage.usedBytes)
  const lends =
    usage === undefined
      ? `a node would lend ${formatBytes(quotaBytes)}`
      : `the node lends ${formatBytes(usage.quotaBytes)}, of which ${formatBytes(usage.usedBytes)} are used`
  const detail = `${formatBytes(freeBytes)} free under ${folder}; ${lends}`
  if (freeBytes >= toCome + FLOOR_BYTES) return { check, state: 'good', detail }
  if (freeBytes < FLOOR_BYTES) {
    return {
      check,
      state: 'bad',
      detail: `${detail}: the disk is full`,
      advice: 'Free space, or choose a larger disk with --data.'
    }
  }
  return {
    check,
    state: 'weak',
    detail,
    advice: 'Set --quota to what is free, or choose a larger disk with --data.'
  }
}

/** Measuring must not fill the disk. */
const speedOf = async (folder: string, freeBytes: number): Promise<Finding> =>
  freeBytes < 2 * SAMPLE_BYTES
    ? { check: 'disk speed', state: 'note', detail: 'not measured: there is too little space' }
    : speedFinding(await measure(folder))

interface DiskSpeed {
  readonly writeMs: number
  readonly medianSyncMs: number
}

const speedFinding = ({ writeMs, medianSyncMs }: DiskSpeed): Finding => {
  const detail = `writes ${formatRate(SAMPLE_BYTES, writeMs)} with fsync at the end, an fsync of a block takes ${medianSyncMs.toFixed(1)} ms`
  const slow = (SAMPLE_BYTES * 1000) / writeMs < SLOW_BYTES_PER_SECOND || medianSyncMs > SLOW_SYNC_MS
  if (!slow) return { check: 'disk speed', state: 'good', detail }
  const advice = 'Every shard is synced before it counts: put --data on an SSD, or lend less.'
  return { check: 'disk speed', state: 'weak', detail, advice }
}

const measure = async (folder: string): Promise<DiskSpeed> => {
  const path = join(folder, `doctor-${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(path, 'wx', 0o600)
  try {
    // Random bytes: a file system that compresses must not look faster than it is.
    const piece = randomBytes(PIECE_BYTES)
    const startedMs = performance.now()
    for (let written = 0; written < SAMPLE_BYTES; written += PIECE_BYTES) await file.write(piece)
    await file.sync()
    const writeMs = performance.now() - startedMs
    const syncs: number[] = []
    for (let index = 0; index < SYNCS; index++) {
      const beforeMs = performance.now()
      await file.write(piece, 0, 4096)
      await file.sync()
      syncs.push(performance.now() - beforeMs)
    }
    return { writeMs, medianSyncMs: syncs.sort((a, b) => a - b)[SYNCS / 2] }
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}
