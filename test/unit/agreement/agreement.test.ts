import { expect } from 'chai'
import { areContradictory, statementValues } from '../../../fba/index.ts'
import type { Envelope, Statement } from '../../../fba/index.ts'
import { encodeEpochValue, NO_MAP_HASH } from '../../../src/agreement/index.ts'
import type { Reply } from '../../../src/agreement/index.ts'
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

const isConfirmOf =
  (slot: number) =>
  ({ type, slotIndex }: Statement): boolean =>
    type === 'confirm' && slotIndex === slot

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

  it('a report that two validators have not heard is fetched before they vote', async () => {
    const network = new TestNetwork({ observers: 1 })
    for (const node of network.nodes.slice(2, 4)) node.hears = (peer) => peer !== 'observer-0'
    await network.startAll()
    await network.pass(60)
    for (const node of network.nodes) expect(Object.keys(node.newest?.peers ?? {})).to.include('observer-0')
    expect(network.disagreements()).to.deep.equal([])
  })

  it('a peer that does not validate asks nobody for reports that it has heard', async () => {
    const network = new TestNetwork({ observers: 2 })
    await network.startAll()
    await network.pass(40)
    const observer = network.nodes[4]
    expect(observer.maps.length).to.be.greaterThan(4)
    const hashes = new Set([...observer.reports.values()].map((signed) => digest(signed).toString()))
    const asked = observer.questions.flatMap(({ payloads = [] }) => payloads)
    expect(asked.filter((one) => hashes.has(one.toString()))).to.deep.equal([])
    // Values of decisions that are combined from several proposals.
    expect(asked.length).to.be.at.most(observer.maps.length + 1)
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

  describe('on values too long to come with an envelope', () => {
    const GUESTS = 60

    /** With reports of 80 more peers, again and again before they are too old. */
    async function pass(network: TestNetwork, seconds: number): Promise<void> {
      for (let left = seconds; left > 0; left -= 30) {
        network.guests(GUESTS)
        await network.pass(Math.min(30, left))
      }
    }

    it('carries 32 bytes for each value, and every node fetches each value once', async () => {
      const network = new TestNetwork({ observers: 2 })
      network.guests(GUESTS)
      await network.startAll()
      await pass(network, 60)
      expect(network.disagreements()).to.deep.equal([])
      const named = network.published.flatMap(({ statement }) => statementValues(statement)).map(String)
      const names = new Set(named)
      for (const node of network.nodes) {
        expect(node.maps.length, node.id).to.be.greaterThan(8)
        expect(Object.keys(node.newest?.peers ?? {})).to.have.length(GUESTS + 6)
        const asked = node.questions
          .flatMap(({ payloads = [] }) => payloads)
          .map(String)
          .filter((one) => names.has(one))
        expect(asked.length, node.id).to.be.within(4, 80)
        expect(new Set(asked).size, node.id).to.equal(asked.length)
      }
      const lengths = network.published.flatMap(({ statement }) => statementValues(statement))
      expect(new Set(lengths.map(({ byteLength }) => byteLength))).to.deep.equal(new Set([32]))
    })

    it('continues when a tenth of all messages is lost, and one that comes late catches up', async () => {
      const network = new TestNetwork({ loss: 0.1, seed: 5, observers: 2 })
      network.guests(GUESTS)
      for (const node of network.nodes.slice(0, 5)) await node.start()
      await pass(network, 60)
      await network.nodes[5].start()
      await pass(network, 15)
      expect(network.disagreements()).to.deep.equal([])
      for (const node of network.nodes.slice(0, 5)) expect(node.maps.length).to.be.greaterThan(5)
      const slot = network.nodes[0].agreement!.current!.slot
      expect(network.nodes[5].agreement?.current?.slot).to.be.within(slot - 1, slot)
      expect(network.nodes[5].newest?.peers).to.have.property('guest-0')
    })

    it('continues when one validator keeps the values to itself, or sends others', async () => {
      for (const answers of [
        (reply: Reply): Reply => ({ ...reply, payloads: [] }),
        (reply: Reply): Reply => ({
          ...reply,
          payloads: reply.payloads.map((one) => one.map((byte) => byte ^ 1))
        })
      ]) {
        const network = new TestNetwork()
        network.nodes[3].answers = answers
        network.guests(GUESTS)
        await network.startAll()
        await pass(network, 45)
        expect(network.disagreements()).to.deep.equal([])
        for (const node of network.nodes) expect(node.maps.length, node.id).to.be.greaterThan(4)
      }
    })

    it('decides what was voted for after all validators were killed at once, with what they wrote down', async () => {
      const network = new TestNetwork({ epochMs: 1_000 })
      network.guests(GUESTS)
      await network.startAll()
      for (let kill = 0; kill < 3; kill++) {
        const { slot } = network.nodes[0].agreement!.status()
        const confirmed = (): Statement | undefined =>
          network.published.map(({ statement }) => statement).find(isConfirmOf(slot))
        for (let steps = 0; confirmed() === undefined && steps < 400; steps++) await network.pass(0.02)
        for (const node of network.nodes) node.kill()
        // Nobody can make the same value again.
        for (const node of network.nodes) node.reports.clear()
        await network.pass(1)
        for (const node of network.nodes) await node.start()
        await pass(network, 8)
        for (const node of network.nodes)
          expect(node.agreement!.status().slot, node.id).to.be.greaterThan(slot + 2)
        const decided = network.nodes[0].maps.find((map) => map.slot === slot)
        expect(decided?.map.peers, 'the value that was confirmed').to.have.property('guest-0')
      }
      expect(contradictions(network.published)).to.deep.equal([])
      expect(network.disagreements()).to.deep.equal([])
    })
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
        votes: [digest(value)],
        accepted: []
      }
      network.broadcast(liar, { statement, signature: signatureOf(statement) }, value)
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

    it('cannot hold up others by naming values that nobody has, as many as fit into a statement', async () => {
      const network = await threeHonest()
      const [honest] = network.nodes
      const liar = network.nodes[3]
      const before = honest.maps.length
      for (let second = 0; second < 60; second++) {
        const { slot } = honest.agreement!.status()
        const votes = Array.from({ length: 32 }, (_, i) => digest(Uint8Array.of(i, slot))).sort(
          Buffer.compare
        )
        const statement: Statement = {
          ...{ type: 'nominate', nodeId: liar.id, slotIndex: slot, quorumSetHash: hashOf(network) },
          ...{ votes, accepted: [] }
        }
        network.broadcast(liar, { statement, signature: signatureOf(statement) })
        await network.pass(1)
      }
      expect(network.disagreements()).to.deep.equal([])
      expect(honest.maps.length - before).to.be.greaterThan(8)
      const asked = honest.questions.flatMap(({ payloads = [] }) => payloads)
      // 16 names a slot, each of two peers, some of them twice.
      expect(asked.length).to.be.below(16 * 4 * (honest.maps.length - before + 1))
    })

    it('cannot make others ask without end by answers that tell of slots far ahead', async () => {
      const network = await threeHonest()
      const [honest] = network.nodes
      network.nodes[2].answers = (reply) => ({
        ...reply,
        currentSlot: 50,
        envelopes: [30, 40, 49].map((slotIndex) => {
          const statement: Statement = {
            ...{ type: 'nominate', nodeId: 'validator-3', slotIndex, quorumSetHash: hashOf(network) },
            ...{ votes: [hash(1)], accepted: [] }
          }
          return { statement, signature: signatureOf(statement) }
        })
      })
      const asked = honest.questions.length
      await network.pass(60)
      expect(network.disagreements()).to.deep.equal([])
      // Three peers at a time, every two seconds at most, and a proof asked of the liar.
      expect(honest.questions.length - asked).to.be.below(60 * 3)
    })

    it('is told off for an envelope with bytes of no value that it names, or with whole values', async () => {
      const network = await threeHonest()
      const [honest] = network.nodes
      const outcome = (votes: Uint8Array[], value?: Uint8Array) => {
        const statement: Statement = {
          ...{ type: 'nominate', nodeId: 'validator-3', slotIndex: honest.agreement!.status().slot },
          ...{ quorumSetHash: hashOf(network), votes, accepted: [] }
        }
        return honest.agreement!.receive({ statement, signature: signatureOf(statement) }, 'x', value)
      }
      const bytes = Uint8Array.of(1)
      expect(outcome([hash(1)], bytes)).to.equal('reject')
      expect(outcome([new Uint8Array(100)])).to.equal('reject')
      expect(outcome([digest(bytes)], bytes)).to.equal('accept')
    })

    it('a peer that asks for a value which is on its way gets it, or hears after a while that it did not come', async () => {
      const network = await threeHonest()
      const { agreement } = network.nodes[0]
      const known = Uint8Array.of(1)
      const ask = (bytes: Uint8Array): { payloads?: readonly Uint8Array[] } => {
        const answer: { payloads?: readonly Uint8Array[] } = {}
        void agreement!
          .answer({ payloads: [digest(bytes)] })
          .then(({ payloads }) => (answer.payloads = payloads))
        return answer
      }
      const value = encodeEpochValue({ closedAtMs: 1, previousMap: NO_MAP_HASH, reports: [] })
      const slotIndex = agreement!.status().slot
      const statement: Statement = {
        ...{ type: 'nominate', nodeId: 'validator-3', slotIndex, quorumSetHash: hashOf(network) },
        ...{ votes: [known, value].map(digest).sort(Buffer.compare), accepted: [] }
      }
      const envelope = { statement, signature: signatureOf(statement) }
      agreement!.receive(envelope, 'validator-3')
      const [comes, doesNot, nobodyWants] = [ask(value), ask(known), ask(Uint8Array.of(2))]
      await network.pass(0.5)
      expect(comes.payloads).to.equal(undefined)
      expect(nobodyWants.payloads).to.deep.equal([])
      agreement!.receive(envelope, 'validator-3', value)
      await network.pass(0.1)
      expect(comes.payloads).to.deep.equal([value])
      expect(doesNot.payloads).to.equal(undefined)
      await network.pass(1)
      expect(doesNot.payloads).to.deep.equal([])
    })

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
          value: digest(
            encodeEpochValue({
              closedAtMs: Math.floor(wallMs(network)) + laterMs,
              previousMap: digest(rules.encode(honest.newest!)),
              reports: [...honest.reports.values()].map(digest).sort(Buffer.compare)
            })
          )
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
