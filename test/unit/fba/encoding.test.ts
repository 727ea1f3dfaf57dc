// Canonical bytes, as docs/reference/protocols.md specifies them, and the bounds of every decode.

import { expect } from 'chai'
import fc from 'fast-check'
import { ByteReader, ByteWriter, fromHex, toHex } from '../../../fba/bytes.ts'
import {
  decodeEnvelope,
  decodeQuorumSet,
  decodeStatement,
  encodeEnvelope,
  encodeQuorumSet,
  encodeStatement,
  type Envelope,
  MAX_NOMINATION_VALUES,
  MAX_QUORUM_SET_DEPTH,
  MAX_QUORUM_SET_NODES,
  MAX_SIGNATURE_BYTES,
  MAX_STATEMENT_BYTES,
  MAX_VALUE_BYTES,
  type QuorumSet,
  signedBytes,
  type Statement
} from '../../../fba/index.ts'
import { flat, says } from './scp-fixture.ts'

const HASH = '00'.repeat(31) + '07'
const author = { nodeId: 'v1', slotIndex: 2 ** 32 + 5, quorumSetHash: HASH }
const X = Uint8Array.of(0xaa)
const Z = Uint8Array.of(0xbb, 0xcc)

const HEAD = '00000002' + '7631' + '0000000100000005' + HASH

describe('fba: encoding', () => {
  const vectors: [Statement, string][] = [
    [
      { type: 'nominate', ...author, votes: [X, Z], accepted: [X] },
      '00' + HEAD + '00000002' + '00000001aa' + '00000002bbcc' + '00000001' + '00000001aa'
    ],
    [
      {
        type: 'prepare',
        ...author,
        ballot: { counter: 3, value: X },
        prepared: { counter: 2, value: Z },
        preparedPrime: undefined,
        commitCounter: 1,
        highCounter: 2
      },
      '01' + HEAD + '0000000300000001aa' + '01' + '0000000200000002bbcc' + '00' + '00000001' + '00000002'
    ],
    [
      {
        type: 'confirm',
        ...author,
        ballot: { counter: 0xffffffff, value: X },
        preparedCounter: 4,
        commitCounter: 2,
        highCounter: 3
      },
      '02' + HEAD + 'ffffffff00000001aa' + '00000004' + '00000002' + '00000003'
    ],
    [
      {
        type: 'externalize',
        nodeId: author.nodeId,
        slotIndex: author.slotIndex,
        commit: { counter: 1, value: X },
        highCounter: 2,
        commitQuorumSetHash: HASH
      },
      '03' + HEAD + '0000000100000001aa' + '00000002'
    ]
  ]
  for (const [statement, hex] of vectors) {
    it(`${statement.type}: the bytes of the specification, both ways`, () => {
      expect(toHex(encodeStatement(statement))).to.equal(hex)
      expect(decodeStatement(fromHex(hex))).to.deep.equal(statement)
    })
  }

  it('signed bytes bind the domain, the network and the statement', () => {
    const [statement, hex] = vectors[3]
    expect(toHex(signedBytes(Uint8Array.of(1, 2), statement))).to.equal(
      '0000000a' + toHex(new TextEncoder().encode('thhe/scp/1')) + '00000002' + '0102' + hex
    )
  })

  it('quorum sets: the bytes of the specification', () => {
    const set: QuorumSet = { threshold: 2, validators: ['a'], innerSets: [flat(1, 'b', 'c')] }
    expect(toHex(encodeQuorumSet(set))).to.equal(
      '00000002' +
        '00000001' +
        '0000000161' +
        '00000001' +
        ('00000001' + '00000002' + '0000000162' + '0000000163' + '00000000')
    )
  })

  it('a decoded statement encodes to the same bytes: each statement has one encoding', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.constantFrom(...vectors.map(([, hex]) => fromHex(hex))), fc.nat(), fc.nat(255))
        .map(([valid, at, byte]) => valid.map((old, i) => (i === at % valid.length ? byte : old)))
    )
    fc.assert(
      fc.property(bytes, (input) => {
        let statement: Statement
        try {
          statement = decodeStatement(input)
        } catch (error) {
          expect(error).to.have.property('name', 'EncodingError')
          return
        }
        expect(toHex(encodeStatement(statement))).to.equal(toHex(input))
      }),
      { numRuns: 500 }
    )
  })

  describe('refuses', () => {
    const valid = fromHex(vectors[1][1])
    const nomination = (votes: number, valueBytes: number) =>
      new ByteWriter()
        .raw(fromHex('00' + HEAD))
        .u32(votes)
        .bytes(new Uint8Array(valueBytes))
        .finish()
    const deep = (levels: number): QuorumSet =>
      levels === 1 ? flat(1, 'a') : { threshold: 1, validators: [], innerSets: [deep(levels - 1)] }
    const cases: [string, () => unknown, string][] = [
      ['a statement cut short', () => decodeStatement(valid.subarray(0, -1)), 'truncated'],
      ['a statement with more after it', () => decodeStatement(Uint8Array.of(...valid, 0)), 'trailing-bytes'],
      ['an unknown type', () => decodeStatement(Uint8Array.of(9, ...valid.subarray(1))), 'unknown-type'],
      [
        'a presence byte that is no bit',
        () => decodeStatement(fromHex('01' + HEAD + '0000000300000001aa' + '02')),
        'not-canonical'
      ],
      [
        'a slot beyond 2^53',
        () => decodeStatement(fromHex('01' + '0000000161' + 'ffffffffffffffff' + HASH)),
        'not-canonical'
      ],
      ['a name that is not ASCII', () => decodeStatement(fromHex('01' + '00000001' + 'e9')), 'not-canonical'],
      ['a name too long', () => decodeStatement(fromHex('01' + '00000081')), 'too-long'],
      ['a value too long', () => decodeStatement(nomination(1, MAX_VALUE_BYTES + 1)), 'too-long'],
      ['too many votes', () => decodeStatement(nomination(MAX_NOMINATION_VALUES + 1, 1)), 'too-long'],
      ['a statement too long', () => decodeStatement(new Uint8Array(MAX_STATEMENT_BYTES + 1)), 'too-long'],
      [
        'a signature too long',
        () =>
          decodeEnvelope(
            encodeEnvelope({
              ...says('v1', 'PREPARE <1,x>'),
              signature: new Uint8Array(MAX_SIGNATURE_BYTES + 1)
            })
          ),
        'too-long'
      ],
      [
        'a quorum set too deep',
        () => decodeQuorumSet(encodeQuorumSet(deep(MAX_QUORUM_SET_DEPTH + 1))),
        'too-long'
      ],
      [
        'a quorum set that claims too many',
        () =>
          decodeQuorumSet(
            new ByteWriter()
              .u32(1)
              .u32(MAX_QUORUM_SET_NODES + 1)
              .finish()
          ),
        'too-long'
      ],
      [
        'a quorum set cut short',
        () => decodeQuorumSet(encodeQuorumSet(flat(1, 'a')).subarray(0, -1)),
        'truncated'
      ]
    ]
    for (const [title, decode, code] of cases) {
      it(`${title}: ${code}`, () => {
        expect(decode).to.throw().with.property('code', code)
      })
    }

    it('nothing that is just within the limits', () => {
      expect(decodeQuorumSet(encodeQuorumSet(deep(MAX_QUORUM_SET_DEPTH)))).to.deep.equal(
        deep(MAX_QUORUM_SET_DEPTH)
      )
      const full = Array.from({ length: MAX_NOMINATION_VALUES }, () => new Uint8Array(MAX_VALUE_BYTES))
      const largest: Statement = {
        type: 'nominate',
        ...author,
        nodeId: 'a'.repeat(128),
        votes: full,
        accepted: full
      }
      expect(encodeStatement(largest).length).to.be.at.most(MAX_STATEMENT_BYTES)
      expect(decodeStatement(encodeStatement(largest))).to.deep.equal(largest)
      const envelope: Envelope = { statement: largest, signature: new Uint8Array(MAX_SIGNATURE_BYTES) }
      expect(decodeEnvelope(encodeEnvelope(envelope))).to.deep.equal(envelope)
    })
  })

  it('integers are big-endian and survive the full range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.maxSafeNat(), (small, large) => {
        const reader = new ByteReader(new ByteWriter().u32(small).u64(large).finish(), 'integers')
        expect([reader.u32(), reader.u64()]).to.deep.equal([small, large])
      })
    )
    expect(() => fromHex('abc')).to.throw(RangeError)
  })
})
