import { expect } from 'chai'
import { PeerSlots } from '../../../../../src/hologram/client/wire/peer-slots.ts'
import { settled } from '../../../../support/virtual-clock.ts'

describe('slots per peer', () => {
  it('lets so many through at a time, and the others in the order in which they came', async () => {
    const slots = new PeerSlots(() => 2)
    const through: number[] = []
    const releases: Array<() => void> = []
    for (const number of [1, 2, 3, 4]) {
      void slots.take('peer').then((release) => {
        through.push(number)
        releases.push(release)
      })
    }
    await settled()
    expect(through).to.deep.equal([1, 2])
    releases[1]()
    releases[1]()
    await settled()
    expect(through).to.deep.equal([1, 2, 3])
    releases[0]()
    await settled()
    expect(through).to.deep.equal([1, 2, 3, 4])
  })

  it('follows its limit when a slot is given back', async () => {
    let max = 3
    const slots = new PeerSlots(() => max)
    const releases = await Promise.all([1, 2, 3].map(async () => slots.take('peer')))
    const through: number[] = []
    for (const number of [4, 5, 6]) {
      void slots.take('peer').then((release) => {
        through.push(number)
        releases.push(release)
      })
    }
    max = 1
    releases[0]()
    releases[1]()
    await settled()
    expect(through, 'one of three is still there').to.deep.equal([])
    expect(slots.use('peer')).to.deep.equal({ taken: 1, waiting: 3 })
    releases[2]()
    await settled()
    expect(through).to.deep.equal([4])
    max = 0
    releases[3]()
    await settled()
    expect(through, 'one always goes on').to.deep.equal([4, 5])
    max = 5
    releases[4]()
    await settled()
    expect(through).to.deep.equal([4, 5, 6])
    releases[5]()
    expect(slots.use('peer')).to.deep.equal({ taken: 0, waiting: 0 })
  })

  it('gives a busy peer half as much, and one more after as many successes', async () => {
    const slots = new PeerSlots(() => 8)
    const releases = await Promise.all(Array.from({ length: 8 }, async () => slots.take('peer')))
    const takable = async (): Promise<number> => {
      const taking = Array.from({ length: 8 }, async () => slots.take('peer'))
      await settled()
      const { taken } = slots.use('peer')
      for (const release of taking) (await release)()
      return taken
    }
    slots.wasBusy('peer')
    releases.forEach((release) => release())
    expect(await takable()).to.equal(4)
    for (let i = 0; i < 5; i++) slots.hasServed('peer')
    expect(await takable()).to.equal(5)
    for (let i = 0; i < 100; i++) slots.hasServed('peer')
    expect(await takable(), 'its limit again').to.equal(8)
    for (let i = 0; i < 10; i++) slots.wasBusy('peer')
    expect(await takable(), 'one always goes on').to.equal(1)
  })

  it('tells who has a slot that others wait, until it is given back', async () => {
    const slots = new PeerSlots(() => 1)
    let awaited = 0
    const release = await slots.take('peer', { onAwaited: () => awaited++ })
    const next = slots.take('peer')
    expect(awaited).to.equal(1)
    release()
    await next
    void slots.take('peer')
    expect(awaited).to.equal(1)
  })

  it('does not let one peer hold up another', async () => {
    const slots = new PeerSlots(() => 1)
    await slots.take('first')
    expect(await slots.take('second')).to.be.a('function')
  })

  it('leaves the line when its signal fires, and keeps the place of nobody', async () => {
    const slots = new PeerSlots(() => 1)
    const release = await slots.take('peer')
    const controller = new AbortController()
    const waiting = slots.take('peer', { signal: controller.signal }).catch((error: unknown) => error)
    controller.abort(new Error('enough'))
    expect(await waiting).to.have.property('message', 'enough')
    release()
    expect(await slots.take('peer')).to.be.a('function')
  })
})
