import { expect } from 'chai'
import { toHex } from '../../../fba/bytes.ts'
import { ValueRequests } from '../../../src/agreement/value-requests.ts'
import type { AskOptions, Question, Reply } from '../../../src/agreement/index.ts'
import { drive, NodeClock, Prng, randomSource, VirtualClock } from '../../sim/engine/index.ts'
import { digest } from './fixture.ts'

const EMPTY: Reply = { currentSlot: 1, envelopes: [], quorumSets: [], payloads: [] }
const bytes = (number: number): Uint8Array => Uint8Array.of(number)
const name = (number: number): Uint8Array => digest(bytes(number))

/** Peers that answer after 100 ms with what `has` says, or never. */
class World {
  readonly clock = new VirtualClock()
  readonly asked: Array<{ peer: string; name: string; atMs: number }> = []
  readonly got: string[] = []
  readonly silences: string[] = []
  readonly stopping = new AbortController()
  readonly requests: ValueRequests
  peers: string[] = ['a', 'b', 'c', 'd']
  /** What a peer sends; 'silence' for nothing at all. */
  has: (peer: string, name: string) => Uint8Array | undefined | 'silence' = () => undefined

  constructor() {
    const clock = new NodeClock(this.clock)
    this.requests = new ValueRequests({
      link: { peers: () => this.peers, ask: async (...asked) => await this.#answer(...asked) },
      clock,
      random: randomSource(new Prng(1)),
      signal: this.stopping.signal,
      onReply: async (_, { payloads }) => {
        for (const payload of payloads) {
          const key = toHex(digest(payload))
          this.got.push(key)
          this.requests.got(key)
        }
      },
      onSilence: (peer) => this.silences.push(peer)
    })
  }

  async pass(ms: number): Promise<void> {
    let isOver = false
    this.clock.after(ms * 1_000, () => (isOver = true))
    await drive(this.clock, this.clock.nowMicros + ms * 1_000, () => isOver)
  }

  async #answer(peer: string, { payloads = [] }: Question, { signal }: AskOptions): Promise<Reply> {
    const key = toHex(payloads[0])
    this.asked.push({ peer, name: key, atMs: this.clock.nowMicros / 1_000 })
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    this.clock.after(100_000, () => {
      const found = this.has(peer, key)
      if (found !== 'silence') resolve({ ...EMPTY, payloads: found === undefined ? [] : [found] })
    })
    return await promise
  }
}

describe('fetching values', () => {
  it('asks one peer, the one that sent the name, and once', async () => {
    const world = new World()
    world.has = () => bytes(1)
    world.requests.want(name(1), 'author', ['c'])
    world.requests.want(name(1), 'other', ['b'])
    await world.pass(10_000)
    expect(world.asked.map(({ peer }) => peer)).to.deep.equal(['c'])
    expect(world.got).to.deep.equal([toHex(name(1))])
    expect(world.requests.isWaiting).to.equal(false)
  })

  it('asks the next at once when a peer does not have it, and those that sent the name first', async () => {
    const world = new World()
    world.has = (peer) => (peer === 'd' ? bytes(1) : undefined)
    world.requests.want(name(1), 'author', ['c', 'gone', 'b'])
    await world.pass(1_000)
    expect(world.asked.slice(0, 2).map(({ peer }) => peer)).to.deep.equal(['c', 'b'])
    expect(world.asked[1].atMs).to.equal(100)
    expect(world.got).to.have.lengthOf(1)
  })

  it('asks another after a second of silence, and gives the first up after five', async () => {
    const world = new World()
    world.has = (peer) => (peer === 'a' ? 'silence' : bytes(1))
    world.requests.want(name(1), 'author', ['a', 'b'])
    await world.pass(2_000)
    expect(world.asked.map(({ peer, atMs }) => [peer, atMs])).to.deep.equal([
      ['a', 0],
      ['b', 1_000]
    ])
    expect(world.got).to.have.lengthOf(1)
    expect(world.silences).to.deep.equal([])
    await world.pass(4_000)
    expect(world.silences).to.deep.equal(['a'])
  })

  it('goes on asking when bytes do not hash to the name', async () => {
    const world = new World()
    world.has = (peer) => (peer === 'b' ? bytes(1) : bytes(2))
    world.requests.want(name(1), 'author', ['a', 'b'])
    await world.pass(1_000)
    expect(world.got).to.deep.equal([toHex(name(2)), toHex(name(1))])
  })

  it('is not held up for one author by names of another that nobody has', async () => {
    const world = new World()
    world.has = (_, key) => (key === toHex(name(99)) ? bytes(99) : 'silence')
    for (let number = 0; number < 16; number++) world.requests.want(name(number), 'liar', ['a'])
    expect(world.asked.length).to.be.at.most(3)
    world.requests.want(name(99), 'honest', ['b'])
    await world.pass(200)
    expect(world.got).to.deep.equal([toHex(name(99))])
  })

  it('of a name that a liar and an honest author share is on account of the honest one', async () => {
    const world = new World()
    world.has = (_, key) => (key === toHex(name(15)) ? bytes(15) : 'silence')
    for (let number = 0; number < 16; number++) world.requests.want(name(number), 'liar', ['a'])
    world.requests.want(name(15), 'honest', ['b'])
    await world.pass(200)
    expect(world.got).to.deep.equal([toHex(name(15))])
  })

  it('asks all again after a while', async () => {
    const world = new World()
    world.requests.want(name(1), 'author', [])
    await world.pass(3_000)
    expect(world.asked).to.have.lengthOf(4)
    world.has = () => bytes(1)
    world.requests.retry()
    await world.pass(1_000)
    expect(world.asked).to.have.lengthOf(5)
    expect(world.got).to.have.lengthOf(1)
  })

  it('ends when the node stops or the slot is over', async () => {
    const world = new World()
    world.requests.want(name(1), 'author', ['a'])
    world.requests.clear()
    await world.pass(1_000)
    expect(world.asked).to.have.lengthOf(1)
    world.requests.want(name(2), 'author', ['a'])
    world.stopping.abort(new Error('stop'))
    await world.pass(10_000)
    expect(world.asked).to.have.lengthOf(2)
    expect(world.silences).to.deep.equal([])
  })
})
