// One storage peer in a process of its own, for the benches: settings come as JSON in the first argument, the
// parent hears when it is ready and tells it to stop.
import './tune-heap.ts'
import { once } from 'node:events'
import { enableCompileCache } from 'node:module'
import type { NodeConfig } from '../src/node/index.ts'

// As the launcher does: half of the time to start is compiling.
enableCompileCache()
const { configWith, createNode, silentLogger } = await import('../src/node/index.ts')
const settings = JSON.parse(process.argv[2]) as Partial<NodeConfig>
const node = await createNode(configWith(settings), { logger: silentLogger })
await node.start()
while (!(await node.status()).ready) await new Promise((resolve) => setTimeout(resolve, 5))
process.send?.({ address: node.multiaddrs()[0] })
await once(process, 'message')
await node.stop()
process.disconnect?.()
