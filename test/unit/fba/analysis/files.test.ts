import { expect } from 'chai'
import { FbaFileError, parseDescribedTrust, parseStellarbeatNodes } from '../../../../fba/analysis/index.ts'

/** Expects `parse` to refuse at `path`. */
function expectRefusal(
  parse: () => unknown,
  code: FbaFileError['code'],
  path: string,
  message: RegExp
): void {
  try {
    parse()
  } catch (error) {
    expect(error).to.be.instanceOf(FbaFileError)
    expect(error).to.include({ code, path })
    expect((error as Error).message).to.match(message)
    return
  }
  expect.fail('it was accepted')
}

describe('files of nodes in the stellarbeat format', () => {
  const parse = (value: unknown) => parseStellarbeatNodes(JSON.stringify(value))
  const flat = { threshold: 1, validators: ['a'], innerQuorumSets: [] }

  it('reads ids, names and nested quorum sets, and ignores everything else', () => {
    const nodes = parse([
      {
        publicKey: 'a',
        name: 'Alpha',
        ip: '192.0.2.1',
        quorumSet: { ...flat, hashKey: 'x', innerQuorumSets: [flat] }
      },
      { publicKey: 'b', name: '' },
      { publicKey: 'c', quorumSet: null }
    ])
    const inner = { threshold: 1, validators: ['a'], innerSets: [] }
    expect(nodes).to.deep.equal([
      { id: 'a', name: 'Alpha', quorumSet: { ...inner, innerSets: [inner] } },
      { id: 'b' },
      { id: 'c' }
    ])
  })

  it('treats a missing list as empty', () => {
    expect(parse([{ publicKey: 'a', quorumSet: { threshold: 2 } }])[0].quorumSet).to.deep.equal({
      threshold: 2,
      validators: [],
      innerSets: []
    })
  })

  it('reports what is wrong and where', () => {
    expectRefusal(() => parseStellarbeatNodes('{'), 'not-json', '', /not JSON/)
    expectRefusal(() => parse({}), 'bad-value', 'the top', /list/)
    expectRefusal(() => parse([[]]), 'bad-value', '[0]', /object/)
    expectRefusal(() => parse([{}]), 'bad-value', '[0].publicKey', /name of a node/)
    expectRefusal(
      () => parse([{ publicKey: 'a' }, { publicKey: 'a' }]),
      'bad-value',
      '[1].publicKey',
      /\[0\]/
    )
    const broken = { threshold: '2', validators: [] }
    expectRefusal(
      () => parse([{ publicKey: 'a', quorumSet: broken }]),
      'bad-value',
      '[0].quorumSet.threshold',
      /number/
    )
    const inner = { ...flat, innerQuorumSets: [{ ...flat, validators: [7] }] }
    expectRefusal(
      () => parse([{ publicKey: 'a', quorumSet: inner }]),
      'bad-value',
      '[0].quorumSet.innerQuorumSets[0].validators[0]',
      /name of a node/
    )
  })

  it('bounds the file, the nodes, each list, each name and the depth', () => {
    const ids = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`)
    expectRefusal(() => parseStellarbeatNodes(' '.repeat(64 * 1024 * 1024 + 1)), 'too-large', '', /64 MiB/)
    expectRefusal(
      () => parse(ids(20_001).map((publicKey) => ({ publicKey }))),
      'bad-value',
      'the top',
      /20000/
    )
    const wide = { threshold: 1, validators: ids(1001) }
    expectRefusal(
      () => parse([{ publicKey: 'a', quorumSet: wide }]),
      'bad-value',
      '[0].quorumSet.validators',
      /1000/
    )
    expectRefusal(() => parse([{ publicKey: 'a'.repeat(129) }]), 'bad-value', '[0].publicKey', /128/)
    const nested = (depth: number): unknown => ({
      threshold: 1,
      innerQuorumSets: depth === 1 ? [] : [nested(depth - 1)]
    })
    expect(parse([{ publicKey: 'a', quorumSet: nested(8) }])).to.have.length(1)
    expectRefusal(
      () => parse([{ publicKey: 'a', quorumSet: nested(9) }]),
      'bad-value',
      `[0].quorumSet${'.innerQuorumSets[0]'.repeat(8)}`,
      /8 levels/
    )
  })
})

describe('network descriptors', () => {
  const parse = (value: unknown) => parseDescribedTrust(JSON.stringify(value))
  const organisation = (...validators: string[]) => ({ threshold: 1, validators })
  const shared = {
    threshold: 2,
    validators: ['x'],
    innerSets: [organisation('a', 'b'), organisation('c', 'd')]
  }

  it('gives every named validator the quorum set of the network, and other nodes their own', () => {
    const { nodes, organisations, quorumSets } = parse({
      name: 'net',
      quorumSet: shared,
      validators: { a: organisation('a'), w: organisation('x') }
    })
    expect(nodes.map(({ id }) => id).sort()).to.deep.equal(['a', 'b', 'c', 'd', 'w', 'x'])
    const thresholdOf = new Map(nodes.map(({ id, quorumSet }) => [id, quorumSet?.threshold]))
    expect([...thresholdOf].sort()).to.deep.equal([
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 2],
      ['w', 1],
      ['x', 2]
    ])
    expect(organisations).to.deep.equal([
      ['a', 'b'],
      ['c', 'd']
    ])
    expect(quorumSets).to.have.length(3)
  })

  it('refuses a descriptor without a quorum set, and quorum sets that are not sane', () => {
    expectRefusal(() => parse({ name: 'net' }), 'bad-value', 'quorumSet', /nobody agrees/)
    expectRefusal(
      () => parse({ quorumSet: { ...shared, threshold: 4 } }),
      'bad-value',
      'quorumSet',
      /threshold/
    )
    expectRefusal(
      () => parse({ quorumSet: shared, validators: { a: organisation('b', 'b') } }),
      'bad-value',
      'validators["a"]',
      /duplicate-node/
    )
  })
})
