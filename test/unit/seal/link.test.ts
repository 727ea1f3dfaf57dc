import { expect } from 'chai'
import { CID } from 'multiformats/cid'
import { objectCid } from '../../../src/hologram/records/cid.ts'
import { formatLink, isSealError, networkPrefix, parseLink } from '../../../src/seal/index.ts'
import { errorOf, NETWORK, OTHER_NETWORK } from '../hologram/support.ts'
import { codeOf, noise, sha256 } from './support.ts'

describe('link', () => {
  const cid = objectCid(sha256(Uint8Array.of(1)))
  const key = noise(32)

  it('carries the network, the object and the key', () => {
    const link = formatLink(NETWORK, cid, key)
    expect(link).to.equal(`thhe:abababab/${cid.toString()}#${Buffer.from(key).toString('base64url')}`)
    expect(parseLink(NETWORK, link)).to.deep.equal({ cid, key })
    expect(parseLink(NETWORK, ` ${link}\n`)).to.deep.equal({ cid, key })
  })

  it('needs no key', () => {
    expect(parseLink(NETWORK, formatLink(NETWORK, cid))).to.deep.equal({ cid })
  })

  it('may be a bare object id, with or without a key', () => {
    expect(parseLink(NETWORK, cid.toString())).to.deep.equal({ cid })
    const fragment = Buffer.from(key).toString('base64url')
    expect(parseLink(NETWORK, `${cid.toString()}#${fragment}`)).to.deep.equal({ cid, key })
  })

  it('of another network is refused by name', async () => {
    const error = await errorOf(() => parseLink(NETWORK, formatLink(OTHER_NETWORK, cid, key)))
    expect(isSealError(error, 'WRONG_NETWORK') && error.data).to.deep.equal({
      expected: networkPrefix(NETWORK),
      found: 'cdcdcdcd'
    })
  })

  it('is refused when it is garbled', async () => {
    const id = cid.toString()
    const v0 = CID.create(0, 0x70, cid.multihash).toString()
    const raw = CID.createV1(0x55, cid.multihash).toString()
    for (const link of [
      '',
      'thhe:',
      `thhe:${id}`,
      `thhe:ABABABAB/${id}`,
      `thhe:abababab/${id}/x`,
      'hello',
      v0,
      raw
    ]) {
      expect(await codeOf(() => parseLink(NETWORK, link)), link).to.equal('BAD_LINK')
    }
  })

  it('is refused when its key is garbled, with a message that does not contain the key', async () => {
    const fragment = Buffer.from(key).toString('base64url')
    for (const garbled of [
      '',
      'x',
      fragment.slice(1),
      `${fragment}A`,
      `${fragment.slice(0, 42)}B`,
      `${fragment}=`
    ]) {
      const error = await errorOf(() => parseLink(NETWORK, `${cid.toString()}#${garbled}`))
      expect(isSealError(error, 'BAD_KEY'), garbled).to.equal(true)
      if (garbled.length > 1) expect(String(error)).not.to.include(garbled)
    }
    const badId = await errorOf(() => parseLink(NETWORK, `nothing#${fragment}`))
    expect(JSON.stringify([String(badId), badId])).not.to.include(fragment)
  })

  it('is not made with a key of another length', async () => {
    expect(await codeOf(() => formatLink(NETWORK, cid, key.subarray(1)))).to.equal('BAD_KEY')
  })
})
