import { expect } from 'chai'
import {
  createDescriptor,
  formatDescriptor,
  NetworkDescriptorError,
  networkId,
  networkIdText,
  parseDescriptor,
  protocolPrefix,
  PUBLIC_TESTNET
} from '../../../src/node/network.ts'

const PEERS = [
  '12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz',
  '12D3KooWJ5r4bFPTKA4dJ3TnNqTzkR1u5kB9sDqVYjVAVL1bYcyM',
  '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
]
const BOOTSTRAP = `/ip4/192.0.2.1/tcp/4701/p2p/${PEERS[0]}`

describe('network descriptor', () => {
  it('reads a written descriptor back, with the same id', () => {
    const quorumSet = { threshold: 2, validators: PEERS, innerSets: [] }
    const descriptor = createDescriptor({
      name: 'a net',
      code: { k: 3, n: 5 },
      quorumSet,
      bootstrap: [BOOTSTRAP]
    })
    const again = parseDescriptor(formatDescriptor(descriptor))
    expect(again).to.deep.equal(descriptor)
    expect(networkId(again)).to.deep.equal(networkId(descriptor)).and.to.have.lengthOf(32)
  })

  it('gives networks of the same name different ids', () => {
    expect(networkId(createDescriptor({ name: 'x' }))).not.to.deep.equal(
      networkId(createDescriptor({ name: 'x' }))
    )
  })

  it('keeps the id when bootstrap peers change, the order of keys, or the form of the quorum set', () => {
    const set = {
      threshold: 1,
      validators: [],
      innerSets: [{ threshold: 2, validators: PEERS, innerSets: [] }]
    }
    const descriptor = createDescriptor({ name: 'x', quorumSet: set })
    const id = networkIdText(networkId(descriptor))
    const reversed = { threshold: 2, validators: PEERS.toReversed(), innerSets: [] }
    const { format, ...rest } = descriptor
    for (const same of [
      { ...descriptor, bootstrap: [BOOTSTRAP] },
      { ...rest, format },
      { ...descriptor, quorumSet: reversed }
    ]) {
      expect(networkIdText(networkId(same))).to.equal(id)
    }
  })

  it('changes the id with every other field', () => {
    const descriptor = createDescriptor({ name: 'x' })
    const others = [
      { ...descriptor, name: 'y' },
      { ...descriptor, protocolPrefix: '/other' },
      { ...descriptor, salt: '0'.repeat(32) },
      { ...descriptor, code: { ...descriptor.code, n: 13 } },
      { ...descriptor, quorumSet: { threshold: 1, validators: [PEERS[0]], innerSets: [] } }
    ]
    const ids = [descriptor, ...others].map((one) => networkIdText(networkId(one)))
    expect(new Set(ids).size).to.equal(ids.length)
  })

  it('has an id that any implementation computes: SHA-256 of canonical dag-cbor', () => {
    expect(networkIdText(networkId(PUBLIC_TESTNET))).to.equal(
      '3495df86ec5576401ce33f6dc5b7226b6460ff3ad1d9272dd757112ef0256bdd'
    )
    expect(protocolPrefix(PUBLIC_TESTNET)).to.equal(
      '/thhe/3495df86ec5576401ce33f6dc5b7226b6460ff3ad1d9272dd757112ef0256bdd'.slice(0, 6 + 32)
    )
  })

  const good = createDescriptor({ name: 'x', bootstrap: [BOOTSTRAP] })
  const quorumSet = (set: unknown): unknown => ({ ...good, quorumSet: set })
  const nested = (depth: number): unknown =>
    depth === 0
      ? { threshold: 1, validators: [PEERS[0]] }
      : { threshold: 1, validators: [], innerSets: [nested(depth - 1)] }
  const bad: Array<[string, unknown, string]> = [
    ['a list', [], 'file'],
    ['an unknown key', { ...good, colour: 'red' }, 'file'],
    ['another format', { ...good, format: 'thhe-network/2' }, 'format'],
    ['an empty name', { ...good, name: '' }, 'name'],
    ['a name with a line break', { ...good, name: 'a\nb' }, 'name'],
    ['a prefix without slash', { ...good, protocolPrefix: 'thhe' }, 'protocolPrefix'],
    ['a short salt', { ...good, salt: 'ab' }, 'salt'],
    ['k over n', { ...good, code: { k: 5, n: 4, blockBytes: 64 } }, 'code.k'],
    ['n over 256', { ...good, code: { k: 5, n: 257, blockBytes: 64 } }, 'code.n'],
    ['odd blocks', { ...good, code: { k: 1, n: 2, blockBytes: 100 } }, 'code.blockBytes'],
    ['an address without peer', { ...good, bootstrap: ['/ip4/192.0.2.1/tcp/1'] }, 'bootstrap'],
    ['no address', { ...good, bootstrap: [7] }, 'bootstrap'],
    ['too many addresses', { ...good, bootstrap: Array(65).fill(BOOTSTRAP) }, 'bootstrap'],
    [
      'a threshold out of range',
      quorumSet({ threshold: 2, validators: [PEERS[0]], innerSets: [] }),
      'quorumSet'
    ],
    [
      'a validator that is no peer',
      quorumSet({ threshold: 1, validators: ['alice'], innerSets: [] }),
      'quorumSet'
    ],
    ['a quorum set nested without end', quorumSet(nested(5)), 'quorumSet']
  ]
  for (const [what, value, field] of bad) {
    it(`refuses ${what}`, () => {
      const refused = (): unknown => parseDescriptor(JSON.stringify(value))
      expect(refused)
        .to.throw(NetworkDescriptorError)
        .with.property('field')
        .that.satisfies((f: string) => f.startsWith(field))
    })
  }

  it('refuses what is not JSON, or too long to be a descriptor', () => {
    expect(() => parseDescriptor('{')).to.throw(NetworkDescriptorError, 'not JSON')
    expect(() => parseDescriptor(' '.repeat(2 ** 20 + 1))).to.throw(NetworkDescriptorError, '1 MiB')
  })
})
