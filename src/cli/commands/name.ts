import { createHash } from 'node:crypto'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { CommandModule } from 'yargs'
import { systemRandom } from '../../clock/index.ts'
import { parsePlace } from '../../folders/index.ts'
import { FIELD_LIMITS, signTransaction } from '../../field/index.ts'
import { MAX_HEAD_LIFE_MS, signHead } from '../../heads/index.ts'
import type { PublishedJson } from '../../gateway/index.ts'
import { duration } from '../../node/config/kinds.ts'
import { authorOf, NAME_LABEL, replacement } from '../../node/field/agreed-slots.ts'
import { generateKey, sealNameValue } from '../../seal/index.ts'
import type { NodeClient } from '../client.ts'
import { commandGroup, defineCommand } from '../command.ts'
import { unescapeDash } from '../dash.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { CliError, usageError } from '../errors.ts'
import { count } from '../format.ts'
import type { Io } from '../io.ts'
import { linkText } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { networkId, provenTarget, targetsOf } from '../names/follow.ts'
import { NameKeys } from '../names/keys.ts'
import type { NameKey } from '../names/keys.ts'
import { formatNameLink, isNameLink, parseNameLink } from '../names/link.ts'
import { printJson, printLine, remark, renderTable } from '../output.ts'
import { printable } from '../printable.ts'
import { dataFolderOf } from './links.ts'

interface NameFlags extends EndpointOptions {
  readonly name: string
}

interface NewFlags extends NameFlags {
  readonly public: boolean
}

interface PublishFlags extends NameFlags, LinkFlags {
  readonly lifetime: string
}

const A_YEAR = '365d'
const MIN_LIFE_MS = 60_000

const newCommand = (io: Io): CommandModule =>
  defineCommand<NewFlags>({
    command: 'new <name>',
    describe: 'Make a name: a link that will lead to whatever you publish under it',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('name', { type: 'string', describe: 'What you call it; others see only its key' })
        .option('public', {
          type: 'boolean',
          default: false,
          describe: 'Do not seal what is published: the peers that keep the name can read it'
        })
        .epilogue(
          'The key of the name is a file in the data folder (names/NAME.name, mode 0600). Whoever has it can publish; ' +
            'without it nobody can: keep a copy.'
        ),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const id = await networkId(client)
      const keys = new NameKeys(await dataFolderOf(flags, io))
      const key = await keys.create(flags.name, flags.public ? undefined : generateKey(systemRandom))
      const link = linkOf(id, key)
      if (flags.json) return await printJson(io, { name: flags.name, link, file: keys.pathOf(flags.name) })
      await printLine(io, link)
      if (!flags.quiet) remark(io, `Keep a copy of ${keys.pathOf(flags.name)}: who has it can publish.`)
    }
  })

const publishCommand = (io: Io): CommandModule =>
  defineCommand<PublishFlags>({
    command: 'publish <name> [link]',
    describe: 'Have a name lead to a file or folder from now on',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('name', { type: 'string', describe: 'As `thhe name ls` lists it' })
        .positional('link', {
          type: 'string',
          describe: 'Link as `thhe put` printed it; - for standard input',
          coerce: unescapeDash
        })
        .options({
          'link-file': {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'File with the link: other users see arguments, and the key in them'
          },
          lifetime: {
            type: 'string',
            requiresArg: true,
            default: A_YEAR,
            describe: 'How long peers keep it, at most 400d; publish it again before'
          }
        })
        .example('thhe put photos | thhe name publish photos -', 'Puts a folder and has the name lead to it'),
    handler: async (flags) => {
      const lifetimeMs = lifetimeOf(flags.lifetime)
      const target = await linkText(flags, io)
      const client = await connect(flags, io)
      const id = await networkId(client)
      const key = await keyOf(flags, io)
      const { published, link } = await publish(client, id, key, target, lifetimeMs)
      const { confirmed, keepers, heads, slot } = published
      if (flags.json) return await printJson(io, { link, confirmed, keepers, heads, slot })
      await printLine(io, link)
      if (flags.quiet) return
      if (slot !== null) return remark(io, `Published: validators agreed on it in round ${slot.round}.`)
      remark(io, `Published: ${confirmed} of ${count(keepers, 'peer')} have it on disk.`)
      if (heads.length > 1) remark(io, 'Warning: something else was published under it at the same time.')
    }
  })

/** @throws what signing and `NodeClient.publishName` throw; CliError 'USAGE' for a link that is none of a file or folder */
const publish = async (
  client: NodeClient,
  id: Uint8Array,
  key: NameKey,
  target: string,
  lifetimeMs: number
): Promise<{ published: PublishedJson; link: string }> => {
  if (isNameLink(target)) throw usageError('A name cannot lead to another name.', 'Give the link of a put.')
  parsePlace(id, target)
  const link = linkOf(id, key)
  const name = parseNameLink(id, link)!
  const before = await client.resolveName(name.text).catch((error: unknown) => {
    if (error instanceof CliError && error.code === 'NO_HEAD') return undefined
    throw error
  })
  const signed = await signHead(
    id,
    {
      sequence: (before?.heads[0].sequence ?? 0) + 1,
      expiresAtMs: Date.now() + lifetimeMs,
      value: await sealNameValue(target.trim(), key.sealKey, systemRandom)
    },
    { peer: name.name, sign: async (bytes) => await key.privateKey.sign(bytes) }
  )
  const hasSlots = (await client.status()).field.state !== 'off'
  const published = hasSlots
    ? await client.publishNameInSlot(name.text, signedChange(id, key, before?.slot?.version ?? 0, signed))
    : await client.publishName(name.text, signed)
  return { published, link }
}

/** The change that puts a signed head into the slot of its name, in the place of the version that was there. */
const signedChange = (id: Uint8Array, key: NameKey, version: number, head: Uint8Array): Uint8Array => {
  const author = authorOf(key.privateKey)
  const transaction = {
    slot: { owner: author.id, label: NAME_LABEL },
    author: author.id,
    nonce: systemRandom.bytes(16),
    expiresAtMs: Date.now() + FIELD_LIMITS.lifetimeMs / 2,
    change: replacement(version, head)
  }
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
  return signTransaction(transaction, { networkId: id, sha256, sign: author.sign }).bytes
}

const resolveCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & LinkFlags & { network?: string }>({
    command: 'resolve [link]',
    describe: 'Show what a name leads to now',
    builder: (yargs) =>
      withEndpoint(yargs)
        .positional('link', {
          type: 'string',
          describe: 'Link of a name, or the name of one of yours; - for standard input',
          coerce: unescapeDash
        })
        .options({
          'link-file': {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe: 'File with the link: other users see arguments, and the key in them'
          },
          network: {
            type: 'string',
            requiresArg: true,
            coerce: unescapeDash,
            describe:
              'Believe the validators in this descriptor, not the node: asks for a proof and checks it'
          }
        }),
    handler: async (flags) => {
      const text = await linkText(flags, io)
      const client = await connect(flags, io)
      const id = await networkId(client)
      const link = parseNameLink(
        id,
        isNameLink(text) ? text : linkOf(id, await keyOf({ ...flags, name: text }, io))
      )!
      if (flags.network !== undefined) {
        const proven = await provenTarget(client, link, flags.network)
        if (flags.json) return await printJson(io, proven)
        await printLine(io, proven.link)
        if (!flags.quiet) remark(io, `Agreed on as of ${new Date(proven.provenAtMs).toISOString()}.`)
        return
      }
      const targets = await targetsOf(client, link)
      if (flags.json) return await printJson(io, targets)
      for (const target of targets) await printLine(io, target.link)
      if (flags.quiet) return
      const until = new Date(targets[0].expiresAtMs).toISOString().slice(0, 10)
      remark(io, `Published ${count(targets[0].sequence, 'time')}; peers keep it until ${until}.`)
      if (targets.length > 1) remark(io, 'They were published at the same time: publish one of them again.')
    }
  })

const lsCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions>({
    command: 'ls',
    describe: 'List the names under which you can publish, with their links',
    builder: (yargs) => withEndpoint(yargs),
    handler: async (flags) => {
      const client = await connect(flags, io)
      const id = await networkId(client)
      const keys = new NameKeys(await dataFolderOf(flags, io))
      const names: Array<{ name: string; link: string; public: boolean }> = []
      for (const label of await keys.labels()) {
        const key = await keys.read(label)
        if (key === undefined) continue
        names.push({ name: label, link: linkOf(id, key), public: key.sealKey === undefined })
      }
      if (flags.json) return await printJson(io, names)
      if (names.length > 0) {
        const table = renderTable(names, [
          { head: 'NAME', cell: ({ name }) => printable(name) },
          { head: 'LINK', cell: ({ link }) => link }
        ])
        await printLine(io, table)
      } else if (!flags.quiet) remark(io, 'There are no names yet: `thhe name new` makes one.')
    }
  })

export const nameCommand = (io: Io): CommandModule =>
  commandGroup('name', 'Names: links that lead to the newest version of a file or folder', [
    newCommand(io),
    publishCommand(io),
    resolveCommand(io),
    lsCommand(io)
  ])

const linkOf = (id: Uint8Array, { privateKey, sealKey }: NameKey): string =>
  formatNameLink(id, peerIdFromPrivateKey(privateKey), sealKey)

/** @throws CliError 'NO_SUCH_NAME' */
const keyOf = async (flags: NameFlags, io: Io): Promise<NameKey> => {
  const keys = new NameKeys(await dataFolderOf(flags, io))
  const key = await keys.read(flags.name)
  if (key !== undefined) return key
  throw new CliError('NO_SUCH_NAME', `There is no name ${flags.name} in ${keys.folder}.`)
}

/** @throws CliError 'USAGE' */
const lifetimeOf = (text: string): number => {
  try {
    const lifetimeMs = duration(MIN_LIFE_MS).parse(text)
    // The peers' clocks may be a little behind ours.
    if (lifetimeMs <= MAX_HEAD_LIFE_MS - 3_600_000) return lifetimeMs
    if (lifetimeMs <= MAX_HEAD_LIFE_MS) return MAX_HEAD_LIFE_MS - 3_600_000
  } catch (error) {
    throw usageError(`--lifetime: ${(error as Error).message}.`)
  }
  throw usageError('--lifetime: peers keep what is published for at most 400d.')
}
