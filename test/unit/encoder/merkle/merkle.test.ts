import { createHash } from 'node:crypto'
import { expect } from 'chai'
import fc from 'fast-check'
import {
  HASH_BYTES,
  MerkleRootBuilder,
  MerkleTree,
  leafHash,
  verifyAuditPath
} from '../../../../encoder/index.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** The tree hash as RFC 9162, section 2.1.1, defines it. */
function definition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256()
  if (leaves.length === 1) return leaves[0]
  const split = 2 ** Math.ceil(Math.log2(leaves.length) - 1)
  return sha256(Uint8Array.of(1), definition(leaves.slice(0, split)), definition(leaves.slice(split)))
}

function leavesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => leafHash(Uint8Array.of(i, i >> 8)))
}

describe('Merkle tree of RFC 9162', () => {
  it('hashes the leaves of the test vectors of RFC 6962 implementations', () => {
    expect(hex(leafHash(new Uint8Array(0)))).to.equal(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
    )
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f'
    ]
    const tree = new MerkleTree(Buffer.concat(inputs.map((input) => leafHash(Buffer.from(input, 'hex')))))
    expect(hex(tree.root)).to.equal('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  })

  it('has the root that the definition gives, built at once or leaf by leaf, for 0 to 70 leaves', () => {
    const builder = new MerkleRootBuilder()
    const all = leavesOf(70)
    for (let count = 0; count <= 70; count++) {
      const expected = hex(definition(all.slice(0, count)))
      expect(hex(new MerkleTree(Buffer.concat(all.slice(0, count))).root), `${count} leaves`).to.equal(
        expected
      )
      expect(hex(builder.root()), `${count} leaves`).to.equal(expected)
      expect(builder.leafCount).to.equal(count)
      if (count < 70) builder.append(all[count])
    }
  })

  it('proves each leaf, and no leaf at another place, in another tree or with another path', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 130 }), fc.nat(), fc.nat(), (count, place, bit) => {
        const index = place % count
        const leaves = leavesOf(count)
        const { root, ...tree } = provable(leaves)
        const path = tree.auditPath(index)
        expect(verifyAuditPath(root, count, index, leaves[index], path)).to.equal(true)
        expect(verifyAuditPath(root, count, index, leafHash(Uint8Array.of(255, 255)), path)).to.equal(false)
        expect(verifyAuditPath(leafHash(root), count, index, leaves[index], path)).to.equal(false)
        expect(verifyAuditPath(root, count, index, leaves[index], Buffer.concat([path, root]))).to.equal(
          false
        )
        if (count > 1) {
          expect(verifyAuditPath(root, count, (index + 1) % count, leaves[index], path)).to.equal(false)
          expect(verifyAuditPath(root, count, index, leaves[index], path.subarray(HASH_BYTES))).to.equal(
            false
          )
          const flipped = path.slice()
          flipped[(bit >> 3) % path.length] ^= 1 << (bit % 8)
          expect(verifyAuditPath(root, count, index, leaves[index], flipped)).to.equal(false)
        }
      }),
      { numRuns: 60, seed: 1 }
    )
  })

  it('refuses malformed proofs', () => {
    const [leaf] = leavesOf(1)
    const nothing = new Uint8Array(0)
    expect(verifyAuditPath(leaf, 1, 0, leaf, nothing)).to.equal(true)
    expect(verifyAuditPath(leaf, 0, 0, leaf, nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, 1, 1, leaf, nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, 1, -1, leaf, nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, 1, 0.5, leaf, nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, Number.POSITIVE_INFINITY, 0, leaf, nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, 1, 0, leaf.subarray(1), nothing)).to.equal(false)
    expect(verifyAuditPath(leaf, 1, 0, leaf, Uint8Array.of(1))).to.equal(false)
  })

  it('refuses leaves that are not hashes, and indices outside the tree', () => {
    expect(() => new MerkleTree(new Uint8Array(33))).to.throw(RangeError)
    expect(() => new MerkleTree(leavesOf(1)[0]).auditPath(1)).to.throw(RangeError)
    expect(() => new MerkleRootBuilder().append(new Uint8Array(31))).to.throw(RangeError)
  })
})

function provable(leaves: readonly Uint8Array[]): { root: Uint8Array; auditPath(index: number): Uint8Array } {
  const tree = new MerkleTree(Buffer.concat(leaves))
  return { root: tree.root, auditPath: (index) => tree.auditPath(index) }
}
