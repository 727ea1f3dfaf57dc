import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { arch, cpus } from 'node:os'
import type { SegmentShape } from '../shape.ts'
import { BACKEND_NAMES } from './backend.ts'
import type { BackendName } from './backend.ts'

/** Choices were made by another version of this code when this differs. */
const FORMAT = 1

interface ChoicesFile {
  readonly format: number
  /** What the measurements were made on; on anything else they mean nothing. */
  readonly machine: string
  readonly choices: Readonly<Record<string, BackendName>>
}

/** Which backend is fastest for each shape on this machine, as measured before, kept in a file. */
export class BackendChoices {
  readonly #file: string
  readonly #choices: Map<string, BackendName>

  /** @param file - need not exist; what is not a file of this machine's choices counts as empty */
  constructor(file: string) {
    this.#file = file
    this.#choices = readChoices(file)
  }

  get(shape: SegmentShape): BackendName | undefined {
    return this.#choices.get(keyOf(shape))
  }

  /**
   * Remembers a choice and writes the file. Resolves to whether that went well; a choice holds for this run
   * anyway.
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
 * Blocks of about the same size share a choice: the short last segment of an object is no case of its own.
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
