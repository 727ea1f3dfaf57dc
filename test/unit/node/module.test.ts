import { expect } from 'chai'
import { Gauge, Registry } from 'prom-client'
import { ModuleList } from '../../../src/node/module.ts'
import type { Module } from '../../../src/node/module.ts'

describe('module list', () => {
  let events: string[]
  let list: ModuleList
  let registry: Registry
  beforeEach(() => {
    events = []
    registry = new Registry()
    list = new ModuleList(registry)
  })
  const module = (name: string, parts: Partial<Module> = {}): Module => ({
    name,
    start: () => void events.push(`start ${name}`),
    stop: () => void events.push(`stop ${name}`),
    ...parts
  })
  const stop = async (): Promise<string[]> => {
    const failed: string[] = []
    await list.stop((name) => failed.push(name))
    return failed
  }

  it('starts in order and stops in reverse, each once, in spite of a module that fails to stop', async () => {
    const stuck = (): void => {
      events.push('stop b')
      throw new Error('stuck')
    }
    list.add(module('a'), module('b', { stop: stuck }), module('c'))
    await list.start()
    expect(await stop()).to.deep.equal(['b'])
    expect(await stop()).to.deep.equal([])
    expect(events).to.deep.equal(['start a', 'start b', 'start c', 'stop c', 'stop b', 'stop a'])
  })

  it('stops what is open without a start, also when nothing was started', async () => {
    list.add(module('open', { start: undefined }), module('idle'))
    await stop()
    expect(events).to.deep.equal(['stop open'])
  })

  it('does not stop a module that failed to start, nor start the modules after it', async () => {
    list.add(module('a'), module('x', { start: () => Promise.reject(new Error('port taken')) }), module('b'))
    const error = await list.start().catch((reason: unknown) => reason)
    expect(error).to.have.property('message', 'port taken')
    await stop()
    expect(events).to.deep.equal(['start a', 'stop a'])
  })

  it('waits for a start in progress before it stops, and starts nothing more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    list.add(module('a'), module('slow', { start: async () => await promise }), module('b'))
    const starting = list.start()
    await new Promise(setImmediate)
    const stopping = stop()
    await new Promise(setImmediate)
    expect(events).to.deep.equal(['start a'])
    resolve()
    await Promise.all([starting, stopping])
    expect(events).to.deep.equal(['start a', 'stop slow', 'stop a'])
  })

  it('asks the modules for metrics and status', async () => {
    list.add(
      module('a', {
        metrics: (registry) => new Gauge({ name: 'a_gauge', help: 'a', registers: [registry] }).set(3),
        status: () => ({ rendezvous: 'joined' })
      }),
      module('b', { status: async () => ({ dht: 'client' }) })
    )
    expect(await registry.metrics()).to.contain('a_gauge 3')
    expect(await list.status()).to.deep.equal({ rendezvous: 'joined', dht: 'client' })
  })
})
