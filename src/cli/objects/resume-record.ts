import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile } from '../../node/data/files.ts'
import { stateFolder } from '../paths.ts'

const FORMAT = 'thhe-put/2'

/** What tells one state of a file from any other, without reading it. */
export type FileIdentity = Readonly<Record<'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs', string>>

export const identityOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity => ({
  dev: String(dev),
  ino: String(ino),
  size: String(size),
  mtimeNs: String(mtimeNs),
  ctimeNs: String(ctimeNs)
})

export const sameIdentity = (a: FileIdentity, b: FileIdentity): boolean =>
  (Object.keys(a) as Array<keyof FileIdentity>).every((key) => a[key] === b[key])

/**
 * The key of a put that was broken off, so that the next put of the same file gives the same sealed bytes, homes and
 * id, and goes on where the holders stand.
 *
 * A record holds for one state of a file, known by size, inode and the times of its last change. Those cannot be
 * relied on: a file may change again within the tick of a file system's clock, or while it is put. Sealing is what
 * keeps two versions under one key apart (src/seal/object.ts); the state only tells when going on is of use.
 */
export class ResumeRecord {
  readonly #path: string
  readonly #identity: FileIdentity

  private constructor(path: string, identity: FileIdentity) {
    this.#path = path
    this.#identity = identity
  }

  static of(env: NodeJS.ProcessEnv, network: string, file: string, stats: BigIntStats): ResumeRecord {
    const name = createHash('sha256').update(`${network}\0${file}`).digest('hex')
    return new ResumeRecord(join(stateFolder(env), 'puts', `${name}.json`), identityOf(stats))
  }

  /** The key of the put to go on with; undefined when there is none for the file as it is now. */
  async read(): Promise<Uint8Array | undefined> {
    try {
      const { format, identity, key } = JSON.parse(await readFile(this.#path, 'utf8')) as Saved
      if (format !== FORMAT || !sameIdentity(this.#identity, identity)) return undefined
      const bytes = Uint8Array.from(Buffer.from(key, 'base64url'))
      return bytes.byteLength === 32 ? bytes : undefined
    } catch {
      return undefined
    }
  }

  /**
   * Keeps the key for the next put.
   *
   * @returns false when it cannot be kept: the put goes on all the same
   */
  async write(key: Uint8Array): Promise<boolean> {
    const saved: Saved = {
      format: FORMAT,
      identity: this.#identity,
      key: Buffer.from(key).toString('base64url')
    }
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await replaceFile(this.#path, `${JSON.stringify(saved)}\n`, 0o600)
      return true
    } catch {
      return false
    }
  }

  /**
   * The put is done, or the file changed under it. A record that stays is harmless: it holds for this state of the file
   * alone, and the link of a put that is done must not be lost for it.
   */
  async remove(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {})
  }
}

interface Saved {
  readonly format: typeof FORMAT
  readonly identity: FileIdentity
  readonly key: string
}
