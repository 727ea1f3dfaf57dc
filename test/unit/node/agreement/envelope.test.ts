import { expect } from 'chai'
import { ScpReply, ScpRequest } from '../../../../protocols/generated/fba.js'
import {
  decodeQuestion,
  decodeReply,
  encodeQuestion,
  encodeReply
} from '../../../../src/node/agreement/envelope.ts'

const NETWORK = new Uint8Array(32).fill(1)
const hash = (of: number): Uint8Array => new Uint8Array(32).fill(of)
const NOTHING = { currentSlot: 7, envelopes: [], quorumSets: [], payloads: [] }
const TOO_LONG = new Uint8Array(2 * 1024 * 1024 + 1)

describe('questions for a map, and their answers, on the wire', () => {
  it('say which map is wanted and which is here', () => {
    for (const map of [{ wanted: hash(2) }, { wanted: hash(2), have: hash(3) }]) {
      const { map: read } = decodeQuestion(NETWORK, encodeQuestion(NETWORK, { map }))
      expect(Object.keys(read!)).to.deep.equal(Object.keys(map))
      expect(Buffer.compare(read!.wanted, map.wanted)).to.equal(0)
    }
    expect(decodeQuestion(NETWORK, encodeQuestion(NETWORK, {})).map).to.equal(undefined)
  })

  it('with a hash of another length are refused', () => {
    const question = (more: object): Uint8Array =>
      ScpRequest.encode({ network: NETWORK, quorumSetHashes: [], payloadHashes: [], ...more })
    const short = Uint8Array.of(1)
    expect(() => decodeQuestion(NETWORK, question({ mapHash: short }))).to.throw(RangeError)
    expect(() => decodeQuestion(NETWORK, question({ mapHash: hash(1), knownMapHash: short }))).to.throw(
      RangeError
    )
  })

  it('carry a delta; one that is too long is neither sent nor taken', () => {
    const mapDelta = Uint8Array.of(1, 2, 3)
    expect([...decodeReply(encodeReply({ ...NOTHING, mapDelta })).mapDelta!]).to.deep.equal([1, 2, 3])
    expect(decodeReply(encodeReply({ ...NOTHING, mapDelta: TOO_LONG })).mapDelta).to.equal(undefined)
    const bytes = ScpReply.encode({ ...NOTHING, currentSlot: 7n, envelopes: [], mapDelta: TOO_LONG })
    expect(() => decodeReply(bytes)).to.throw(RangeError)
  })
})
