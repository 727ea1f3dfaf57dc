import { expect } from 'chai'
import { areContradictory } from '../../../fba/index.ts'
import type { Envelope, Statement } from '../../../fba/index.ts'
import { encodeEpochValue, NO_MAP_HASH } from '../../../src/agreement/index.ts'
import { digest, rules, signatureOf, signedReport, TestNetwork, wallMs } from './fixture.ts'

/** Pairs of envelopes that no honest node signs together. */
function contradictions(envelopes: readonly Envelope[]): string[] {
  const byNode = new Map<string, Statement[]>()
  const found: string[] = []
  for (const { statement } of envelopes) {
    const key = `${statement.nodeId} ${statement.slotIndex} ${statement.type === 'nominate' ? 'nominate' : 'ballot'}`
    const earlier = byNode.get(key) ?? []
    if (earlier.some((other) => areContradictory(other, statement))) found.push(key)
    byNode.set(key, [...earlier, statement])
  }
  return found
}

describe('agreement on a map', () => {
  for (const validators of [1, 4, 7]) {
    it(`${validators} validators agree on the same map, epoch after epoch`, async () => {
      const network = new TestNetwork({ validators })
      await network.startAll()
      await network.pass(60)
      expect(network.disagreements()).to.deep.equal([])
      for (const node of network.nodes) {
        expect(node.maps.length, node.id).to.be.greaterThan(7)
        expect(node.maps.map(({ slot }) => slot)).to.deep.equal(node.maps.map((_, i) => i + 1))
        expect(Object.keys(node.newest?.peers ?? {})).to.have.length(validators)
        expect(node.agreement?.status()).to.include({ isStale: false, hasQuorum: true, halted: undefined })
      }
      expect(network.warnings).to.deep.equal([])
    })
  }

  it('peers that do not validate follow, and are on the map', async () => {
    const network = new TestNetwork({ observers: 3 })
    await network.startAll()
    await network.pass(40)
    const observer = network.nodes[5]
    expect(observer.agreement?.isValidator).to.equal(false)
    expect(observer.maps.length).to.be.greaterThan(4)
    expect(Object.keys(observer.newest?.peers ?? {})).to.include(observer.id)
    expect(network.disagreements()).to.deep.equal([])
    expect(network.published.some(({ statement }) => statement.nodeId.startsWith('observer'))).to.equal(false)
  })

  it('a report that one validator has not heard is fetched before it votes', async () => {
    const network = new TestNetwork({ observers: 1 })
    for (const node of network.nodes.slice(1, 4)) node.hears = (peer) => peer !== 'observer-0'
    await network.startAll()
    await network.pass(60)
    for (const node of network.nodes) expect(Object.keys(node.newest?.peers ?? {})).to.include('observer-0')
    expect(network.disagreements()).to.deep.equal([])
  })

  it('continues when a tenth of all messages is lost', async () => {
    const network = new TestNetwork({ loss: 0.1, seed: 5 })
    await network.startAll()
    await network.pass(120)
    expect(network.disagreements()).to.deep.equal([])
    for (const node of network.nodes) expect(node.maps.length).to.be.greaterThan(8)
  })

  it('without a quorum the last map stays and is marked stale; new maps follow once the quorum is back', async () => {
    const network = new TestNetwork({ observers: 1 })
    await network.startAll()
    await network.pass(20)
    for (const node of network.nodes.slice(0, 2)) node.kill()
    await network.pass(60)
    const left = network.nodes[2]
    const slot = left.agreement!.current!.slot
    expect(left.agreement?.status()).to.include({ isStale: true, hasQuorum: false })
    expect(left.agreement?.status().validators.filter(({ isMissing }) => isMissing)).to.have.length(2)
    await network.pass(60)
    expect(left.agreement?.current?.slot).to.equal(slot)
    for (const node of network.nodes.slice(0, 2)) await node.start()
    await network.pass(60)
    expect(left.agreement?.status()).to.include({ isStale: false, hasQuorum: true })
    expect(left.agreement!.current!.slot).to.be.greaterThan(slot + 2)
    expect(network.disagreements()).to.deep.equal([])
  })

  it('a validator that is killed at any moment never contradicts itself', async function () {
    this.timeout(120_000)
    for (let seed = 1; seed <= 5; seed++) {
      const network = new TestNetwork({ seed, epochMs: 1_000 })
      await network.startAll()
      for (let kill = 0; kill < 12; kill++) {
        await network.pass(0.3 + 2 * network.prng.unit())
        const victim = network.prng.pick(network.nodes)
        victim.kill()
        await network.pass(network.prng.unit())
        await victim.start()
      }
      await network.pass(30)
      const context = `seed ${seed}`
      expect(contradictions(network.published), context).to.deep.equal([])
      expect(network.disagreements(), context).to.deep.equal([])
      for (const node of network.nodes)
        expect(node.agreement?.status().isStale, `${context} ${node.id}`).to.equal(false)
    }
  })

  it('a peer that joins late or was away for long catches up with a proof', async () => {
    const network = new TestNetwork({ observers: 2, epochMs: 1_000 })
    for (const node of network.nodes.slice(0, 5)) await node.start()
    await network.pass(120)
    await network.nodes[5].start()
    await network.pass(20)
    const [first] = network.nodes
    const late = network.nodes[5]
    expect(late.agreement?.current?.slot).to.be.within(
      first.agreement!.current!.slot - 1,
      first.agreement!.current!.slot
    )
    expect(late.newest?.peers).to.have.property('validator-0')
    expect(network.disagreements()).to.deep.equal([])
  })

  it('a validator whose disk is full reports it and stops voting, and the others continue', async () => {
    const network = new TestNetwork()
    await network.startAll()
    await network.pass(12)
    network.nodes[0].records.fails = true
    await network.pass(60)
    expect(network.nodes[0].agreement?.status().halted).to.match(/no space/)
    expect(network.warnings.some((line) => /votes no more/.test(line))).to.equal(true)
    expect(network.nodes[1].maps.length).to.be.greaterThan(8)
    expect(network.disagreements()).to.deep.equal([])
  })

  describe('a validator that lies', () => {
    /** Sends `value` as a nomination of validator 3, which does not run. */
    function nominate(network: TestNetwork, value: Uint8Array): void {
      const liar = network.nodes[3]
      const statement: Statement = {
        type: 'nominate',
        nodeId: liar.id,
        slotIndex: network.nodes[0].agreement!.status().slot,
        quorumSetHash: hashOf(network),
        votes: [value],
        accepted: []
      }
      network.broadcast(liar, { statement, signature: signatureOf(statement) })
    }

    const hashOf = (network: TestNetwork): string => {
      const known = network.published.find(({ statement }) => statement.type === 'nominate')!
      return (known.statement as Extract<Statement, { type: 'nominate' }>).quorumSetHash
    }

    async function threeHonest(): Promise<TestNetwork> {
      const network = new TestNetwork()
      for (const node of network.nodes.slice(0, 3)) await node.start()
      await network.pass(20)
      return network
    }

    const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

    const LIES: Array<[name: string, value: (network: TestNetwork) => Uint8Array]> = [
      ['bytes that are no value', () => Uint8Array.of(1, 2, 3)],
      [
        'a report that nobody has',
        () => encodeEpochValue({ closedAtMs: 2 ** 41, previousMap: hash(1), reports: [hash(9)] })
      ],
      [
        'an empty set',
        (network) => encodeEpochValue({ closedAtMs: wallMs(network), previousMap: hash(0), reports: [] })
      ],
      [
        'a time an hour ahead',
        (network) =>
          encodeEpochValue({
            closedAtMs: Math.floor(wallMs(network)) + 3_600_000,
            previousMap: NO_MAP_HASH,
            reports: []
          })
      ],
      [
        'another map before',
        (network) =>
          encodeEpochValue({ closedAtMs: Math.floor(wallMs(network)), previousMap: hash(7), reports: [] })
      ]
    ]
    for (const [name, value] of LIES) {
      it(`gains nothing by ${name}`, async () => {
        const network = await threeHonest()
        for (let i = 0; i < 12; i++) {
          nominate(network, value(network))
          await network.pass(4)
        }
        expect(network.disagreements()).to.deep.equal([])
        expect(network.nodes[0].maps.length).to.be.greaterThan(8)
        expect(Object.keys(network.nodes[0].newest?.peers ?? {})).to.have.length(3)
      })
    }

    it('cannot add a report that does not verify', async () => {
      const network = await threeHonest()
      const forged = signedReport('nobody', 1, Math.floor(wallMs(network)), true)
      for (const node of network.nodes) node.reports.set('nobody', forged)
      await network.pass(30)
      expect(network.nodes[0].newest?.peers).not.to.have.property('nobody')
    })

    it('is convicted when it contradicts itself', async () => {
      const network = await threeHonest()
      const [honest] = network.nodes
      const slotIndex = honest.agreement!.status().slot
      const ballot = (laterMs: number): Statement => ({
        type: 'externalize',
        nodeId: 'validator-3',
        slotIndex,
        commit: {
          counter: 1,
          value: encodeEpochValue({
            closedAtMs: Math.floor(wallMs(network)) + laterMs,
            previousMap: digest(rules.encode(honest.newest!)),
            reports: [...honest.reports.values()].map(digest).sort(Buffer.compare)
          })
        },
        highCounter: 1,
        commitQuorumSetHash: hashOf(network)
      })
      for (const statement of [ballot(1), ballot(2)]) {
        network.broadcast(network.nodes[3], { statement, signature: signatureOf(statement) })
        await network.pass(1)
      }
      const evidence = network.nodes[0].agreement!.status().evidence
      expect(evidence.map(({ nodeId }) => nodeId)).to.deep.equal(['validator-3'])
      expect(network.warnings.some((line) => /contradicts itself/.test(line))).to.equal(true)
    })
  })
})
