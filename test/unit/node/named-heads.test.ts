import { createHash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import { signTransaction } from '../../../src/field/index.ts'
import { HeadError, signHead } from '../../../src/heads/index.ts'
import { authorOf, NAME_LABEL, replacement } from '../../../src/node/field/agreed-slots.ts'
import { NamedHeads } from '../../../src/node/field/named-heads.ts'
import { randomSource } from '../../sim/engine/index.ts'
import { FieldWorld, NETWORK_ID, type FieldNode } from '../field/fixture.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

describe('names in slots', () => {
  let world: FieldWorld
  let key: Ed25519PrivateKey
  let name: PeerId
  let kept: Uint8Array[]
  beforeEach(async () => {
    world = await FieldWorld.started({ validators: 4, observers: 4, delayMs: 5 })
    key = await generateKeyPair('Ed25519')
    name = peerIdFromPrivateKey(key)
    kept = []
  })

  const namesOf = ({ field, clock }: FieldNode): NamedHeads =>
    new NamedHeads({
      heads: {
        publish: async (_, signed) => {
          kept.push(signed)
          return { confirmed: 4, keepers: 7, heads: [] }
        },
        resolve: async () => await Promise.reject(new HeadError('NO_HEAD', 'Nothing is kept.'))
      },
      field,
      networkId: NETWORK_ID,
      clock
    })

  const head = async (
    node: FieldNode,
    sequence: number,
    text: string,
    lifeMs = 86_400_000
  ): Promise<Uint8Array> =>
    await signHead(
      NETWORK_ID,
      { sequence, expiresAtMs: node.clock.nowMs() + lifeMs, value: Buffer.from(text) },
      { peer: name, sign: async (bytes) => await key.sign(bytes) }
    )
  const change = (
    node: FieldNode,
    version: number,
    bytes: Uint8Array,
    { by = key, label = NAME_LABEL }: { by?: Ed25519PrivateKey; label?: string } = {}
  ): Uint8Array => {
    const { id, sign } = authorOf(by)
    return signTransaction(
      {
        slot: { owner: id, label },
        author: id,
        nonce: randomSource(world.prng.fork()).bytes(16),
        expiresAtMs: node.clock.nowMs() + 60_000,
        change: replacement(version, bytes)
      },
      { networkId: NETWORK_ID, sha256, sign }
    ).bytes
  }
  const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
    await world.until(
      work.then(
        () => 'done',
        (error: { code?: unknown }) => error.code
      )
    )

  it('have one winner where eight publish at once, and everybody reads what it published', async () => {
    for (let version = 0; version < 20; version++) {
      const outcomes = await world.until(
        Promise.all(
          world.nodes.map(async (node) => {
            const signed = await head(node, version + 1, node.id)
            return await namesOf(node)
              .publishInSlot(name, change(node, version, signed))
              .then(
                () => 'won',
                (error: HeadError) => error.code
              )
          })
        )
      )
      expect(outcomes.filter((one) => one === 'won')).to.have.length(1)
      expect(outcomes.filter((one) => one === 'STALE_HEAD')).to.have.length(7)
      const winner = world.nodes[outcomes.indexOf('won')].id
      for (const node of world.nodes) {
        const { heads, slot } = await world.until(namesOf(node).resolve(name))
        expect(heads.map(({ value }) => Buffer.from(value).toString())).to.deep.equal([winner])
        expect(slot).to.include({ version: version + 1, ageMs: 0 })
      }
    }
  })

  it('are replaced by a change of their own slot with a head of their own, and by nothing else', async () => {
    const [node] = world.nodes
    const names = namesOf(node)
    const good = await head(node, 1, 'x')
    const other = await generateKeyPair('Ed25519')
    const bad: ReadonlyArray<readonly [string, Uint8Array, unknown]> = [
      ['bytes that are not signed', new Uint8Array(100), 'BAD_SLOT_VALUE'],
      ['a slot of another owner', change(node, 0, good, { by: other }), 'BAD_HEAD'],
      ['another slot', change(node, 0, good, { label: 'x' }), 'BAD_HEAD'],
      ['something that is not a head', change(node, 0, Buffer.from('x')), 'BAD_HEAD'],
      ['a head that has expired', change(node, 0, await head(node, 1, 'x', -1)), 'BAD_HEAD']
    ]
    for (const [what, bytes, code] of bad)
      expect(await codeOf(names.publishInSlot(name, bytes)), what).to.equal(code)
    expect(await codeOf(names.publishInSlot(name, change(node, 0, good)))).to.equal('done')
    expect(await codeOf(names.publish(name, await head(node, 2, 'y')))).to.equal('STALE_HEAD')
    expect(kept).to.deep.equal([])
  })

  it('expire, and are answered with their age where too few validators answer', async () => {
    const [node] = world.nodes
    const names = namesOf(node)
    expect(await codeOf(names.resolve(name))).to.equal('NO_HEAD')
    await world.until(names.publishInSlot(name, change(node, 0, await head(node, 1, 'x', 60_000))))
    for (const one of world.nodes.slice(1)) one.isConnected = false
    await world.pass(10)
    const { slot } = await world.until(names.resolve(name))
    expect(slot!.ageMs).to.be.within(1_000, 20_000)
    const unknown = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    expect(await codeOf(names.resolve(unknown))).to.equal('NO_MAJORITY')
    await world.pass(60)
    expect(await codeOf(names.resolve(name))).to.equal('NO_HEAD')
  })
})
