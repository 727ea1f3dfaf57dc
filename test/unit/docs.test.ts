import { MAX_MANIFEST_BYTES, MAX_SHARDS, MAX_BLOCK_BYTES } from '../../protocols/limits.ts'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { Argv, CommandModule } from 'yargs'
import { namesOf, refuseUnknown } from '../../src/cli/command-names.ts'
import { recordOf } from '../../src/cli/command-record.ts'
import { refuseBadValues } from '../../src/cli/command-values.ts'
import { commands, parser } from '../../src/cli/main.ts'
import { planPut } from '../../src/hologram/client/put/put-plan.ts'
import { OPTIONS } from '../../src/node/config/options.ts'
import { PUBLIC_TESTNET } from '../../src/node/network.ts'
import { CHUNK_BYTES, HEADER_BYTES, MAX_NAME_BYTES, sealedObjectBytes } from '../../src/seal/index.ts'
import { World } from './cli/world.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

const DOCS = [
  'README.md',
  ...readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`)
]

interface Quoted {
  readonly where: string
  readonly text: string
  /** Within a sentence a command may stand without its arguments. */
  readonly isInline: boolean
}

/** What a page shows as code: lines of blocks, and words between backquotes. */
const quotedIn = (path: string): Quoted[] => {
  const found: Quoted[] = []
  let isFenced = false
  read(path)
    .split('\n')
    .forEach((line, index) => {
      const where = `${path}:${index + 1}`
      if (line.startsWith('```')) isFenced = !isFenced
      else if (isFenced || /^ {4}\S/.test(line)) found.push({ where, text: line.trim(), isInline: false })
      else for (const [, text] of line.matchAll(/`([^`]+)`/g)) found.push({ where, text, isInline: true })
    })
  return found
}

/** The words of `program` in a line of a shell, up to the next pipe, redirection or comment. */
const wordsAfter = (program: RegExp, text: string): string[] | undefined => {
  const match = program.exec(text)
  if (match === null) return undefined
  const words = [...text.slice(match.index + match[0].length).matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)]
  const line: string[] = []
  for (const [, single, double, bare] of words) {
    if (bare !== undefined && /^(#|\||>|<|&&|;|\\$)/.test(bare)) break
    line.push(single ?? double ?? bare)
  }
  return line
}

describe('docs', () => {
  describe('every command line', () => {
    let world: World
    before(async () => (world = await World.create()))
    after(async () => await world.remove())

    /** The command as it is, but for what it does. */
    const idle = (module: CommandModule): CommandModule => ({
      command: module.command,
      describe: module.describe,
      builder: async (yargs) => {
        const { builder } = module
        const listening: Argv = new Proxy(yargs, {
          get: (target, name) => {
            if (name === 'command')
              return (member: CommandModule) => (target.command(idle(member)), listening)
            const method: unknown = Reflect.get(target, name)
            if (typeof method !== 'function') return method
            return (...given: unknown[]) => {
              const result: unknown = Reflect.apply(method, target, given)
              return result === target ? listening : result
            }
          }
        })
        if (typeof builder === 'function') await builder(listening)
        return yargs
      },
      handler: async (argv) => {
        const { isGroup } = await recordOf(module)
        if (isGroup) await module.handler(argv)
        else await refuseBadValues(module, argv)
      }
    })

    const parse = async (words: readonly string[]): Promise<void> => {
      // FILE, COUNT and the like stand for what a user writes.
      const line = words.map((word) => (/^[A-Z][A-Z_-]*$/.test(word) ? '1' : word.replaceAll('…', 'x')))
      const all = commands(world.io)
      const { _: found } = await parser(line, world.io, all.map(idle)).parseAsync()
      refuseUnknown(found.map(String), [...namesOf(all), 'completion'])
    }

    for (const path of DOCS) {
      it(`of ${path} exists`, async () => {
        for (const { where, text, isInline } of quotedIn(path)) {
          const words = wordsAfter(/^(?:\$ )?(?:.* exec .* |.*\| )?thhe (?=[a-z])/, text)
          if (words === undefined || words.length === 0) continue
          try {
            await parse(words)
          } catch (error) {
            const { message } = error as Error
            // `thhe put` in a sentence is the name of the command.
            if (isInline && /needs more|Say which|must be given/.test(message)) continue
            throw new Error(`${where}: ${text}: ${message}`, { cause: error })
          }
        }
      })
    }

    it('of npm is a script of package.json', () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
      let seen = 0
      for (const path of DOCS) {
        for (const { where, text } of quotedIn(path)) {
          const [name] = wordsAfter(/\bnpm run /, text) ?? []
          if (name === undefined) continue
          seen++
          expect(scripts, `${where}: ${text}`).to.have.property(name)
        }
      }
      expect(seen).to.be.greaterThan(10)
      for (const [name, script] of Object.entries(scripts)) {
        for (const [file] of script.matchAll(/(?<![\w/])(?:bin|scripts|src|bench|test)\/[\w/.-]+/g)) {
          expect(existsSync(new URL(file, ROOT)), `${name}: ${file}`).to.equal(true)
        }
      }
    })
  })

  describe('numbers', () => {
    const KIB = 1024
    const MIB = KIB * KIB
    const DAY_MS = 86_400_000
    const blockBytes = PUBLIC_TESTNET.code.blockBytes
    /** The largest code has the smallest blocks: that is where the bound on a segment shows. */
    const segmentBytes =
      planPut({ k: 128, n: MAX_SHARDS }, { k: 1, n: 1, blockBytes: MAX_BLOCK_BYTES }).blockBytes * MAX_SHARDS

    /** A page, the words around a number, the unit it is in, and what the code says. */
    const CLAIMS: ReadonlyArray<[path: string, claim: RegExp, unit: number, value: number]> = [
      ['docs/explain/architecture.md', /segments of `k` blocks of ([\d,]+) KiB/, KIB, blockBytes],
      ['docs/explain/architecture.md', /\*\*Blocks of ([\d,]+) KiB/, KIB, blockBytes],
      ['docs/explain/architecture.md', /\(dag-cbor, at most ([\d,]+) KiB\)/, KIB, MAX_MANIFEST_BYTES],
      ['docs/explain/architecture.md', /would pass ([\d,]+) MiB/, MIB, segmentBytes],
      [
        'docs/explain/architecture.md',
        /most ([\d,]+) MiB in all, so that the memory of a put/,
        MIB,
        segmentBytes
      ],
      ['docs/explain/architecture.md', /AES-256-GCM per chunk of ([\d,]+) KiB/, KIB, CHUNK_BYTES],
      ['docs/explain/architecture.md', /tombstone flag\), default (\d+) days/, DAY_MS, OPTIONS.lease.default],
      ['README.md', /past the lease \((\d+) days by default\)/, DAY_MS, OPTIONS.lease.default],
      ['docs/reference/protocols.md', /\| manifest \| ([\d,]+);/, 1, MAX_MANIFEST_BYTES],
      ['docs/reference/protocols.md', /is cut into chunks of ([\d,]+) bytes/, 1, CHUNK_BYTES],
      ['docs/reference/protocols.md', /is stored as `(\d+) \+ p \+ 32/, 1, HEADER_BYTES],
      [
        'docs/reference/protocols.md',
        /is stored as `\d+ \+ p \+ (\d+) \*/,
        1,
        sealedObjectBytes(0) - HEADER_BYTES
      ],
      ['docs/guide/security.md', /AES-256-GCM per ([\d,]+) KiB chunk/, KIB, CHUNK_BYTES],
      ['docs/explain/encoder.md', /for all 1 <= k <= n <= (\d+)\./, 1, MAX_SHARDS],
      ['protocols/object.proto', /bytes manifest = 1; .*at most (\d+) KiB/, KIB, MAX_MANIFEST_BYTES],
      ['protocols/object.proto', /bytes data = 2; .*1 to (\d+) bytes/, 1, MAX_BLOCK_BYTES],
      ['protocols/object.proto', /bytes data = 2; .*; (\d+) in most networks/, 1, blockBytes]
    ]
    for (const [path, claim, unit, value] of CLAIMS) {
      it(`${path} says what the code does: ${claim.source}`, () => {
        // Where a line of a page ends says nothing.
        const text = path.endsWith('.md') ? read(path).replace(/\s+/g, ' ') : read(path)
        const match = claim.exec(text)
        expect(match, `${path} no longer says ${claim}: change the claim here too`).to.not.equal(null)
        expect(Number(match?.[1].replaceAll(',', '')) * unit).to.equal(value)
      })
    }

    it('limits names to the length that file systems allow', () => expect(MAX_NAME_BYTES).to.equal(255))
  })

  it('has no link to a missing page', () => {
    for (const path of DOCS) {
      for (const [, target] of read(path).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
        expect(existsSync(new URL(target, new URL(path, ROOT))), `${path}: ${target}`).to.equal(true)
      }
    }
  })
})
