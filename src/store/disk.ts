import { mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises'
import { readSync } from 'node:fs'
import { errorCode } from './errors.ts'
import type { FileHandle } from 'node:fs/promises'

/** An open file of the store. Offsets and lengths in bytes. */
export interface DiskFile {
  /** Fills `target` from `position` on. @returns bytes read, fewer than `target` holds only at the end of the file */
  read: (target: Uint8Array, position: number) => Promise<number>
  readSync: (target: Uint8Array, position: number) => number
  /** Writes all of `bytes` at `position`. */
  write: (bytes: Uint8Array, position: number) => Promise<void>
  truncate: (length: number) => Promise<void>
  /** Makes the contents durable. The name is durable only after `syncDirectory`. */
  sync: () => Promise<void>
  size: () => Promise<number>
  close: () => Promise<void>
}

/**
 * What the store needs from a file system. It is narrow so that tests can substitute a full disk, or one that loses
 * unsynced data on power loss.
 */
export interface Disk {
  /** Creates a file; rejects if it exists. */
  create: (path: string) => Promise<DiskFile>
  /** Opens an existing file; rejects with code ENOENT if there is none. */
  open: (path: string, mode: 'read' | 'update') => Promise<DiskFile>
  /** Atomic within the store's folder; replaces any file at `to`. */
  rename: (from: string, to: string) => Promise<void>
  /** @returns whether the file existed */
  remove: (path: string) => Promise<boolean>
  makeDirectory: (path: string) => Promise<void>
  list: (directory: string) => Promise<string[]>
  /** Undefined if there is no such file. */
  sizeOf: (path: string) => Promise<number | undefined>
  /** Makes the names in a directory durable. */
  syncDirectory: (path: string) => Promise<void>
  /** Bytes that an unprivileged user may still write. */
  availableBytes: (path: string) => Promise<number>
}

/** The file system of this machine. */
export const systemDisk: Disk = {
  create: async (path) => systemFile(await open(path, 'wx+', 0o600)),
  open: async (path, mode) => systemFile(await open(path, mode === 'read' ? 'r' : 'r+')),
  rename,
  remove: async (path) => {
    try {
      await unlink(path)
      return true
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false
      throw error
    }
  },
  makeDirectory: async (path) => {
    await mkdir(path, { recursive: true, mode: 0o700 })
  },
  list: async (directory) => await readdir(directory),
  sizeOf: async (path) => {
    try {
      return (await stat(path)).size
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined
      throw error
    }
  },
  syncDirectory: async (path) => {
    // Windows cannot sync a directory; NTFS journals names itself.
    if (process.platform === 'win32') return
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  availableBytes: async (path) => {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  }
}

function systemFile(handle: FileHandle): DiskFile {
  return {
    read: async (target, position) => {
      let done = 0
      while (done < target.length) {
        const { bytesRead } = await handle.read(target, done, target.length - done, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    },
    readSync: (target, position) => {
      let done = 0
      while (done < target.length) {
        const bytesRead = readSync(handle.fd, target, done, target.length - done, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    },
    write: async (bytes, position) => {
      let done = 0
      while (done < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
        done += bytesWritten
      }
    },
    truncate: async (length) => await handle.truncate(length),
    sync: async () => await handle.datasync(),
    size: async () => (await handle.stat()).size,
    close: async () => await handle.close()
  }
}
