import { expect } from 'chai'
import { ObjectRequest, Status } from '../../../../../protocols/generated/object.js'
import { MAX_MANIFESTS_PER_REQUEST, MAX_OBJECT_REQUEST_BYTES } from '../../../../../protocols/limits.ts'
import { ManifestBatches } from '../../../../../src/hologram/client/wire/manifest-batches.ts'
import { VirtualTime } from '../../../../support/virtual-clock.ts'
import { signer } from '../../support.ts'
import type { PeerId } from '@libp2p/interface'
import type { ObjectReply, PutManifest } from '../../../../../protocols/generated/object.js'

const none = new Uint8Array(0)

const REPLY: ObjectReply = {
  status: Status.OK,
  message: '',
  retryAfterMs: 0,
  manifest: none,
  placement: none,
  shards: [],
  leases: [],
  badBlocks: [],
  statements: [],
  replies: [],
  repairingMs: 0
}

const manifestOf = (number: number, bytes = 10): PutManifest => ({
  manifest: new Uint8Array(bytes).fill(number),
  lease: Uint8Array.of(number),
  placement: none,
  quiet: true,
  statements: []
})

interface Asked {
  readonly request: Partial<ObjectRequest>
  /** The first bytes of the manifests. */
  readonly numbers: number[]
  readonly signal: AbortSignal | undefined
  readonly answer: PromiseWithResolvers<ObjectReply>
}

/** OK for each manifest, with the lease that came with it. */
const fineFor = ({ request, numbers }: Asked): ObjectReply =>
  request.putManifest !== undefined
    ? { ...REPLY, leases: [Uint8Array.of(numbers[0])] }
    : {
        ...REPLY,
        replies: numbers.map((n) => ({
          status: Status.OK,
          message: '',
          retryAfterMs: 0,
          lease: Uint8Array.of(n)
        }))
      }

const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

describe('manifests that go to a peer together', () => {
  let peer: PeerId
  let asked: Asked[]
  let time: VirtualTime
  let batches: ManifestBatches

  before(async () => {
    peer = (await signer(2)).peer
  })

  beforeEach(() => {
    asked = []
    time = new VirtualTime()
    batches = new ManifestBatches({
      clock: time,
      ask: async (_, request, signal) => {
        const sent = request.putManifests?.objects ?? [request.putManifest!]
        const numbers = sent.map(({ manifest }) => manifest[0])
        const answer = Promise.withResolvers<ObjectReply>()
        asked.push({ request, numbers, signal, answer })
        return await answer.promise
      }
    })
  })

  const put = async (number: number, signal?: AbortSignal): Promise<ObjectReply> =>
    await batches.put(peer, manifestOf(number), signal)
  const outcomes = async (puts: ReadonlyArray<Promise<ObjectReply>>): Promise<string[]> =>
    (await Promise.allSettled(puts)).map((result) =>
      result.status === 'fulfilled'
        ? `${result.value.status} ${result.value.leases.map((lease) => lease[0]).join()}`
        : (result.reason as Error).message
    )
  const answerAll = async (of: (one: Asked) => ObjectReply = fineFor): Promise<void> => {
    for (let i = 0; i < asked.length; i++) {
      asked[i].answer.resolve(of(asked[i]))
      await settled()
    }
  }

  it('are alone while the peer is idle, and together while it is at work on two', async () => {
    const puts = [1, 2, 3, 4, 5].map(async (number) => await put(number))
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[1], [2]])
    expect(asked[0].request).to.have.property('putManifest')
    asked[0].answer.resolve(fineFor(asked[0]))
    await settled()
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[1], [2], [3, 4, 5]])
    await answerAll()
    expect(await outcomes(puts)).to.deep.equal(['OK 1', 'OK 2', 'OK 3', 'OK 4', 'OK 5'])
  })

  it('wait for a slow peer no longer than 20 ms', async () => {
    const puts = [1, 2, 3, 4].map(async (number) => await put(number))
    await time.advance(19)
    expect(asked).to.have.length(2)
    await time.advance(1)
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[1], [2], [3, 4]])
    await answerAll()
    expect(await outcomes(puts)).to.deep.equal(['OK 1', 'OK 2', 'OK 3', 'OK 4'])
  })

  it('go at once when they fill a request, by count or by bytes, and never over its limits', async () => {
    const many = Array.from({ length: 2 + MAX_MANIFESTS_PER_REQUEST + 1 }, async (_, i) => await put(i))
    expect(asked.map(({ numbers }) => numbers.length)).to.deep.equal([1, 1, MAX_MANIFESTS_PER_REQUEST])
    await answerAll()
    await outcomes(many)
    asked.length = 0
    const large = Array.from({ length: 20 }, async (_, i) => await batches.put(peer, manifestOf(i, 66_000)))
    expect(asked.length).to.be.above(5)
    await answerAll()
    await outcomes(large)
    expect(asked.flatMap(({ numbers }) => numbers)).to.have.members(Array.from({ length: 20 }, (_, i) => i))
    for (const { request } of asked) {
      expect(ObjectRequest.encode(request).byteLength).to.be.at.most(MAX_OBJECT_REQUEST_BYTES)
    }
  })

  it('have each its own answer: one that is refused does not harm the others', async () => {
    const puts = [1, 2, 3, 4, 5].map(async (number) => await put(number))
    await answerAll((one) => {
      const reply = fineFor(one)
      const replies = reply.replies.map((of, i) =>
        one.numbers[i] === 4 ? { ...of, status: Status.QUOTA, lease: none } : of
      )
      return { ...reply, replies }
    })
    expect(await outcomes(puts)).to.deep.equal(['OK 1', 'OK 2', 'OK 3', 'QUOTA ', 'OK 5'])
  })

  it('go one by one, from then on, to a peer that refuses to take several', async () => {
    const refuse = (one: Asked): ObjectReply =>
      one.request.putManifests === undefined ? fineFor(one) : { ...REPLY, status: Status.REFUSED }
    const puts = [1, 2, 3, 4].map(async (number) => await put(number))
    await answerAll(refuse)
    expect(await outcomes(puts)).to.deep.equal(['OK 1', 'OK 2', 'OK 3', 'OK 4'])
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[1], [2], [3, 4], [3], [4]])
    asked.length = 0
    const more = [5, 6, 7, 8].map(async (number) => await put(number))
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[5], [6], [7], [8]])
    await answerAll(refuse)
    expect(await outcomes(more)).to.deep.equal(['OK 5', 'OK 6', 'OK 7', 'OK 8'])
  })

  it('fail with the request that they were in, and with no other', async () => {
    const puts = [1, 2, 3, 4].map(async (number) => await put(number))
    asked[0].answer.resolve(fineFor(asked[0]))
    await settled()
    asked[2].answer.reject(new Error('cut off'))
    asked[1].answer.resolve(fineFor(asked[1]))
    expect(await outcomes(puts)).to.deep.equal(['OK 1', 'OK 2', 'cut off', 'cut off'])
  })

  it('fail when the peer answers for another number of them', async () => {
    const puts = [1, 2, 3, 4].map(async (number) => await put(number))
    const ended = outcomes(puts)
    await answerAll((one) => ({ ...fineFor(one), replies: [] }))
    const [, , third, fourth] = await ended
    expect(third).to.match(/answered 0 of 2 manifests/)
    expect(fourth).to.equal(third)
  })

  it('can be given up one by one; the request ends when nobody waits for it', async () => {
    const [waiting, third, fourth] = [1, 2, 3].map(() => new AbortController())
    const first = [put(1), put(2)]
    const [given, ...sent] = [put(3, waiting.signal), put(4, third.signal), put(5, fourth.signal)]
    const [ofGiven, ofSent] = [outcomes([given]), outcomes(sent)]
    waiting.abort(new Error('given up'))
    expect(await ofGiven).to.deep.equal(['given up'])
    asked[0].answer.resolve(fineFor(asked[0]))
    await settled()
    expect(asked.map(({ numbers }) => numbers)).to.deep.equal([[1], [2], [4, 5]])
    third.abort(new Error('given up'))
    expect(asked[2].signal?.aborted).to.equal(false)
    fourth.abort(new Error('given up'))
    expect(asked[2].signal?.aborted).to.equal(true)
    expect(await ofSent).to.deep.equal(['given up', 'given up'])
    await answerAll()
    expect(await outcomes(first)).to.deep.equal(['OK 1', 'OK 2'])
    const late = await put(6, AbortSignal.abort(new Error('given up'))).catch((error: unknown) => error)
    expect(late).to.have.property('message', 'given up')
  })
})
