// Statements on their own: sanity, order, contradiction (FBA rules "Sanity and newness", "Equivocation").

import { expect } from 'chai'
import {
  areContradictory,
  INFINITE_COUNTER,
  isNewerStatement,
  isStatementSane,
  MAX_NOMINATION_VALUES,
  MAX_VALUE_BYTES,
  type Statement
} from '../../../fba/index.ts'
import { says } from './scp-fixture.ts'

const of = (text: string): Statement => says('v1', text).statement

describe('fba: statements', () => {
  describe('sanity', () => {
    const sane = [
      'NOMINATE {x}',
      'NOMINATE {x,y} accepted {z}',
      'PREPARE <1,x>',
      "PREPARE <2,x> p=<2,x> p'=<1,z> c=1 h=2",
      'PREPARE <1,x> p=<5,x>',
      'PREPARE <3,x> p=<2,z> h=1',
      'CONFIRM <3,x> p=2 c=1 h=3',
      'CONFIRM <∞,x> p=∞ c=1 h=∞',
      'EXTERNALIZE <1,x> h=1',
      'EXTERNALIZE <1,x> h=∞'
    ]
    const insane: [string, string][] = [
      ['no values', 'NOMINATE {}'],
      ['votes out of order', 'NOMINATE {y,x}'],
      ['a vote twice', 'NOMINATE {x,x}'],
      ['accepted out of order', 'NOMINATE {x} accepted {z,y}'],
      ['counter 0', 'PREPARE <0,x>'],
      ['p with counter 0', 'PREPARE <1,x> p=<0,x>'],
      ['p-prime without p', "PREPARE <1,x> p'=<1,z>"],
      ['p-prime above p', "PREPARE <1,x> p=<1,x> p'=<2,z>"],
      ['p-prime compatible with p', "PREPARE <2,x> p=<2,x> p'=<1,x>"],
      ['h without p', 'PREPARE <1,x> h=1'],
      ['h above p', 'PREPARE <3,x> p=<1,x> h=2'],
      ['c without h', 'PREPARE <1,x> p=<1,x> c=1'],
      ['c above h', 'PREPARE <3,x> p=<3,x> c=3 h=2'],
      ['h above b, with c', 'PREPARE <1,x> p=<2,x> c=1 h=2'],
      ['CONFIRM at counter 0', 'CONFIRM <0,x> p=0 c=0 h=0'],
      ['CONFIRM with h above b', 'CONFIRM <1,x> p=2 c=1 h=2'],
      ['CONFIRM with c above h', 'CONFIRM <3,x> p=3 c=3 h=2'],
      ['CONFIRM of no commit', 'CONFIRM <3,x> p=3 c=0 h=2'],
      ['EXTERNALIZE at counter 0', 'EXTERNALIZE <0,x> h=1'],
      ['EXTERNALIZE with c above h', 'EXTERNALIZE <2,x> h=1']
    ]
    for (const text of sane) it(`is sane: ${text}`, () => expect(isStatementSane(of(text))).to.equal(true))
    for (const [why, text] of insane) {
      it(`is not, ${why}: ${text}`, () => expect(isStatementSane(of(text))).to.equal(false))
    }

    const prepare = of('PREPARE <1,x>') as Extract<Statement, { type: 'prepare' }>
    const nominate = of('NOMINATE {x}') as Extract<Statement, { type: 'nominate' }>
    const values = (count: number) =>
      Array.from({ length: count }, (_, i) => Uint8Array.of(1 + (i >> 8), i & 255))
    const limits: [string, Statement, boolean][] = [
      [
        'the longest value',
        { ...prepare, ballot: { counter: 1, value: new Uint8Array(MAX_VALUE_BYTES) } },
        true
      ],
      [
        'a value too long',
        { ...prepare, ballot: { counter: 1, value: new Uint8Array(MAX_VALUE_BYTES + 1) } },
        false
      ],
      ['an empty value', { ...prepare, ballot: { counter: 1, value: new Uint8Array() } }, false],
      ['the most votes', { ...nominate, votes: values(MAX_NOMINATION_VALUES) }, true],
      ['too many votes', { ...nominate, votes: values(MAX_NOMINATION_VALUES + 1) }, false],
      ['too many accepted', { ...nominate, accepted: values(MAX_NOMINATION_VALUES + 1) }, false],
      ['the last counter', { ...prepare, ballot: { ...prepare.ballot, counter: INFINITE_COUNTER } }, true],
      ['a counter beyond', { ...prepare, ballot: { ...prepare.ballot, counter: 2 ** 32 } }, false],
      ['a counter that is no integer', { ...prepare, ballot: { ...prepare.ballot, counter: 1.5 } }, false],
      ['a negative slot', { ...prepare, slotIndex: -1 }, false],
      ['a slot beyond 2^53', { ...prepare, slotIndex: 2 ** 53 }, false],
      ['a hash cut short', { ...prepare, quorumSetHash: 'ab' }, false],
      ['a name with a space', { ...prepare, nodeId: 'v 1' }, false]
    ]
    for (const [title, statement, isSane] of limits) {
      it(`${title}: ${isSane ? 'sane' : 'not sane'}`, () => {
        expect(isStatementSane(statement)).to.equal(isSane)
      })
    }
  })

  describe('order', () => {
    const ascending = [
      'PREPARE <1,x>',
      'PREPARE <1,x> p=<1,x>',
      'PREPARE <1,x> p=<1,x> c=1 h=1',
      'PREPARE <1,x> p=<1,z>',
      "PREPARE <1,x> p=<1,z> p'=<1,x>",
      "PREPARE <1,x> p=<1,z> p'=<1,x> h=1",
      'PREPARE <1,z>',
      'PREPARE <2,x>',
      'CONFIRM <1,x> p=1 c=1 h=1',
      'CONFIRM <2,x> p=1 c=1 h=1',
      'CONFIRM <2,x> p=2 c=1 h=1',
      'CONFIRM <2,x> p=2 c=1 h=2',
      'EXTERNALIZE <1,x> h=1'
    ].map(of)
    it('is PREPARE < CONFIRM < EXTERNALIZE, then (b, p, p-prime, h), and total', () => {
      for (const [i, earlier] of ascending.entries()) {
        for (const [j, later] of ascending.entries()) {
          expect(isNewerStatement(earlier, later), `${i} before ${j}`).to.equal(i < j)
        }
      }
    })

    it('an EXTERNALIZE is never superseded', () => {
      expect(isNewerStatement(of('EXTERNALIZE <1,x> h=1'), of('EXTERNALIZE <2,x> h=3'))).to.equal(false)
    })

    it('nominations grow as sets', () => {
      expect(isNewerStatement(of('NOMINATE {x}'), of('NOMINATE {x,y}'))).to.equal(true)
      expect(isNewerStatement(of('NOMINATE {x}'), of('NOMINATE {x} accepted {x}'))).to.equal(true)
      expect(isNewerStatement(of('NOMINATE {x}'), of('NOMINATE {x}'))).to.equal(false)
      expect(isNewerStatement(of('NOMINATE {x}'), of('NOMINATE {y,z}'))).to.equal(false)
      expect(isNewerStatement(of('NOMINATE {x} accepted {x}'), of('NOMINATE {x,y}'))).to.equal(false)
      expect(isNewerStatement(of('NOMINATE {x}'), of('PREPARE <1,x>'))).to.equal(false)
    })
  })

  describe('contradiction', () => {
    const pairs: [string, string, string, boolean][] = [
      ['nominations that neither contains', 'NOMINATE {x}', 'NOMINATE {y}', true],
      ['a nomination that grew', 'NOMINATE {x}', 'NOMINATE {x,y}', false],
      ['one nomination twice', 'NOMINATE {x}', 'NOMINATE {x}', false],
      ['two ballots in turn', 'PREPARE <1,x>', 'PREPARE <2,z>', false],
      ['one rank, another c', 'PREPARE <2,x> p=<2,x> c=1 h=2', 'PREPARE <2,x> p=<2,x> c=2 h=2', true],
      ['p sinks while b rises', 'PREPARE <1,x> p=<3,x>', 'PREPARE <2,x> p=<2,x>', true],
      ['p vanishes while b rises', 'PREPARE <1,x> p=<1,x>', 'PREPARE <2,x>', true],
      ['two commits', 'CONFIRM <1,x> p=1 c=1 h=1', 'CONFIRM <2,z> p=2 c=2 h=2', true],
      ['a commit, and another decided', 'CONFIRM <1,x> p=1 c=1 h=1', 'EXTERNALIZE <1,z> h=1', true],
      ['a commit decided', 'CONFIRM <1,x> p=1 c=1 h=1', 'EXTERNALIZE <1,x> h=1', false],
      ['two ranges decided', 'EXTERNALIZE <1,x> h=1', 'EXTERNALIZE <1,x> h=2', true],
      ['prepared one, committed another', 'PREPARE <1,x> p=<1,x>', 'CONFIRM <1,z> p=1 c=1 h=1', false],
      ['both protocols', 'NOMINATE {x}', 'EXTERNALIZE <1,z> h=1', false]
    ]
    for (const [title, a, b, contradict] of pairs) {
      it(`${title}: ${contradict ? 'yes' : 'no'}`, () => {
        expect(areContradictory(of(a), of(b))).to.equal(contradict)
        expect(areContradictory(of(b), of(a))).to.equal(contradict)
      })
    }
  })
})
