import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { ALL_SILENT_FACTOR } from '../../../src/hologram/client/put/fan-out.ts'
import { isHologramError } from '../../../src/hologram/index.ts'
import type { CID } from 'multiformats/cid'
import { Prng } from '../../sim/engine/prng.ts'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import type { ClusterPeer } from '../../support/cluster.ts'
import { unhandledDuring } from '../../support/rejections.ts'

/** Another seed is another history: `KILLS_SEED=n` plays one again. */
const SEEDS = process.env.KILLS_SEED === undefined ? [1, 2, 3] : [Number.parseInt(process.env.KILLS_SEED, 10)]
const QUICK = {
  readStallTimeoutMs: 1_000,
  openTimeoutMs: 1_000,
  requestTimeoutMs: 1_000,
  putTiming: { stallTimeoutMs: 1_000, commitTimeoutMs: 200, patienceMs: 500 }
}
const BLOCK = 65_536
const OPERATIONS = 24

describe('hologram: kills of streams, connections and peers during work', function () {
  this.timeout(240_000)

  for (const seed of SEEDS) {
    it(`leaves no rejection unhandled (seed ${seed})`, async () => {
      const random = new Prng(seed)
      const cluster = await Cluster.start(9, { k: 2, n: 5, client: QUICK })
      const outcomes: string[] = []
      try {
        const rejections = await unhandledDuring(async () => {
          const [client] = cluster.peers
          const killer = new Killer(cluster, client, random)
          const known: CID[] = []
          for (let i = 0; i < OPERATIONS; i += 3) {
            killer.start()
            await Promise.all([0, 1, 2].map(async () => outcomes.push(await attempt(client, random, known))))
            killer.stop()
          }
          await cluster.stop()
          // A deadline that nobody waits for any more must not reject when it passes.
          await sleep(ALL_SILENT_FACTOR * QUICK.putTiming.commitTimeoutMs + 100)
        })
        expect(rejections).to.deep.equal([])
      } finally {
        await cluster.stop().catch(() => {})
      }
      // Some of it must work, or nothing has been tried.
      expect(outcomes.filter((outcome) => outcome === 'done').length, outcomes.join(', ')).to.be.at.least(3)
    })
  }
})

/** One put, get, stat or rm. @returns 'done' or the code of what it failed with; any other failure is thrown */
async function attempt(client: ClusterPeer, random: Prng, known: CID[]): Promise<string> {
  const cid = known[random.below(known.length + 1)]
  try {
    if (cid === undefined || random.below(3) === 0) {
      const bytes = randomObject(random.below(2) === 0 ? 1_000 : 40 * BLOCK)
      known.push((await client.hologram.put(chunked(bytes), { allowFewerShards: true })).cid)
    } else if (random.below(4) === 0) {
      await client.hologram.remove(cid)
    } else if (random.below(2) === 0) {
      await client.hologram.stat(cid)
    } else {
      await collect((await client.hologram.get(cid)).bytes)
    }
    return 'done'
  } catch (error) {
    if (isHologramError(error)) return error.code
    throw error
  }
}

/** Breaks something of the others every few turns of the event loop. */
class Killer {
  readonly #cluster: Cluster
  readonly #spared: ClusterPeer
  readonly #random: Prng
  #timer: NodeJS.Timeout | undefined
  #peersLeft = 3

  constructor(cluster: Cluster, spared: ClusterPeer, random: Prng) {
    this.#cluster = cluster
    this.#spared = spared
    this.#random = random
  }

  start(): void {
    this.#timer = setTimeout(
      () => {
        this.#strike()
        this.start()
      },
      1 + this.#random.below(10)
    )
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #strike(): void {
    const victims = this.#cluster.peers.filter((peer) => peer !== this.#spared && peer.running)
    const victim = victims[this.#random.below(victims.length)]
    const connections = victim.mesh.host.getConnections(this.#spared.mesh.self)
    const connection = connections[this.#random.below(Math.max(1, connections.length))]
    const dice = this.#random.below(100)
    if (dice === 0 && this.#peersLeft-- > 0) void victim.kill()
    else if (dice < 6) connection?.abort(new Error('cut'))
    else if (dice < 60) {
      const streams = connection?.streams ?? []
      streams[this.#random.below(Math.max(1, streams.length))]?.abort(new Error('reset'))
    }
  }
}
