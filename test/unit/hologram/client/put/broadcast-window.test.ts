import { expect } from 'chai'
import fc from 'fast-check'
import { BroadcastWindow } from '../../../../../src/hologram/client/put/broadcast-window.ts'
import type { WindowReader } from '../../../../../src/hologram/client/put/broadcast-window.ts'

describe('a window that several readers see at their own pace', () => {
  const write = (window: BroadcastWindow<number>, count: number): void => {
    for (let i = 0; i < count; i++) expect(window.tryWrite(window.written)).to.equal(true)
  }

  const drain = async (reader: WindowReader<number>): Promise<number[]> => {
    const seen: number[] = []
    for (let item = await reader.next(); item !== undefined; item = await reader.next()) seen.push(item)
    return seen
  }

  it('gives every reader every item, and never holds more than its capacity', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(2), { maxLength: 200 }),
        async (capacity, turns) => {
          const window = new BroadcastWindow<number>(capacity)
          const readers = [window.join()!, window.join()!]
          const seen: number[][] = [[], []]
          for (const turn of turns) {
            if (turn === 2) {
              const room = window.written - Math.min(...readers.map(({ position }) => position)) < capacity
              expect(window.tryWrite(window.written)).to.equal(room)
            } else if (readers[turn].position < window.written) {
              seen[turn].push((await readers[turn].next())!)
            }
          }
          window.end()
          for (const [i, reader] of readers.entries()) seen[i].push(...(await drain(reader)))
          const all = Array.from({ length: window.written }, (_, i) => i)
          expect(seen).to.deep.equal([all, all])
        }
      ),
      { numRuns: 100 }
    )
  })

  it('wakes a reader that is waiting for the next item', async () => {
    const window = new BroadcastWindow<number>(2)
    const next = window.join()!.next()
    window.tryWrite(7)
    expect(await next).to.equal(7)
  })

  it('signals that there may be room when a reader has moved or left', async () => {
    const window = new BroadcastWindow<number>(1)
    const [mover, leaver] = [window.join()!, window.join()!]
    write(window, 1)
    expect(window.tryWrite(1)).to.equal(false)
    expect(window.laggards()).to.have.members([mover, leaver])
    const moved = window.moved()
    await mover.next()
    await moved
    expect(window.tryWrite(1)).to.equal(false)
    expect(window.laggards()).to.deep.equal([leaver])
    const left = window.moved()
    leaver.leave()
    await left
    expect(window.tryWrite(1)).to.equal(true)
  })

  it('lets readers join at the first item until that item was dropped', async () => {
    const window = new BroadcastWindow<number>(2)
    const reader = window.join()!
    write(window, 2)
    await reader.next()
    await reader.next()
    const late = window.join()!
    expect(await late.next()).to.equal(0)
    write(window, 1)
    expect(window.join()).to.equal(undefined)
    window.end()
    expect(await drain(late)).to.deep.equal([1, 2])
  })

  it('ends a waiting reader when it leaves, and all of them when the window fails', async () => {
    const window = new BroadcastWindow<number>(2)
    const [leaver, other] = [window.join()!, window.join()!]
    const left = leaver.next()
    leaver.leave()
    expect(await left).to.equal(undefined)
    const failed = other.next().catch((error: unknown) => error)
    const cause = new Error('no more')
    window.fail(cause)
    expect(await failed).to.equal(cause)
    expect(
      await window
        .join()!
        .next()
        .catch((error: unknown) => error)
    ).to.equal(cause)
  })

  it('refuses a capacity of zero', () => {
    expect(() => new BroadcastWindow(0)).to.throw(RangeError)
  })
})
