import type { CommandModule } from 'yargs'
import type { NewS3KeyJson, S3GrantJson } from '../../gateway/index.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderTable } from '../output.ts'
import { printable } from '../printable.ts'

const RIGHTS = ['read', 'write', 'list', 'own'] as const
type Right = (typeof RIGHTS)[number]

interface NewFlags extends EndpointOptions {
  readonly name: string
  readonly bucket?: readonly string[]
  readonly rights: string
}

interface RemoveFlags extends EndpointOptions {
  readonly id: string
}

const statusCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'status',
    describe: 'Where the node serves S3',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const status = await (await connect(flags, io)).s3()
      if (flags.json) return await printJson(io, status)
      await printLine(io, status.url)
      if (!status.ready) remark(io, 'It has not yet found what it keeps in the mesh; it goes on looking.')
    }
  })

const newCommand = (io: Io): CommandModule =>
  defineCommand<NewFlags>({
    command: 'new <name>',
    describe: 'Make an access key; its secret is shown once',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('name', { type: 'string', describe: 'What you call it, to know it again in the list' })
        .options({
          bucket: {
            type: 'string',
            array: true,
            nargs: 1,
            requiresArg: true,
            describe: 'A bucket that the key may use, all of them by default; may be repeated'
          },
          rights: {
            type: 'string',
            requiresArg: true,
            default: RIGHTS.join(','),
            describe:
              'read: get objects; write: put and delete them; list: see what there is; own: the bucket itself'
          }
        })
        .example(
          'thhe s3 key new backup --bucket photos --rights read,write,list',
          'Makes a key for one bucket'
        ),
    handler: async (flags) => {
      const grants = grantsOf(flags)
      const key = await (await connect(flags, io)).createS3Key({ name: flags.name, grants })
      if (flags.json) return await printJson(io, key)
      await printLine(io, exportLines(key))
      if (!flags.quiet) remark(io, 'Keep the secret: it is not shown again.')
    }
  })

/** @throws CliError 'USAGE' */
const grantsOf = ({ bucket = ['*'], rights }: NewFlags): S3GrantJson[] => {
  const given = rights.split(',').map((right) => right.trim())
  const unknown = given.find((right) => !RIGHTS.includes(right as Right))
  if (unknown !== undefined) {
    throw usageError(`"${unknown}" is not a right.`, `The rights are ${RIGHTS.join(', ')}.`)
  }
  return bucket.map((name) => ({ bucket: name, rights: RIGHTS.filter((right) => given.includes(right)) }))
}

/** In the form in which S3 clients read them from the environment. */
const exportLines = ({ accessKeyId, secretAccessKey }: NewS3KeyJson): string =>
  `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}`

const listCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'ls',
    describe: 'List the access keys',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const { keys } = await (await connect(flags, io)).s3Keys()
      if (flags.json) return await printJson(io, keys)
      if (keys.length === 0) {
        if (!flags.quiet) remark(io, 'There are no access keys yet: `thhe s3 key new` makes one.')
        return
      }
      const table = renderTable(keys, [
        { head: 'ACCESS KEY', cell: ({ accessKeyId }) => accessKeyId },
        { head: 'NAME', cell: ({ name }) => printable(name) },
        { head: 'MAY', cell: ({ grants }) => grants.map(grantText).join('; ') },
        { head: 'MADE', cell: ({ createdAtMs }) => new Date(createdAtMs).toISOString().slice(0, 10) }
      ])
      await printLine(io, table)
    }
  })

const grantText = ({ bucket, rights }: S3GrantJson): string =>
  `${rights.join(',')} ${bucket === '*' ? 'all buckets' : bucket}`

const removeCommand = (io: Io): CommandModule =>
  defineCommand<RemoveFlags>({
    command: 'rm <id>',
    describe: 'Take an access key away',
    builder: (yargs) =>
      withEndpoint(yargs).positional('id', {
        type: 'string',
        describe: 'Access key, as `thhe s3 key ls` lists it'
      }),
    handler: async (flags) => {
      await (await connect(flags, io)).removeS3Key(flags.id)
      if (flags.json) return await printJson(io, { accessKeyId: flags.id })
      if (!flags.quiet)
        remark(io, 'Requests that are signed with it are refused from now on, within two seconds everywhere.')
    }
  })

const keyCommand = (io: Io): CommandModule =>
  commandGroup('key', 'Access keys', [newCommand(io), listCommand(io), removeCommand(io)], {}, ['s3'])

export const s3Command = (io: Io): CommandModule =>
  commandGroup('s3', 'Who may use the S3 service of a node that was started with --s3', [
    statusCommand(io),
    keyCommand(io)
  ])
