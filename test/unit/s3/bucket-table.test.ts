import { expect } from 'chai'
import fc from 'fast-check'
import { idOf } from '../../../src/s3/bodies.ts'
import type { ObjectRecord, Piece } from '../../../src/s3/records.ts'
import { BucketView } from '../../../src/s3/table.ts'
import { Tree } from '../../../src/tables/tree.ts'

const piece = (cid: number, packed: boolean): Piece => ({
  cid: Uint8Array.of(cid),
  key: new Uint8Array(32),
  start: 0,
  bytes: 1,
  by: 'me',
  packed
})

const object = (pieces: readonly Piece[]): ObjectRecord => ({
  headers: {},
  metadata: {},
  tags: {},
  bytes: pieces.length,
  etag: 'x',
  modifiedMs: 1,
  pieces,
  parts: []
})

class World {
  readonly tree = new Tree()
  #next = 0

  get view(): BucketView {
    return new BucketView(this.tree)
  }

  change(work: (change: ReturnType<BucketView['change']>) => void): void {
    const change = this.view.change(5)
    work(change)
    this.tree.apply(change.changes)
  }

  fresh(packed: boolean): Piece {
    return piece(this.#next++, packed)
  }

  /** Mesh objects that a record names, and those that are noted as garbage. */
  get state(): { named: string[]; garbage: string[] } {
    const garbage = [...this.view.garbage()].map(({ cid }) => idOf(cid))
    return { named: [...new Set(this.view.named())].sort(), garbage: garbage.sort() }
  }
}

describe('s3: what a bucket counts', () => {
  it('notes a mesh object as garbage exactly when no record names it any more', () => {
    const step = fc.record({
      kind: fc.constantFrom('put', 'put packed', 'copy', 'remove', 'part', 'complete', 'abort'),
      key: fc.constantFrom('a', 'b', 'c'),
      other: fc.constantFrom('a', 'b', 'c')
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World()
        const put = new Set<string>()
        let pack = world.fresh(true)
        for (const { kind, key, other } of steps) {
          const { view } = world
          if (kind === 'put' || kind === 'put packed') {
            // Every third body begins a new pack.
            if (put.size % 3 === 0) pack = world.fresh(true)
            const body = kind === 'put' ? world.fresh(false) : pack
            put.add(idOf(body.cid))
            world.change((change) => change.setObject(key, object([body]), { isFresh: true }))
          }
          const source = view.object(other)
          if (kind === 'copy' && source !== undefined) {
            world.change((change) => change.setObject(key, source, { isFresh: false }))
          }
          if (kind === 'remove' && view.object(key) !== undefined)
            world.change((change) => change.removeObject(key))
          if (kind === 'part') {
            const body = world.fresh(false)
            put.add(idOf(body.cid))
            const part = { bytes: 1, etag: 'x', modifiedMs: 1, pieces: [body] }
            world.change((change) => {
              change.setUpload('id', { headers: {}, metadata: {}, tags: {}, key: 'a', initiatedMs: 1 })
              change.setPart('id', other === 'a' ? 1 : 2, part, { isFresh: true })
            })
          }
          if (kind === 'complete' && view.upload('a', 'id') !== undefined) {
            const pieces = [...view.parts('id')].flatMap(({ record }) => record().pieces)
            world.change((change) => {
              change.setObject('a', object(pieces), { isFresh: false })
              change.removeUpload(view, 'a', 'id')
            })
          }
          if (kind === 'abort' && view.upload('a', 'id') !== undefined) {
            world.change((change) => change.removeUpload(view, 'a', 'id'))
          }
          const { named, garbage } = world.state
          expect(garbage).to.deep.equal([...put].filter((id) => !named.includes(id)).sort())
        }
      }),
      { numRuns: 500 }
    )
  })
})
