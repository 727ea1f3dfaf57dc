import type { CommandModule } from 'yargs'
import type { EncoderBenchRow, EncoderProbe, SegmentShape } from '../../../encoder/index.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { usageError } from '../errors.ts'
import { wholeWithin, within } from '../numbers.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable } from '../output.ts'

interface BenchFlags {
  readonly codeK?: number
  readonly codeN?: number
  readonly block: number
  readonly time: number
}

const benchCommand = (io: Io): CommandModule =>
  defineCommand<BenchFlags>({
    command: 'bench',
    describe:
      'Measure every encoder that runs here, shape by shape: one thread that codes and hashes, as for a put',
    builder: (yargs) =>
      yargs.options({
        'code-k': { type: 'number', requiresArg: true, describe: 'Data shards of the one shape to measure' },
        'code-n': {
          type: 'number',
          requiresArg: true,
          describe: 'Shards in all of the one shape to measure'
        },
        block: { type: 'number', default: 65536, requiresArg: true, describe: 'Bytes in a block' },
        time: {
          type: 'number',
          default: 200,
          requiresArg: true,
          describe: 'Milliseconds for each measurement'
        }
      }),
    handler: async (flags) => {
      wholeWithin('block', flags.block, 64, 1 << 20)
      within('time', flags.time, 1, 60_000)
      const { BENCH_SHAPES, encoderBench } = await import('../../../encoder/index.ts')
      const shapes = shapesOf(flags, BENCH_SHAPES)
      const bench = await encoderBench({ shapes, millis: flags.time, signal: io.signal })
      if (flags.json) return await printJson(io, bench)
      await printLine(io, renderRows(bench.rows))
      for (const probe of bench.probes) remark(io, explain(probe))
    }
  })

/** @throws a usage error for half a shape or an impossible one */
export const shapesOf = (
  { codeK, codeN, block }: BenchFlags,
  usual: readonly SegmentShape[]
): readonly SegmentShape[] => {
  if (codeK === undefined && codeN === undefined)
    return usual.map((shape) => ({ ...shape, blockBytes: block }))
  const shape = { k: codeK ?? Number.NaN, n: codeN ?? Number.NaN, blockBytes: block }
  const isWhole = Number.isInteger(shape.k) && Number.isInteger(shape.n)
  if (!(isWhole && shape.k >= 1 && shape.n > shape.k && shape.n <= 256)) {
    throw usageError('A shape needs --code-k and --code-n with 1 <= k < n <= 256.')
  }
  return [shape]
}

const renderRows = (rows: readonly EncoderBenchRow[]): string =>
  renderTable(
    rows.flatMap(({ shape, measurements }) => measurements.map((measurement) => ({ shape, ...measurement }))),
    [
      { head: 'SHAPE', cell: ({ shape: { k, n } }) => `${k}+${n - k}` },
      { head: 'BLOCK', align: 'right', cell: ({ shape }) => shape.blockBytes },
      { head: 'ENCODER', cell: ({ backend }) => backend },
      { head: 'MB/S', align: 'right', cell: ({ bytesPerSecond }) => Math.round(bytesPerSecond / 1e6) },
      { head: 'ON', cell: ({ detail }) => detail }
    ]
  )

const explain = ({ backend, isAvailable, detail, reason }: EncoderProbe): string => {
  if (!isAvailable) return `${backend} does not run here: ${reason}`
  return `${backend} runs here on ${detail}${reason === '' ? '.' : `; not chosen by itself, because ${reason}.`}`
}

export const encoderCommand = (io: Io): CommandModule =>
  commandGroup('encoder', 'Measure the erasure coder on this machine', [benchCommand(io)])
