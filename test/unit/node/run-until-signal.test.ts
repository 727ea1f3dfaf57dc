import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { Registry } from 'prom-client'
import { createLogger, silentLogger } from '../../../src/node/logger.ts'
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

  it('logs and counts unhandled failures, and continues', async () => {
    const logged: string[] = []
    const logger = createLogger({ level: 'error', format: 'text', write: (line) => void logged.push(line) })
    const metrics = new Registry()
    const status = runUntilSignal([part('node')], { ...init(), logger, metrics })
    signals.emit('unhandledRejection', new Error('left behind'))
    signals.emit('unhandledRejection', 'no error at all')
    expect(logged).to.have.length(2)
    expect(logged[0]).to.include('left behind')
    expect(await metrics.getSingleMetricAsString('thhe_unhandled_rejections_total')).to.match(/ 2$/m)
    expect(stopped).to.deep.equal([])
    signals.emit('SIGTERM')
    expect(await status).to.equal(0)
  })

  it('logs an exception that ends the process', async () => {
    const logged: string[] = []
    const logger = createLogger({ level: 'error', format: 'text', write: (line) => void logged.push(line) })
    const status = runUntilSignal([part('node')], { ...init(), logger })
    signals.emit('uncaughtExceptionMonitor', new Error('state unknown'))
    expect(logged).to.have.length(1)
    expect(logged[0]).to.include('state unknown')
    signals.emit('SIGTERM')
    await status
  })

  it('reports a stop that failed', async () => {
    const status = runUntilSignal([{ stop: () => Promise.reject(new Error('disk gone')) }], init())
    signals.emit('SIGTERM')
    expect(await status).to.equal(1)
  })
})
