// `npm run bench:small`: objects of 16 KiB alone, in rounds, with the processor time of client and peers for each object.
import './tune-heap.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { startCluster } from './cluster.ts'
import { measureSmallObjects, type Cost } from './small-objects.ts'

const { values: options } = parseArgs({
  options: {
    objects: { type: 'string', default: '1000' },
    width: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
    peers: { type: 'string', default: '8' },
    k: { type: 'string', default: '5' },
    n: { type: 'string', default: '8' }
  }
})
const count = Number(options.objects)

const folder = await mkdtemp(join(tmpdir(), 'thhe-bench-'))
try {
  const cluster = await startCluster({
    folder,
    peers: Number(options.peers),
    k: Number(options.k),
    n: Number(options.n)
  })
  try {
    const reader = await cluster.startReader()
    const table = new Table({
      head: ['round', '', 'a second', 'client ms', 'peers ms', 'all ms'],
      style: { head: [], border: [] }
    })
    const row = (round: number, what: string, cost: Cost): void => {
      const each = [cost.clientCpuMillis, cost.peerCpuMillis, cost.clientCpuMillis + cost.peerCpuMillis].map(
        (millis) => (millis / count).toFixed(2)
      )
      table.push([String(round), what, (count / cost.seconds).toFixed(0), ...each])
    }
    for (let round = 1; round <= Number(options.rounds); round++) {
      const costs = await measureSmallObjects(cluster, reader, { count, width: Number(options.width) })
      row(round, 'put', costs.put)
      row(round, 'get by the putter', costs.ownGet)
      row(round, 'get by another node', costs.get)
    }
    console.log(
      `${count} objects of 16 KiB, ${options.width} at once, ${options.peers} peers on loopback, any ${options.k} of ` +
        `${options.n}; ${cpus().length} cores (${cpus()[0].model.trim()}), Node ${process.version}`
    )
    console.log(table.toString())
  } finally {
    await cluster.stop()
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
