import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { expect } from 'chai'
import { newest } from '../../../src/heads/head.ts'
import {
  formatName,
  MAX_HEAD_LIFE_MS,
  MAX_VALUE_BYTES,
  openHead,
  parseName,
  signHead
} from '../../../src/heads/index.ts'
import type { Head } from '../../../src/heads/index.ts'
import { codeOf } from '../cli/world.ts'

const NETWORK = new Uint8Array(32).fill(7)
const NOW = 1_700_000_000_000

describe('heads: a head', () => {
  let key: Ed25519PrivateKey
  before(async () => {
    key = await generateKeyPair('Ed25519')
  })

  const sign = async (fields: Partial<Head> = {}, network = NETWORK): Promise<Uint8Array> =>
    await signHead(
      network,
      { sequence: 1, expiresAtMs: NOW + 1000, value: Uint8Array.of(1, 2, 3), ...fields },
      { peer: peerIdFromPrivateKey(key), sign: async (bytes) => await key.sign(bytes) }
    )
  const refusal = async (signed: Uint8Array, nowMs = NOW): Promise<unknown> =>
    await codeOf(openHead(NETWORK, signed, nowMs))

  it('comes back as it was signed', async () => {
    for (const value of [new Uint8Array(0), Uint8Array.of(1), new Uint8Array(MAX_VALUE_BYTES).fill(9)]) {
      for (const sequence of [1, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
        const signed = await sign({ value, sequence })
        const head = await openHead(NETWORK, signed, NOW)
        expect(head.name.equals(peerIdFromPrivateKey(key))).to.equal(true)
        expect([head.sequence, head.expiresAtMs]).to.deep.equal([sequence, NOW + 1000])
        expect(Buffer.compare(head.value, value)).to.equal(0)
      }
    }
  })

  it('is refused when it is too long, has no sequence, has expired or lives too long', async () => {
    expect(await codeOf(sign({ value: new Uint8Array(MAX_VALUE_BYTES + 1) }))).to.equal('BAD_HEAD')
    for (const sequence of [0, -1, 1.5, 2 ** 53, NaN]) {
      expect(await codeOf(sign({ sequence }))).to.equal('BAD_HEAD')
    }
    const signed = await sign()
    expect(await refusal(signed, NOW + 1000)).to.equal('BAD_HEAD')
    expect(await refusal(await sign({ expiresAtMs: NOW + MAX_HEAD_LIFE_MS + 1 }))).to.equal('BAD_HEAD')
    await openHead(NETWORK, await sign({ expiresAtMs: NOW + MAX_HEAD_LIFE_MS }), NOW)
  })

  it('is refused on another network; with a bit changed it is refused, or says the same', async () => {
    expect(await refusal(await sign({}, new Uint8Array(32).fill(8)))).to.equal('BAD_HEAD')
    const signed = await sign()
    let tolerated = 0
    for (let bit = 0; bit < signed.byteLength * 8; bit += 7) {
      const changed = Uint8Array.from(signed)
      changed[bit >> 3] ^= 1 << (bit & 7)
      const head = await openHead(NETWORK, changed, NOW).catch((error: { code?: unknown }) => error.code)
      // Some bits of protobuf's tags are not looked at.
      if (head !== 'BAD_HEAD') {
        expect(head, `bit ${bit}`).to.deep.include({ sequence: 1, value: Uint8Array.of(1, 2, 3) })
        tolerated++
      }
    }
    expect(tolerated).to.be.lessThan(4)
    for (let length = 0; length < signed.byteLength; length += 5) {
      expect(await refusal(signed.subarray(0, length)), `${length} bytes`).to.equal('BAD_HEAD')
    }
  })

  it('counts by its sequence; of one sequence every value stays once, in an order that all compute', async () => {
    const open = async (fields: Partial<Head>): Promise<Head> =>
      await openHead(NETWORK, await sign(fields), NOW)
    const heads = await Promise.all([
      open({ sequence: 2, value: Uint8Array.of(1) }),
      open({ sequence: 3, value: Uint8Array.of(2) }),
      open({ sequence: 3, value: Uint8Array.of(3), expiresAtMs: NOW + 5 }),
      open({ sequence: 3, value: Uint8Array.of(3), expiresAtMs: NOW + 9 })
    ])
    const kept = newest(heads)
    expect(kept.map(({ value }) => value[0])).to.have.members([2, 3])
    expect(newest([...heads].reverse())).to.deep.equal(kept)
    expect(kept.find(({ value }) => value[0] === 3)?.expiresAtMs).to.equal(NOW + 9)
    expect(newest([])).to.deep.equal([])
  })

  it('has a name that is written k51… and read back', async () => {
    const name = peerIdFromPrivateKey(key)
    expect(formatName(name)).to.match(/^k51[0-9a-z]{59}$/)
    expect(parseName(formatName(name))?.equals(name)).to.equal(true)
    const secp = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))
    for (const text of ['', 'k51', name.toString(), formatName(name).slice(0, -1), secp.toCID().toString()]) {
      expect(parseName(text), text).to.equal(undefined)
    }
  })
})
