import { expect } from 'chai'
import { timedGet, timedPut } from '../../../../src/hologram/client/operations.ts'
import type { OperationSink } from '../../../../src/hologram/client/operations.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'

describe('times of puts and gets', () => {
  let clock: VirtualTime
  let seen: string[]
  const sink: OperationSink = {
    observe: (operation, outcome, ms) => void seen.push(`${operation} ${outcome} ${ms}`)
  }

  beforeEach(() => {
    clock = new VirtualTime()
    seen = []
  })

  /** Three bytes, each after 10 ms. */
  async function* slow(error?: Error): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 3; i++) {
      clock.stall(10)
      yield Uint8Array.of(i)
    }
    if (error !== undefined) throw error
  }

  const read = async (bytes: AsyncIterable<Uint8Array>, pauseMs = 0): Promise<unknown> => {
    try {
      for await (const { byteLength } of bytes) clock.stall(byteLength * pauseMs)
      return undefined
    } catch (error) {
      return error
    }
  }

  it('a get counts from the request to its first byte and to its end, without the time that its reader takes', async () => {
    clock.stall(5)
    const startedMs = clock.monotonicMs() - 5
    await read(timedGet({ clock, sink }, undefined, startedMs, slow()), 1_000)
    expect(seen).to.deep.equal(['first-byte ok 15', 'get ok 35'])
  })

  it('an empty object has no first byte', async () => {
    await read(timedGet({ clock, sink }, undefined, 0, (async function* () {})()))
    expect(seen).to.deep.equal(['get ok 0'])
  })

  it('a failure counts unless the user gave up', async () => {
    const error = new Error('lost')
    expect(await read(timedGet({ clock, sink }, undefined, 0, slow(error)))).to.equal(error)
    await timedPut({ clock, sink }, undefined, async () => Promise.reject(error)).catch(() => {})
    expect(seen).to.deep.equal(['first-byte ok 10', 'get failed 30', 'put failed 0'])
    seen = []
    const { signal } = { signal: AbortSignal.abort() }
    await timedPut({ clock, sink }, signal, async () => Promise.reject(error)).catch(() => {})
    expect(seen).to.deep.equal([])
  })

  it('a reader that leaves early is neither', async () => {
    const bytes = timedGet({ clock, sink }, undefined, 0, slow())
    await bytes.next()
    await bytes.return(undefined)
    expect(seen).to.deep.equal(['first-byte ok 10'])
  })

  it('a put counts from the request to its end', async () => {
    const result = await timedPut({ clock, sink }, undefined, async () => {
      clock.stall(7)
      return 'done'
    })
    expect([result, ...seen]).to.deep.equal(['done', 'put ok 7'])
  })
})
