import { createHash } from 'node:crypto'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isAlive, startTicks } from '../../node/data/lock.ts'
import { replaceFile } from '../../node/data/files.ts'
import { stateFolder } from '../paths.ts'

const FORMAT = 'thhe-get/1'

/** How far a part has come. */
export interface PartState {
  /** Absolute path of the part. */
  readonly part: string
  /** Bytes from the start that are durable. */
  readonly bytes: number
  /** Of those bytes, hexadecimal. */
  readonly sha256: string
}

interface Saved extends PartState {
  readonly format: typeof FORMAT
  /** What is fetched. */
  readonly content: string
  /** The process that writes the part, unless it has let go of it. */
  readonly released: boolean
  readonly pid: number
  readonly startTicks: string
}

/** What is known of a get to one place, so that the next one can go on with it. */
export class GetRecord {
  readonly #path: string
  readonly #content: string
  readonly #startTicks: string

  private constructor(path: string, content: string, ticks: string) {
    this.#path = path
    this.#content = content
    this.#startTicks = ticks
  }

  /** @param realPath - of the file that is written */
  static async open(env: NodeJS.ProcessEnv, realPath: string, content: string): Promise<GetRecord> {
    const name = createHash('sha256').update(`${realPath}\0${content}`).digest('hex')
    const ticks = (await startTicks(process.pid)) ?? ''
    return new GetRecord(join(stateFolder(env), 'gets', `${name}.json`), content, ticks)
  }

  /** What a get that has ended left here; undefined when there is none, or when it still runs. */
  async takeOver(): Promise<PartState | undefined> {
    try {
      const saved = JSON.parse(await readFile(this.#path, 'utf8')) as Saved
      const { format, content, part, bytes, sha256, released } = saved
      const isSound = [part, sha256].every((text) => typeof text === 'string') && Number.isSafeInteger(bytes)
      if (format !== FORMAT || content !== this.#content || !isSound) return undefined
      if (released !== true && (await isAlive(saved))) return undefined
      return { part, bytes, sha256 }
    } catch {
      return undefined
    }
  }

  /**
   * @param released - whether another process may go on
   * @returns false when it cannot be kept: the get goes on all the same
   */
  async save(state: PartState, released: boolean): Promise<boolean> {
    const saved: Saved = {
      format: FORMAT,
      content: this.#content,
      pid: process.pid,
      startTicks: this.#startTicks,
      released,
      ...state
    }
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
      await replaceFile(this.#path, `${JSON.stringify(saved)}\n`, 0o600)
      return true
    } catch {
      return false
    }
  }

  async remove(): Promise<void> {
    await rm(this.#path, { force: true }).catch(() => {})
  }
}
