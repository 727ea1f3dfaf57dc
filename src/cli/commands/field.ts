import { text as textOf } from 'node:stream/consumers'
import type { CommandModule } from 'yargs'
import type { SlotJson, SlotLogJson, SlotViewJson } from '../../gateway/index.ts'
import type { NodeClient } from '../client.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { aboutPath, CliError, usageError } from '../errors.ts'
import { count, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable, widthOf } from '../output.ts'
import { printable } from '../printable.ts'
import { provenBy, readOrTell } from '../slot-proof.ts'

interface SlotFlags extends EndpointOptions {
  readonly slot: string
}

const SLOT = {
  type: 'string',
  describe: 'PEER/LABEL, or LABEL for a slot of your own node'
} as const
const KINDS = ['bytes', 'integer', 'set'] as const

const createCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { kind: string; value?: string; writers?: string }>({
    command: 'create <slot>',
    describe: 'Make a slot: a small value that the whole network agrees on',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .options({
          kind: {
            type: 'string',
            requiresArg: true,
            default: 'bytes',
            describe: 'bytes (set replaces them), integer (add and max) or set (insert)'
          },
          value: {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'Value at first; an integer begins with 0'
          },
          writers: {
            type: 'string',
            requiresArg: true,
            describe: '"anyone", or peer ids with commas between them; without it only your own node'
          }
        })
        .example(
          'thhe field create visits --kind integer --writers anyone',
          'A counter that everybody may add to'
        ),
    handler: async ({ slot, kind, value, writers, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const isKind = (text: string): text is SlotJson['kind'] => (KINDS as readonly string[]).includes(text)
      if (!isKind(kind)) throw usageError(`--kind is ${KINDS.join(', ')}.`)
      const changed = await client.changeSlot(slot, {
        type: 'create',
        kind,
        writers: writers === undefined ? [] : writers === 'anyone' ? writers : writers.split(','),
        value: firstValue(kind, value)
      })
      if (json) return await printJson(io, changed)
      await printLine(io, changed.name)
      if (!quiet) remark(io, `Agreed on in round ${changed.round}.`)
    }
  })

const getCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { confidence?: number }>({
    command: 'get <slot>',
    describe: 'Print the value of a slot',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .options({
          confidence: {
            type: 'number',
            requiresArg: true,
            describe:
              'Take an outcome that this share of the validators has accepted, 0 to 1, and wait for it; 1 waits for ' +
              'the agreement. Without it, what was agreed last'
          }
        }),
    handler: async ({ slot, confidence, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      if (confidence !== undefined && !(confidence >= 0 && confidence <= 1)) {
        throw usageError('--confidence is a number from 0 to 1.')
      }
      const view = await client.slot(slot, confidence)
      const leading = confidence === undefined ? undefined : view.candidates[0]
      const found = leading === undefined ? view.agreed : leading.slot
      if (json) return await printJson(io, { ...view, shown: found, confidence: leading?.weight ?? 1 })
      if (found === null)
        throw new CliError('NO_SLOT', `There is no slot ${view.name} yet: a change is under way.`)
      await printLine(io, valueText(found))
      if (!quiet) remark(io, remarkOf(view, found, leading?.weight))
    }
  })

const remarkOf = (
  { candidates }: SlotViewJson,
  { version, changedRound }: SlotJson,
  weight?: number
): string => {
  if (weight !== undefined) {
    return `Version ${version}, not agreed on yet: ${Math.round(100 * weight)} % of the validators have accepted it.`
  }
  const more = candidates.length === 0 ? '' : ` ${count(candidates.length, 'outcome')} of a change under way.`
  return `Version ${version}, agreed on in round ${changedRound}.${more}`
}

const setCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { value: string; expect?: number }>({
    command: 'set <slot> <value>',
    describe: 'Replace the bytes of a slot',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .positional('value', {
          type: 'string',
          describe: 'New value; - for standard input',
          coerce: unescapeDash
        })
        .options({
          expect: {
            type: 'number',
            requiresArg: true,
            describe: 'Only if the slot is still at this version; without it, at the one that it has now'
          }
        }),
    handler: async ({ slot, value, expect, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const expected = await expectedVersion(client, slot, expect)
      const bytes = value === '-' ? await textOf(io.stdin) : value
      await told(
        io,
        await client.changeSlot(slot, { type: 'set', expected, value: base64(bytes) }),
        json,
        quiet
      )
    }
  })

const integerCommand = (io: Io, type: 'add' | 'max', describe: string, what: string): CommandModule =>
  defineCommand<SlotFlags & { integer: string }>({
    command: `${type} <slot> <integer>`,
    describe,
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .positional('integer', { type: 'string', describe: what, coerce: unescapeDash }),
    handler: async ({ slot, integer, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const value = integerText(integer)
      await told(io, await client.changeSlot(slot, { type, value }), json, quiet)
    }
  })

const insertCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { items: string[] }>({
    command: 'insert <slot> <items..>',
    describe: 'Put items into a slot that is a set; those that are in it stay as they are',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .positional('items', { type: 'string', array: true, describe: 'Items' }),
    handler: async ({ slot, items, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const value = items.map((item) => base64(unescapeDash(item)))
      await told(io, await client.changeSlot(slot, { type: 'union', value }), json, quiet)
    }
  })

const told = async (
  io: Io,
  changed: { readonly name: string; readonly round: number; readonly version: number },
  json: boolean,
  quiet: boolean
): Promise<void> => {
  if (json) await printJson(io, changed)
  else if (!quiet)
    remark(io, `${changed.name}: version ${changed.version}, agreed on in round ${changed.round}.`)
}

const watchCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags>({
    command: 'watch <slot>',
    describe: 'Print the value of a slot now and after each change',
    builder: (yargs) => withEndpoint(yargs).positional('slot', SLOT),
    handler: async ({ slot, json, ...flags }) => {
      const client = await connect(flags, io)
      for await (const one of client.watchSlot(slot)) {
        if (json) await printLine(io, JSON.stringify(one))
        else
          await printLine(io, one === null ? 'There is no such slot.' : `${one.version}  ${valueText(one)}`)
      }
    }
  })

const logCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { prove?: string; force: boolean }>({
    command: 'log <slot>',
    describe: 'Who changed a slot, and when, as far as your node remembers',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .options({
          prove: {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'Write a proof of these changes to this file instead; `thhe field verify` checks it'
          },
          force: { type: 'boolean', default: false, describe: 'Replace the file if it is there' }
        }),
    handler: async ({ slot, json, quiet, prove, force, ...flags }) => {
      const client = await connect(flags, io)
      if (prove !== undefined)
        return await save(io, await client.slotLogProof(slot), prove, { force, json, quiet })
      const log = await client.slotLog(slot)
      if (json) return await printJson(io, log)
      if (log.changes.length === 0) {
        if (!quiet) remark(io, 'This node has seen no change of it.')
        return
      }
      await printLine(io, logTable(log.changes, widthOf(io.stdout)))
    }
  })

const logTable = (changes: Array<SlotLogJson['changes'][number]>, width: number): string =>
  renderTable(
    changes,
    [
      { head: 'VERSION', cell: ({ version }) => String(version), align: 'right' },
      { head: 'WHEN', cell: ({ closedAtMs }) => new Date(closedAtMs).toISOString() },
      { head: 'WHAT', cell: ({ type, detail }) => printable(`${type} ${detail}`.trim()), least: 10 },
      { head: 'WHO', cell: ({ author }) => printable(author), least: 12 }
    ],
    width
  )

/** Writes a proof to a file. */
const save = async (
  io: Io,
  proof: Uint8Array,
  output: string,
  { force, json, quiet }: { readonly force: boolean; readonly json: boolean; readonly quiet: boolean }
): Promise<void> => {
  const { writeAtomically } = await import('../objects/atomic-file.ts')
  await writeAtomically(output, once(proof), force).catch((error: unknown) => {
    throw aboutPath(output, error)
  })
  if (json) await printJson(io, { file: output, bytes: proof.byteLength })
  else if (!quiet) remark(io, `${output}: ${count(proof.byteLength, 'byte')}.`)
}

const removeCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { expect?: number }>({
    command: 'rm <slot>',
    describe: 'Remove a slot; for its owner and the peers that its rule names',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .options({
          expect: {
            type: 'number',
            requiresArg: true,
            describe: 'Only if the slot is still at this version; without it, at the one that it has now'
          }
        }),
    handler: async ({ slot, expect, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const expected = await expectedVersion(client, slot, expect)
      await told(io, await client.changeSlot(slot, { type: 'remove', expected }), json, quiet)
    }
  })

/** @throws CliError 'USAGE' for what is not a version */
const expectedVersion = async (
  client: NodeClient,
  slot: string,
  expect: number | undefined
): Promise<number> => {
  const expected = expect ?? (await client.slot(slot)).agreed?.version ?? 0
  if (Number.isSafeInteger(expected) && expected >= 0) return expected
  throw usageError('--expect is the number of a version.')
}

const proveCommand = (io: Io): CommandModule =>
  defineCommand<SlotFlags & { output: string; force: boolean }>({
    command: 'prove <slot>',
    describe: 'Write a proof of what a slot holds, which others can check without your node',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('slot', SLOT)
        .options({
          output: {
            alias: 'o',
            type: 'string',
            requiresArg: true,
            demandOption: true,
            coerce: unescapeDash,
            describe: 'File to write'
          },
          force: { type: 'boolean', default: false, describe: 'Replace the file if it is there' }
        })
        .example('thhe field prove visits -o visits.proof', 'Statements of the validators, and the slot'),
    handler: async ({ slot, output, force, quiet, json, ...flags }) => {
      const client = await connect(flags, io)
      await save(io, await client.slotProof(slot), output, { force, json, quiet })
    }
  })

const verifyCommand = (io: Io): CommandModule =>
  defineCommand<{ readonly file: string; readonly network: string }>({
    command: 'verify <file>',
    describe: 'Check a proof of `thhe field prove` or `thhe field log --prove`; needs no node',
    builder: (yargs) =>
      yargs.positional('file', { type: 'string', describe: 'The proof', coerce: unescapeDash }).options({
        network: {
          type: 'string',
          requiresArg: true,
          demandOption: true,
          coerce: unescapeDash,
          describe: 'Descriptor whose validators you believe: `thhe network show`'
        }
      }),
    handler: async ({ file, network, json, quiet }) => {
      const [bytes, descriptor] = await Promise.all([readOrTell(file), readOrTell(network)])
      const proven = await provenBy(bytes, descriptor.toString('utf8'))
      if (proven === undefined) {
        throw new CliError(
          'BAD_PROOF',
          `${file} shows nothing to whoever believes the validators in ${network}.`
        )
      }
      if (json) return await printJson(io, proven)
      const { name, round, closedAtMs, slot, log } = proven
      if (log === undefined) await printLine(io, slot === null ? 'There was no such slot.' : valueText(slot))
      else if (log.changes.length > 0) {
        await printLine(io, logTable([...log.changes].reverse(), widthOf(io.stdout)))
        if (!quiet && !log.isWhole) remark(io, 'There were changes before these.')
      } else remark(io, 'Whoever wrote the proof remembered no change of it.')
      if (!quiet) remark(io, `${name} after round ${round}, closed ${new Date(closedAtMs).toISOString()}.`)
    }
  })

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const lsCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & { all: boolean }>({
    command: 'ls',
    describe: 'List the slots of your node',
    builder: (yargs) =>
      withEndpoint(yargs).options({
        all: { type: 'boolean', default: false, describe: 'Slots of every peer' }
      }),
    handler: async ({ all, json, quiet, ...flags }) => {
      const client = await connect(flags, io)
      const own = (await client.status()).peerId
      const { slots } = await client.slots(all ? undefined : own)
      if (json) return await printJson(io, slots)
      if (slots.length === 0) {
        if (!quiet) remark(io, 'There are no slots yet: `thhe field create` makes one.')
        return
      }
      const nowMs = Date.now()
      const table = renderTable(
        slots,
        [
          { head: 'SLOT', cell: ({ name }) => (all ? name : name.slice(name.indexOf('/') + 1)), least: 16 },
          { head: 'KIND', cell: ({ kind }) => kind },
          { head: 'VERSION', cell: ({ version }) => String(version), align: 'right' },
          {
            head: 'CHANGED',
            cell: ({ changedAtMs }) => `${formatDuration(Math.max(0, nowMs - changedAtMs))} ago`
          },
          { head: 'VALUE', cell: (slot) => valueText(slot), least: 8 }
        ],
        widthOf(io.stdout)
      )
      await printLine(io, table)
    }
  })

export const fieldCommand = (io: Io): CommandModule =>
  commandGroup('field', 'Slots: small values that the whole network agrees on', [
    createCommand(io),
    getCommand(io),
    setCommand(io),
    integerCommand(io, 'add', 'Add to a slot that is an integer', 'What to add; may be negative'),
    integerCommand(io, 'max', 'Raise a slot that is an integer', 'The slot has at least this afterwards'),
    insertCommand(io),
    watchCommand(io),
    logCommand(io),
    removeCommand(io),
    proveCommand(io),
    verifyCommand(io),
    lsCommand(io)
  ])

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64url')

const firstValue = (kind: SlotJson['kind'], value: string | undefined): SlotJson['value'] => {
  if (kind === 'integer') return integerText(value ?? '0')
  if (kind === 'set') return value === undefined ? [] : [base64(value)]
  return base64(value ?? '')
}

/** @throws CliError 'USAGE' */
const integerText = (text: string): string => {
  if (/^[-+]?\d{1,19}$/.test(text)) return String(BigInt(text))
  throw usageError(`"${printable(text)}" is not an integer.`)
}

/** One line: text as it is, other bytes in base64url. */
const valueText = ({ kind, value }: SlotJson): string => {
  if (kind === 'integer') return String(value)
  const items = (Array.isArray(value) ? value : [value]) as readonly string[]
  return printable(items.map(bytesText).join(' '))
}

const bytesText = (encoded: string): string => {
  const bytes = Buffer.from(encoded, 'base64url')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : encoded
}
