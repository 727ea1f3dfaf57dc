// `npm run bench:field`: what a change of a slot costs. First in virtual time with 100 ms one way between any two nodes, against
// the floor of one flood and seven delays; then with four real nodes in this process, thousands of changes at a time.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { futurePeerId } from '../src/node/data/folder.ts'
import {
  configWith,
  createDescriptor,
  createNode,
  formatDescriptor,
  silentLogger
} from '../src/node/index.ts'
import { flatQuorumSet } from '../src/node/network.ts'
import type { Node } from '../src/node/index.ts'
import type { Change } from '../src/field/index.ts'
import { eventually } from '../test/support/eventually.ts'
import { FieldWorld } from '../test/unit/field/fixture.ts'

const { values: flags } = parseArgs({
  options: {
    changes: { type: 'string', default: '10000' },
    'at-once': { type: 'string', default: '1000' },
    /** Leaves the part in virtual time out. */
    'only-real': { type: 'boolean', default: false }
  }
})

const COUNTER: Change = { type: 'create', writers: 'anyone', value: { kind: 'integer', integer: 0n } }
const ADD: Change = { type: 'add', delta: 1n }
const ONE_WAY_MS = 100
/** One flood of the transaction, and seven delays of the agreement. */
const FLOOR_MS = 8 * ONE_WAY_MS
const RUNS = 20

async function inVirtualTime(validators: number): Promise<object> {
  const world = await FieldWorld.started({ validators, observers: 1, delayMs: ONE_WAY_MS })
  const client = world.nodes.at(-1)!
  const name = { owner: client.id, label: 'bench' }
  await world.until(client.field!.submit(name, COUNTER))
  const took: number[] = []
  for (let run = 0; run < RUNS; run++) {
    await world.pass(3)
    const started = world.clock.nowMicros
    await world.until(client.field!.submit(name, ADD))
    took.push((world.clock.nowMicros - started) / 1000)
  }
  took.sort((a, b) => a - b)
  const p50 = took[RUNS >> 1]
  return { validators, 'p50 ms': Math.round(p50), 'of the floor': Math.round((100 * p50) / FLOOR_MS) / 100 }
}

async function onRealNodes(changes: number, atOnce: number): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'thhe-bench-field-'))
  const nodes: Node[] = []
  try {
    const names = ['v0', 'v1', 'v2', 'v3']
    const validators = await Promise.all(names.map(async (one) => await futurePeerId(join(folder, one))))
    const network = join(folder, 'network.json')
    const descriptor = createDescriptor({
      name: 'bench',
      code: { k: 1, n: 2 },
      quorumSet: flatQuorumSet(validators)
    })
    writeFileSync(network, formatDescriptor(descriptor))
    for (const one of names) {
      const config = configWith({
        ...{ data: join(folder, one), network, listen: ['/ip4/127.0.0.1/tcp/0'] },
        ...{ bootstrap: nodes[0]?.multiaddrs() ?? [], mdns: false, upnp: false, autonat: false }
      })
      const node = await createNode(config, { logger: silentLogger })
      nodes.push(node)
      await node.start()
    }
    await eventually('the nodes to know each other', () =>
      nodes.every((node) => node.peers().filter(({ connected }) => connected).length === 3)
    )
    const name = { owner: nodes[0].peerId.toString(), label: 'bench' }
    await nodes[0].field!.submit(name, COUNTER)
    const rounds = nodes[0].field!.status().round
    const cpu = process.cpuUsage()
    const started = performance.now()
    let left = changes
    const work = async (index: number): Promise<void> => {
      while (left-- > 0) await nodes[index % nodes.length].field!.submit(name, ADD)
    }
    await Promise.all(Array.from({ length: atOnce }, async (_, index) => await work(index)))
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const { entry } = nodes[0].field!.view(name)
    return {
      changes,
      'at once': atOnce,
      'changes/s': Math.round(changes / seconds),
      rounds: nodes[0].field!.status().round - rounds,
      'CPU ms each, four nodes': Math.round((user + system) / 10 / changes) / 100,
      right: entry?.value.kind === 'integer' && entry.value.integer === BigInt(changes)
    }
  } finally {
    await Promise.all(nodes.map(async (node) => await node.stop()))
    rmSync(folder, { recursive: true })
  }
}

if (!flags['only-real']) {
  console.log(`Virtual time, ${ONE_WAY_MS} ms one way, ${RUNS} changes one after another:`)
  console.table([await inVirtualTime(4), await inVirtualTime(16), await inVirtualTime(25)])
}
console.log('Four real nodes in one process, loopback:')
console.table([await onRealNodes(Number(flags.changes), Number(flags['at-once']))])
