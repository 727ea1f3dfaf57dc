import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { provenTarget } from '../../../src/cli/names/follow.ts'
import { parseNameLink } from '../../../src/cli/names/link.ts'
import { provenBy } from '../../../src/cli/slot-proof.ts'
import { systemRandom } from '../../../src/clock/index.ts'
import { encodeLogProof, encodeSlotProof, FieldError } from '../../../src/field/index.ts'
import { formatName, signHead } from '../../../src/heads/index.ts'
import { authorOf, replacement } from '../../../src/node/field/agreed-slots.ts'
import { createDescriptor, formatDescriptor } from '../../../src/node/index.ts'
import { sealNameValue } from '../../../src/seal/index.ts'
import type { NodeClient } from '../../../src/cli/client.ts'
import type { Change, LogProof, SlotName, SlotProof } from '../../../src/field/index.ts'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import type { Node } from '../../../src/node/index.ts'
import { Lab, until } from './support.ts'

const VALIDATORS = ['v0', 'v1', 'v2', 'v3']
const PATIENCE_MS = 60_000
const COUNTER: Change = { type: 'create', writers: 'anyone', value: { kind: 'integer', integer: 0n } }

describe('field: real nodes', function () {
  this.timeout(180_000)
  let lab: Lab
  let network: string
  let name: SlotName

  const config = { reportInterval: 2_000 }
  const integerAt = (node: Node): bigint | undefined => {
    const value = node.field!.view(name).entry?.value
    return value?.kind === 'integer' ? value.integer : undefined
  }
  const add = async (node: Node, delta: bigint): Promise<unknown> =>
    await node.field!.submit(name, { type: 'add', delta }, { signal: AbortSignal.timeout(PATIENCE_MS) })

  before(async () => {
    lab = new Lab()
    const validators = await Promise.all(
      VALIDATORS.map(async (one) => await futurePeerId(join(lab.folder, one)))
    )
    network = lab.network('field', { code: { k: 2, n: 3 }, quorumSet: flatQuorumSet(validators) }).path
    for (const one of VALIDATORS) await lab.start(one, { ...config, network })
    await lab.start('follower', { ...config, network })
    name = { owner: lab.nodes[4].peerId.toString(), label: 'visits' }
    await until(
      'everybody to be connected',
      () => lab.nodes.every((node) => node.peers().filter(({ connected }) => connected).length >= 4),
      PATIENCE_MS
    )
  })
  after(async () => await lab.stop())

  it('agree on a slot that one of them creates, and add to it from all sides', async () => {
    const { version } = await lab.nodes[4].field!.submit(name, COUNTER)
    expect(version).to.equal(1)
    await until('everybody to see it', () => lab.nodes.every((node) => integerAt(node) === 0n), PATIENCE_MS)
    await Promise.all(lab.nodes.flatMap((node) => [add(node, 1n), add(node, 10n)]))
    await until(
      'everybody to see the sum',
      () => lab.nodes.every((node) => integerAt(node) === 55n),
      PATIENCE_MS
    )
    const twice = lab.nodes[4].field!.submit(name, COUNTER)
    const refused = await twice.catch((error: unknown) => error as FieldError)
    expect(refused).to.be.instanceOf(FieldError).and.include({ code: 'CHANGE_REFUSED' })
    await until(
      'nobody to wait',
      () => lab.nodes.every((node) => node.field!.status().waiting === 0),
      PATIENCE_MS
    )
    expect((await lab.nodes[0].status()).field).to.include({ state: 'current', slots: 1, waiting: 0 })
    const page = await lab.nodes[0].metrics.metrics()
    expect(page)
      .to.match(/^thhe_field_slots 1$/m)
      .and.match(/^thhe_field_applied_total 11$/m)
  })

  it('prove to whoever has the descriptor what a slot holds, and who changed it', async () => {
    const [node] = lab.nodes
    const descriptor = await readFile(network, 'utf8')
    const proofOf = async (): Promise<LogProof> => {
      let proof: LogProof | undefined
      await until('a round to commit to the sum', async () => {
        proof = await node.field!.proveLog(name)
        return (proof?.slot.decision.slotIndex ?? 0) > node.field!.view(name).entry!.changedRound
      })
      return proof!
    }
    const bytes = encodeLogProof(name, await proofOf())
    const proven = await provenBy(bytes, descriptor)
    expect(proven?.slot?.value).to.equal('55')
    expect(proven?.log).to.include({ isWhole: true })
    expect(proven?.log?.changes).to.have.length(11)
    const other = formatDescriptor(
      createDescriptor({ name: 'x', quorumSet: flatQuorumSet([lab.nodes[4].peerId.toString()]) })
    )
    expect(await provenBy(bytes, other)).to.equal(undefined)
    expect(await provenBy(bytes.subarray(0, -1), descriptor)).to.equal(undefined)
    expect(await provenBy(bytes.fill(0, -40, -20), descriptor)).to.equal(undefined)
  })

  it('prove what is published under a name, whatever the node says', async () => {
    const [node] = lab.nodes
    const key = await generateKeyPair('Ed25519')
    const published = peerIdFromPrivateKey(key)
    const { id, sign } = authorOf(key)
    const head = await signHead(
      node.networkId,
      {
        sequence: 1,
        expiresAtMs: Date.now() + 60_000,
        value: await sealNameValue('thhe:x', undefined, systemRandom)
      },
      { peer: published, sign: async (data) => await key.sign(data) }
    )
    const slot = { owner: id, label: 'head' }
    await node.field!.submit(slot, replacement(0, head), { author: { id, sign } })
    const client = {
      network: async () => ({ id: Buffer.from(node.networkId).toString('hex') }),
      slotProof: async (text: string) => {
        expect(text).to.equal(`${id}/head`)
        let proof: SlotProof | undefined
        await until('a round to commit to the name', () => {
          proof = node.field!.prove(slot)
          return (proof?.decision.slotIndex ?? 0) > node.field!.view(slot).entry!.changedRound
        })
        return encodeSlotProof(slot, proof!)
      }
    } as unknown as NodeClient
    const link = parseNameLink(node.networkId, formatName(published))!
    const { link: target, sequence } = await provenTarget(client, link, network)
    expect([target, sequence]).to.deep.equal(['thhe:x', 1])
    // A node that answers with the slot of another name.
    const liar = {
      ...client,
      slotProof: async () => encodeSlotProof(name, node.field!.prove(name)!)
    } as unknown as NodeClient
    const refused = await provenTarget(liar, link, network).catch((error: { code: string }) => error.code)
    expect(refused).to.equal('BAD_PROOF')
  })

  it('go on while one validator is away, which knows the sum when it is back', async () => {
    await lab.nodes[3].stop()
    await add(lab.nodes[0], 100n)
    await until(
      'the others to see it',
      () => [0, 1, 2, 4].every((i) => integerAt(lab.nodes[i]) === 155n),
      PATIENCE_MS
    )
    const back = await lab.start('v3', { ...config, network })
    await until('it to have caught up', () => integerAt(back) === 155n, PATIENCE_MS)
    await add(back, 1000n)
    await until(
      'everybody to see that',
      () => [0, 1, 2, 4].every((i) => integerAt(lab.nodes[i]) === 1155n),
      PATIENCE_MS
    )
  })
})
