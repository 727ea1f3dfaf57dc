import { expect } from 'chai'
import { PartStack } from '../../../src/node/part-stack.ts'

describe('part stack', () => {
  it('stops in the opposite order of starting, each once, in spite of one that fails', async () => {
    const events: string[] = []
    const part = (name: string, fails = false) => ({
      start: () => void events.push(`start ${name}`),
      stop: () => {
        events.push(`stop ${name}`)
        if (fails) throw new Error('stuck')
      }
    })
    const stack = new PartStack()
    await stack.start('a', part('a'))
    await stack.start('b', part('b', true))
    stack.add('c', part('c'))
    const failed: string[] = []
    await stack.stop((name) => failed.push(name))
    await stack.stop((name) => failed.push(name))
    expect(events).to.deep.equal(['start a', 'start b', 'stop c', 'stop b', 'stop a'])
    expect(failed).to.deep.equal(['b'])
  })

  it('does not stop what failed to start', async () => {
    const stack = new PartStack()
    const failing = {
      start: () => Promise.reject(new Error('port taken')),
      stop: () => Promise.reject(new Error('never started'))
    }
    const error = await stack.start('x', failing).catch((reason: unknown) => reason)
    expect(error).to.have.property('message', 'port taken')
    await stack.stop((name) => expect.fail(name))
  })
})
