import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { silentLogger } from '../../../src/node/logger.ts'
import { runUntilSignal } from '../../../src/node/run-until-signal.ts'

describe('runUntilSignal', () => {
  let signals: EventEmitter
  let stopped: string[]
  beforeEach(() => {
    signals = new EventEmitter()
    stopped = []
  })
  const part = (name: string): { stop(): Promise<void> } => ({
    stop: async () => {
      stopped.push(name)
    }
  })
  const never = { stop: () => new Promise<void>(() => {}) }
  const init = () => ({ logger: silentLogger, signals, deadlineMs: 60_000 })

  for (const signal of ['SIGTERM', 'SIGINT']) {
    it(`stops the parts in order on ${signal}, and leaves no listener behind`, async () => {
      const status = runUntilSignal([part('gateway'), part('node')], init())
      signals.emit(signal)
      expect(await status).to.equal(0)
      expect(stopped).to.deep.equal(['gateway', 'node'])
      expect(signals.eventNames()).to.deep.equal([])
    })
  }

  it('does not wait after a second signal', async () => {
    const status = runUntilSignal([never, part('node')], init())
    signals.emit('SIGTERM')
    await Promise.resolve()
    signals.emit('SIGINT')
    expect(await status).to.equal(1)
    expect(stopped).to.deep.equal([])
  })

  it('does not wait longer than the deadline', async () => {
    const status = runUntilSignal([never], { ...init(), deadlineMs: 5 })
    signals.emit('SIGTERM')
    expect(await status).to.equal(1)
  })

  it('reports a stop that failed', async () => {
    const status = runUntilSignal([{ stop: () => Promise.reject(new Error('disk gone')) }], init())
    signals.emit('SIGTERM')
    expect(await status).to.equal(1)
  })
})
