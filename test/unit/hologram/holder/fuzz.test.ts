import { expect } from 'chai'
import fc from 'fast-check'
import { GetRequest, ObjectRequest, PutFrame } from '../../../../protocols/generated/object.js'
import { encodeManifest, manifestCid } from '../../../../src/hologram/records/manifest.ts'
import { codedObject, inlineManifest, leaseOn, noise } from '../support.ts'
import { ask, getRequest, putShard, startWithShard, WAIT } from './fixture.ts'

// Whatever a peer sends, the holder ends the stream by itself, blames nobody but the peer, changes nothing that it
// holds, and goes on serving. Streams are pairs of libp2p streams in memory; test/integration does it over TCP.

/** Any, and those that make lengths and tags. */
const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(fc.constantFrom(0, 1, 0x0a, 0x7f, 0x80, 0xff), { maxLength: 12 })
    .map((list) => Uint8Array.from(list))
)

const owned = (bytes: Uint8Array) => Uint8Array.from(bytes)

describe('holder: fuzzed', () => {
  const object = codedObject()
  let fixture: Awaited<ReturnType<typeof startWithShard>>
  let seeds: Record<'put/1' | 'get/1' | 'object/1', Uint8Array[]>

  before(async () => {
    fixture = await startWithShard({ settings: { idleTimeoutMs: 100, lingerMs: 10 } }, object)
    const lease = owned(await leaseOn(object.cid, fixture.alice))
    const manifest = owned(object.bytes)
    const cid = owned(object.cid.bytes)
    const data = owned(object.shards[1][0])
    seeds = {
      'put/1': [
        PutFrame.encode({ open: { seed: owned(object.manifest.seed), shard: 1, expectedBytes: 0 } }),
        PutFrame.encode({ block: { index: 0, data, path: new Uint8Array(0) } }),
        PutFrame.encode({ commit: { manifest, lease } })
      ],
      'get/1': [GetRequest.encode(getRequest(object.cid, { first: 1, count: 2 }))],
      'object/1': [
        ObjectRequest.encode({ getManifest: cid }),
        ObjectRequest.encode({
          putManifest: { manifest, lease, placement: new Uint8Array(0), quiet: false, statements: [] }
        }),
        ObjectRequest.encode({ putLease: lease }),
        ObjectRequest.encode({ status: cid })
      ]
    }
  })

  after(async () => fixture.stop())

  /** Good frames of a protocol in any order, some cut short, some with a byte changed, some with others put in. */
  const mutated = (protocol: keyof typeof seeds) =>
    fc
      .array(
        fc.record({
          seed: fc.nat(10),
          at: fc.nat(1_000_000),
          change: fc.oneof(
            fc.constant({ kind: 'none' as const }),
            fc.constant({ kind: 'cut' as const }),
            fc.integer({ min: 1, max: 255 }).map((flip) => ({ kind: 'flip' as const, flip })),
            fc
              .uint8Array({ minLength: 1, maxLength: 20 })
              .map((bytes) => ({ kind: 'insert' as const, bytes }))
          )
        }),
        { minLength: 1, maxLength: 5 }
      )
      .map((frames) =>
        frames.map(({ seed, at, change }) => {
          const frame = Buffer.from(seeds[protocol][seed % seeds[protocol].length])
          const place = at % frame.byteLength
          if (change.kind === 'cut') return frame.subarray(0, place)
          if (change.kind === 'flip') frame[place] ^= change.flip
          if (change.kind !== 'insert') return frame
          return Buffer.concat([frame.subarray(0, place), change.bytes, frame.subarray(place)])
        })
      )

  /** What must not change, whatever comes. */
  function held() {
    const { shards, manifests } = fixture.holdings
    const leases = fixture.holdings.leasesByObject
    return { shards: [...shards.keys()], manifests: [...manifests.keys()], leases: [...leases.keys()] }
  }

  async function survives(protocol: keyof typeof seeds, send: (raw: (bytes: Uint8Array) => void) => void) {
    const before = held()
    const stream = await fixture.mesh.dial(protocol, fixture.bob.peer)
    send((bytes) => {
      if (stream.stream.writeStatus === 'writable') stream.stream.send(bytes)
    })
    await stream.close(WAIT)
    await Promise.all(fixture.mesh.served)
    expect(held()).to.deep.equal(before)
    expect(fixture.log).to.deep.equal([])
    expect(fixture.holdings.openUploads).to.equal(0)
  }

  for (const protocol of ['put/1', 'get/1', 'object/1'] as const) {
    it(`${protocol} survives random bytes`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyBytes, { maxLength: 4 }), async (chunks) =>
          survives(protocol, (raw) => chunks.forEach(raw))
        ),
        { numRuns: 60 }
      )
    })

    it(`${protocol} survives mutated frames`, async () => {
      await fc.assert(
        fc.asyncProperty(mutated(protocol), fc.boolean(), async (frames, cutLast) => {
          const bytes = Buffer.concat(
            frames.map((frame) => Buffer.concat([lengthPrefix(frame.byteLength), frame]))
          )
          await survives(protocol, (raw) => raw(cutLast ? bytes.subarray(0, bytes.byteLength - 1) : bytes))
        }),
        { numRuns: 120 }
      )
    })
  }

  it('still serves requests afterwards', async () => {
    expect(await ask(fixture, { getManifest: owned(object.cid.bytes) })).to.include({ status: 'OK' })
    expect(await putShard(fixture, object, 2)).to.include({ status: 'OK' })
    const inline = encodeManifest(inlineManifest(noise(100)))
    const lease = owned(await leaseOn(manifestCid(inline), fixture.alice))
    const put = { manifest: owned(inline), lease, placement: new Uint8Array(0), quiet: false, statements: [] }
    expect(await ask(fixture, { putManifest: put })).to.include({ status: 'OK' })
  })
})

function lengthPrefix(length: number): Uint8Array {
  return length < 128 ? Uint8Array.of(length) : Uint8Array.of((length & 127) | 128, length >> 7)
}
