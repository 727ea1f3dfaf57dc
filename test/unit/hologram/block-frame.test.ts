import { expect } from 'chai'
import fc from 'fast-check'
import { GetReply, PutFrame, Status } from '../../../protocols/generated/object.js'
import { encodeGetBlock, encodePutBlock } from '../../../src/hologram/block-frame.ts'
import { noise } from './support.ts'

const index = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const data = fc
  .oneof(fc.constantFrom(0, 1, 64, 127, 128, 16383, 16384, 65536), fc.nat(65536))
  .map((n) => noise(n))
const path = fc.integer({ min: 0, max: 64 }).map((hashes) => noise(hashes * 32, 2))

const joined = (parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

describe('block frames', () => {
  it('of put/1 are byte for byte what protobuf encodes', () => {
    fc.assert(
      fc.property(index, data, (index, data) => {
        const block = { index, data: Uint8Array.from(data), path: new Uint8Array(0) }
        const expected = PutFrame.encode({ block })
        expect(Buffer.compare(joined(encodePutBlock(index, data)), expected)).to.equal(0)
      })
    )
  })

  it('of get/1 are byte for byte what protobuf encodes', () => {
    fc.assert(
      fc.property(index, data, path, (index, data, path) => {
        const block = { index, data: Uint8Array.from(data), path: Uint8Array.from(path) }
        const expected = GetReply.encode({ status: Status.OK, message: '', retryAfterMs: 0, block })
        expect(Buffer.compare(joined(encodeGetBlock({ index, data, path })), expected)).to.equal(0)
      })
    )
  })

  it('carry the block itself, not a copy', () => {
    const block = noise(65536)
    expect(encodePutBlock(1, block)).to.include(block)
    expect(encodeGetBlock({ index: 1, data: block, path: noise(32) })).to.include(block)
  })
})
