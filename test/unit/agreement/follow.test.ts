// Peers to whom reports do not come: they take the map before the one just decided from others, whose hash the decision names.
import { expect } from 'chai'
import { toHex } from '../../../fba/bytes.ts'
import type { Question, Reply } from '../../../src/agreement/index.ts'
import { digest, rules, TestNetwork } from './fixture.ts'
import type { TestNode } from './fixture.ts'

const deafNetwork = (init: { observers: number; seed?: number; loss?: number }): TestNetwork => {
  const network = new TestNetwork(init)
  for (const node of network.nodes.slice(4)) makeDeaf(node)
  return network
}

const makeDeaf = (node: TestNode): void => {
  node.hearsReports = false
  node.hears = (peer) => peer === node.id
}

const mapQuestions = (node: TestNode): Array<NonNullable<Question['map']>> =>
  node.questions.flatMap(({ map }) => map ?? [])

const payloadsAsked = (node: TestNode): string[] =>
  node.questions.flatMap(({ payloads = [] }) => payloads).map(toHex)

/** Hashes of all reports that come to a node from now on. */
const hashesOfReports = ({ reports }: TestNode): ReadonlySet<string> => {
  const hashes = new Set<string>()
  const set = reports.set.bind(reports)
  reports.set = (peer, signed) => {
    hashes.add(toHex(digest(signed)))
    return set(peer, signed)
  }
  return hashes
}

describe('agreement: peers that do not hear the reports', () => {
  it('have every map, one slot behind, by one delta each', async () => {
    const network = deafNetwork({ observers: 3 })
    network.guests(80)
    const reports = hashesOfReports(network.nodes[0])
    await network.startAll()
    await network.pass(60)
    expect(network.disagreements()).to.deep.equal([])
    const newest = network.nodes[0].maps.at(-1)!.slot
    for (const node of network.nodes.slice(4)) {
      const slots = node.maps.map(({ slot }) => slot)
      expect(slots.at(-1), node.id).to.be.within(newest - 2, newest)
      expect(slots).to.deep.equal(Array.from({ length: slots.at(-1)! }, (_, i) => i + 1))
      // The first map comes whole.
      const [first, ...later] = mapQuestions(node)
      expect(first.have).to.equal(undefined)
      expect(later.every(({ have }) => have !== undefined)).to.equal(true)
      expect(later).to.have.length(slots.length - 1)
      expect(payloadsAsked(node).filter((hash) => reports.has(hash))).to.deep.equal([])
    }
  })

  it('a peer that comes late takes the whole map once', async () => {
    const network = deafNetwork({ observers: 2 })
    const late = network.nodes[5]
    for (const node of network.nodes.slice(0, 5)) await node.start()
    await network.pass(40)
    await late.start()
    await network.pass(30)
    expect(late.maps.length).to.be.greaterThan(3)
    expect(network.disagreements()).to.deep.equal([])
    expect(mapQuestions(late).filter(({ have }) => have === undefined)).to.have.length(1)
  })

  it('a peer that was away for longer than deltas are kept takes the whole map', async () => {
    const network = deafNetwork({ observers: 1 })
    await network.startAll()
    await network.pass(30)
    const [follower] = network.nodes.slice(4)
    const before = follower.maps.at(-1)!.slot
    follower.kill()
    await network.pass(60)
    const questions = follower.questions.length
    await follower.start()
    await network.pass(20)
    const asked = follower.questions.slice(questions).flatMap(({ map }) => map ?? [])
    expect(asked[0].have).to.not.equal(undefined)
    expect(follower.maps.at(-1)!.slot).to.be.greaterThan(before + 10)
    expect(network.disagreements()).to.deep.equal([])
  })

  for (const [lie, change] of Object.entries<(reply: Reply) => Reply>({
    'deltas to another map': (reply) =>
      reply.mapDelta === undefined
        ? reply
        : {
            ...reply,
            mapDelta: rules.delta(
              rules.encode({ slot: 0, closedAtMs: 0, peers: {} }),
              rules.encode({ slot: 1, closedAtMs: 1, peers: { liar: 1 } })
            )
          },
    'bytes that are no delta': (reply) => ({
      ...reply,
      ...(reply.mapDelta && { mapDelta: Uint8Array.of(7) })
    }),
    'neither deltas nor maps': (reply) => ({ ...reply, payloads: [], mapDelta: undefined })
  })) {
    it(`three of four holders send ${lie}: the followers have the agreed maps all the same`, async () => {
      const network = deafNetwork({ observers: 2 })
      network.guests(80)
      await network.startAll()
      await network.pass(12)
      for (const node of network.nodes.slice(1, 4)) {
        node.answers = (reply) =>
          (reply.mapDelta ?? reply.payloads[0]) === undefined ? reply : change(reply)
      }
      await network.pass(60)
      expect(network.disagreements()).to.deep.equal([])
      const newest = network.nodes[0].maps.at(-1)!.slot
      for (const node of network.nodes.slice(4)) expect(node.maps.at(-1)!.slot).to.be.greaterThan(newest - 4)
    })
  }

  it('a third of all messages is lost: they follow', async () => {
    const network = deafNetwork({ observers: 2, loss: 0.3, seed: 4 })
    await network.startAll()
    await network.pass(120)
    expect(network.disagreements()).to.deep.equal([])
    const newest = network.nodes[0].maps.at(-1)!.slot
    for (const node of network.nodes.slice(4)) expect(node.maps.at(-1)!.slot).to.be.greaterThan(newest - 5)
  })
})
