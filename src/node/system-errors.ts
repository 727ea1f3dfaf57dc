// The errors of the operating system in words. Node.js says 'EROFS: read-only file system, open '/x''.

/** Each continues "Cannot open FILE: ..." (errno(3), getaddrinfo(3)). */
const REASONS = {
  EACCES: 'permission is denied',
  EADDRINUSE: 'another program uses this address',
  EADDRNOTAVAIL: 'this machine does not have this address',
  EAFNOSUPPORT: 'this machine does not support this kind of address',
  EAGAIN: 'the system is short of resources',
  EAI_AGAIN: 'the name server does not answer',
  EBADF: 'the file is closed',
  EBUSY: 'it is in use',
  ECONNABORTED: 'the connection was broken off',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was broken off',
  EDQUOT: 'your disk quota is used up',
  EEXIST: 'it exists already',
  EFBIG: 'the file would be larger than the file system allows',
  EHOSTUNREACH: 'there is no route to this machine',
  EINVAL: 'the file system does not support this',
  EIO: 'the disk reports an error',
  EISDIR: 'it is a folder',
  ELOOP: 'its symbolic links lead in a circle',
  EMFILE: 'this process has too many files open',
  EMLINK: 'it has too many links',
  ENAMETOOLONG: 'the name is too long',
  ENETUNREACH: 'there is no route to this network',
  ENFILE: 'the system has too many files open',
  ENODEV: 'there is no such device',
  ENOENT: 'there is no such file or folder',
  ENOMEM: 'there is not enough memory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of the path is a file, not a folder',
  ENOTEMPTY: 'the folder is not empty',
  ENOTFOUND: 'there is no machine of this name',
  ENOTSUP: 'the file system does not support this',
  ENXIO: 'nothing is at the other end',
  EPERM: 'the system does not permit it',
  EPIPE: 'the reader has gone away',
  EROFS: 'the disk is read-only',
  ESPIPE: 'it is a pipe, not a file',
  ESTALE: 'the network disk has changed; mount it again',
  ETIMEDOUT: 'no answer came in time',
  ETXTBSY: 'it is a program that runs',
  EXDEV: 'it is on another disk'
} as const satisfies Record<string, string>

export type SystemCode = keyof typeof REASONS

export const SYSTEM_CODES = Object.keys(REASONS) as readonly SystemCode[]

/** The attempted action, by the name of the system call. */
const VERBS: Readonly<Record<string, string>> = {
  access: 'read',
  bind: 'listen on',
  chmod: 'change the mode of',
  connect: 'connect to',
  copyfile: 'copy',
  fsync: 'write',
  getaddrinfo: 'find',
  link: 'write',
  listen: 'listen on',
  lstat: 'read',
  mkdir: 'make the folder',
  mkdtemp: 'make a folder at',
  open: 'open',
  read: 'read',
  readlink: 'read',
  realpath: 'read',
  rename: 'write',
  rm: 'remove',
  rmdir: 'remove',
  scandir: 'read the folder',
  stat: 'read',
  statfs: 'read',
  symlink: 'write',
  unlink: 'remove',
  write: 'write'
}

interface SystemFields {
  readonly code?: unknown
  readonly syscall?: string
  readonly path?: string
  readonly address?: string
  readonly hostname?: string
  readonly port?: number
}

/** The code of a system error that `REASONS` explains. */
export const knownSystemCode = (error: unknown): SystemCode | undefined => {
  const { code } = (error ?? {}) as SystemFields
  return typeof code === 'string' && Object.hasOwn(REASONS, code) ? (code as SystemCode) : undefined
}

/** Why the system refused, e.g. 'the disk is full'; undefined for other errors. */
export const systemReason = (error: unknown): string | undefined => {
  const code = knownSystemCode(error)
  return code && REASONS[code]
}

/**
 * A system error as a sentence: 'Cannot open FILE: the disk is read-only.' Undefined for other errors.
 *
 * @param path - as the user wrote it; the error itself may name a temporary file or an absolute path
 */
export const systemSentence = (error: unknown, path?: string): string | undefined => {
  const reason = systemReason(error)
  if (reason === undefined) return undefined
  const fields = error as SystemFields
  const target = path ?? fields.path ?? addressOf(fields)
  const verb = VERBS[fields.syscall ?? '']
  if (target === undefined) return `${reason[0].toUpperCase()}${reason.slice(1)}.`
  return `Cannot ${verb ?? 'use'} ${target}: ${reason}.`
}

const addressOf = ({ address, hostname, port }: SystemFields): string | undefined => {
  const host = address ?? hostname
  if (host === undefined || port === undefined || port <= 0) return host
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
