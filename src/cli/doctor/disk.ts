import { randomBytes } from 'node:crypto'
import { mkdir, open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { formatBytes, formatRate } from '../format.ts'
import type { Finding } from './finding.ts'

const SAMPLE_BYTES = 32 << 20
const PIECE_BYTES = 1 << 20
const SYNCS = 8
/** Below it the disk, not the network, is what a home connection of 100 Mbit/s waits for. */
const SLOW_BYTES_PER_SECOND = 20 << 20
const SLOW_SYNC_MS = 50

/** Space and speed of the disk under the data folder. Writes 32 MiB there, and removes them. */
export const checkDisk = async (folder: string, quotaBytes: number): Promise<readonly Finding[]> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = await statfs(folder)
  return [spaceFinding(folder, bavail * bsize, quotaBytes), speedFinding(await measure(folder))]
}

const spaceFinding = (folder: string, freeBytes: number, quotaBytes: number): Finding => {
  const detail = `${formatBytes(freeBytes)} free under ${folder}, ${formatBytes(quotaBytes)} are to be lent`
  if (freeBytes >= quotaBytes) return { check: 'disk space', state: 'good', detail }
  const advice = 'Set --quota to what is free, or choose a larger disk with --data.'
  return { check: 'disk space', state: 'weak', detail, advice }
}

interface DiskSpeed {
  readonly writeMs: number
  readonly medianSyncMs: number
}

const speedFinding = ({ writeMs, medianSyncMs }: DiskSpeed): Finding => {
  const detail = `writes ${formatRate(SAMPLE_BYTES, writeMs)} to the platter, an fsync takes ${medianSyncMs.toFixed(1)} ms`
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
