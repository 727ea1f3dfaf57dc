import { expect } from 'chai'
import { createLogger } from '../../../src/node/logger.ts'
import type { LoggerInit } from '../../../src/node/logger.ts'

describe('logger', () => {
  let lines: string[]
  beforeEach(() => {
    lines = []
  })
  const logger = (init: Partial<LoggerInit>): ReturnType<typeof createLogger> =>
    createLogger({
      level: 'info',
      format: 'text',
      write: (line) => lines.push(line),
      nowMs: () => 0,
      ...init
    })

  it('writes a line with component and fields, and nothing below its level', () => {
    const log = logger({}).child('peers')
    log.debug('unheard')
    log.info('peer lost', { peer: 'abc', rttMicros: 12n, reason: new Error('no route'), none: undefined })
    expect(lines).to.deep.equal([
      '1970-01-01T00:00:00.000Z INFO  peers: peer lost peer=abc rttMicros=12 reason="no route"'
    ])
  })

  it('quotes once, and writes lists and ids unchanged', () => {
    const id = { toJSON: () => '12D3Koo' }
    const circle: Record<string, unknown> = {}
    circle.self = circle
    logger({}).info('runs', {
      peer: id,
      listen: ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'],
      big: { n: 5n },
      circle
    })
    expect(lines[0]).to.equal(
      '1970-01-01T00:00:00.000Z INFO  runs peer=12D3Koo listen=/ip4/1.2.3.4/tcp/1,/ip4/1.2.3.4/tcp/2' +
        ' big="{\\"n\\":\\"5\\"}" circle="[object Object]"'
    )
  })

  it('writes JSON that parses', () => {
    logger({ format: 'json' }).warn('full', { bytes: 5n, error: new Error('x'), list: ['a'] })
    expect(JSON.parse(lines[0])).to.deep.equal({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warn',
      message: 'full',
      bytes: '5',
      error: 'x',
      list: ['a']
    })
  })

  it('prevents forged lines and terminal escape sequences', () => {
    logger({}).warn('version\nforged', { from: 'a\r\n2030 ERROR x\u001b[2J' })
    expect(lines).to.have.lengthOf(1)
    expect(lines[0]).not.to.match(/[\u0000-\u001f]/)
  })
})
