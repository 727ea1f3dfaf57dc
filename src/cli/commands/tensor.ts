import type { CommandModule } from 'yargs'
import type { NumberRange } from '../../../encoder/tensor/index.ts'
import type { StatJson } from '../../gateway/index.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError, usageError } from '../errors.ts'
import { formatBytes, formatDuration } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import type { Target } from '../objects/target.ts'
import { printJson, printLine, remark, renderFields, renderTable } from '../output.ts'
import type { OpenTensor, TensorVersion } from '../tensors/get.ts'
import { byteCount } from '../../node/config/kinds.ts'
import { keepLink, printLink, putArguments, putOptions } from './put.ts'
import type { PutFlags } from './put.ts'

export const tensorCommand = (io: Io): CommandModule =>
  commandGroup('tensor', 'Keep numbers and pictures so that few shards show them coarsely', [
    tensorPutCommand(io),
    tensorGetCommand(io),
    tensorStatCommand(io)
  ])

const tensorPutCommand = (io: Io): CommandModule =>
  defineCommand<PutFlags & { readonly file: string }>({
    command: 'put <file>',
    describe: 'Seal a .npy or PNG file layer by layer and spread it over the peers; prints the link to it',
    builder: (yargs) =>
      putOptions(withEndpoint(yargs)).positional('file', {
        type: 'string',
        demandOption: true,
        describe: 'File, or - for standard input',
        coerce: unescapeDash
      }),
    handler: async (flags) => {
      const [{ openSource }, { putTensor }] = await Promise.all([
        import('../objects/source.ts'),
        import('../tensors/put.ts')
      ])
      const source = await openSource(flags.file, io)
      let client
      let outcome
      try {
        client = await connect(flags, io)
        outcome = await putTensor(client, io, putArguments(flags), source)
      } finally {
        await source.close()
      }
      await keepLink(io, client, outcome)
      await printLink(io, flags, outcome)
      if (flags.json || flags.quiet) return
      const { type, shape, layers, plainBytes, sizeBytes, elapsedMs, n } = outcome
      const ks = outcome.inline
        ? 'whole in the manifest'
        : `layers for ${layers.map(({ k }) => k).join(', ')} of ${n} shards`
      remark(
        io,
        `${type} (${shape.join(', ')}): ${formatBytes(plainBytes)} as ${formatBytes(sizeBytes)} in ${formatDuration(elapsedMs)}; ${ks}.`
      )
    }
  })

interface TensorGetFlags extends EndpointOptions, LinkFlags {
  readonly output: string
  readonly force: boolean
  readonly maxShards?: number
  readonly maxSize?: string
  readonly preview: boolean
  readonly progressive: boolean
}

const parseMaxSize = (raw: string): number => {
  try {
    return byteCount(1).parse(raw)
  } catch (error) {
    throw usageError(`--max-size ${(error as Error).message}.`)
  }
}

const tensorGetCommand = (io: Io): CommandModule =>
  defineCommand<TensorGetFlags>({
    command: 'get [link]',
    describe: 'Fetch a tensor, or a coarser version of it, into a .npy or .png file',
    builder: (yargs) =>
      withLink(withEndpoint(yargs)).options({
        output: {
          alias: 'o',
          type: 'string',
          demandOption: true,
          requiresArg: true,
          coerce: unescapeDash,
          describe: 'File to write: PNG when it ends in .png, else .npy; - for .npy on standard output'
        },
        force: { type: 'boolean', default: false, describe: 'Replace a file that exists' },
        'max-shards': {
          type: 'number',
          requiresArg: true,
          describe: 'Read only the layers that this many shards give back'
        },
        'max-size': {
          type: 'string',
          requiresArg: true,
          describe:
            'Most bytes of the tensor in memory, such as 1GiB; 256MiB by default, or 100 times what is stored'
        },
        preview: {
          type: 'boolean',
          default: false,
          describe: 'Read only the layers that the fewest shards give back'
        },
        progressive: {
          type: 'boolean',
          default: false,
          describe: 'Write the file early and replace it with better and better versions'
        }
      }),
    handler: async (flags) => await getTensor(io, flags)
  })

const getTensor = async (
  io: Io,
  flags: TensorGetFlags & { readonly json: boolean; readonly quiet: boolean }
): Promise<void> => {
  const [{ readLink }, { findTarget, targetIn }, tensors] = await Promise.all([
    import('../objects/get.ts'),
    import('../objects/target.ts'),
    import('../tensors/get.ts')
  ])
  const maxBytes = flags.maxSize === undefined ? undefined : parseMaxSize(flags.maxSize)
  const text = await linkText(flags, io)
  const place = await findTarget(flags.output, flags.force)
  if (flags.progressive && (place.kind === 'descriptor' || place.kind === 'device')) {
    throw usageError('A stream cannot be replaced by a better version.', 'Name a file with -o.')
  }
  const client = await connect(flags, io)
  const open = await tensors.openTensor(client, await readLink(client, text))
  const target = await targetIn(place, `${open.manifest.cid}.npy`, flags.force)
  const output = target.path
  const toFile = target.kind === 'file'
  const toStandardOutput = target.kind === 'descriptor' && target.descriptor === 1
  const stops = stopsOf(open, flags)
  let last: TensorVersion | undefined
  try {
    for await (const version of tensors.readVersions(client, open, stops, maxBytes)) {
      await writeVersion(io, last === undefined ? target : await findTarget(output, true), version)
      last = version
      if (toFile && !flags.json && !flags.quiet) remark(io, `${output}: ${versionText(version)}.`)
    }
  } catch (error) {
    throw last === undefined ? withWayOut(error, open) : keptVersion(error, output, last)
  }
  if (flags.json && !toStandardOutput && last !== undefined) {
    const { tensor, ...figures } = last
    await printJson(io, {
      cid: open.manifest.cid,
      file: output,
      type: tensor.type,
      shape: tensor.shape,
      ...figures
    })
  }
}

/** After how many layers a version is wanted. */
const stopsOf = (
  { manifest: { layers } }: OpenTensor,
  { maxShards, preview, progressive }: TensorGetFlags
): number[] => {
  const fewest = layers[0].k
  const most = preview ? fewest : (maxShards ?? layers[layers.length - 1].k)
  const ends = layers.flatMap(({ k }, layer) => (k <= most && layers[layer + 1]?.k !== k ? [layer + 1] : []))
  if (ends.length === 0) {
    throw usageError(
      `Even its coarsest layer needs ${fewest} shards.`,
      `Ask for --max-shards ${fewest} or more.`
    )
  }
  return progressive ? ends : ends.slice(-1)
}

const writeVersion = async (io: Io, target: Target, { tensor }: TensorVersion): Promise<void> => {
  const [{ formatTensorFile }, { writeWhole }, { writeInto }] = await Promise.all([
    import('../tensors/file.ts'),
    import('../objects/part-file.ts'),
    import('../objects/target.ts')
  ])
  if (target.kind === 'folder') throw usageError(`${target.path} has become a folder.`)
  const bytes = (async function* () {
    yield formatTensorFile(target.path, tensor)
  })()
  await (target.kind === 'file' ? writeWhole(target, bytes) : writeInto(target, bytes, io))
}

const versionText = ({
  layers,
  layersInAll,
  shards,
  error,
  range,
  fidelity,
  bytesRead
}: TensorVersion): string => {
  const read = `${formatBytes(bytesRead)} read, ${layers} of ${layersInAll} layers (any ${shards} shards)`
  if (layers === layersInAll) return `${read}; exact`
  const ofRange =
    range === null ? '' : ` (${percent(error.rms, range)} and ${percent(error.peak, range)} of the range)`
  return `${read}; expect errors of ${figure(error.rms, 3)} (root mean square), up to about ${figure(error.peak, 3)}${ofRange}; fidelity ${fidelity.toFixed(3)}`
}

/** A small number in few digits: '0.638', '7.0e-5'. */
const figure = (number: number, digits: number): string =>
  number >= 1e-3 && number < 1e6 ? number.toPrecision(digits) : number.toExponential(digits - 1)

/** An error as a share of the range of the data: '0.12 %'. */
const percent = (error: number, { least, greatest }: NumberRange): string =>
  error === 0 ? '0 %' : `${figure((100 * error) / (greatest - least), 2)} %`

/** With too few live shards for the whole, says what can still be read. */
const withWayOut = (error: unknown, { manifest: { layers } }: OpenTensor): unknown => {
  const { code, message, data } = error as Partial<CliError>
  const live = Number(data?.live)
  if (code !== 'NOT_ENOUGH_SHARDS' || !(live >= layers[0].k)) return error
  return new CliError(
    'NOT_ENOUGH_SHARDS',
    `${message}`,
    `--max-shards ${live} fetches what these show; --progressive fetches as much as there is.`,
    data
  )
}

const keptVersion = (error: unknown, output: string, version: TensorVersion): unknown => {
  const { code, message, data } = error as Partial<CliError>
  if (code === undefined) return error
  return new CliError(code, `${message}`, `${output} has what could be read: ${versionText(version)}.`, data)
}

const tensorStatCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags>({
    command: 'stat [link]',
    describe: 'Show the layers of a tensor, the shards each needs, and what can be read now',
    builder: (yargs) => withLink(withEndpoint(yargs)),
    handler: async (flags) => {
      const [{ readLink }, { openTensor }] = await Promise.all([
        import('../objects/get.ts'),
        import('../tensors/get.ts')
      ])
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const link = await readLink(client, text)
      const open = await openTensor(client, link)
      const stat = await client.stat(link.cid.toString())
      const { parameters } = open
      if (flags.json) await printJson(io, { ...stat, tensor: parameters })
      else await printLine(io, await tensorStatText(stat, open))
    }
  })

/** A number in few digits, exactly where these are enough. */
const shortNumber = (number: number): string => String(Number(number.toPrecision(6)))

const tensorStatText = async (
  { cid, sealed, inline, n, live, overhead, layers }: StatJson,
  { parameters }: OpenTensor
): Promise<string> => {
  const { layerFidelities } = await import('../../../encoder/tensor/index.ts')
  const { type, shape, order, errors, range } = parameters
  const fidelities = layerFidelities(parameters)
  const ofRange =
    range === null
      ? []
      : [['range', `${shortNumber(range.least)} to ${shortNumber(range.greatest)}`] as const]
  const fields = renderFields([
    ['id', cid],
    ['elements', `${type} (${shape.join(', ')})${order === 'F' ? ', Fortran order' : ''}`],
    ...ofRange,
    ['sealed', sealed ? 'yes' : 'no'],
    ['live', inline ? `${live} copies of up to ${n}` : `${live} of ${n} shards`],
    ['overhead', `${overhead.toFixed(2)} x`]
  ])
  const rows = layers.map((layer, index) => ({
    ...layer,
    index,
    ...errors[index],
    fidelity: fidelities[index]
  }))
  const errorText = (error: number): string => {
    if (error === 0) return 'none'
    return range === null ? figure(error, 2) : `${figure(error, 2)} (${percent(error, range)})`
  }
  const table = renderTable(rows, [
    { head: 'LAYER', align: 'right', cell: ({ index }) => index },
    { head: inline ? 'COPIES' : 'SHARDS', align: 'right', cell: ({ k }) => k },
    { head: 'STORED', align: 'right', cell: ({ length }) => formatBytes(length) },
    { head: 'RMS ERROR', align: 'right', cell: ({ rms }) => errorText(rms) },
    { head: 'MAX', align: 'right', cell: ({ peak }) => errorText(peak) },
    { head: 'FIDELITY', align: 'right', cell: ({ fidelity }) => fidelity.toFixed(3) },
    { head: 'STATE', cell: ({ k }) => (k <= live ? 'readable' : 'lost') }
  ])
  return `${fields}\n\n${table}`
}
