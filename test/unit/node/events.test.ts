import { expect } from 'chai'
import { Registry } from 'prom-client'
import { EventLog, MAX_DATA_FIELDS, MAX_TEXT_LENGTH } from '../../../src/node/events.ts'
import { createLogger, silentLogger } from '../../../src/node/logger.ts'

const event = (reason: string) => ({ room: 'heal', kind: 'repaired', reason })
const makeLog = (capacity = 3): EventLog => new EventLog({ nowMs: () => 7, logger: silentLogger, capacity })
const reasons = (log: EventLog, after = 0): string[] => log.after(after).map(({ reason }) => reason)

describe('event log', () => {
  it('keeps events with their number and time, in order', () => {
    const log = makeLog()
    expect(log.after(0)).to.deep.equal([])
    log.emit({ ...event('a'), cid: 'c', peer: 'p', data: { shards: 2 } })
    expect(log.last).to.equal(1)
    expect(log.after(0)).to.deep.equal([
      {
        sequence: 1,
        atMs: 7,
        room: 'heal',
        kind: 'repaired',
        reason: 'a',
        cid: 'c',
        peer: 'p',
        data: { shards: 2 }
      }
    ])
    expect(log.after(1)).to.deep.equal([])
  })

  for (const count of [2, 3, 4, 7]) {
    it(`keeps the newest of ${count} events when there is room for 3`, () => {
      const log = makeLog()
      const all = Array.from({ length: count }, (_, i) => String(i))
      for (const reason of all) log.emit(event(reason))
      expect(reasons(log)).to.deep.equal(all.slice(-3))
      expect(reasons(log, count - 1)).to.deep.equal(all.slice(-1))
      expect(reasons(log, count + 5)).to.deep.equal([])
    })
  }

  it('bounds every text and the number of fields', () => {
    const log = makeLog()
    const long = 'x'.repeat(MAX_TEXT_LENGTH + 1)
    const data = Object.fromEntries(Array.from({ length: MAX_DATA_FIELDS + 1 }, (_, i) => [`${i}`, long]))
    log.emit({ room: long, kind: long, reason: long, cid: long, peer: long, data })
    const [kept] = log.after(0)
    expect(Object.keys(kept.data ?? {})).to.have.length(MAX_DATA_FIELDS)
    for (const text of [kept.room, kept.kind, kept.reason, kept.cid, kept.peer, kept.data?.[0]]) {
      expect(text).to.have.length(MAX_TEXT_LENGTH)
    }
  })

  it('wakes a reader that waits for the next event, and lets go of it when its signal fires', async () => {
    const log = makeLog()
    const waiting = log.beyond(0, new AbortController().signal)
    log.emit(event('a'))
    await waiting
    await log.beyond(0, new AbortController().signal)
    const aborting = new AbortController()
    const abandoned = log.beyond(1, aborting.signal).catch((error: Error) => error.message)
    aborting.abort(new Error('enough'))
    expect(await abandoned).to.equal('enough')
  })

  it('writes every event to the log, and counts it', async () => {
    const lines: string[] = []
    const logger = createLogger({ level: 'info', format: 'text', write: (line) => lines.push(line) })
    const log = new EventLog({ nowMs: () => 7, logger })
    const registry = new Registry()
    log.metrics(registry)
    log.emit({ ...event('a peer is gone'), peer: 'p' })
    log.emit(event('another'))
    expect(lines[0]).to.include('heal repaired: a peer is gone peer=p')
    expect(await registry.metrics()).to.include('thhe_events_total{event="heal.repaired"} 2')
  })
})
