import { readFileSync } from 'node:fs'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { leafHash, MerkleTree } from '../../../encoder/index.ts'
import { signPayload } from '../../../protocols/signed.ts'
import * as limits from '../../../protocols/limits.ts'
import { formatLink } from '../../../src/seal/index.ts'
import { encodeManifest, manifestCid } from '../../../src/hologram/records/manifest.ts'
import { inlineManifest } from './support.ts'

// The vectors and limits that docs/reference/protocols.md promises to other implementations, and that no other test has.

const text = readFileSync(new URL('../../../docs/reference/protocols.md', import.meta.url), 'utf8')
const document = text.replace(/\s/g, '')
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('docs/reference/protocols.md', () => {
  const manifest = inlineManifest(Buffer.from('thhe'))
  const cid = manifestCid(encodeManifest(manifest))

  it('has the vector of a manifest', () => {
    expect(document).to.include(hex(manifest.seed))
    expect(document).to.include(hex(encodeManifest(manifest)))
    expect(document).to.include(cid.toString())
  })

  it('has the vector of a link', () => {
    const key = Uint8Array.from({ length: 32 }, (_, i) => i)
    expect(document).to.include(formatLink(new Uint8Array(32).fill(1), cid, key))
  })

  it('has the vector of a Merkle tree', () => {
    const blocks = ['a', 'b', 'c', 'd', 'e'].map((letter) => Buffer.alloc(64, letter))
    const tree = new MerkleTree(Buffer.concat(blocks.map(leafHash)))
    expect(document).to.include(hex(tree.root))
    for (const index of [2, 4]) expect(document).to.include(hex(tree.auditPath(index)))
  })

  it('has the vector of a Signed message', async () => {
    const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7))
    const signer = { peer: peerIdFromPrivateKey(key), sign: (bytes: Uint8Array) => key.sign(bytes) }
    const signed = await signPayload('lease', new Uint8Array(32).fill(1), Uint8Array.of(1, 2, 3), signer)
    expect(document).to.include(hex(signed))
    expect(document).to.include(signer.peer.toString())
  })

  it('states the limits that the code enforces', () => {
    for (const [message, bytes] of Object.entries({
      PutFrame: limits.MAX_PUT_FRAME_BYTES,
      PutReply: limits.MAX_PUT_REPLY_BYTES,
      GetRequest: limits.MAX_GET_REQUEST_BYTES,
      GetReply: limits.MAX_GET_REPLY_BYTES,
      ObjectRequest: limits.MAX_OBJECT_REQUEST_BYTES,
      ObjectReply: limits.MAX_OBJECT_REPLY_BYTES
    })) {
      expect(document).to.include(`|${message}|${bytes.toLocaleString('en-US')}|`)
    }
  })
})
