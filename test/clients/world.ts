import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clusterDown, clusterUp } from '../../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../../src/cli/cluster/cluster.ts'
import { peerFolder } from '../../src/cli/cluster/state.ts'
import type { NewS3KeyJson } from '../../src/gateway/index.ts'

/** A cluster of real peers, the first of which serves S3. */
export interface ClientCluster {
  readonly url: string
  readonly key: NewS3KeyJson
  readonly folder: string
  /** Options with which `thhe` talks to the peer that serves S3. */
  readonly api: readonly string[]
  /** SIGKILL to one more of the other peers. @returns whether there was one that may be lost */
  readonly killOne: () => Promise<boolean>
  readonly down: () => Promise<void>
}

const PEERS = 9
const CODE = { k: 3, n: 7 }
/** Those of the peers that keep a table may still be a majority after so many. */
const MAX_KILLS = 3

export const startCluster = async (signal: AbortSignal): Promise<ClientCluster> => {
  const folder = await mkdtemp(join(tmpdir(), 'thhe-clients-'))
  const cluster = join(folder, 'cluster')
  const { peers } = await clusterUp({
    folder: cluster,
    size: PEERS,
    code: CODE,
    quota: '8GiB',
    s3: '127.0.0.1:0',
    timeoutMs: 180_000,
    env: process.env,
    signal
  })
  const gateway = peers.find(({ number }) => number === 1)!
  const victims = peers.filter(({ number }) => number !== 1).slice(0, MAX_KILLS)
  await ready(gateway)
  const rights = ['read', 'write', 'list', 'own'] as const
  return {
    url: (await gateway.client.s3()).url,
    key: await gateway.client.createS3Key({ name: 'clients', grants: [{ bucket: '*', rights }] }),
    folder,
    api: ['--data', peerFolder(cluster, gateway.number)],
    killOne: async () => {
      const victim = victims.pop()
      if (victim !== undefined) process.kill(victim.pid, 'SIGKILL')
      return victim !== undefined
    },
    down: async () => {
      await clusterDown(cluster)
      await rm(folder, { recursive: true, force: true })
    }
  }
}

const ready = async ({ client }: RunningPeer): Promise<void> => {
  const untilMs = performance.now() + 60_000
  while (!(await client.s3()).ready) {
    if (performance.now() > untilMs) throw new Error('The S3 service was not ready within a minute.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
