import { flushCompileCache } from 'node:module'
import type { CommandModule, Options } from 'yargs'
import type { Examine } from '../../gateway/index.ts'
import { tuneHeap } from '../../node/heap.ts'
import { defineCommand } from '../command.ts'
import { drainCommand } from './drain.ts'
import type { ApiFile } from '../api-file.ts'
import type { Io } from '../io.ts'

/** After a clean stop nothing should keep the process; after one that was cut short something may. */
const EXIT_AFTER_MS = 1000

/** The settings of a node are defined once, in src/node/config/options.ts. */
type NodeFlags = Readonly<Record<string, unknown>> & { readonly config?: string }

export const nodeCommand = (io: Io): CommandModule =>
  defineCommand<NodeFlags>({
    command: 'node',
    describe: 'Run a peer until it is stopped by Ctrl-C or SIGTERM',
    builder: async (yargs) => {
      const { yargsOptions } = await import('../../node/config/index.ts')
      return yargs
        .command(drainCommand(io))
        .options(notInherited(yargsOptions()))
        .option('config', {
          type: 'string',
          requiresArg: true,
          global: false,
          describe: 'Config file [THHE_CONFIG]'
        })
        .epilogue(
          'Every setting may stand in the environment or the config file as well: docs/reference/config.md.'
        )
    },
    handler: async (flags) => {
      const status = await runNode(flags, io)
      process.exitCode = status
      setTimeout(() => process.exit(status), EXIT_AFTER_MS).unref()
    }
  })

/** The commands under this one have none of these options. */
const notInherited = (options: Readonly<Record<string, Options>>): Record<string, Options> =>
  Object.fromEntries(Object.entries(options).map(([name, option]) => [name, { ...option, global: false }]))

const runNode = async (flags: NodeFlags, io: Io): Promise<number> => {
  // before the nursery grows under the loading of everything else
  tuneHeap()
  const [{ createNode, loadConfig, runUntilSignal }, { createGateway }, { removeApiFile, writeApiFile }] =
    await Promise.all([
      import('../../node/index.ts'),
      import('../../gateway/index.ts'),
      import('../api-file.ts')
    ])
  const config = loadConfig({ flags, env: io.env, configFile: flags.config })
  const node = await createNode(config)
  const s3 =
    config.s3 === undefined
      ? undefined
      : await (await import('../s3-service.ts')).createNodeS3(node, config, config.s3)
  const examine: Examine = async (status) => {
    const { examineMachine } = await import('../doctor/examine.ts')
    return await examineMachine({ status }, config)
  }
  const gateway = createGateway(
    { node, s3: s3?.control, examine },
    { listen: config.api, origins: config.apiOrigins }
  )
  try {
    await node.start()
    await gateway.start()
    await s3?.start()
    // Left to the exit, a first run writes its thousand compiled modules there: seconds where many nodes stop at once.
    flushCompileCache()
    const file: ApiFile = {
      url: gateway.url,
      tokenFile: node.apiTokenPath,
      peerId: node.peerId.toString(),
      pid: process.pid
    }
    await writeApiFile(config.data, file)
    node.logger.info('ready for commands', {
      api: gateway.url,
      peerId: file.peerId,
      network: node.network.name
    })
    io.signal.throwIfAborted()
  } catch (error) {
    await removeApiFile(config.data)
    await s3?.stop()
    await gateway.stop()
    await node.stop()
    throw error
  }
  const apiFile = { stop: async () => await removeApiFile(config.data) }
  const parts = [apiFile, ...(s3 === undefined ? [] : [s3]), gateway, node]
  return await runUntilSignal(parts, { logger: node.logger, metrics: node.metrics })
}
