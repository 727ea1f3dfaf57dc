import { FolderError } from './errors.ts'

/** As long as file systems allow, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255
/** Folders within each other: more than any file system takes in one path, and no deeper recursion than this. */
export const MAX_DEPTH = 256

const encoder = new TextEncoder()

/** Why `name` cannot stand in a folder; undefined when it can. Names are not normalised: two forms of one text differ. */
export const nameFault = (name: string): string | undefined => {
  if (name === '') return 'is empty'
  if (name === '.' || name === '..') return 'means another folder'
  if (name.includes('/')) return 'has a slash'
  if (name.includes('\0')) return 'has a zero byte'
  if (!name.isWellFormed()) return 'is not valid UTF-8'
  return encoder.encode(name).byteLength > MAX_NAME_BYTES
    ? `has more than ${MAX_NAME_BYTES} bytes`
    : undefined
}

/** Order of names: by their bytes of UTF-8, which is the order of their code points. */
export const compareNames = (a: string, b: string): number => {
  if (a === b) return 0
  const [x, y] = [encoder.encode(a), encoder.encode(b)]
  const length = Math.min(x.byteLength, y.byteLength)
  for (let i = 0; i < length; i++) if (x[i] !== y[i]) return x[i] - y[i]
  return x.byteLength - y.byteLength
}

/** The names in a path within a folder. Slashes at the ends and double ones do not count. @throws FolderError 'BAD_LINK' */
export const splitPath = (path: string): string[] => {
  const names = path.split('/').filter((name) => name !== '')
  for (const name of names) {
    const fault = nameFault(name)
    if (fault !== undefined) throw new FolderError('BAD_LINK', `"${name}" in the path ${fault}.`, { name })
  }
  if (names.length > MAX_DEPTH) {
    throw new FolderError('BAD_LINK', `The path has more than ${MAX_DEPTH} parts.`, { parts: names.length })
  }
  return names
}
