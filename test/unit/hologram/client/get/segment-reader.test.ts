import type { PeerId } from '@libp2p/interface'
import { expect } from 'chai'
import { PeerExperience } from '../../../../../src/hologram/client/find/experience.ts'
import type { Lane, LaneListener } from '../../../../../src/hologram/client/get/lane.ts'
import { SegmentReader } from '../../../../../src/hologram/client/get/segment-reader.ts'
import type { ShardLocations } from '../../../../../src/hologram/client/get/segment-reader.ts'
import { Layout } from '../../../../../src/hologram/index.ts'
import { peerIds } from '../../../../support/peers.ts'
import { VirtualTime } from '../../../../support/virtual-clock.ts'

const BLOCK = 64
const [K, N] = [2, 5]

/** What the peer behind a lane does when a block is asked of it. */
type Behaviour = (lane: FakeLane, index: number) => void

const honest: Behaviour = (lane, index) => lane.deliver(index)
const silent: Behaviour = () => {}

class FakeLane implements Lane {
  readonly shard: number
  readonly peer: PeerId
  readonly listener: LaneListener
  readonly outstanding: number[] = []
  waitingSinceMs = 0
  closed = false
  readonly #behaviour: Behaviour
  readonly #clock: VirtualTime

  constructor(clock: VirtualTime, shard: number, peer: PeerId, listener: LaneListener, behaviour: Behaviour) {
    this.#clock = clock
    this.shard = shard
    this.peer = peer
    this.listener = listener
    this.#behaviour = behaviour
  }

  request(first: number, count: number): void {
    for (let index = first; index < first + count; index++) {
      if (this.outstanding.length === 0) this.waitingSinceMs = this.#clock.monotonicMs()
      this.outstanding.push(index)
      queueMicrotask(() => {
        if (!this.closed) this.#behaviour(this, index)
      })
    }
  }

  deliver(index: number): void {
    this.outstanding.shift()
    this.waitingSinceMs = this.#clock.monotonicMs()
    this.listener.onBlock(this, index, new Uint8Array(BLOCK).fill(16 * this.shard + (index % 16)))
  }

  /** The peer cannot read the block. */
  spoil(index: number): void {
    this.outstanding.shift()
    this.listener.onBadBlock(this, index, new Error('bit rot'))
  }

  close(): void {
    this.closed = true
  }
}

describe('reading segments from the fastest holders', () => {
  let peers: PeerId[]
  let lanes: FakeLane[]
  let observed: Array<readonly [PeerId, string]>
  let survived: Array<readonly [string, PeerId | undefined]>
  let clock: VirtualTime

  before(async () => {
    peers = await peerIds(2 * N)
  })

  beforeEach(() => {
    lanes = []
    observed = []
    survived = []
    clock = new VirtualTime()
  })

  const read = (
    behaviours: Record<number, Behaviour>,
    { signal = new AbortController().signal, discover = async () => [], ...init }: ReadOptions = {}
  ): AsyncGenerator<{ segment: { index: number }; rows: Uint8Array[] }> => {
    const layout = new Layout({ blockBytes: BLOCK, layers: [{ k: K, length: 20 * K * BLOCK }] })
    const locations: ShardLocations = {
      known: () => peers.slice(0, N).map((peer, shard) => [shard, [peer]] as const),
      discover
    }
    const reader = new SegmentReader(
      {
        self: peers[2 * N - 1],
        experience: new PeerExperience(),
        locations,
        openLane: (shard, peer, listener) => {
          const behaviour = behaviours[peers.indexOf(peer)] ?? honest
          const lane = new FakeLane(clock, shard, peer, listener, behaviour)
          lanes.push(lane)
          return lane
        },
        inLine: () => 0,
        decode: async (_, rows) => [...rows].sort(([a], [b]) => a - b).map(([, row]) => row),
        observe: (peer, outcome) => observed.push([peer, outcome]),
        onSurvived: (what, { peer }) => survived.push([what, peer]),
        clock
      },
      { n: N, readAheadBytes: 8 * K * BLOCK, minHedgeMs: 20, stallTimeoutMs: 400, signal, ...init }
    )
    return reader.read(Array.from({ length: layout.segments }, (_, index) => layout.segment(index)))
  }

  interface ReadOptions {
    signal?: AbortSignal
    discover?: ShardLocations['discover']
  }

  /** Reads to the end and checks that each segment came in turn, with K different rows. Returns who served what. */
  const readAll = async (source: ReturnType<typeof read>): Promise<number[][]> =>
    clock.during(collectShards(source))

  const collectShards = async (source: ReturnType<typeof read>): Promise<number[][]> => {
    const shards: number[][] = []
    for await (const { segment, rows } of source) {
      expect(segment.index).to.equal(shards.length)
      expect(rows).to.have.length(K)
      for (const row of rows) expect(row[0] % 16).to.equal(segment.index % 16)
      shards.push(rows.map((row) => row[0] >> 4))
    }
    expect(shards).to.have.length(20)
    return shards
  }

  it('reads only the data shards while nothing fails', async () => {
    const shards = await readAll(read({}))
    expect(new Set(shards.flat())).to.deep.equal(new Set([0, 1]))
    expect(lanes).to.have.length(K)
    expect(observed.map(([, outcome]) => outcome)).to.deep.equal(['served', 'served'])
    expect(lanes.every(({ closed }) => closed)).to.equal(true)
  })

  it('asks another holder for late blocks, and uses the first answer', async () => {
    const shards = await readAll(read({ 0: silent }))
    expect(shards.flat()).to.not.include(0)
    expect(observed.filter(([, outcome]) => outcome === 'slow')).to.deep.equal([])
  })

  it('drops a silent holder, and continues', async () => {
    const late: Behaviour = (lane, index) => void clock.after(100, () => lane.deliver(index))
    const shards = await readAll(read({ 0: silent, 2: late, 3: late, 4: late }))
    expect(shards.flat()).to.not.include(0)
    expect(observed).to.deep.include([peers[0], 'slow'])
  })

  it('blames and replaces a lane that fails half-way', async () => {
    for (const failure of ['lied', 'unreachable'] as const) {
      observed = []
      const failing: Behaviour = (lane, index) => {
        if (index < 5) return lane.deliver(index)
        if (lane.outstanding[0] === index) lane.listener.onFailure(lane, failure, new Error(failure))
        lane.closed = true
      }
      await readAll(read({ 1: failing }))
      expect(observed.filter(([, outcome]) => outcome !== 'served')).to.deep.equal([[peers[1], failure]])
      expect(survived.splice(0)).to.deep.equal([['lane', peers[1]]])
    }
  })

  it('lets an overloaded peer rest, and uses others meanwhile', async () => {
    let refused = 0
    const busy: Behaviour = (lane) => {
      if (lane.closed) return
      lane.closed = true
      refused++
      lane.listener.onBusy(lane, 10)
    }
    await readAll(read({ 0: busy, 1: busy }))
    expect(refused).to.be.at.least(2)
    expect(observed.every(([, outcome]) => outcome === 'served')).to.equal(true)
  })

  it('waits for overloaded peers when there are no others', async () => {
    const once = new Set<number>()
    const busyAtFirst: Behaviour = (lane, index) => {
      if (once.has(lane.shard)) return lane.deliver(index)
      if (lane.closed) return
      once.add(lane.shard)
      lane.closed = true
      lane.listener.onBusy(lane, 10)
    }
    await readAll(read(Object.fromEntries(peers.slice(0, N).map((_, i) => [i, busyAtFirst]))))
    expect(once.size).to.be.at.least(K)
  })

  const gone: Behaviour = (lane) => {
    if (lane.closed) return
    lane.closed = true
    lane.listener.onFailure(lane, 'missing', new Error('gone'))
  }

  it('searches for holders when too few are left, and continues with those it finds', async () => {
    let asked = 0
    const discover: ShardLocations['discover'] = async () => {
      asked++
      return [[3, [peers[3], peers[N + 3]]]]
    }
    const shards = await readAll(read({ 0: gone, 1: gone, 2: gone, 3: gone }, { discover }))
    expect(asked).to.equal(1)
    expect(new Set(shards.flat())).to.deep.equal(new Set([3, 4]))
  })

  const badAt =
    (...bad: number[]): Behaviour =>
    (lane, index) =>
      bad.includes(index) ? lane.spoil(index) : lane.deliver(index)

  it('takes the blocks that a peer cannot read from others, and the rest from that peer', async () => {
    const shards = await readAll(read({ 0: badAt(3, 4, 11), 1: badAt(7) }))
    expect(shards.map((pair) => pair.includes(0))).to.deep.equal(
      shards.map((_, i) => ![3, 4, 11].includes(i))
    )
    expect(shards.map((pair) => pair.includes(1))).to.deep.equal(shards.map((_, i) => i !== 7))
    expect(observed.every(([, outcome]) => outcome === 'served')).to.equal(true)
    expect(survived.filter(([what]) => what === 'block')).to.have.length(4)
  })

  it('reads an object when every holder has lost a block, while k of each segment are left', async () => {
    const shards = await readAll(
      read(Object.fromEntries(peers.slice(0, N).map((_, i) => [i, badAt(i, 5 + i, 10 + i, 15 + i)])))
    )
    shards.forEach((pair, index) => expect(pair).to.not.include(index % N))
  })

  it('uses another holder of the same shard when too few others can read a block', async () => {
    // Shard 0 has two holders, each of which has lost another block; of the others only shard 1 is there.
    const twice: ShardLocations['discover'] = async () => [[0, [peers[N]]]]
    const shards = await readAll(
      read({ 0: badAt(4), [N]: badAt(15), 2: gone, 3: gone, 4: gone }, { discover: twice })
    )
    expect(shards.every((pair) => pair.includes(0) && pair.includes(1))).to.equal(true)
    expect(lanes.filter(({ shard }) => shard === 0).map(({ peer }) => peers.indexOf(peer))).to.deep.equal([
      0,
      N,
      0
    ])
  })

  it('fails only the read when something in it throws', async () => {
    const broken: Behaviour = (lane, index) => {
      lane.outstanding.shift()
      lane.listener.onBlock(lane, index, undefined as unknown as Uint8Array)
    }
    expect(await readAll(read({ 0: broken })).catch((error: unknown) => error)).to.be.instanceOf(TypeError)
    expect(lanes.every(({ closed }) => closed)).to.equal(true)
  })

  it('fails when no peers can read enough blocks of a segment', async () => {
    const behaviours = Object.fromEntries(peers.slice(0, N - 1).map((_, i) => [i, badAt(9)]))
    const error = await readAll(read(behaviours)).catch((thrown: unknown) => thrown)
    expect(error).to.have.deep.property('data', { needed: 2, live: 1, missing: 1 })
  })

  it('reports how many shards are missing when it finds no other holders', async () => {
    const error = await readAll(read({ 0: gone, 1: gone, 2: gone, 3: gone })).catch(
      (thrown: unknown) => thrown
    )
    expect(error).to.include({ code: 'NOT_ENOUGH_SHARDS' })
    expect(error).to.have.deep.property('data', { needed: 2, live: 1, missing: 1 })
    expect(lanes.every(({ closed }) => closed)).to.equal(true)
  })

  it('never requests more blocks ahead than allowed', async () => {
    let most = 0
    const counting: Behaviour = (lane, index) => {
      most = Math.max(
        most,
        lanes.reduce((sum, { outstanding }) => sum + outstanding.length, 0)
      )
      lane.deliver(index)
    }
    await readAll(read({ 0: counting, 1: counting }))
    expect(most).to.be.at.most(8 * K)
  })

  it('requests nothing until it is read, and stops when its signal fires', async () => {
    const abort = new AbortController()
    const source = read({ 0: silent, 1: silent, 2: silent, 3: silent, 4: silent }, { signal: abort.signal })
    expect(lanes).to.deep.equal([])
    const next = source.next().catch((error: unknown) => error)
    abort.abort(new Error('enough'))
    expect(await next).to.have.property('message', 'enough')
    expect(lanes.every(({ closed }) => closed)).to.equal(true)
  })
})
