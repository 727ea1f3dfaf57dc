import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { NodeError, systemCode } from '../errors.ts'
import { createFile, readIfThere, syncFolder } from './files.ts'

/** A folder that only this process uses, until `release`. */
export interface FolderLock {
  readonly release: () => Promise<void>
}

/** Identifies a process, even if a later one has the same pid. */
export interface ProcessIdentity {
  readonly pid: number
  /** '' if the system does not report it. */
  readonly startTicks: string
}

interface Owner extends ProcessIdentity {
  /** Distinguishes several locks of one process. */
  readonly nonce: string
}

const MAX_ATTEMPTS = 5

/**
 * Takes the lock file at `path`. Takes over a lock whose process has ended.
 *
 * A stale lock may be replaced by only one process: by the one that holds a second lock, whose name is derived from what
 * the stale one contains. Under that second lock the contents are compared again, because another process may have been
 * faster. A process that ends in between leaves a stale second lock, which is taken over in the same way.
 *
 * @throws {NodeError} 'DATA_FOLDER_IN_USE' naming the process that holds the lock
 */
export const lockFolder = async (path: string): Promise<FolderLock> => await take(path, path)

/** @param named - the lock that errors are about */
const take = async (path: string, named: string): Promise<FolderLock> => {
  const owner: Owner = {
    pid: process.pid,
    startTicks: (await startTicks(process.pid)) ?? '',
    nonce: randomBytes(8).toString('hex')
  }
  const contents = `${JSON.stringify(owner)}\n`
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (await createFile(path, contents, 0o600)) return { release: () => release(path, contents) }
    const found = await readIfThere(path)
    if (found === undefined) continue
    const holder = parseOwner(found)
    if (holder !== undefined && (await isAlive(holder))) throw inUse(named, holder.pid)
    const taken = await takeOver(path, found, named)
    if (taken !== undefined) return taken
  }
  throw inUse(named, undefined)
}

const inUse = (path: string, pid: number | undefined): NodeError =>
  new NodeError(
    'DATA_FOLDER_IN_USE',
    `A node already runs on this data folder${pid === undefined ? '' : ` (process ${pid})`}. ` +
      `Stop it first, or choose another folder with --data. Its lock is ${path}`,
    { path, pid }
  )

/** @returns undefined if the lock does not contain `stale` any more */
const takeOver = async (path: string, stale: string, named: string): Promise<FolderLock | undefined> => {
  const name = createHash('sha256').update(stale).digest('hex').slice(0, 16)
  const claimPath = `${path}.${name}`
  const claim = await take(claimPath, named)
  if ((await readIfThere(path)) !== stale) {
    await claim.release()
    return undefined
  }
  const contents = await readFile(claimPath, 'utf8')
  await rename(claimPath, path)
  await syncFolder(dirname(path))
  return { release: () => release(path, contents) }
}

const release = async (path: string, contents: string): Promise<void> => {
  if ((await readIfThere(path)) === contents) await unlink(path)
}

const parseOwner = (text: string): Owner | undefined => {
  try {
    const { pid, startTicks, nonce } = JSON.parse(text) as Partial<Owner>
    if (!Number.isSafeInteger(pid) || (pid as number) < 1) return undefined
    return { pid: pid as number, startTicks: String(startTicks ?? ''), nonce: String(nonce ?? '') }
  } catch {
    return undefined
  }
}

/** Whether this process, not a later one with its pid, is running. */
export const isAlive = async ({ pid, startTicks: then }: ProcessIdentity): Promise<boolean> => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs as another user.
    if (systemCode(error) === 'ESRCH') return false
  }
  const now = await processStat(pid)
  if (now === undefined) return true
  // A zombie has ended; its parent has not collected it yet.
  return now.state !== 'Z' && (then === '' || now.startTicks === then)
}

/**
 * State of process `pid` (proc(5), field 3): 'R' running or runnable, 'S' sleeping, 'D' waiting for a disk, 'T' stopped,
 * 'Z' ended (zombie). Undefined if there is no such process, or no /proc.
 */
export const processState = async (pid: number): Promise<string | undefined> =>
  (await processStat(pid))?.state

/** When process `pid` started, in clock ticks since boot; undefined where there is no /proc. */
export const startTicks = async (pid: number): Promise<string | undefined> =>
  (await processStat(pid))?.startTicks

/** State and start time of a process (proc(5), fields 3 and 22); undefined where there is no /proc. */
const processStat = async (pid: number): Promise<{ state: string; startTicks: string } | undefined> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The second field is the command in parentheses and may itself hold blanks and parentheses.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && { state: fields[0], startTicks: fields[19] }
}
