import type { PeerId } from '@libp2p/interface'
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import { AwakeClock } from '../../../../../src/clock/index.ts'
import { CodedSegment } from '../../../../../src/hologram/client/put/coder.ts'
import { FanOut } from '../../../../../src/hologram/client/put/fan-out.ts'
import type { FanOutInit, ShardOutcomes } from '../../../../../src/hologram/client/put/fan-out.ts'
import type { ShardSink, SinkRequest } from '../../../../../src/hologram/client/put/shard-sink.ts'
import { HologramError } from '../../../../../src/hologram/index.ts'
import { peerIds } from '../../../../support/peers.ts'
import { VirtualTime } from '../../../../support/virtual-clock.ts'

const N = 4
const COMMITMENT = {
  cid: CID.parse('bafyreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'),
  manifest: new Uint8Array(),
  lease: new Uint8Array()
}

function segment(index: number): CodedSegment {
  const rows = Array.from({ length: N }, (_, row) => [row, Uint8Array.of(index, row)] as const)
  return new CodedSegment(index, 2, new Map(rows), new Map(rows))
}

class FakeSink implements ShardSink {
  readonly peer: PeerId
  readonly heldBlocks: number
  readonly heldDigest: Uint8Array
  readonly blocks: number[] = []
  committed = false
  abandoned = false
  readonly #onSend: (index: number) => Promise<void>
  readonly #onCommit: () => Promise<void>

  constructor(peer: PeerId, { send = async () => {}, commit = async () => {}, held }: SinkFaults = {}) {
    this.peer = peer
    this.heldBlocks = held?.blocks ?? 0
    this.heldDigest = held?.digest ?? new Uint8Array()
    this.#onSend = send
    this.#onCommit = commit
  }

  async send(index: number, block: Uint8Array): Promise<void> {
    expect(block[0]).to.equal(index)
    await this.#onSend(index)
    this.blocks.push(index)
  }

  async restart(): Promise<void> {}

  async commit(): Promise<void> {
    await this.#onCommit()
    this.committed = true
  }

  abandon(): void {
    this.abandoned = true
  }
}

interface SinkFaults {
  send?: (index: number) => Promise<void>
  commit?: () => Promise<void>
  /** What the holder says that it has kept. */
  held?: { blocks: number; digest: Uint8Array }
}

/** What the peer does this time, the nth that it is asked. */
const faultOf = (
  fault: SinkFaults | Error | Array<SinkFaults | Error> | undefined,
  nth: number
): SinkFaults | Error | undefined => (Array.isArray(fault) ? fault[nth] : fault)

describe('sending shards to their holders', () => {
  let peers: PeerId[]
  let sinks: FakeSink[]
  let observed: Array<readonly [PeerId, string]>
  let failed: PeerId[]
  let refused: PeerId[]
  let clock: VirtualTime
  let awake: AwakeClock

  before(async () => {
    peers = await peerIds(N + 2)
  })

  beforeEach(() => {
    sinks = []
    observed = []
    failed = []
    refused = []
    clock = new VirtualTime()
    awake = new AwakeClock(clock)
  })
  afterEach(() => awake.stop())

  const start = (
    faults: Record<number, SinkFaults | Error | Array<SinkFaults | Error>>,
    init: Partial<FanOutInit> & { spares?: number } = {}
  ): FanOut => {
    const spares = peers.slice(N, N + (init.spares ?? 0))
    return new FanOut(
      {
        openSink: async ({ peer }: SinkRequest) => {
          const fault = faultOf(
            faults[peers.indexOf(peer)],
            [...sinks.map((sink) => sink.peer), ...refused].filter((one) => one.equals(peer)).length
          )
          if (fault instanceof Error) {
            await awake.sleep(1)
            refused.push(peer)
            throw fault
          }
          const sink = new FakeSink(peer, fault)
          sinks.push(sink)
          return sink
        },
        observe: (peer, outcome) => observed.push([peer, outcome]),
        onFailure: (peer) => failed.push(peer),
        clock: awake
      },
      {
        seed: new Uint8Array(32),
        expectedBytes: 0,
        windowSegments: 3,
        minimum: 2,
        required: 3,
        timing: { stallTimeoutMs: 200, commitTimeoutMs: 200, patienceMs: 80 },
        signal: new AbortController().signal,
        ...init
      },
      { homes: peers.slice(0, N).map((peer, shard) => ({ shard, peer })), next: () => spares.shift() }
    )
  }

  const sendAll = async (fanOut: FanOut, count: number): Promise<ShardOutcomes> => {
    for (let index = 0; index < count; index++) await fanOut.write(segment(index))
    return fanOut.commit(COMMITMENT)
  }
  const send = async (fanOut: FanOut, count: number): Promise<ShardOutcomes> =>
    clock.during(sendAll(fanOut, count))

  it('sends every holder every block in order, and reports which peer keeps what', async () => {
    const { holders, missing } = await send(start({}), 10)
    expect(holders).to.deep.equal(peers.slice(0, N).map((peer, shard) => ({ shard, peer })))
    expect(missing).to.deep.equal([])
    for (const { blocks, committed } of sinks) {
      expect(blocks).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(committed).to.equal(true)
    }
  })

  it('replaces a peer that cannot be opened by the next one', async () => {
    const gone = new HologramError('UNREACHABLE', 'gone', {})
    const { holders } = await send(start({ 1: gone, 2: gone }, { spares: 2 }), 2)
    expect(new Set(holders.map(({ peer }) => peer))).to.deep.equal(
      new Set([peers[0], peers[3], peers[4], peers[5]])
    )
    expect(observed).to.deep.equal([
      [peers[1], 'unreachable'],
      [peers[2], 'unreachable']
    ])
    expect(failed).to.deep.equal([peers[1], peers[2]])
  })

  it('replaces a peer that fails at its commit by the next one, while the first segment is kept', async () => {
    const failing = { commit: async () => Promise.reject(new Error('no room')) }
    const early = await send(start({ 1: failing }, { spares: 1 }), 3)
    expect(early.holders.map(({ peer }) => peer)).to.include(peers[4])
    const late = await send(start({ 1: failing }, { spares: 1 }), 9)
    expect(late.holders).to.have.length(3)
    expect(late.missing).to.have.length(1)
    expect(late.missing[0].reason).to.include('no room')
  })

  it('waits for the slowest holder when all are needed', async () => {
    const slow = { send: async () => clock.sleep(30) }
    const { holders } = await send(start({ 0: slow }, { required: N }), 12)
    expect(holders).to.have.length(N)
  })

  it('drops a holder that delays the others and is not needed', async () => {
    const slow = { send: async () => clock.sleep(60) }
    const { holders, missing } = await send(start({ 0: slow }), 60)
    expect(holders.map(({ shard }) => shard)).to.deep.equal([1, 2, 3])
    expect(missing[0].reason).to.include('too far behind')
    expect(observed).to.deep.equal([[peers[0], 'slow']])
  })

  it('drops a holder that is stuck, even if it is needed', async () => {
    const stuck = { send: async (index: number) => (index === 1 ? new Promise<void>(() => {}) : undefined) }
    const { holders } = await send(start({ 0: stuck, 1: stuck }, { required: N }), 20)
    expect(holders.map(({ shard }) => shard)).to.deep.equal([2, 3])
    // Each of the two has been asked once more.
    expect(sinks.filter(({ abandoned }) => abandoned)).to.have.length(4)
  })

  it('does not wait for the last commits once enough holders have acknowledged', async () => {
    const hanging = { commit: async () => new Promise<void>(() => {}) }
    const timing = { stallTimeoutMs: 200, commitTimeoutMs: 60_000, patienceMs: 50 }
    const { holders } = await send(start({ 3: hanging }, { timing }), 2)
    expect(holders.map(({ shard }) => shard)).to.deep.equal([0, 1, 2])
  })

  it('gives up when fewer than the minimum are left, with the reason of each', async () => {
    const gone = new HologramError('UNREACHABLE', 'gone', {})
    const error = await send(start({ 0: gone, 1: gone, 2: gone }), 50).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'NOT_DURABLE' })
    expect((error as HologramError<'NOT_DURABLE'>).data.reasons).to.have.length(N)
    expect(sinks[0].abandoned).to.equal(true)
  })

  describe('when holders go silent', () => {
    const REQUIRED_ALL = { required: N, minimum: N }
    const never = async (): Promise<void> => new Promise(() => {})
    /** The digest of the first blocks of a shard: the leaf of a block of these tests is the block. */
    const held = (shard: number, blocks: number): { blocks: number; digest: Uint8Array } => {
      const hash = createHash('sha256')
      for (let index = 0; index < blocks; index++) hash.update(Uint8Array.of(index, shard))
      return { blocks, digest: hash.digest() }
    }

    it('does not mistake its own stall for theirs', async () => {
      const released = Promise.withResolvers<void>()
      const slow = { commit: async () => released.promise }
      const timing = { stallTimeoutMs: 2_000, commitTimeoutMs: 2_000, patienceMs: 3_000 }
      const done = sendAll(start({ 0: slow, 1: slow, 2: slow, 3: slow }, { ...REQUIRED_ALL, timing }), 2)
      for (let i = 0; i < 10; i++) {
        await clock.advance(10)
        clock.stall(60_000)
        await clock.advance(0)
      }
      released.resolve()
      const { holders } = await done
      expect(holders).to.have.length(N)
      expect(sinks).to.have.length(N)
      expect(observed).to.deep.equal([])
    })

    it('waits longer when all are silent at once, and continues when they answer', async () => {
      const awakeAgain = async (): Promise<void> => clock.sleep(500)
      const asleep = { commit: awakeAgain }
      const { holders } = await send(start({ 0: asleep, 1: asleep, 2: asleep, 3: asleep }, REQUIRED_ALL), 2)
      expect(holders).to.have.length(N)
      expect(sinks, 'nobody is asked twice').to.have.length(N)
    })

    it('does not wait for ever when all are silent', async () => {
      const gone = { commit: never }
      const { holders, missing } = await send(start({ 0: gone, 1: gone, 2: gone, 3: gone }, REQUIRED_ALL), 2)
      expect(holders).to.deep.equal([])
      expect(missing).to.have.length(N)
      expect(clock.monotonicMs()).to.be.within(600, 5_000)
    })

    it('retries a holder that was late at its commit, and finds all blocks there', async () => {
      const late = [{ commit: never }, { held: held(1, 9) }]
      const { holders } = await send(start({ 1: late }, REQUIRED_ALL), 9)
      expect(holders.map(({ peer }) => peer)).to.deep.equal(peers.slice(0, N))
      const [, again] = sinks.filter(({ peer }) => peer.equals(peers[1]))
      expect(again).to.deep.include({ blocks: [], committed: true })
      expect(observed).to.deep.equal([])
    })

    it('resends the blocks that a holder had not kept when its stream broke', async () => {
      const broken = new HologramError('UNREACHABLE', 'reset', {})
      const cut = { send: async (index: number) => (index < 7 ? undefined : Promise.reject(broken)) }
      const { holders } = await send(start({ 1: [cut, { held: held(1, 6) }] }, REQUIRED_ALL), 9)
      expect(holders.map(({ peer }) => peer)).to.deep.equal(peers.slice(0, N))
      const [, again] = sinks.filter(({ peer }) => peer.equals(peers[1]))
      expect(again).to.deep.include({ blocks: [6, 7, 8], committed: true })
    })

    it('does not trust blocks of other contents', async () => {
      const broken = new HologramError('UNREACHABLE', 'reset', {})
      const cut = { send: async (index: number) => (index < 7 ? undefined : Promise.reject(broken)) }
      const foreign = { held: { blocks: 6, digest: new Uint8Array(32) } }
      const { holders, missing } = await send(start({ 1: [cut, foreign] }), 9)
      expect(holders.map(({ shard }) => shard)).to.deep.equal([0, 2, 3])
      expect(missing[0].reason).to.include('kept too little')
    })

    it('retries all holders once when none could be opened in time', async () => {
      const late = new HologramError('TIMEOUT', 'no answer', { afterMs: 100, what: 'open' })
      const asleep = [late, {}]
      const { holders } = await send(start({ 0: asleep, 1: asleep, 2: asleep, 3: asleep }, REQUIRED_ALL), 2)
      expect(holders).to.have.length(N)
      expect(observed).to.deep.equal([])
    })

    it('retries once, not for ever', async () => {
      const late = { commit: never }
      const { holders, missing } = await send(start({ 1: late }), 9)
      expect(holders).to.have.length(N - 1)
      expect(missing).to.have.length(1)
      expect(sinks.filter(({ peer }) => peer.equals(peers[1])).length).to.be.at.most(2)
    })
  })

  it('reports that there is no room when the put fails only because holders are full', async () => {
    const full = new HologramError('QUOTA', 'full', {})
    const gone = new HologramError('UNREACHABLE', 'gone', {})
    const failure = async (faults: Parameters<typeof start>[0]): Promise<unknown> =>
      send(start(faults), 50).catch((thrown: unknown) => thrown)
    expect(await failure({ 0: full, 1: full, 2: full, 3: full })).to.include({ code: 'QUOTA' })
    expect(await failure({ 0: full, 1: full, 2: gone })).to.include({ code: 'QUOTA' })
    // Two that are gone are one more than the put could do without, whatever room the others had.
    expect(await failure({ 0: full, 1: gone, 2: gone })).to.include({ code: 'NOT_DURABLE' })
  })

  it('abandons every upload when it is aborted', async () => {
    const fanOut = start({})
    await fanOut.write(segment(0))
    const { holders, missing } = await fanOut.abort(new Error('the source failed'))
    expect(holders).to.deep.equal([])
    expect(missing).to.have.length(N)
    expect(sinks.every(({ abandoned, committed }) => abandoned && !committed)).to.equal(true)
    expect(observed).to.deep.equal([])
  })
})
