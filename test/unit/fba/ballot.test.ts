// The ballot protocol of one node among five, four of which are a quorum and two of which block
// (draft-mazieres-dinrg-scp section 3.5). Each title names the rule. The second run mirrors the first with
// z for x, so that whatever hangs on the order of values is seen from both sides.

import { expect } from 'chai'
import { QUORUM, TestNode, V_BLOCKING } from './scp-fixture.ts'

const MIRRORS = [
  { A: 'x', B: 'z', aIsLower: true },
  { A: 'z', B: 'x', aIsLower: false }
] as const

describe('fba: ballot protocol, 4 of 5', () => {
  for (const { A, B, aIsLower } of MIRRORS) {
    describe(`from <1,${A}> against ${B}`, () => {
      let v0: TestNode

      beforeEach(() => {
        v0 = new TestNode()
        v0.startBallot(A)
      })

      const preparedA1 = () => {
        v0.hear(QUORUM, `PREPARE <1,${A}>`)
        return v0.takeSaid()
      }
      const preparedA2 = () => {
        preparedA1()
        v0.hear(QUORUM, `PREPARE <2,${A}> p=<1,${A}>`)
        return v0.takeSaid()
      }
      const confirmedPreparedA2 = () => {
        preparedA2()
        v0.hear(QUORUM, `PREPARE <2,${A}> p=<2,${A}>`)
        return v0.takeSaid()
      }
      const acceptedCommitA2 = () => {
        confirmedPreparedA2()
        v0.hear(QUORUM, `PREPARE <2,${A}> p=<2,${A}> c=2 h=2`)
        return v0.takeSaid()
      }

      it('accepts a ballot as prepared when a quorum votes for it', () => {
        v0.hear(['v1', 'v2'], `PREPARE <1,${A}>`)
        expect(v0.takeSaid(), 'three of four').to.deep.equal([])
        v0.hear('v3', `PREPARE <1,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <1,${A}> p=<1,${A}>`])
        v0.hear('v4', `PREPARE <1,${A}>`)
        expect(v0.takeSaid(), 'the fifth says nothing new').to.deep.equal([])
      })

      it('accepts a ballot as prepared when a v-blocking set accepted it', () => {
        v0.hear('v1', `PREPARE <1,${A}> p=<1,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([])
        v0.hear('v2', `PREPARE <1,${A}> p=<1,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <1,${A}> p=<1,${A}>`])
      })

      it('follows a v-blocking set to its counter, and prepares there', () => {
        preparedA1()
        v0.hear('v1', `PREPARE <2,${A}> p=<1,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([])
        v0.hear('v2', `PREPARE <2,${A}> p=<1,${A}>`)
        // With p = <1,A> of v1, v2 and itself alone, nothing is confirmed yet.
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}> p=<1,${A}>`])
        v0.hear('v3', `PREPARE <2,${A}> p=<1,${A}>`)
        // <1,A> is confirmed as prepared at once: h rises, and c waits, as <1,A> is below b.
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}> p=<2,${A}> h=1`])
      })

      it('confirms a ballot as prepared when a quorum accepted it, and votes to commit it', () => {
        preparedA2()
        v0.hear(['v1', 'v2'], `PREPARE <2,${A}> p=<2,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([])
        v0.hear('v3', `PREPARE <2,${A}> p=<2,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}> p=<2,${A}> c=2 h=2`])
      })

      it('accepts a commit when a quorum votes for it, and drops p-prime', () => {
        confirmedPreparedA2()
        v0.hear(['v1', 'v2'], `PREPARE <2,${A}> p=<2,${A}> c=2 h=2`)
        expect(v0.takeSaid()).to.deep.equal([])
        v0.hear('v3', `PREPARE <2,${A}> p=<2,${A}> c=2 h=2`)
        expect(v0.takeSaid()).to.deep.equal([`CONFIRM <2,${A}> p=2 c=2 h=2`])
      })

      it('accepts a commit that a v-blocking set accepted, in CONFIRM', () => {
        confirmedPreparedA2()
        v0.hear(V_BLOCKING, `CONFIRM <2,${A}> p=2 c=2 h=2`)
        expect(v0.takeSaid()).to.deep.equal([`CONFIRM <2,${A}> p=2 c=2 h=2`])
      })

      it('accepts a commit that a v-blocking set accepted, in EXTERNALIZE, up to infinity', () => {
        confirmedPreparedA2()
        v0.hear(V_BLOCKING, `EXTERNALIZE <2,${A}> h=2`)
        expect(v0.takeSaid()).to.deep.equal([`CONFIRM <∞,${A}> p=∞ c=2 h=∞`])
      })

      it('goes through all phases when a v-blocking set jumps ahead from the very first ballot', () => {
        v0.hear(V_BLOCKING, `EXTERNALIZE <2,${A}> h=2`)
        expect(v0.takeSaid()).to.deep.equal([`CONFIRM <∞,${A}> p=∞ c=2 h=∞`])
        v0.hear('v3', `EXTERNALIZE <2,${A}> h=2`)
        expect(v0.takeSaid()).to.deep.equal([`EXTERNALIZE <2,${A}> h=∞`])
        expect(v0.externalized).to.deep.equal([`7 ${A}`])
      })

      it('adopts the value that a v-blocking set committed to, although it prepared another', () => {
        v0.hear(V_BLOCKING, `CONFIRM <2,${B}> p=2 c=2 h=2`)
        expect(v0.takeSaid()).to.deep.equal([`CONFIRM <2,${B}> p=2 c=2 h=2`])
      })

      describe('in CONFIRM on <2,A>', () => {
        beforeEach(() => {
          expect(acceptedCommitA2()).to.deep.equal([`CONFIRM <2,${A}> p=2 c=2 h=2`])
        })

        it('raises p with the quorum', () => {
          v0.hear(V_BLOCKING, `PREPARE <3,${A}> p=<2,${A}> c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=2 c=2 h=2`])
          v0.hear('v3', `PREPARE <3,${A}> p=<2,${A}> c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=3 c=2 h=2`])
        })

        it('accepts more commits with a quorum of votes, and externalizes the whole interval', () => {
          v0.hear(QUORUM, `PREPARE <3,${A}> p=<2,${A}> c=2 h=2`)
          v0.takeSaid()
          v0.hear(QUORUM, `PREPARE <3,${A}> p=<3,${A}> c=2 h=3`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=3 c=2 h=3`])
          v0.hear(QUORUM, `CONFIRM <3,${A}> p=3 c=2 h=3`)
          expect(v0.takeSaid()).to.deep.equal([`EXTERNALIZE <2,${A}> h=3`])
          expect(v0.externalized).to.deep.equal([`7 ${A}`])
        })

        it('accepts more commits from a v-blocking CONFIRM', () => {
          v0.hear(V_BLOCKING, `CONFIRM <3,${A}> p=3 c=2 h=3`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=3 c=2 h=3`])
        })

        it('accepts more commits from a v-blocking EXTERNALIZE', () => {
          v0.hear(V_BLOCKING, `EXTERNALIZE <2,${A}> h=3`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <∞,${A}> p=∞ c=2 h=∞`])
        })

        it('follows a v-blocking set whose interval lies above its own', () => {
          v0.hear(V_BLOCKING, `CONFIRM <5,${A}> p=3 c=4 h=5`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <5,${A}> p=3 c=4 h=5`])
          v0.hear(V_BLOCKING, `EXTERNALIZE <4,${A}> h=5`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <∞,${A}> p=∞ c=4 h=∞`])
        })

        it('never leaves A: another value in CONFIRM changes nothing at the same counter', () => {
          v0.hear([...QUORUM, 'v4'], `CONFIRM <2,${B}> p=2 c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([])
        })

        it('never leaves A: another value at a higher counter only raises the counter', () => {
          v0.hear([...QUORUM, 'v4'], `CONFIRM <3,${B}> p=3 c=3 h=3`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=2 c=2 h=2`])
          expect(v0.externalized).to.deep.equal([])
        })

        it('never leaves A: nor does a timeout', () => {
          v0.fire('ballot')
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=2 c=2 h=2`])
        })

        it('ignores a PREPARE statement once the slot is decided', () => {
          v0.hear(QUORUM, `CONFIRM <2,${A}> p=2 c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([`EXTERNALIZE <2,${A}> h=2`])
          expect(v0.hear('v4', `PREPARE <9,${A}>`)).to.deep.equal(['processed'])
          expect(v0.hear('v4', `PREPARE <9,${B}>`)).to.deep.equal(
            aIsLower ? ['contradicts-externalized'] : ['stale']
          )
          expect(v0.hear('v4', `CONFIRM <9,${B}> p=9 c=9 h=9`)).to.deep.equal(['contradicts-externalized'])
          expect(v0.takeSaid()).to.deep.equal([])
          expect(v0.timers.size).to.equal(0)
        })
      })

      describe('conflicting prepared B', () => {
        it('at the same counter, before anything is prepared: A and B go to p and p-prime by order', () => {
          v0.hear(V_BLOCKING, `PREPARE <1,${B}> p=<1,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <1,${A}> p=<1,${B}>`])
        })

        it('at the same counter, with A1 prepared: the higher is p, the lower p-prime', () => {
          preparedA1()
          v0.hear(['v3', 'v4'], `PREPARE <2,${B}> p=<1,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}> p=<1,z> p'=<1,x>`])
        })

        it('at the same counter, with A2 confirmed as prepared: c is cleared only when B2 is above h', () => {
          confirmedPreparedA2()
          v0.hear(['v3', 'v4'], `PREPARE <2,${B}> p=<2,${B}>`)
          if (aIsLower) {
            expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}> p=<2,${B}> p'=<2,${A}> h=2`])
          } else {
            // v3 turned from A to B with a lower ballot: that is stale, and v4 alone does not block.
            expect(v0.takeSaid()).to.deep.equal([])
          }
        })

        it('at a higher counter, with A2 confirmed as prepared: keeps A at the new counter', () => {
          confirmedPreparedA2()
          v0.hear(V_BLOCKING, `PREPARE <3,${B}> p=<2,z> p'=<2,x>`)
          expect(v0.takeSaid()).to.deep.equal([
            aIsLower ? `PREPARE <3,x> p=<2,z> p'=<2,x> h=2` : `PREPARE <3,z> p=<2,z> p'=<2,x> c=2 h=2`
          ])
        })

        it('at a higher counter: p moves to p-prime, and c is cleared', () => {
          confirmedPreparedA2()
          v0.hear(V_BLOCKING, `PREPARE <3,${B}> p=<3,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <3,${A}> p=<3,${B}> p'=<2,${A}> h=2`])
        })

        it('at a higher counter, confirmed by a quorum: moves to B as soon as it may', () => {
          confirmedPreparedA2()
          v0.hear(V_BLOCKING, `PREPARE <3,${B}> p=<3,${B}>`)
          v0.takeSaid()
          v0.hear('v3', `PREPARE <3,${B}> p=<3,${B}>`)
          if (aIsLower) {
            expect(v0.takeSaid()).to.deep.equal([`PREPARE <3,z> p=<3,z> p'=<2,x> c=3 h=3`])
          } else {
            // b = <3,z> is above <3,x>, and h must be of b's value (#1768): nothing can be said at this
            // counter, but the value is remembered for the next.
            expect(v0.takeSaid()).to.deep.equal([])
            v0.fire('ballot')
            expect(v0.takeSaid()).to.deep.equal([`PREPARE <4,x> p=<3,x> p'=<2,z> h=3`])
          }
        })

        it('at mixed counters: A3 prepared, then B prepared below it, keeps both apart', () => {
          preparedA1()
          v0.hear(QUORUM, `PREPARE <3,${A}> p=<1,${A}>`)
          expect(v0.takeSaid().pop()).to.equal(`PREPARE <3,${A}> p=<3,${A}> h=1`)
          v0.hear(['v3', 'v4'], `PREPARE <4,${B}> p=<2,${B}>`)
          // A counter of 4 at v3 and v4 blocks: b follows, and keeps the value that was confirmed.
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <4,${A}> p=<3,${A}> p'=<2,${B}> h=1`])
        })

        it('above the confirmed prepared ballot: h is set, and the node votes for no commit that B2 aborts', () => {
          v0.hear(['v3', 'v4'], `PREPARE <1,${A}> p=<2,${B}> p'=<1,${A}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <1,${A}> p=<2,${B}> p'=<1,${A}>`])
          v0.hear('v1', `PREPARE <1,${A}> p=<1,${A}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <1,${A}> p=<2,${B}> p'=<1,${A}> h=1`])
        })

        it('below a commit that others accepted: p becomes the committed ballot, and stays', () => {
          // Two nodes that block prepared B2, two that block committed A1: some of them lie.
          v0.hear(['v3', 'v4'], `PREPARE <2,${B}> p=<2,${B}>`)
          v0.takeSaid()
          v0.hear(['v1', 'v2'], `CONFIRM <2,${A}> p=1 c=1 h=1`)
          expect(v0.takeSaid().pop()).to.equal(`CONFIRM <2,${A}> p=1 c=1 h=1`)
          v0.hear(['v3', 'v4'], `PREPARE <3,${B}> p=<3,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=1 c=1 h=1`])
        })

        it('p-prime switches when a higher conflicting ballot is prepared below p', () => {
          preparedA1()
          v0.hear(QUORUM, `PREPARE <5,${A}> p=<1,${A}>`)
          v0.hear(['v3', 'v4'], `PREPARE <6,${B}> p=<2,${B}>`)
          v0.takeSaid()
          v0.hear(['v3', 'v4'], `PREPARE <6,${B}> p=<4,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <6,${A}> p=<5,${A}> p'=<4,${B}> h=1`])
          v0.hear(['v3', 'v4'], `PREPARE <6,${B}> p=<6,${B}>`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <6,${A}> p=<6,${B}> p'=<5,${A}> h=1`])
        })
      })

      describe('timeouts', () => {
        it('with h set keeps A', () => {
          confirmedPreparedA2()
          v0.fire('ballot')
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <3,${A}> p=<2,${A}> c=2 h=2`])
        })

        it('without h takes the newest composite', () => {
          v0.hear(QUORUM, `PREPARE <1,${A}>`)
          v0.takeSaid()
          v0.confirmCandidate('y')
          v0.takeSaid()
          v0.fire('ballot')
          const composite = aIsLower ? 'y' : 'z'
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${composite}> p=<1,${A}>`])
        })

        it('of several nodes at once send exactly two envelopes: the bump, and the ballot it prepares', () => {
          confirmedPreparedA2()
          v0.hear(V_BLOCKING, `PREPARE <3,${A}> p=<2,${A}> c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([`PREPARE <3,${A}> p=<2,${A}> c=2 h=2`])
          v0.hear(['v3', 'v4'], `PREPARE <3,${A}> p=<2,${A}> c=2 h=2`)
          expect(v0.takeSaid()).to.deep.equal([`CONFIRM <3,${A}> p=3 c=2 h=2`])
        })
      })

      it('v-blocking counters: moves to the lowest counter at which it is no longer behind', () => {
        v0.hear('v1', `PREPARE <2,${A}>`)
        v0.hear('v2', `PREPARE <4,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <2,${A}>`])
        v0.hear('v3', `PREPARE <3,${A}>`)
        expect(v0.takeSaid()).to.deep.equal([`PREPARE <3,${A}> p=<2,${A}>`])
        v0.hear('v4', `EXTERNALIZE <1,${B}> h=1`)
        expect(v0.takeSaid(), 'an EXTERNALIZE is at infinity').to.deep.equal([`PREPARE <4,${A}> p=<2,${A}>`])
      })

      it('duplicates and older statements have no effect', () => {
        confirmedPreparedA2()
        for (const old of [
          `PREPARE <1,${A}>`,
          `PREPARE <2,${A}> p=<1,${A}>`,
          `PREPARE <2,${A}> p=<2,${A}>`
        ]) {
          expect(v0.hear(QUORUM, old)).to.deep.equal(['stale', 'stale', 'stale'])
        }
        expect(v0.takeSaid()).to.deep.equal([])
      })
    })
  }

  describe('ranges of commits', () => {
    it('externalizes where the intervals of a quorum overlap', () => {
      const v0 = new TestNode()
      v0.startBallot('x')
      v0.hear('v1', 'CONFIRM <4,x> p=4 c=2 h=4')
      v0.hear('v2', 'CONFIRM <6,x> p=6 c=2 h=4')
      expect(v0.takeSaid().pop()).to.equal('CONFIRM <4,x> p=4 c=2 h=4')
      v0.hear('v3', 'CONFIRM <6,x> p=6 c=3 h=6')
      v0.hear('v4', 'CONFIRM <6,x> p=6 c=3 h=6')
      expect(v0.takeSaid().pop()).to.equal('EXTERNALIZE <3,x> h=4')
    })
  })

  describe('from pristine, without a ballot of its own', () => {
    let v0: TestNode
    beforeEach(() => {
      v0 = new TestNode()
    })

    it('accepts ballots that others prepared, but sends nothing', () => {
      v0.hear(V_BLOCKING, 'PREPARE <1,x> p=<1,x>')
      expect(v0.slot.ballots.state.prepared?.counter).to.equal(1)
      expect(v0.takeSaid()).to.deep.equal([])
    })

    it('sends once a ballot is confirmed as prepared, and adopts that ballot', () => {
      v0.hear([...QUORUM, 'v4'], 'PREPARE <1,x> p=<1,x>')
      expect(v0.takeSaid()).to.deep.equal(['PREPARE <1,x> p=<1,x> c=1 h=1'])
    })

    it('accepts a commit of a v-blocking set', () => {
      v0.hear(V_BLOCKING, 'CONFIRM <2,x> p=2 c=1 h=2')
      expect(v0.takeSaid()).to.deep.equal(['CONFIRM <2,x> p=2 c=1 h=2'])
    })

    it('does not follow counters while it has no value', () => {
      v0.hear([...QUORUM, 'v4'], 'PREPARE <5,x>')
      expect(v0.slot.ballots.state.current).to.equal(undefined)
      expect(v0.takeSaid()).to.deep.equal([])
    })
  })

  it('a calm round takes exactly two nominations and five ballot statements', () => {
    const v0 = new TestNode({ leader: (node) => (node === 'v0' ? 2 : 1) })
    v0.nominate('x')
    v0.hear(QUORUM, 'NOMINATE {x}')
    v0.hear(QUORUM, 'NOMINATE {x} accepted {x}')
    v0.hear(QUORUM, 'PREPARE <1,x>')
    v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x>')
    v0.hear(QUORUM, 'PREPARE <1,x> p=<1,x> c=1 h=1')
    v0.hear(QUORUM, 'CONFIRM <1,x> p=1 c=1 h=1')
    v0.hear(QUORUM, 'EXTERNALIZE <1,x> h=1')
    v0.hear('v4', 'EXTERNALIZE <1,x> h=1')
    expect(v0.takeSaid()).to.deep.equal([
      'NOMINATE {x}',
      'NOMINATE {x} accepted {x}',
      'PREPARE <1,x>',
      'PREPARE <1,x> p=<1,x>',
      'PREPARE <1,x> p=<1,x> c=1 h=1',
      'CONFIRM <1,x> p=1 c=1 h=1',
      'EXTERNALIZE <1,x> h=1'
    ])
    expect(v0.externalized).to.deep.equal(['7 x'])
    expect(v0.nominate('y'), 'a late proposal').to.equal(false)
    expect(v0.takeSaid()).to.deep.equal([])
  })

  it('a node that is not a validator follows to the end and sends nothing', () => {
    const v0 = new TestNode({ isValidator: false })
    v0.nominate('x')
    v0.hear([...QUORUM, 'v4'], 'EXTERNALIZE <1,x> h=1')
    expect(v0.externalized).to.deep.equal(['7 x'])
    expect(v0.emitted).to.deep.equal([])
  })
})
