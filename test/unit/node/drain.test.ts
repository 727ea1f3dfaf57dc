import { expect } from 'chai'
import type { DrainStatus } from '../../../src/hologram/index.ts'
import { DrainControl, DrainSwitch } from '../../../src/node/drain.ts'
import type { Store } from '../../../src/store/index.ts'

describe('drain of a node', () => {
  const kept = new Map<string, Uint8Array>()
  const notes = {
    get: async (key: string) => kept.get(key),
    write: async (changes: ReadonlyArray<{ key: string; value?: Uint8Array }>) => {
      for (const { key, value } of changes) {
        if (value === undefined) kept.delete(key)
        else kept.set(key, value)
      }
    }
  } as unknown as ReturnType<Store['notes']>
  let log: string[]

  const open = async (): Promise<{ drain: DrainControl; isOn: () => boolean }> => {
    const drainSwitch = await DrainSwitch.open(notes)
    let state: DrainStatus['state'] = 'off'
    const drain = new DrainControl(drainSwitch, {
      report: async () => void log.push(`report ${drainSwitch.isOn}`),
      drainer: {
        get status() {
          return { state, left: 0, looked: 0, movedShards: 0, movedBytes: 0 }
        },
        start: () => {
          state = 'draining'
          log.push('start')
        },
        stop: async () => {
          state = 'off'
        }
      }
    })
    return { drain, isOn: () => drainSwitch.isOn }
  }

  beforeEach(() => {
    kept.clear()
    log = []
  })

  it('tells the peers before it moves anything, and goes on after a restart until it is called off', async () => {
    const first = await open()
    first.drain.start()
    expect(log).to.deep.equal([])
    expect((await first.drain.begin()).state).to.equal('draining')
    expect(log).to.deep.equal(['report true', 'start'])
    await first.drain.stop()

    const second = await open()
    expect(second.isOn()).to.equal(true)
    second.drain.start()
    expect(second.drain.progress.state).to.equal('draining')
    expect((await second.drain.cancel()).state).to.equal('off')
    expect(log.at(-1)).to.equal('report false')

    const third = await open()
    third.drain.start()
    expect(third.drain.progress.state).to.equal('off')
  })
})
