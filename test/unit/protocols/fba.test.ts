// The wire of federated agreement: what is sent is what was signed, and every list is bounded.

import { expect } from 'chai'
import { decodeEnvelope, decodeStatement, encodeStatement, MAX_STATEMENT_BYTES } from '../../../fba/index.ts'
import { ScpEnvelope, ScpReply, ScpRequest } from '../../../protocols/generated/fba.js'
import {
  decodeEnvelope as decodeGossip,
  encodeEnvelope as encodeGossip
} from '../../../src/node/agreement/envelope.ts'
import { says } from '../fba/scp-fixture.ts'

const bytes = (length: number) => new Uint8Array(length)
const list = (count: number) => Array.from({ length: count }, () => Uint8Array.of(1))

describe('protocols: fba', () => {
  it('carries the canonical bytes of a statement', () => {
    const { statement, signature } = says('v1', "PREPARE <2,x> p=<2,x> p'=<1,z> c=1 h=2")
    const wire = ScpEnvelope.encode({
      statement: encodeStatement(statement),
      signature: new Uint8Array(signature)
    })
    const received = ScpEnvelope.decode(wire)
    expect(decodeStatement(received.statement)).to.deep.equal(statement)
    expect(received.signature).to.deep.equal(signature)
    expect(() => decodeEnvelope(wire), 'a protobuf is no canonical envelope').to.throw()
  })

  it('carries the bytes of a value with a statement, and refuses more than 2 KiB of them', () => {
    const envelope = says('v1', 'PREPARE <2,x>')
    expect(decodeGossip(encodeGossip(envelope)).value).to.equal(undefined)
    const { envelope: received, value } = decodeGossip(encodeGossip(envelope, bytes(2_048)))
    expect(received.statement).to.deep.equal(envelope.statement)
    expect(value).to.have.lengthOf(2_048)
    expect(() => decodeGossip(encodeGossip(envelope, bytes(2_049)))).to.throw(RangeError)
  })

  it('the largest statement is refused by length alone', () => {
    expect(() => decodeStatement(bytes(MAX_STATEMENT_BYTES + 1)))
      .to.throw()
      .with.property('code', 'too-long')
    expect(MAX_STATEMENT_BYTES, 'the number in fba.proto').to.equal(1_049_856)
  })

  const request = { network: bytes(32), quorumSetHashes: [], payloadHashes: [] }
  const reply = { currentSlot: 1n, envelopes: [], quorumSets: [], payloads: [] }
  const limits: [string, (count: number) => unknown, number][] = [
    [
      'quorum set hashes',
      (n) => ScpRequest.decode(ScpRequest.encode({ ...request, quorumSetHashes: list(n) })),
      8
    ],
    [
      'payload hashes',
      (n) => ScpRequest.decode(ScpRequest.encode({ ...request, payloadHashes: list(n) })),
      32
    ],
    [
      'envelopes',
      (n) =>
        ScpReply.decode(
          ScpReply.encode({
            ...reply,
            envelopes: Array.from({ length: n }, () => ({ statement: bytes(1), signature: bytes(1) }))
          })
        ),
      4096
    ],
    ['quorum sets', (n) => ScpReply.decode(ScpReply.encode({ ...reply, quorumSets: list(n) })), 1024],
    ['payloads', (n) => ScpReply.decode(ScpReply.encode({ ...reply, payloads: list(n) })), 32]
  ]
  for (const [what, decode, limit] of limits) {
    it(`bounds ${what}: ${limit}`, () => {
      expect(() => decode(limit)).not.to.throw()
      expect(() => decode(limit + 1))
        .to.throw()
        .with.property('name', 'MaxLengthError')
    })
  }
})
