import { randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { expect } from 'chai'
import { Gateway, putBytes } from '../../../src/browser/index.ts'
import type { BytesSource, PutProgress } from '../../../src/browser/index.ts'
import type { Gateway as Served } from '../../../src/gateway/index.ts'
import { connect } from '../../../src/sdk/index.ts'
import type { Client } from '../../../src/sdk/index.ts'
import { codeOf, startGateway, World } from '../cli/world.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { TOKEN } from '../gateway/fake-node.ts'

const MIB = 1 << 20

describe('thhe/browser: put', () => {
  let world: World
  let node: FakeNode
  let served: Served
  let gateway: Gateway
  let reader: Client

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway: served } = await startGateway(world.interruption.signal))
    gateway = new Gateway({ url: served.url, token: TOKEN })
    reader = await connect({ api: served.url, token: TOKEN, env: world.io.env })
  })
  afterEach(async () => {
    await served.stop()
    await world.remove()
  })

  const SOURCES: ReadonlyArray<[string, (bytes: Uint8Array<ArrayBuffer>) => BytesSource]> = [
    ['bytes', (bytes) => bytes],
    ['a blob', (bytes) => new Blob([bytes])],
    ['a stream', (bytes) => new Blob([bytes]).stream() as ReadableStream<Uint8Array>]
  ]
  for (const [what, sourceOf] of SOURCES) {
    it(`seals ${what}, and the command line opens it`, async () => {
      // The blob is large enough for several parts.
      const bytes = new Uint8Array(randomBytes(what === 'a blob' ? 9 * MIB + 17 : 100_000))
      const seen: PutProgress[] = []
      const put = await putBytes(gateway, sourceOf(bytes), {
        name: 'a\u202eb.bin',
        onProgress: (progress) => seen.push(progress)
      })
      expect(put.link).to.match(/^thhe:[0-9a-f]{8}\/baf\w+#[\w-]{43}$/)
      expect(put.name).to.equal('a_b.bin')
      const file = await reader.get(put.link)
      expect(file.name).to.equal('a_b.bin')
      expect(Buffer.compare(await buffer(file.bytes), bytes)).to.equal(0)
      const [kept] = [...node.kept.values()]
      expect(kept.options).to.include({ sealed: true, oneShot: true })
      expect(
        Buffer.from(kept.bytes).includes(Buffer.from(bytes.subarray(0, 64))),
        'nothing of it is readable'
      ).to.equal(false)
      expect(seen.map(({ sentBytes }) => sentBytes)).to.include(kept.bytes.byteLength)
      if (what !== 'a stream') expect(seen[0].totalBytes).to.equal(kept.bytes.byteLength)
    })
  }

  it('stores public bytes as they are, and no bytes at all', async () => {
    const { link } = await putBytes(gateway, new TextEncoder().encode('for all'), { public: true })
    expect(link).to.not.include('#')
    expect((await buffer((await reader.get(link)).bytes)).toString()).to.equal('for all')
    const empty = await putBytes(gateway, new Uint8Array(0))
    expect((await reader.get(empty.link)).length).to.equal(0)
  })

  it('passes on what the node says', async () => {
    node.failPut = Object.assign(new Error('Only 2 of 5 peers are up.'), { code: 'NOT_ENOUGH_PEERS' })
    for (const size of [10, 5 * MIB]) {
      expect(await codeOf(putBytes(gateway, new Uint8Array(size)))).to.equal('NOT_ENOUGH_PEERS')
    }
    const stranger = new Gateway({ url: served.url })
    expect(await codeOf(putBytes(stranger, new Uint8Array(1)))).to.equal('UNAUTHORIZED')
    expect(await codeOf(putBytes(new Gateway({ url: 'http://127.0.0.1:1' }), new Uint8Array(1)))).to.equal(
      'GATEWAY_GONE'
    )
  })

  it('is stopped, and by a source that breaks; the node hears of both', async () => {
    const stop = new AbortController()
    const reason = new Error('Stopped.')
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(MIB)
    }
    const put = putBytes(gateway, endless(), {
      signal: stop.signal,
      onProgress: () => stop.abort(reason)
    })
    expect(await put.catch((error: unknown) => error)).to.equal(reason)
    await node.putBroken.promise
    const broken = new Error('The disk was pulled out.')
    const breaking = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(MIB)
      throw broken
    }
    expect(await putBytes(gateway, breaking()).catch((error: unknown) => error)).to.equal(broken)
    expect(node.kept.size).to.equal(0)
  })

  it('holds a few parts in memory, however slow the node is', async () => {
    let made = 0
    let taken = 0
    let most = 0
    const source = async function* (): AsyncGenerator<Uint8Array> {
      for (let one = 0; one < 32; one++) {
        made += MIB
        most = Math.max(most, made - taken)
        yield new Uint8Array(MIB)
      }
    }
    await putBytes(gateway, source(), {
      public: true,
      onProgress: ({ sentBytes }) => (taken = sentBytes)
    })
    expect(taken).to.equal(32 * MIB)
    expect(most).to.be.at.most(13 * MIB)
  })
})
