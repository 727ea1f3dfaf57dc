// Small objects, for `npm run bench` and `npm run bench:small`: put by one client, read by itself and by a node that put nothing.
import { randomFillSync } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import type { Node } from '../src/node/index.ts'
import type { BenchCluster } from './cluster.ts'

export const SMALL_BYTES = 16 * 1024

/** What passed while something ran, over all processes of the mesh. */
export interface Cost {
  readonly seconds: number
  readonly clientCpuMillis: number
  readonly peerCpuMillis: number
}

export const costOf = async ({ peerCpuMillis }: BenchCluster, work: () => Promise<void>): Promise<Cost> => {
  const peersBefore = await peerCpuMillis()
  const clientBefore = process.cpuUsage()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(clientBefore)
  return {
    seconds,
    clientCpuMillis: (user + system) / 1000,
    peerCpuMillis: (await peerCpuMillis()) - peersBefore
  }
}

/** Runs `work` for 0 to count - 1, `width` at a time. */
const inParallel = async (
  count: number,
  width: number,
  work: (index: number) => Promise<void>
): Promise<void> => {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

export interface SmallCosts {
  readonly put: Cost
  /** By the node that put them, which has them on its own disk. */
  readonly ownGet: Cost
  /** By a node that has put nothing. */
  readonly get: Cost
}

/** Puts `count` objects of 16 KiB, `width` at a time, and reads each back twice. @throws Error when one comes back different */
export const measureSmallObjects = async (
  cluster: BenchCluster,
  reader: Node,
  { count, width }: { count: number; width: number }
): Promise<SmallCosts> => {
  const { client } = cluster
  const objects = Array.from({ length: count }, () => randomFillSync(Buffer.allocUnsafe(SMALL_BYTES)))
  const cids: CID[] = []
  const put = await costOf(cluster, async () =>
    inParallel(count, width, async (index) => {
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield objects[index]
      }
      cids[index] = (await client.objects.put(source())).cid
    })
  )
  const readAll = async (node: Node): Promise<Cost> =>
    await costOf(cluster, async () =>
      inParallel(count, width, async (index) => {
        const chunks: Uint8Array[] = []
        for await (const chunk of (await node.objects.get(cids[index])).bytes) chunks.push(chunk)
        if (!Buffer.concat(chunks).equals(objects[index])) throw new Error(`small object ${index} differs`)
      })
    )
  return { put, ownGet: await readAll(client), get: await readAll(reader) }
}
