import { expect } from 'chai'
import { Status } from '../../../../../protocols/generated/object.js'
import { abortable } from '../../../../../src/hologram/client/wire/abortable.ts'
import { newClientCounts } from '../../../../../src/hologram/client/counts.ts'
import { BackgroundTasks } from '../../../../../src/hologram/client/keep/background.ts'
import { firstOf } from '../../../../../src/hologram/client/wire/first-of.ts'
import { untilAbort } from '../../../../../src/hologram/client/wire/until-abort.ts'
import { whenFree } from '../../../../../src/hologram/client/wire/when-free.ts'
import { HologramError } from '../../../../../src/hologram/index.ts'
import { unhandledDuring } from '../../../../support/rejections.ts'
import { settled, VirtualTime } from '../../../../support/virtual-clock.ts'

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it should have failed'),
    (error: unknown) => error
  )
const never = async (): Promise<never> => new Promise(() => {})
const open = new AbortController().signal

describe('asking several peers until one answers', () => {
  const clock = new VirtualTime()
  const options = { parallel: 2, hedgeMs: 10_000, clock, signal: open }

  it('asks up to its limit at once, and one more for each that fails', async () => {
    const asked: number[] = []
    const answer = await firstOf(
      [1, 2, 3, 4, 5],
      async (candidate) => {
        asked.push(candidate)
        if (candidate < 4) throw new Error('no')
        return candidate * 10
      },
      { ...options, parallel: 1 }
    )
    expect(answer).to.equal(40)
    expect(asked).to.deep.equal([1, 2, 3, 4])
  })

  it('asks one more when none has answered for a while, and cancels the others', async () => {
    const cancelled: number[] = []
    const answer = firstOf(
      [1, 2, 3],
      async (candidate, signal) => {
        signal.addEventListener('abort', () => cancelled.push(candidate))
        return candidate === 3 ? 'three' : never()
      },
      options
    )
    expect(await clock.during(answer)).to.equal('three')
    expect(cancelled).to.deep.equal([1, 2, 3])
  })

  it('asks no more peers once it has an answer', async () => {
    const asked: number[] = []
    const answer = await firstOf(
      [1, 2, 3, 4],
      async (candidate, signal) => {
        asked.push(candidate)
        return candidate === 2 ? 'two' : untilAbort(never(), signal)
      },
      options
    )
    await clock.advance(60_000)
    expect(answer).to.equal('two')
    expect(asked).to.deep.equal([1, 2])
    expect(clock.waiting).to.equal(0)
  })

  it('has no answer when all fail, or there are no peers', async () => {
    const refuse = async (): Promise<never> => Promise.reject(new Error('no'))
    expect(await firstOf([1, 2, 3], refuse, options)).to.equal(undefined)
    expect(await firstOf([], refuse, options)).to.equal(undefined)
  })

  it('ends with its signal', async () => {
    const abort = new AbortController()
    const answer = failure(firstOf([1], never, { ...options, signal: abort.signal }))
    abort.abort(new Error('enough'))
    expect(await answer).to.have.property('message', 'enough')
  })
})

describe('waiting until a signal fires', () => {
  it('gives the result, the failure, or the reason of the signal, whichever comes first', async () => {
    const abort = new AbortController()
    expect(await untilAbort(Promise.resolve(7), abort.signal)).to.equal(7)
    expect(await failure(untilAbort(Promise.reject(new Error('failed')), abort.signal))).to.have.property(
      'message',
      'failed'
    )
    const waiting = failure(untilAbort(never(), abort.signal))
    abort.abort(new Error('enough'))
    expect(await waiting).to.have.property('message', 'enough')
    expect(await failure(untilAbort(Promise.resolve(7), abort.signal))).to.have.property('message', 'enough')
  })

  it('leaves no rejection behind when the work fails after its signal has fired', async () => {
    const rejections = await unhandledDuring(async () => {
      const work = Promise.withResolvers<never>()
      expect(await failure(untilAbort(work.promise, AbortSignal.abort(new Error('over'))))).to.have.property(
        'message',
        'over'
      )
      work.reject(new Error('too late'))
    })
    expect(rejections).to.deep.equal([])
  })

  it('ends a hanging source, and calls its return', async () => {
    const abort = new AbortController()
    let returned = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: never,
        return: async () => {
          returned = true
          return { done: true as const, value: undefined }
        }
      })
    }
    const next = failure(abortable(source, abort.signal).next())
    abort.abort(new Error('enough'))
    expect(await next).to.have.property('message', 'enough')
    expect(returned).to.equal(true)
  })
})

describe('trying again while the other side is busy', () => {
  const clock = new VirtualTime()
  const busy = new HologramError('REMOTE', 'busy', { status: Status.BUSY, retryAfterMs: 1 })

  it('retries until it is admitted', async () => {
    let attempts = 0
    const attempt = async (): Promise<string> => {
      attempts++
      if (attempts < 3) throw busy
      return 'in'
    }
    expect(await clock.during(whenFree(attempt, { clock, timeoutMs: 10_000, signal: open }))).to.equal('in')
    expect(attempts).to.equal(3)
  })

  it('gives up at its deadline, and at once on any other failure', async () => {
    const refused = whenFree(async () => Promise.reject(busy), { clock, timeoutMs: 5_000, signal: open })
    expect(await clock.during(failure(refused))).to.equal(busy)
    const other = new Error('full')
    let attempts = 0
    const attempt = async (): Promise<never> => {
      attempts++
      throw other
    }
    expect(await failure(whenFree(attempt, { clock, timeoutMs: 10_000, signal: open }))).to.equal(other)
    expect(attempts).to.equal(1)
  })
})

describe('work in the background', () => {
  it('is aborted and awaited when the node stops', async () => {
    const counts = newClientCounts()
    const logged: unknown[] = []
    const logger = {
      warn: (message: string, fields?: Readonly<Record<string, unknown>>) =>
        logged.push([message, fields?.cid]),
      info: () => {},
      debug: () => {}
    }
    const tasks = new BackgroundTasks({ logger, counts })
    let ended = false
    tasks.run(async (signal) => {
      await untilAbort(never(), signal).catch(() => {})
      ended = true
    }, 'waiting')
    tasks.run(async () => Promise.reject(new Error('its own affair')), 'failing', { cid: 'an object' })
    await settled()
    await tasks.stop()
    expect(logged).to.deep.equal([['failing failed', 'an object']])
    expect(counts.backgroundFailures).to.equal(1)
    expect(ended).to.equal(true)
    let started = false
    tasks.run(async () => {
      started = true
    }, 'starting')
    expect(started).to.equal(false)
  })
})
