import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { arch, cpus } from 'node:os'
import type { SegmentShape } from '../shape.ts'
import { BACKEND_NAMES } from './backend.ts'
import type { BackendName } from './backend.ts'

/** Format version of the file; choices of other versions are ignored. */
const FORMAT = 2

interface ChoicesFile {
  readonly format: number
  /** The machine of the measurements; they are invalid on others. */
  readonly machine: string
  readonly choices: Readonly<Record<string, BackendName>>
}

/** The fastest backend for each shape on this machine, from earlier measurements, stored in a file. */
export class BackendChoices {
  readonly #file: string
  readonly #choices: Map<string, BackendName>

  /** @param file - counts as empty if it does not exist or has no choices for this machine */
  constructor(file: string) {
    this.#file = file
    this.#choices = readChoices(file)
  }

  get(shape: SegmentShape): BackendName | undefined {
    return this.#choices.get(keyOf(shape))
  }

  /**
   * Stores a choice and writes the file. Resolves to whether the write succeeded; the choice holds for this run in any
   * case.
   */
  async set(shape: SegmentShape, fastest: BackendName): Promise<boolean> {
    this.#choices.set(keyOf(shape), fastest)
    const content: ChoicesFile = {
      format: FORMAT,
      machine: thisMachine(),
      choices: Object.fromEntries(this.#choices)
    }
    const draft = `${this.#file}.${process.pid}.tmp`
    try {
      await writeFile(draft, `${JSON.stringify(content, undefined, 2)}\n`)
      await rename(draft, this.#file)
      return true
    } catch {
      return false
    }
  }
}

/**
 * Blocks of similar size share a choice, so the short last segment of an object needs no measurement of its own.
 */
function keyOf({ k, n, blockBytes }: SegmentShape): string {
  return `${k}+${n - k}x${2 ** Math.ceil(Math.log2(blockBytes))}`
}

function thisMachine(): string {
  return [arch(), cpus()[0]?.model ?? '', process.version].join(' | ')
}

function readChoices(file: string): Map<string, BackendName> {
  try {
    const { format, machine, choices } = JSON.parse(readFileSync(file, 'utf8')) as ChoicesFile
    if (format !== FORMAT || machine !== thisMachine()) return new Map()
    return new Map(Object.entries(choices).filter(([, name]) => BACKEND_NAMES.includes(name)))
  } catch {
    return new Map()
  }
}
