import { expect } from 'chai'
import fc from 'fast-check'
import { HASH_BYTES, leafHash, MerkleTree } from '../../../../../encoder/index.ts'
import { AuditVerifier } from '../../../../../src/hologram/client/get/audit-verifier.ts'

describe('verifying blocks against the root of their shard', () => {
  const blocksOf = (count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, i) => Uint8Array.of(i, i >> 8, 7))
  const treeOf = (blocks: readonly Uint8Array[]): MerkleTree =>
    new MerkleTree(Buffer.concat(blocks.map(leafHash)))

  it('accepts every block of every size of shard, in any order', () => {
    const order = fc
      .integer({ min: 1, max: 70 })
      .chain((count) =>
        fc.tuple(fc.constant(count), fc.array(fc.nat(count - 1), { minLength: 1, maxLength: 100 }))
      )
    fc.assert(
      fc.property(order, ([count, indices]) => {
        const blocks = blocksOf(count)
        const tree = treeOf(blocks)
        const verifier = new AuditVerifier(tree.root, count)
        for (const index of indices) {
          expect(verifier.verify(index, blocks[index], tree.auditPath(index))).to.equal(true)
        }
      })
    )
  })

  it('accepts blocks in order, one after another, for sizes around powers of two', () => {
    for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 1000]) {
      const blocks = blocksOf(count)
      const tree = treeOf(blocks)
      const verifier = new AuditVerifier(tree.root, count)
      blocks.forEach((block, index) => {
        expect(verifier.verify(index, block, tree.auditPath(index)), `${index} of ${count}`).to.equal(true)
      })
    }
  })

  it('refuses another block, index or path, whatever it has verified before', () => {
    const damaged = fc.record({
      count: fc.integer({ min: 2, max: 40 }),
      warmUp: fc.array(fc.nat(39), { maxLength: 10 }),
      index: fc.nat(39),
      other: fc.nat(39)
    })
    fc.assert(
      fc.property(damaged, ({ count, warmUp, ...chosen }) => {
        const [index, other] = [chosen.index % count, chosen.other % count]
        const blocks = blocksOf(count)
        const tree = treeOf(blocks)
        const warm = (): AuditVerifier => {
          const verifier = new AuditVerifier(tree.root, count)
          for (const i of warmUp) verifier.verify(i % count, blocks[i % count], tree.auditPath(i % count))
          return verifier
        }
        const path = tree.auditPath(index)
        const flipped = Uint8Array.of(blocks[index][0] ^ 1, ...blocks[index].subarray(1))
        expect(warm().verify(index, flipped, path)).to.equal(false)
        expect(warm().verify(index, flipped, path), 'a second time').to.equal(false)
        if (other !== index) expect(warm().verify(other, blocks[index], path)).to.equal(false)
      })
    )
  })

  it('refuses paths that are too short, too long, damaged or no path at all', () => {
    const blocks = blocksOf(11)
    const tree = treeOf(blocks)
    for (let index = 0; index < 11; index++) {
      const path = tree.auditPath(index)
      const damaged = path.slice()
      damaged[path.length - 1] ^= 1
      const wrong = [
        path.subarray(HASH_BYTES),
        path.subarray(0, path.length - HASH_BYTES),
        path.subarray(0, path.length - 1),
        Buffer.concat([path, path.subarray(0, HASH_BYTES)]),
        new Uint8Array(),
        damaged
      ]
      for (const bad of wrong) {
        expect(new AuditVerifier(tree.root, 11).verify(index, blocks[index], bad)).to.equal(false)
      }
    }
    for (const index of [-1, 11, 1.5, NaN]) {
      expect(new AuditVerifier(tree.root, 11).verify(index, blocks[0], tree.auditPath(0))).to.equal(false)
    }
  })

  it('learns nothing from a proof that failed', () => {
    const blocks = blocksOf(8)
    const tree = treeOf(blocks)
    const verifier = new AuditVerifier(tree.root, 8)
    const forged = Uint8Array.of(9, 9, 9)
    const path = tree.auditPath(1)
    path.set(leafHash(forged))
    expect(verifier.verify(1, blocks[1], path)).to.equal(false)
    expect(verifier.verify(0, forged, tree.auditPath(0))).to.equal(false)
  })
})
