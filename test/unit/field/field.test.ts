import { expect } from 'chai'
import { encodeStatement, quorumSetHash } from '../../../fba/index.ts'
import type { Envelope } from '../../../fba/index.ts'
import { decodeTransactions, FIELD_LIMITS, FieldError, verifySlotProof } from '../../../src/field/index.ts'
import type { Change, Outcome, SlotName } from '../../../src/field/index.ts'
import { FieldWorld, peer, sha256, signatureOf, verifyEnvelope } from './fixture.ts'
import type { FieldNode } from './fixture.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const slot = (node: FieldNode, label: string): SlotName => ({ owner: node.id, label })
const COUNTER: Change = { type: 'create', writers: 'anyone', value: { kind: 'integer', integer: 0n } }
const NOTE: Change = { type: 'create', writers: 'anyone', value: { kind: 'bytes', bytes: bytes('old') } }

const integerOf = (node: FieldNode, name: SlotName): bigint | undefined => {
  const value = node.field!.view(name).entry?.value
  return value?.kind === 'integer' ? value.integer : undefined
}

/** What became of each: 'ok', or why not. */
const verdicts = async (world: FieldWorld, works: ReadonlyArray<Promise<Outcome>>): Promise<string[]> =>
  (await world.until(Promise.allSettled(works))).map((one) =>
    one.status === 'fulfilled'
      ? 'ok'
      : one.reason instanceof FieldError
        ? String(one.reason.data.refusal ?? one.reason.code)
        : String(one.reason)
  )

const expectAgreement = (world: FieldWorld, names: readonly SlotName[]): void => {
  const running = world.nodes.filter(({ field }) => field !== undefined)
  for (const name of names) {
    const [first, ...others] = running.map(({ field }) => field!.view(name).entry)
    for (const other of others) expect(other).to.deep.equal(first)
  }
  expect(new Set(running.map(({ position }) => position)).size).to.equal(1)
}

describe('field', () => {
  it('creates a slot and shows every node the same, those too that only follow', async () => {
    const world = await FieldWorld.started({ observers: 2 })
    const [, second] = world.nodes
    const name = slot(second, 'visits')
    const { version, round } = await world.until(second.field!.submit(name, COUNTER))
    expect([version, round]).to.deep.equal([1, 1])
    await world.pass(3)
    expectAgreement(world, [name])
    expect(world.nodes.at(-1)!.field!.view(name).entry).to.include({ version: 1 })
    expect(world.warnings).to.deep.equal([])
  })

  it('lets deltas of many nodes succeed side by side', async () => {
    const world = await FieldWorld.started({ observers: 3 })
    const name = slot(world.nodes[0], 'sum')
    const tags = slot(world.nodes[0], 'tags')
    await world.until(world.nodes[0].field!.submit(name, COUNTER))
    const empty: Change = { type: 'create', writers: 'anyone', value: { kind: 'set', items: [] } }
    await world.until(world.nodes[0].field!.submit(tags, empty))
    const works = world.nodes.flatMap((node, i) => [
      node.field!.submit(name, { type: 'add', delta: BigInt(10 ** i) }),
      node.field!.submit(name, { type: 'add', delta: -1n }),
      node.field!.submit(tags, { type: 'union', items: [bytes(`node ${i}`)] })
    ])
    expect(new Set(await verdicts(world, works))).to.deep.equal(new Set(['ok']))
    await world.pass(3)
    expectAgreement(world, [name, tags])
    expect(integerOf(world.nodes[3], name)).to.equal(1_111_111n - 7n)
    const { value } = world.nodes[1].field!.view(tags).entry!
    expect(value.kind === 'set' && value.items).to.have.length(7)
  })

  it('lets one of several conflicting changes win, and tells the others which', async () => {
    const world = await FieldWorld.started()
    const name = slot(world.nodes[0], 'note')
    await world.until(world.nodes[0].field!.submit(name, NOTE))
    const works = world.nodes.map(async ({ field }, i) =>
      field!.submit(name, { type: 'set', expected: 1, bytes: bytes(`of ${i}`) })
    )
    const outcomes = await world.until(Promise.allSettled(works))
    const won = outcomes.filter(({ status }) => status === 'fulfilled')
    expect(won).to.have.length(1)
    const winner = (won[0] as PromiseFulfilledResult<Outcome>).value.id
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      expect(outcome.reason).to.be.instanceOf(FieldError)
      expect((outcome.reason as FieldError).data).to.deep.equal({ refusal: 'CONFLICT', version: 2, winner })
    }
    await world.pass(3)
    expectAgreement(world, [name])
    expect(await world.nodes[2].field!.log(name)).to.have.length(2)
  })

  it('refuses what the rule of a slot does not allow', async () => {
    const world = await FieldWorld.started()
    const [owner, friend, stranger] = world.nodes
    const name = slot(owner, 'mine')
    const other = slot(owner, 'count')
    await world.until(
      owner.field!.submit(name, {
        type: 'create',
        writers: [friend.id],
        value: { kind: 'bytes', bytes: bytes('a') }
      })
    )
    await world.until(owner.field!.submit(other, COUNTER))
    const set = (expected: number): Change => ({ type: 'set', expected, bytes: bytes('b') })
    const max = 2n ** 63n - 1n
    expect(await verdicts(world, [stranger.field!.submit(name, set(1))])).to.deep.equal(['NOT_ALLOWED'])
    expect(await verdicts(world, [friend.field!.submit(name, set(1))])).to.deep.equal(['ok'])
    expect(await verdicts(world, [owner.field!.submit(name, set(2))])).to.deep.equal(['ok'])
    expect(await verdicts(world, [owner.field!.submit(name, set(1))])).to.deep.equal(['CONFLICT'])
    expect(await verdicts(world, [owner.field!.submit(name, { type: 'add', delta: 1n })])).to.deep.equal([
      'WRONG_KIND'
    ])
    expect(await verdicts(world, [owner.field!.submit(name, NOTE)])).to.deep.equal(['EXISTS'])
    expect(await verdicts(world, [owner.field!.submit(slot(owner, 'no'), set(0))])).to.deep.equal(['NO_SLOT'])
    expect(await verdicts(world, [stranger.field!.submit(slot(owner, 'theirs'), COUNTER)])).to.deep.equal([
      'BAD_SLOT_VALUE'
    ])
    expect(await verdicts(world, [owner.field!.submit(other, { type: 'max', integer: max })])).to.deep.equal([
      'ok'
    ])
    expect(await verdicts(world, [owner.field!.submit(other, { type: 'max', integer: 5n })])).to.deep.equal([
      'ok'
    ])
    expect(await verdicts(world, [owner.field!.submit(other, { type: 'add', delta: 1n })])).to.deep.equal([
      'OVERFLOW'
    ])
    expect(integerOf(stranger, other)).to.equal(max)
  })

  it('agrees on values of the maximum length, which are announced by id, and refuses longer ones', async () => {
    const world = await FieldWorld.started()
    const name = slot(world.nodes[0], 'long')
    await world.until(world.nodes[0].field!.submit(name, NOTE))
    const long = new Uint8Array(FIELD_LIMITS.valueBytes).fill(9)
    const { version } = await world.until(
      world.nodes[0].field!.submit(name, { type: 'set', expected: 1, bytes: long })
    )
    expect(version).to.equal(2)
    await world.pass(3)
    expectAgreement(world, [name])
    const longer = new Uint8Array(FIELD_LIMITS.valueBytes + 1)
    const work = world.nodes[0].field!.submit(name, { type: 'set', expected: 2, bytes: longer })
    expect(await verdicts(world, [work])).to.deep.equal(['BAD_SLOT_VALUE'])
  })

  it('agrees while messages are lost', async () => {
    const world = await FieldWorld.started({ loss: 0.15, observers: 1, seed: 5 })
    const name = slot(world.nodes[1], 'sum')
    await world.until(world.nodes[1].field!.submit(name, COUNTER))
    const works = world.nodes.flatMap(({ field }) =>
      Array.from({ length: 8 }, async () => field!.submit(name, { type: 'add', delta: 1n }))
    )
    expect(new Set(await verdicts(world, works))).to.deep.equal(new Set(['ok']))
    await world.pass(60)
    expectAgreement(world, [name])
    expect(integerOf(world.nodes[4], name)).to.equal(40n)
  })

  it('fetches a transaction that one validator has not heard before it votes', async () => {
    const world = await FieldWorld.started()
    world.nodes[3].hearsTransactions = false
    const name = slot(world.nodes[0], 'x')
    await world.until(world.nodes[0].field!.submit(name, COUNTER))
    await world.pass(5)
    expectAgreement(world, [name])
  })

  it('brings a node up to date that was away for many rounds, and one that never was there', async () => {
    const world = await FieldWorld.started({ observers: 1 })
    const [first, , , away] = world.nodes
    const names = Array.from({ length: 30 }, (_, i) => slot(first, `slot-${i}`))
    await world.until(first.field!.submit(names[0], COUNTER))
    away.kill()
    for (const name of names.slice(1)) {
      await world.until(first.field!.submit(name, COUNTER))
      await world.until(first.field!.submit(names[0], { type: 'add', delta: 1n }))
    }
    await world.pass(3)
    await away.start()
    world.nodes.at(-1)!.kill()
    world.nodes.at(-1)!.disk.write((await world.nodes.at(-1)!.disk.list('')).map(({ key }) => ({ key })))
    await world.nodes.at(-1)!.start()
    await world.pass(60)
    expectAgreement(world, names)
    expect(integerOf(away, names[0])).to.equal(29n)
    // And goes on from what it has written down.
    away.kill()
    await away.start()
    await world.pass(5)
    expectAgreement(world, names)
    const more = away.field!.submit(names[0], { type: 'add', delta: 5n })
    expect(await verdicts(world, [more])).to.deep.equal(['ok'])
    expect(integerOf(away, names[0])).to.equal(34n)
  })

  it('asks now and then, not without end, for a state that nobody has any more', async () => {
    const world = await FieldWorld.started()
    const [first, ...others] = world.nodes
    const name = slot(first, 'x')
    await world.until(first.field!.submit(name, COUNTER))
    for (let i = 0; i < 3; i++) await world.until(first.field!.submit(name, { type: 'add', delta: 1n }))
    await world.pass(5)
    for (const node of world.nodes) node.kill()
    // Three have lost their disks. The fourth has the newest state, and the last decision names the one before.
    for (const { disk } of others) await disk.write((await disk.list('')).map(({ key }) => ({ key })))
    for (const node of world.nodes) await node.start()
    const before = world.questions
    await world.pass(3)
    expect(world.questions - before).to.be.below(100)
  })

  it('forgets nothing that was acknowledged, and never contradicts itself, where validators are killed at any moment', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const world = await FieldWorld.started({ seed, observers: 1, loss: 0.02 })
      const client = world.nodes.at(-1)!
      const name = slot(client, 'sum')
      await world.until(client.field!.submit(name, COUNTER))
      let acknowledged = 0n
      let tried = 0n
      for (let kill = 0; kill < 8; kill++) {
        const works = Array.from({ length: 5 }, async () =>
          client.field!.submit(name, { type: 'add', delta: 1n })
        )
        tried += 5n
        await world.pass(world.prng.unit() * 0.4)
        const victim = world.nodes[Math.floor(world.prng.unit() * 4)]
        victim.kill()
        await world.pass(world.prng.unit())
        await victim.start()
        const outcomes = await world.until(Promise.allSettled(works), 400)
        acknowledged += BigInt(outcomes.filter(({ status }) => status === 'fulfilled').length)
      }
      await world.pass(60)
      expectAgreement(world, [name])
      const sum = integerOf(client, name)!
      expect(
        sum >= acknowledged && sum <= tried,
        `seed ${seed}: ${acknowledged} <= ${sum} <= ${tried}`
      ).to.equal(true)
      expect(acknowledged > 20n).to.equal(true)
      expect(world.nodes.flatMap(({ field }) => field!.status().evidence)).to.deep.equal([])
      expect(world.warnings).to.deep.equal([])
    }
  })

  it('decides nothing without a quorum, says so, and goes on when it is back', async () => {
    const world = await FieldWorld.started()
    const [first, second, third, fourth] = world.nodes
    const name = slot(first, 'x')
    await world.until(first.field!.submit(name, COUNTER))
    third.isConnected = fourth.isConnected = false
    const work = first.field!.submit(name, { type: 'add', delta: 1n })
    const patient = second.field!.submit(name, { type: 'add', delta: 10n })
    expect(await verdicts(world, [work, patient])).to.deep.equal(['CHANGE_UNDECIDED', 'CHANGE_UNDECIDED'])
    expect(integerOf(first, name)).to.equal(0n)
    third.isConnected = fourth.isConnected = true
    const more = second.field!.submit(name, { type: 'add', delta: 100n })
    expect(await verdicts(world, [more])).to.deep.equal(['ok'])
    await world.pass(30)
    expectAgreement(world, [name])
    // What was undecided may have been taken into a round that had begun, but not twice.
    expect([100n, 101n, 110n, 111n]).to.include(integerOf(first, name))
  })

  it('stops voting when it cannot write down what it says', async () => {
    const world = await FieldWorld.started()
    const [first, , , full] = world.nodes
    full.records.fails = true
    const name = slot(first, 'x')
    await world.until(first.field!.submit(name, COUNTER))
    await world.pass(3)
    expect(full.field!.status().halted).to.match(/no space/)
    expect(world.nodes.slice(0, 3).every(({ field }) => field!.view(name).entry !== undefined)).to.equal(true)
  })

  it('costs nothing when idle: the last state is committed to, and then nobody says anything', async () => {
    const world = await FieldWorld.started()
    const name = slot(world.nodes[0], 'x')
    await world.until(world.nodes[0].field!.submit(name, COUNTER))
    await world.pass(10)
    const { envelopes } = world
    expect(world.nodes[0].field!.status()).to.include({ round: 3, phase: 'idle', waiting: 0 })
    await world.pass(600)
    expect(world.envelopes).to.equal(envelopes)
  })

  it('says as much for one transaction as for a thousand', async () => {
    const lengths: number[] = []
    for (const count of [1, 1000]) {
      const world = await FieldWorld.started()
      const name = slot(world.nodes[0], 'sum')
      await world.until(world.nodes[0].field!.submit(name, COUNTER))
      await world.pass(5)
      const { envelopes, envelopeBytes } = world
      const works = Array.from({ length: count }, async () =>
        world.nodes[0].field!.submit(name, { type: 'add', delta: 1n })
      )
      expect(new Set(await verdicts(world, works))).to.deep.equal(new Set(['ok']))
      lengths.push((world.envelopeBytes - envelopeBytes) / (world.envelopes - envelopes))
      expect(integerOf(world.nodes[0], name)).to.equal(BigInt(count))
    }
    expect(lengths[1]).to.be.closeTo(lengths[0], 0.2 * lengths[0])
  })

  describe('superposition', () => {
    it('shows candidates whose weights grow to the decision and never sum to more than 1', async () => {
      const world = await FieldWorld.started({ delayMs: 100, observers: 1 })
      const watcher = world.nodes.at(-1)!
      const name = slot(world.nodes[0], 'note')
      await world.until(world.nodes[0].field!.submit(name, NOTE))
      await world.pass(3)
      expect(watcher.field!.view(name).candidates).to.deep.equal([])
      const works = world.nodes
        .slice(0, 2)
        .map(async ({ field }, i) =>
          field!.submit(name, { type: 'set', expected: 1, bytes: bytes(`of ${i}`) })
        )
      const settled = verdicts(world, works)
      let highest = 0
      let leading: unknown
      for (let step = 0; step < 60; step++) {
        await world.pass(0.05)
        const { candidates, entry } = watcher.field!.view(name)
        const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
        expect(total).to.be.at.most(1 + 1e-9)
        if (entry!.version > 1) break
        if (candidates.length > 0 && candidates[0].weight >= highest) {
          highest = candidates[0].weight
          leading = candidates[0].entry?.value
        }
      }
      expect((await settled).sort()).to.deep.equal(['CONFLICT', 'ok'])
      expect(highest).to.be.at.least(0.5)
      expect(watcher.field!.view(name).entry!.value).to.deep.equal(leading)
    })

    it('lets a lying third push no candidate past a third by itself', async () => {
      const world = await FieldWorld.started({ validators: 4, delayMs: 100, observers: 1 })
      const liar = world.nodes[3]
      const watcher = world.nodes.at(-1)!
      const name = slot(world.nodes[0], 'note')
      await world.until(world.nodes[0].field!.submit(name, NOTE))
      await world.pass(3)
      // It claims to have accepted whatever it votes for, at once.
      liar.twist = (envelope): Envelope => {
        const { statement } = envelope
        if (statement.type !== 'nominate') return envelope
        const lie = { ...statement, accepted: statement.votes }
        return { statement: lie, signature: signatureOf(lie.nodeId, encodeStatement(lie)) }
      }
      const lie = liar.field!.submit(name, { type: 'set', expected: 1, bytes: bytes('lie') })
      const others = world.nodes.slice(0, 3)
      for (const { field } of others) expect(field!.status().waiting).to.equal(0)
      let alone = 0
      const settled = verdicts(world, [lie])
      for (let step = 0; step < 12; step++) {
        await world.pass(0.02)
        for (const { weight } of watcher.field!.view(name).candidates) alone = Math.max(alone, weight)
        if (watcher.field!.view(name).candidates.length > 0) break
      }
      expect(alone).to.be.at.most(0.25)
      await settled
    })
  })

  describe('proofs', () => {
    it('show others what a slot holds, who believe only their own quorum set', async () => {
      const world = await FieldWorld.started()
      const name = slot(world.nodes[0], 'x')
      await world.until(world.nodes[0].field!.submit(name, COUNTER))
      await world.until(world.nodes[1].field!.submit(name, { type: 'add', delta: 7n }))
      await world.pass(3)
      const verifier = { sha256, verify: verifyEnvelope }
      for (const { field } of world.nodes) {
        const proof = field!.prove(name)!
        const proven = verifySlotProof(name, proof, world.roster, verifier)
        expect(proven?.entry).to.deep.equal(field!.view(name).entry)
        const absent = verifySlotProof(
          { ...name, label: 'no' },
          field!.prove({ ...name, label: 'no' })!,
          world.roster,
          verifier
        )
        expect(absent).to.include({ round: 2, entry: undefined })
        const strangers = { threshold: 1, validators: [peer('stranger')], innerSets: [] }
        expect(verifySlotProof(name, proof, strangers, verifier)).to.equal(undefined)
        const forged = Uint8Array.from(proof.bucket)
        forged[forged.length - 33] ^= 1
        expect(verifySlotProof(name, { ...proof, bucket: forged }, world.roster, verifier)).to.equal(
          undefined
        )
        const header = Uint8Array.from(proof.header)
        header[20] ^= 1
        expect(verifySlotProof(name, { ...proof, header }, world.roster, verifier)).to.equal(undefined)
      }
    })
  })

  describe('liars', () => {
    it('who bring an old transaction again change nothing, however long ago it was', async () => {
      const world = await FieldWorld.started()
      const [first, second] = world.nodes
      const name = slot(first, 'x')
      await world.until(first.field!.submit(name, COUNTER))
      const heard: Uint8Array[] = []
      world.onSpread = (message) => heard.push(message)
      await world.until(first.field!.submit(name, { type: 'add', delta: 1n }))
      world.onSpread = undefined
      expect(heard).to.have.length(1)
      for (let round = 0; round < 15; round++) {
        await world.until(second.field!.submit(name, { type: 'max', integer: 0n }))
        for (const { field } of world.nodes) {
          expect(field!.receiveTransactions(decodeTransactions(heard[0]))).to.equal('ignore')
        }
      }
      await world.pass(5)
      expect(integerOf(second, name)).to.equal(1n)
      // After it has expired too: nobody remembers it any more.
      await world.pass(FIELD_LIMITS.lifetimeMs / 1000 + 20)
      for (const { field } of world.nodes) field!.receiveTransactions(decodeTransactions(heard[0]))
      await world.until(second.field!.submit(name, { type: 'add', delta: 10n }))
      await world.pass(5)
      expect(integerOf(second, name)).to.equal(11n)
      expectAgreement(world, [name])
    })

    it('who propose values of another length are held against their sender', async () => {
      const world = await FieldWorld.started()
      const liar = world.nodes[3]
      for (const length of [0, 72, 74, 16_384]) {
        const statement = {
          ...({ type: 'nominate', nodeId: liar.id, slotIndex: 1 } as const),
          ...{ quorumSetHash: quorumSetHash(world.roster, sha256) },
          ...{ votes: [new Uint8Array(length)], accepted: [] }
        }
        const signature = signatureOf(liar.id, encodeStatement(statement))
        expect(world.nodes[0].field!.receive({ statement, signature }), String(length)).to.equal('reject')
      }
    })

    it('who claim that later rounds were decided are not believed without a proof', async () => {
      const world = await FieldWorld.started({ observers: 1 })
      const [first, , , liar] = world.nodes
      const watcher = world.nodes.at(-1)!
      const name = slot(first, 'x')
      await world.until(first.field!.submit(name, COUNTER))
      await world.pass(3)
      // What was said on round 2, told as if it were of round 49; its own share of it well signed.
      liar.answers = (reply) => {
        const old = liar.field!.answer({ proofOfSlot: 2 })
        expect(old.envelopes).to.have.length.of.at.least(3)
        return {
          ...reply,
          currentSlot: 50,
          quorumSets: old.quorumSets,
          envelopes: old.envelopes.map(({ statement }) => {
            const lie = { ...statement, slotIndex: 49 }
            const signer = lie.nodeId === liar.id ? liar.id : 'nobody'
            return { statement: lie, signature: signatureOf(signer, encodeStatement(lie)) }
          })
        }
      }
      const { questions } = world
      await world.pass(120)
      expect(watcher.field!.status()).to.include({ round: 3, isBehind: false })
      // Each lie costs the others a question now and then, not one after the other.
      expect(world.questions - questions).to.be.below(5 * 120 * 3)
      await world.until(first.field!.submit(name, { type: 'add', delta: 1n }))
      await world.pass(5)
      expectAgreement(world, [name])
    })
  })

  describe('a node that makes sure', () => {
    it('has all that was reported as made before, however late news reach it', async () => {
      for (let seed = 1; seed <= 3; seed++) {
        const world = await FieldWorld.started({ seed, observers: 2, loss: 0.3 })
        const name = slot(world.nodes[0], 'x')
        await world.until(world.nodes[0].field!.submit(name, COUNTER))
        for (let i = 1; i <= 10; i++) {
          const writer = world.nodes[i % 6]
          await world.until(writer.field!.submit(name, { type: 'add', delta: 1n }))
          for (const node of world.nodes) {
            const isSure = await world.until(
              node.field!.sync().then(
                () => true,
                (error: FieldError) => error.code !== 'NO_QUORUM'
              )
            )
            if (isSure) expect(integerOf(node, name)! >= BigInt(i), `seed ${seed}, ${i}`).to.equal(true)
          }
        }
      }
    })

    it('is told that it cannot without a quorum, at once the second time, and can again when there is one', async () => {
      const world = await FieldWorld.started({ observers: 1 })
      const [watcher] = world.nodes.slice(4)
      await world.until(watcher.field!.sync())
      for (const node of world.nodes.slice(0, 2)) node.isConnected = false
      const codeOfSync = async (): Promise<string> =>
        await world.until(
          watcher.field!.sync().then(
            () => 'sure',
            (error: FieldError) => error.code
          )
        )
      expect(await codeOfSync()).to.equal('NO_QUORUM')
      const atMs = watcher.clock.monotonicMs()
      expect(await codeOfSync()).to.equal('NO_QUORUM')
      expect(watcher.clock.monotonicMs() - atMs).to.be.below(100)
      for (const node of world.nodes.slice(0, 2)) node.isConnected = true
      await codeOfSync()
      await world.pass(4)
      expect(await codeOfSync()).to.equal('sure')
      await world.pass(7)
      expect(watcher.field!.ageMs).to.be.within(6_000, 12_000)
    })

    it('asks each validator once for all that wait, and takes no notice of a liar who claims later rounds', async () => {
      const world = await FieldWorld.started({ observers: 1 })
      const [watcher] = world.nodes.slice(4)
      world.nodes[0].answers = (reply) => ({ ...reply, currentSlot: reply.currentSlot + 1_000_000 })
      await world.pass(60)
      await world.until(watcher.field!.sync())
      const before = world.questions
      await world.until(Promise.all(Array.from({ length: 50 }, async () => await watcher.field!.sync())))
      // Four and four for those that came while the first were on their way; the liar's claim is looked into.
      expect(world.questions - before).to.be.at.most(12)
    })
  })

  it('says nothing that it has not written down, not even when it is asked', async () => {
    const world = await FieldWorld.started()
    const [first, slow] = world.nodes
    slow.records.hangs = true
    const name = slot(first, 'x')
    await world.until(first.field!.submit(name, COUNTER))
    await world.pass(1)
    const { envelopes } = slow.field!.answer({ fromSlot: 1 })
    expect(envelopes.map(({ statement }) => statement.nodeId))
      .to.include(first.id)
      .and.not.include(slow.id)
  })

  it('is sent again, in other bytes, for as long as it has not been decided', async () => {
    const world = await FieldWorld.started()
    const [first, ...others] = world.nodes
    const name = slot(first, 'x')
    await world.until(first.field!.submit(name, COUNTER))
    const heard = new Set<string>()
    world.onSpread = (message) => heard.add(Buffer.from(message).toString('hex'))
    for (const node of others) node.isConnected = false
    const work = first.field!.submit(name, { type: 'add', delta: 1n })
    await world.pass(11)
    // Gossip passes the same bytes on once.
    expect(heard.size).to.be.within(4, 9)
    for (const node of others) node.isConnected = true
    await world.until(work)
    expect(integerOf(first, name)).to.equal(1n)
  })

  describe('gossip', () => {
    it('of forged, foreign or expired transactions changes nothing', async () => {
      const world = await FieldWorld.started()
      const [first, second] = world.nodes
      const name = slot(first, 'x')
      await world.until(first.field!.submit(name, COUNTER))
      expect(
        second.field!.receiveTransactions({ transactions: [bytes('nonsense')], announced: [] })
      ).to.equal('reject')
      expect(second.field!.receiveTransactions({ transactions: [], announced: ['00'.repeat(32)] })).to.equal(
        'accept'
      )
      await world.pass(60)
      expect(second.field!.status()).to.include({ waiting: 0, round: 3 })
    })
  })
})
