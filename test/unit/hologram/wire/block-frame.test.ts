import { expect } from 'chai'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { GetReply, PutFrame, Status } from '../../../../protocols/generated/object.js'
import { decodePutBlock, encodeGetBlock, encodePutBlock } from '../../../../src/hologram/wire/block-frame.ts'
import { noise } from '../support.ts'

const index = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat())
const data = fc
  .oneof(fc.constantFrom(0, 1, 64, 127, 128, 16383, 16384, 65536), fc.nat(65536))
  .map((n) => noise(n))
const path = fc.integer({ min: 0, max: 64 }).map((hashes) => noise(hashes * 32, 2))

const inPieces = (frame: Uint8Array, cuts: readonly number[]): Uint8ArrayList => {
  const pieces = new Uint8ArrayList()
  let at = 0
  for (const cut of cuts) {
    pieces.append(frame.subarray(at, at + cut))
    at = Math.min(frame.byteLength, at + cut)
  }
  pieces.append(frame.subarray(at))
  return pieces
}

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

  it('of put/1 are read without a copy, in any pieces', () => {
    const cuts = fc.array(fc.nat(40), { maxLength: 4 })
    fc.assert(
      fc.property(index, data, cuts, (index, data, cuts) => {
        fc.pre(data.byteLength > 0)
        const frame = joined(encodePutBlock(index, data))
        const read = decodePutBlock(inPieces(frame, cuts))
        expect(read?.index).to.equal(index)
        expect(Buffer.compare(read!.data.slice(), data)).to.equal(0)
      })
    )
  })

  it('of put/1 in another encoding, and other frames, are left to a protobuf decoder', () => {
    const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from(noise(length))
    const block = { index: 300, data: bytes(64), path: new Uint8Array(0) }
    const frame = PutFrame.encode({ block })
    const others: Uint8Array[] = [
      new Uint8Array(0),
      PutFrame.encode({ commit: { manifest: bytes(64), lease: bytes(9) } }),
      PutFrame.encode({ block: { ...block, path: bytes(32) } }),
      PutFrame.encode({ block: { ...block, data: new Uint8Array(0) } }),
      joined([frame, Uint8Array.of(0x18, 1)]),
      frame.subarray(0, -1),
      Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      // the length in more bytes than it needs
      joined([frame.subarray(0, 1), Uint8Array.of(frame[1] | 0x80, 0), frame.subarray(2)])
    ]
    for (const other of others) expect(decodePutBlock(inPieces(other, [1]))).to.equal(undefined)
  })

  it('carry the block itself, not a copy', () => {
    const block = noise(65536)
    expect(encodePutBlock(1, block)).to.include(block)
    expect(encodeGetBlock({ index: 1, data: block, path: noise(32) })).to.include(block)
  })
})
