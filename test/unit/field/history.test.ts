import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import {
  decodeLogProof,
  encodeLogProof,
  FIELD_LIMITS,
  FieldError,
  isLogProof,
  verifyLogProof,
  verifySlotProof
} from '../../../src/field/index.ts'
import { applyBatch, idleSlots } from '../../../src/field/apply.ts'
import { decodeLog, encodeLog, historyOf } from '../../../src/field/slot-log.ts'
import { FieldState, GENESIS } from '../../../src/field/state.ts'
import { signTransaction } from '../../../src/field/transaction.ts'
import type { Change, LogEntry, LogProof, Outcome, SlotName } from '../../../src/field/index.ts'
import { FieldWorld, NETWORK_ID, peer, sha256, signatureOf, verifyEnvelope } from './fixture.ts'
import type { FieldNode } from './fixture.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const slot = (node: FieldNode, label: string): SlotName => ({ owner: node.id, label })
const COUNTER: Change = { type: 'create', writers: 'anyone', value: { kind: 'integer', integer: 0n } }
const ONE: Change = { type: 'add', delta: 1n }
const verifier = { sha256, verify: verifyEnvelope }
const verdict = async (world: FieldWorld, work: Promise<Outcome>): Promise<string> =>
  await world.until(
    work.then(
      () => 'ok',
      (error: FieldError) => String(error.data.refusal ?? error.code)
    )
  )

describe('field: the log of a slot', () => {
  const proofAt = async (world: FieldWorld, node: FieldNode, name: SlotName): Promise<LogProof> => {
    await world.pass(3)
    return (await world.until(node.field!.proveLog(name)))!
  }

  it('is shown to whoever believes the validators: what is left out, put in or changed is noticed', async () => {
    const world = await FieldWorld.started({ observers: 1 })
    const name = slot(world.nodes[0], 'x')
    const other = slot(world.nodes[0], 'y')
    await world.until(world.nodes[0].field!.submit(name, COUNTER))
    await world.until(world.nodes[0].field!.submit(other, COUNTER))
    for (let i = 0; i < 6; i++) {
      await world.until(world.nodes[i % 5].field!.submit(name, { type: 'add', delta: BigInt(i - 2) }))
      await world.until(world.nodes[i % 5].field!.submit(other, ONE))
    }
    for (const node of world.nodes) {
      const proof = await proofAt(world, node, name)
      const file = encodeLogProof(name, proof)
      expect(isLogProof(file)).to.equal(true)
      expect(decodeLogProof(file)).to.deep.equal({ name, proof })
      const proven = verifyLogProof(name, proof, world.roster, verifier)!
      expect(proven.isWhole).to.equal(true)
      expect([...proven.changes].reverse()).to.deep.equal(await node.field!.log(name))
      expect(proven.changes.map(({ detail }) => detail)).to.deep.equal(
        ['integer', '-2', '-1', '+0', '+1', '+2', '+3'] // as they were made
      )
      expect(proven.entry!.version).to.equal(7)
    }
    const { slot: ofSlot, log } = await proofAt(world, world.nodes[4], name)
    const foreign = await proofAt(world, world.nodes[4], other)
    const with_ = (entries: readonly LogEntry[]): LogProof => ({ slot: ofSlot, log: { ...log, entries } })
    const { entries } = log
    const forgeries: ReadonlyArray<readonly [string, LogProof]> = [
      ['the last is missing', with_(entries.slice(0, -1))],
      ['the first is missing', with_(entries.slice(1))],
      ['one in the middle is missing', with_(entries.toSpliced(3, 1))],
      ['one is there twice', with_(entries.toSpliced(3, 0, entries[3]))],
      ['two are swapped', with_(entries.toSpliced(2, 2, entries[3], entries[2]))],
      ['an author is another', with_(entries.with(2, { ...entries[2], author: peer('liar') }))],
      ['a delta is another', with_(entries.with(2, { ...entries[2], detail: '+9' }))],
      ['a value is another', with_(entries.with(2, { ...entries[2], valueHash: '11'.repeat(32) }))],
      ['the log is of another slot', { slot: ofSlot, log: foreign.log }],
      ['it begins elsewhere', { slot: ofSlot, log: { ...log, before: '22'.repeat(32) } }],
      ['all are left out', with_([])]
    ]
    for (const [what, forgery] of forgeries) {
      expect(verifyLogProof(name, forgery, world.roster, verifier), what).to.equal(undefined)
    }
    // A part is right if it says where it begins.
    const before = historyOf({ before: log.before, entries: entries.slice(0, 2) }, sha256)
    const part = { slot: ofSlot, log: { before, entries: entries.slice(2) } }
    expect(verifyLogProof(name, part, world.roster, verifier)).to.include({ isWhole: false })
    const strangers = { threshold: 1, validators: [peer('stranger')], innerSets: [] }
    expect(verifyLogProof(name, { slot: ofSlot, log }, strangers, verifier)).to.equal(undefined)
  })

  it('has 64 changes at most, and its proof grows no further', async () => {
    const world = await FieldWorld.started()
    const [node] = world.nodes
    const name = slot(node, 'x')
    await world.until(node.field!.submit(name, COUNTER))
    for (let i = 0; i < 10; i++) {
      await world.until(
        Promise.all(Array.from({ length: 10 }, async () => await node.field!.submit(name, ONE)))
      )
    }
    const proof = await proofAt(world, node, name)
    const proven = verifyLogProof(name, proof, world.roster, verifier)!
    expect(proven.isWhole).to.equal(false)
    expect(proven.changes.map(({ version }) => version)).to.deep.equal(
      Array.from({ length: FIELD_LIMITS.logEntries }, (_, i) => 101 - 63 + i)
    )
    expect(encodeLog(proof.log).length).to.be.below(16 * 1024)
  })

  it('begins where this node came back, if it was away', async () => {
    const world = await FieldWorld.started()
    const [node, , , away] = world.nodes
    const name = slot(node, 'x')
    await world.until(node.field!.submit(name, COUNTER))
    await world.pass(3)
    away.kill()
    for (let i = 0; i < 20; i++) await world.until(node.field!.submit(name, ONE))
    await away.start()
    await world.pass(30)
    await world.until(node.field!.submit(name, ONE))
    const proven = verifyLogProof(name, await proofAt(world, away, name), world.roster, verifier)!
    const versions = proven.changes.map(({ version }) => version)
    expect(versions.length).to.be.within(1, 2)
    expect(versions.at(-1)).to.equal(22)
    expect(proven.isWhole).to.equal(false)
    expect((await away.field!.log(name)).map(({ version }) => version).reverse()).to.deep.equal(versions)
  })

  it('goes on from a state that was written before there were chains', async () => {
    const text = await readFile(new URL('../../fixtures/field-v1/validator.json', import.meta.url), 'utf8')
    const records = Object.entries(JSON.parse(text) as Record<string, string>)
    const world = new FieldWorld()
    const [old, ...others] = world.nodes
    for (const node of world.nodes) {
      // What it said is one validator's alone; the state is everybody's.
      const kept = records.filter(([key]) => node === old || !/^(record|payload)/.test(key))
      await node.disk.write(kept.map(([key, value]) => ({ key, value: Buffer.from(value, 'base64') })))
      await node.start()
    }
    const name = slot(old, 'visits')
    expect((await old.field!.log(name)).map(({ detail }) => detail)).to.deep.equal(['+5', 'integer'])
    for (const { field } of world.nodes) expect(field!.view(name).entry).to.include({ version: 2 })
    await world.until(others[0].field!.submit(name, ONE))
    const proven = verifyLogProof(name, await proofAt(world, old, name), world.roster, verifier)!
    expect(proven.entry!.value).to.deep.equal({ kind: 'integer', integer: 6n })
    expect(proven).to.include({ isWhole: false })
    expect(proven.changes.map(({ version }) => version)).to.deep.equal([3])
    expect(old.field!.view(slot(old, 'note')).entry).to.include({ version: 1 })
  })

  it('is bounded when it is read', () => {
    const entry: LogEntry = {
      ...{ version: 1, round: 1, closedAtMs: 1, id: '00'.repeat(32), author: peer('a') },
      ...{ type: 'add', detail: '+1', valueHash: '00'.repeat(32) }
    }
    const log = (count: number): Uint8Array =>
      encodeLog({ before: '00'.repeat(32), entries: Array<LogEntry>(count).fill(entry) })
    expect(decodeLog(log(FIELD_LIMITS.logEntries)).entries).to.have.length(FIELD_LIMITS.logEntries)
    expect(() => decodeLog(log(FIELD_LIMITS.logEntries + 1))).to.throw()
    expect(() => decodeLog(log(1).fill(200, 33 + 4 + 24 + 32 + 56, 33 + 4 + 24 + 32 + 57))).to.throw()
    expect(() => decodeLog(log(2).subarray(0, -1))).to.throw()
  })
})

describe('field: removal', () => {
  const remove = (expected: number): Change => ({ type: 'remove', expected })

  it('is for the owner and the peers that the rule names, at the version that they know', async () => {
    const world = await FieldWorld.started()
    const [owner, friend, stranger] = world.nodes
    const [open, shared] = [slot(owner, 'open'), slot(owner, 'shared')]
    await world.until(owner.field!.submit(open, COUNTER))
    await world.until(owner.field!.submit(shared, { ...COUNTER, writers: [friend.id] } as Change))
    expect(await verdict(world, stranger.field!.submit(open, ONE))).to.equal('ok')
    expect(await verdict(world, stranger.field!.submit(open, remove(2)))).to.equal('NOT_ALLOWED')
    expect(await verdict(world, stranger.field!.submit(shared, remove(1)))).to.equal('NOT_ALLOWED')
    expect(await verdict(world, friend.field!.submit(shared, remove(1)))).to.equal('ok')
    expect(await verdict(world, owner.field!.submit(open, remove(1)))).to.equal('CONFLICT')
    expect(await verdict(world, owner.field!.submit(open, remove(2)))).to.equal('ok')
    expect(await verdict(world, owner.field!.submit(open, remove(3)))).to.equal('NO_SLOT')
    await world.pass(3)
    for (const { field } of world.nodes) {
      expect(field!.view(open).entry).to.equal(undefined)
      expect(field!.list()).to.deep.equal([])
      expect(field!.status().slots).to.equal(0)
      const proven = verifySlotProof(open, field!.prove(open)!, world.roster, verifier)!
      expect([proven.entry, proven.stored?.version]).to.deep.equal([undefined, 3])
      const proof = (await world.until(field!.proveLog(open)))!
      const log = verifyLogProof(open, proof, world.roster, verifier)!
      expect(log.changes.map(({ type }) => type)).to.deep.equal(['create', 'add', 'remove'])
    }
    // It outlives a restart.
    owner.kill()
    await owner.start()
    expect(owner.field!.view(open)).to.have.property('entry', undefined)
    expect(owner.field!.view(open).stored).to.include({ version: 3 })
  })

  it('lets no change of the removed slot meet a new one of the same name', async () => {
    const world = await FieldWorld.started()
    const [owner, friend] = world.nodes
    const name = slot(owner, 'x')
    const note: Change = { type: 'create', writers: [friend.id], value: { kind: 'bytes', bytes: bytes('a') } }
    await world.until(owner.field!.submit(name, note))
    const set = (expected: number): Change => ({ type: 'set', expected, bytes: bytes('late') })
    // On its way all the while; nobody has heard of it before the new slot is there.
    const late = signTransaction(
      {
        ...{ slot: name, author: friend.id, nonce: new Uint8Array(16), change: set(1) },
        expiresAtMs: friend.clock.nowMs() + FIELD_LIMITS.lifetimeMs
      },
      { networkId: NETWORK_ID, sha256, sign: (data) => signatureOf(friend.id, data) }
    )
    await world.until(owner.field!.submit(name, remove(1)))
    expect(await verdict(world, owner.field!.submit(name, note))).to.equal('REMOVED')
    expect(await verdict(world, friend.field!.submit(name, set(2)))).to.equal('NO_SLOT')
    await world.pass(FIELD_LIMITS.lifetimeMs / 1000)
    expect(await verdict(world, owner.field!.submit(name, note))).to.equal('ok')
    expect(owner.field!.view(name).entry).to.include({ version: 3 })
    expect(await verdict(world, friend.field!.submitSigned(late.bytes))).to.be.oneOf([
      'CHANGE_EXPIRED',
      'CHANGE_UNDECIDED'
    ])
    expect(await verdict(world, friend.field!.submit(name, set(1)))).to.equal('CONFLICT')
    expect(await verdict(world, friend.field!.submit(name, set(3)))).to.equal('ok')
  })

  it('leaves a mark for seven days', () => {
    const owner = peer('owner')
    const signed = (change: Change, nonce: number) =>
      signTransaction(
        {
          ...{ slot: { owner, label: 'x' }, author: owner, nonce: new Uint8Array(16).fill(nonce) },
          ...{ expiresAtMs: 5_000, change }
        },
        { networkId: NETWORK_ID, sha256, sign: (data) => signatureOf(owner, data) }
      )
    const state = FieldState.genesis(sha256)
    const all = [signed(COUNTER, 1), signed(remove(1), 2), signed(COUNTER, 3)]
    const { changes, outcomes } = applyBatch(state, all, { round: 1, closedAtMs: 1_000 }, sha256)
    expect(outcomes.map(({ refusal }) => refusal)).to.deep.equal([undefined, undefined, 'REMOVED'])
    state.advance({ ...GENESIS, round: 1, closedAtMs: 1_000 }, changes)
    expect([state.size, state.ownedBy(owner)]).to.deep.equal([0, 1])
    expect(idleSlots(state, 1_000 + FIELD_LIMITS.removedMs)).to.deep.equal([])
    const gone = idleSlots(state, 1_001 + FIELD_LIMITS.removedMs)
    expect(gone).to.have.length(1)
    state.advance({ ...GENESIS, round: 2, closedAtMs: 2_000 }, new Map(gone.map((id) => [id, undefined])))
    expect([state.size, state.ownedBy(owner), state.bytes]).to.deep.equal([0, 0, 0])
  })
})
