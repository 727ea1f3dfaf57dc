import { MAX_STATEMENT_PAYLOAD_BYTES } from '../../../../protocols/limits.ts'
import { expect } from 'chai'
import {
  MAX_STATEMENT_SHARDS,
  openHolderStatement,
  saidHolders,
  signHolderStatement
} from '../../../../src/hologram/records/holder-statement.ts'
import { MAX_CLOCK_SKEW_MS } from '../../../../src/hologram/records/placement-record.ts'
import { signPayload } from '../../../../protocols/signed.ts'
import { HolderStatement } from '../../../../protocols/generated/object.js'
import { codedObject, codeOf, NETWORK, NOW_MS, OTHER_NETWORK, signer } from '../support.ts'

describe('holder statements', () => {
  const { cid } = codedObject()
  const sequence = BigInt(NOW_MS)

  it('say which shards their signer holds', async () => {
    const holder = await signer(1)
    const signed = await signHolderStatement(NETWORK, { cid, sequence, shards: [3, 0] }, holder)
    const opened = await openHolderStatement(NETWORK, signed, NOW_MS)
    expect(opened.holder.equals(holder.peer)).to.equal(true)
    expect(opened).to.deep.include({ sequence, shards: [3, 0] })
    expect(opened.cid.equals(cid)).to.equal(true)
  })

  it('outrank the placement record when they are newer: a shard that was given away is not looked for at its old holder', async () => {
    const [giver, taker, other] = [await signer(1), await signer(2), await signer(3)]
    const record = {
      sequence,
      holders: [giver, other].map(({ peer }, shard) => ({ shard, peer }))
    }
    const says = ({ peer }: typeof giver, at: bigint, shards: number[]) => ({
      cid,
      holder: peer,
      sequence: at,
      shards
    })
    const namesOf = (statements: ReturnType<typeof says>[]): string[] =>
      saidHolders(statements, record).map(({ shard, peer }) => {
        const index = [giver, taker, other].findIndex((one) => one.peer.equals(peer))
        return `${shard} at ${['giver', 'taker', 'other'][index]}`
      })
    const moved = [says(giver, sequence + 1n, []), says(taker, sequence + 2n, [0])]
    expect(namesOf(moved)).to.deep.equal(['0 at taker', '1 at other'])
    expect(namesOf([says(giver, sequence - 1n, [])])).to.deep.equal(['0 at giver', '1 at other'])
    expect(namesOf([says(other, sequence + 1n, [1])])).to.deep.equal([
      '1 at other',
      '0 at giver',
      '1 at other'
    ])
  })

  it('are refused when they are of another network, from the future, damaged, or name impossible shards', async () => {
    const holder = await signer(1)
    const sign = async (fields: { sequence?: bigint; shards?: number[] }, network = NETWORK) =>
      signHolderStatement(network, { cid, sequence, shards: [0], ...fields }, holder)
    const open = async (signed: Uint8Array) =>
      codeOf(async () => openHolderStatement(NETWORK, signed, NOW_MS))
    expect(await open(await sign({}, OTHER_NETWORK))).to.equal('WRONG_NETWORK')
    expect(await open(await sign({ shards: [256] }))).to.equal('BAD_PLACEMENT')
    expect(await open(await sign({ shards: [5, 5] }))).to.equal('BAD_PLACEMENT')
    const limit = BigInt(NOW_MS + MAX_CLOCK_SKEW_MS)
    expect((await openHolderStatement(NETWORK, await sign({ sequence: limit }), NOW_MS)).sequence).to.equal(
      limit
    )
    expect(await open(await sign({ sequence: limit + 1n }))).to.equal('BAD_PLACEMENT')
    const damaged = await sign({})
    damaged[damaged.length - 1] ^= 1
    expect(await open(damaged)).to.equal('BAD_PLACEMENT')
  })

  it('name at most 32 shards, and fit their limit with all of them', async () => {
    const shards = Array.from({ length: MAX_STATEMENT_SHARDS }, (_, i) => 255 - i)
    const holder = await signer(1)
    const signed = await signHolderStatement(NETWORK, { cid, sequence, shards: [...shards, 0] }, holder)
    expect((await openHolderStatement(NETWORK, signed, NOW_MS)).shards).to.deep.equal(shards)
    const fields = { network: Uint8Array.from(NETWORK), cid: Uint8Array.from(cid.bytes), sequence }
    const most = HolderStatement.encode({ ...fields, shards })
    expect(most.byteLength).to.be.at.most(MAX_STATEMENT_PAYLOAD_BYTES)
    const tooMany = HolderStatement.encode({ ...fields, shards: [...shards, 0] })
    const foreign = await signPayload('holder', NETWORK, tooMany, holder)
    expect(await codeOf(async () => openHolderStatement(NETWORK, foreign, NOW_MS))).to.equal('BAD_PLACEMENT')
  })
})
