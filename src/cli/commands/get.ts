import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { formatBytes, formatDuration, formatRate } from '../format.ts'
import { writeTo } from '../io.ts'
import type { Io } from '../io.ts'
import { printJson, remark } from '../output.ts'
import { startProgress } from '../progress.ts'

interface GetFlags extends EndpointOptions {
  readonly link: string
  readonly output?: string
  readonly force: boolean
  readonly range?: string
}

export const getCommand = (io: Io): CommandModule =>
  defineCommand<GetFlags>({
    command: 'get <link>',
    describe: 'Fetch an object into a file',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('link', {
          type: 'string',
          demandOption: true,
          describe: 'Link as `thhe put` printed it, or an id'
        })
        .options({
          output: {
            alias: 'o',
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'File to write, - for standard output; the object id by default'
          },
          force: { type: 'boolean', default: false, describe: 'Replace a file that exists' },
          range: {
            type: 'string',
            requiresArg: true,
            describe: 'Only these bytes: FIRST-LAST, FIRST- or -LENGTH'
          }
        }),
    handler: async (flags) => {
      const [{ openObject, readLink }, { refuseExisting, writeAtomically }, { parseRangeArgument }] =
        await Promise.all([
          import('../objects/get.ts'),
          import('../objects/atomic-file.ts'),
          import('../objects/range.ts')
        ])
      const asked = flags.range === undefined ? undefined : parseRangeArgument(flags.range)
      const client = await connect(flags, io)
      const link = await readLink(client, flags.link)
      const output = flags.output ?? link.cid.toString()
      if (output === '-') {
        await catObject(io, await openObject(client, link, asked))
        return
      }
      if (!flags.force) await refuseExisting(output)
      const startedMs = performance.now()
      const object = await openObject(client, link, asked)
      const progress = await startProgress(io, 'get', object.length, flags.quiet || flags.json)
      let bytes
      try {
        bytes = await writeAtomically(output, watched(object.bytes, progress.update), flags.force)
      } finally {
        object.close()
        progress.stop()
      }
      const elapsedMs = performance.now() - startedMs
      if (flags.json) await printJson(io, { cid: object.cid, file: output, bytes, elapsedMs })
      else if (!flags.quiet) {
        const sum = `${formatBytes(bytes)} in ${formatDuration(elapsedMs)} (${formatRate(bytes, elapsedMs)})`
        remark(io, `${output}: ${sum}.`)
      }
    }
  })

export const catCommand = (io: Io): CommandModule =>
  defineCommand<Omit<GetFlags, 'output' | 'force'>>({
    command: 'cat <link>',
    describe: 'Write an object, or some bytes of it, to standard output',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('link', {
          type: 'string',
          demandOption: true,
          describe: 'Link as `thhe put` printed it, or an id'
        })
        .options({
          range: {
            type: 'string',
            requiresArg: true,
            describe: 'Only these bytes: FIRST-LAST, FIRST- or -LENGTH'
          }
        }),
    handler: async (flags) => {
      const [{ openObject, readLink }, { parseRangeArgument }] = await Promise.all([
        import('../objects/get.ts'),
        import('../objects/range.ts')
      ])
      const asked = flags.range === undefined ? undefined : parseRangeArgument(flags.range)
      const client = await connect(flags, io)
      await catObject(io, await openObject(client, await readLink(client, flags.link), asked))
    }
  })

const catObject = async (
  { stdout }: Io,
  { bytes, close }: { bytes: AsyncIterable<Uint8Array>; close: () => void }
): Promise<void> => {
  try {
    for await (const part of bytes) await writeTo(stdout, part)
  } finally {
    close()
  }
}

async function* watched(
  source: AsyncIterable<Uint8Array>,
  onBytes: (total: number) => void
): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const part of source) {
    total += part.byteLength
    onBytes(total)
    yield part
  }
}
