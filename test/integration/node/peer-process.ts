// A node in a process of its own, as `thhe node` runs one: prints a line of JSON once it runs, and stops on a signal.
import { createNode, loadConfig, runUntilSignal, silentLogger } from '../../../src/node/index.ts'

try {
  const node = await createNode(loadConfig(), { logger: silentLogger })
  await node.start()
  // listens before it says that it runs: a signal may be the answer
  const stopped = runUntilSignal([node], { logger: silentLogger })
  console.log(JSON.stringify({ peer: node.peerId.toString(), multiaddrs: node.multiaddrs() }))
  process.exitCode = await stopped
} catch (error) {
  console.log(JSON.stringify({ error: (error as { code?: string }).code, message: (error as Error).message }))
  process.exitCode = 2
}
