// Two of three: any two nodes are a quorum and block at the same time, with and without v0 among them.

import { expect } from 'chai'
import { flat, TestNode } from './scp-fixture.ts'

describe('fba: ballot protocol, 2 of 3', () => {
  const core3 = flat(2, 'v0', 'v1', 'v2')

  it('accepts by quorum a vote of one other node', () => {
    const v0 = new TestNode({ quorumSet: core3 })
    v0.startBallot('x')
    v0.hear('v1', 'PREPARE <1,x>')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x>'])
  })

  it('where a v-blocking set is a quorum, B1 of the others is accepted and confirmed against A', () => {
    const v0 = new TestNode({ quorumSet: core3 })
    v0.startBallot('x')
    v0.hear('v1', 'PREPARE <1,z> p=<1,z>')
    expect(v0.takeSaid(), 'one alone neither blocks nor is a quorum').to.deep.equal([])
    v0.hear('v2', 'PREPARE <1,z> p=<1,z>')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,z> p=<1,z> c=1 h=1'])
  })

  it('where B1 sorts below A1, b stays, h cannot be set, and the next ballot takes B', () => {
    const v0 = new TestNode({ quorumSet: core3 })
    v0.startBallot('z')
    v0.hear(['v1', 'v2'], 'PREPARE <1,x> p=<1,x>')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,z> p=<1,x>'])
    v0.fire('ballot')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <2,x> p=<1,x> h=1'])
  })

  it('a node that is not in its own quorum set follows those that are', () => {
    const v0 = new TestNode({ quorumSet: flat(2, 'v1', 'v2') })
    v0.startBallot('x')
    v0.hear('v1', 'PREPARE <1,x>')
    expect(v0.takeSaid(), 'its own vote does not count').to.deep.equal([])
    v0.hear('v2', 'PREPARE <1,x>')
    expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x>'])
    v0.hear(['v1', 'v2'], 'PREPARE <1,x> p=<1,x>')
    v0.hear(['v1', 'v2'], 'PREPARE <1,x> p=<1,x> c=1 h=1')
    v0.hear(['v1', 'v2'], 'CONFIRM <1,x> p=1 c=1 h=1')
    expect(v0.takeSaid()).to.deep.equal([
      'PREPARE <1,x> p=<1,x> c=1 h=1',
      'CONFIRM <1,x> p=1 c=1 h=1',
      'EXTERNALIZE <1,x> h=1'
    ])
  })
})
