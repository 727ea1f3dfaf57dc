import { readFile } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { commandGroup, defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { aboutPath } from '../errors.ts'
import type { Io } from '../io.ts'
import { printJson, printLine, remark, renderFields, widthOf } from '../output.ts'

interface CreateFlags {
  readonly name: string
  readonly output?: string
  readonly k?: number
  readonly n?: number
  readonly bootstrap?: readonly string[]
  readonly validators?: readonly string[]
}

const createCommand = (io: Io): CommandModule =>
  defineCommand<CreateFlags>({
    command: 'create <name>',
    describe: 'Make the descriptor of a new network',
    builder: (yargs) =>
      yargs
        .positional('name', { type: 'string', demandOption: true, describe: 'Name of the network' })
        .options({
          output: {
            alias: 'o',
            type: 'string',
            requiresArg: true,
            describe: 'File to write; standard output by default'
          },
          k: {
            type: 'number',
            requiresArg: true,
            describe: 'Shards that suffice to read an object, by default'
          },
          n: { type: 'number', requiresArg: true, describe: 'Shards of an object, by default' },
          bootstrap: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe: 'Address of a peer to join by, ending in /p2p/PEER-ID; may be repeated'
          },
          validators: {
            type: 'string',
            array: true,
            requiresArg: true,
            describe:
              'Peer ids of those who agree on the map, equal among themselves; a third less one may fail'
          }
        }),
    handler: async ({ name, output, k, n, bootstrap, validators, quiet }) => {
      const { createDescriptor, flatQuorumSet, formatDescriptor, networkId, networkIdText } =
        await import('../../node/network.ts')
      const code = { ...(k !== undefined && { k }), ...(n !== undefined && { n }) }
      const quorumSet = validators && flatQuorumSet(validators)
      const descriptor = createDescriptor({ name, code, bootstrap, quorumSet })
      const text = formatDescriptor(descriptor)
      if (output === undefined) {
        await printLine(io, text.trimEnd())
        return
      }
      const { writeAtomically } = await import('../objects/atomic-file.ts')
      await writeAtomically(output, once(Buffer.from(text)), false).catch((error: unknown) => {
        throw aboutPath(output, error)
      })
      if (!quiet) {
        const id = networkIdText(networkId(descriptor))
        remark(io, `${output}: network ${id}. Give the file to every peer: thhe node --network ${output}`)
      }
    }
  })

const showCommand = (io: Io): CommandModule =>
  defineCommand<EndpointOptions & { readonly file?: string }>({
    command: 'show [file]',
    describe: 'Show a descriptor, or the network of the running node',
    builder: (yargs) =>
      withEndpoint(yargs).positional('file', {
        type: 'string',
        describe: 'Descriptor; the running node without it'
      }),
    handler: async (flags) => {
      if (flags.file === undefined) {
        const { network } = await (await connect(flags, io)).status()
        if (flags.json) await printJson(io, network)
        else
          await printLine(
            io,
            renderFields(
              [
                ['name', network.name],
                ['id', network.id]
              ],
              widthOf(io.stdout)
            )
          )
        return
      }
      const { networkId, networkIdText, parseDescriptor } = await import('../../node/network.ts')
      const descriptor = parseDescriptor(await readDescriptor(flags.file))
      const id = networkIdText(networkId(descriptor))
      if (flags.json) {
        await printJson(io, { id, ...descriptor })
        return
      }
      const { name, protocolPrefix, code, quorumSet, bootstrap } = descriptor
      await printLine(
        io,
        renderFields(
          [
            ['name', name],
            ['id', id],
            ['protocols', protocolPrefix],
            ['code', `any ${code.k} of ${code.n} shards, blocks of ${code.blockBytes} bytes`],
            ['quorum set', quorumSet === undefined ? 'none' : JSON.stringify(quorumSet)],
            ...bootstrap.map((address): [string, string] => ['bootstrap', address])
          ],
          widthOf(io.stdout)
        )
      )
    }
  })

export const networkCommand = (io: Io): CommandModule =>
  commandGroup('network', 'Make and show network descriptors', [createCommand(io), showCommand(io)])

const readDescriptor = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw aboutPath(file, error)
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}
