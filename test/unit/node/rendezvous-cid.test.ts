import { expect } from 'chai'
import { rendezvousCid } from '../../../src/node/rendezvous.ts'

describe('rendezvous key', () => {
  it('is the raw CID of SHA-256 over "thhe/rendezvous/1" and the network id', () => {
    // printf 'thhe/rendezvous/1' > f; head -c 32 /dev/zero >> f; sha256sum f
    expect(Buffer.from(rendezvousCid(new Uint8Array(32)).multihash.digest).toString('hex')).to.equal(
      'e356ce51869df4e1478c3c5ae22e1cb677f2c23c557b2ad8456cef4feb632ce8'
    )
    expect(rendezvousCid(new Uint8Array(32)).code).to.equal(0x55)
  })

  it('differs from network to network', () => {
    expect(rendezvousCid(new Uint8Array(32)).equals(rendezvousCid(new Uint8Array(32).fill(1)))).to.equal(
      false
    )
  })
})
