import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { putArguments } from '../../../src/cli/commands/put.ts'
import { findingText } from '../../../src/cli/commands/doctor.ts'
import { statText } from '../../../src/cli/commands/stat.ts'
import { cliMarkdown } from '../../../src/cli/describe.ts'
import { isPublic, portOf } from '../../../src/cli/doctor/network.ts'
import { CODES } from '../../../src/cli/error-codes.ts'
import { problemError } from '../../../src/cli/client.ts'
import { aboutPath, CliError, errorJson, errorText, EXIT_CODES, exitCodeOf } from '../../../src/cli/errors.ts'
import { formatBytes, formatDuration, formatRate } from '../../../src/cli/format.ts'
import { Interrupted } from '../../../src/cli/io.ts'
import { parseRangeArgument, resolveRange } from '../../../src/cli/objects/range.ts'
import { renderTable } from '../../../src/cli/output.ts'
import { GatewayError, toProblem } from '../../../src/gateway/index.ts'
import type { StatJson } from '../../../src/gateway/index.ts'
import { SYSTEM_CODES } from '../../../src/node/system-errors.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import { SealError } from '../../../src/seal/index.ts'

describe('cli: exit codes', () => {
  const cases: Array<[error: unknown, code: number]> = [
    [new Error('?'), 1],
    ['?', 1],
    [undefined, 1],
    [Object.assign(new Error('?'), { code: 'toString' }), 1],
    [new CliError('USAGE', 'm', 'h'), 2],
    [new HologramError('NOT_FOUND', 'm', { cid: 'c' }), 3],
    [new HologramError('NOT_ENOUGH_SHARDS', 'm', { needed: 2, live: 1, missing: 1 }), 4],
    [new HologramError('NOT_ENOUGH_PEERS', 'm', { needed: 2, available: 1 }), 4],
    [new CliError('NO_NODE', 'm', 'h'), 5],
    [new SealError('WRONG_KEY', 'm', { chunk: 0 }), 6],
    [new SealError('BAD_LINK', 'm', { link: 'l' }), 6],
    [new CliError('DISK_FULL', 'm', 'h'), 7],
    [Object.assign(new Error('m'), { code: 'ENOSPC' }), 7],
    [new HologramError('CORRUPT', 'm', { what: 'w' }), 8],
    [new HologramError('TIMEOUT', 'm', { afterMs: 1, what: 'w' }), 9],
    [new Interrupted('SIGINT'), 130],
    [new Interrupted('SIGTERM'), 143]
  ]
  for (const [error, code] of cases) {
    it(`${String((error as { code?: unknown } | undefined)?.code ?? error)} ends with ${code}`, () => {
      expect(exitCodeOf(error)).to.equal(code)
    })
  }

  it('each mean one thing', () => {
    const codes = Object.values(EXIT_CODES).map(([code]) => code)
    expect(new Set(codes).size).to.equal(codes.length)
  })
})

describe('cli: errors', () => {
  it('name the cause and the next step', () => {
    expect(errorText(new CliError('X', 'It broke.', 'Mend it.'))).to.equal('thhe: It broke.\n  Mend it.')
    expect(errorText(new SealError('WRONG_KEY', 'wrong key', { chunk: 0 }))).to.match(/^thhe: Wrong key\./)
  })

  it('name the option that a parameter comes from', () => {
    const refused = (parameter: string, message: string): string =>
      errorText(
        problemError(toProblem(new HologramError('BAD_CODE_PARAMETERS', message, { parameter, value: 5 })))
      )
    expect(refused('k', 'k is 5, but must be 1 to n, which is 4')).to.match(/^thhe: -k is 5, but must be/)
    expect(refused('margin', 'margin is 5, but must be 0')).to.match(/^thhe: --margin is 5, but must be/)
    const lease = new GatewayError('BAD_REQUEST', '', { parameter: 'lease', problem: 'too long' })
    expect(errorText(problemError(toProblem(lease)))).to.match(/^thhe: --lease: too long/)
  })

  it('ask for a report when they are unexpected, and show their stack only on request', () => {
    const text = errorText(new Error('odd'))
    expect(text).to.match(/unexpected happened: odd\.\n {2}.*report.*THHE_DEBUG=1/)
    expect(text.split('\n')).to.have.length(2)
    expect(errorText(new Error('odd'), true)).to.match(/\n\s+at /)
  })

  it('are sentences, for every error of the system', () => {
    for (const code of SYSTEM_CODES) {
      const error = Object.assign(new Error(`${code}: x`), {
        code,
        errno: -1,
        syscall: 'open',
        path: '/tmp/x'
      })
      expect(errorText(error), code).to.match(
        /^thhe: Cannot open \/tmp\/x: [a-z ,;-]+\.\n {2}[^\n]+$|^thhe: Cannot open[^\n]+$/i
      )
      expect(exitCodeOf(error), code).to.equal(EXIT_CODES[CODES[code][0]][0])
    }
  })

  it('have hints of their own: an answer over HTTP names no command and no option', () => {
    for (const code of Object.keys(CODES)) {
      const { hint } = toProblem(Object.assign(new Error('m'), { code }))
      expect(hint, code).to.not.match(/`?thhe [a-z]|(^| )--\w/)
    }
    for (const [code, [, hint]] of Object.entries(CODES)) {
      expect(hint, code).to.not.match(/openapi|Bearer|\/v1\/|Content-|header|Query/i)
    }
  })

  it('name the path that the user gave, not that of a temporary file', () => {
    const error = Object.assign(new Error('x'), {
      code: 'EROFS',
      errno: -30,
      syscall: 'open',
      path: '/a/.b.part'
    })
    expect(errorText(aboutPath('b', error))).to.include('Cannot open b: the disk is read-only.')
    expect(aboutPath('b', new Error('odd'))).to.have.property('message', 'odd')
  })

  it('of a node have one reason on each line', () => {
    const message = 'too few holders are left\n  12D3A: closed the stream\n  12D3B: is full'
    const error = problemError({ code: 'NOT_DURABLE', message, data: { required: 3 }, hint: 'h' })
    const [first, ...details] = errorText(error).split('\n')
    expect([first, ...details.slice(0, 2)]).to.deep.equal([
      'thhe: Too few holders are left.',
      '  12D3A: closed the stream',
      '  12D3B: is full'
    ])
    expect(details).to.have.length(3)
  })

  it('cannot steer the terminal', () => {
    const evil = '\u001b[2J\u0007\u202e\u0085\r\nforged'
    for (const error of [new CliError('USAGE', evil, evil), new Error(evil), { message: evil }, evil]) {
      expect(errorText(error)).to.not.match(/[^\P{C}\n]/u)
      expect(errorText(error).split('\n')).to.have.length(2)
    }
  })

  it('are JSON with code, data, hint and exit code', () => {
    const error = new HologramError('NOT_ENOUGH_SHARDS', 'm', { needed: 2, live: 1, missing: 1 })
    const parsed = JSON.parse(errorJson(error)) as { error: { hint: string } }
    expect(parsed).to.deep.nested.include({
      'error.code': 'NOT_ENOUGH_SHARDS',
      'error.data.missing': 1,
      exitCode: 4
    })
    expect(parsed.error.hint).to.not.equal('')
  })
})

describe('cli: figures for people', () => {
  it('bytes', () => {
    expect([0, 1023, 1024, 126_595_440, 2 ** 40].map(formatBytes)).to.deep.equal([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '121 MiB',
      '1.0 TiB'
    ])
  })

  it('times', () => {
    expect([12, 4120, 60_000, 3_660_000, 86_400_000 * 2 + 3_600_000].map(formatDuration)).to.deep.equal([
      '12 ms',
      '4.1 s',
      '1 min',
      '1 h 1 min',
      '2 d 1 h'
    ])
  })

  it('rates', () => {
    expect(formatRate(10 * 2 ** 20, 2000)).to.equal('5.0 MiB/s')
    expect(formatRate(5, 0)).to.equal('4.9 KiB/s')
  })

  it('tables without borders', () => {
    const text = renderTable(
      [{ a: 1, b: 'x' }],
      [
        { head: 'LONG', align: 'right', cell: ({ a }) => a },
        { head: 'B', cell: ({ b }) => b }
      ]
    )
    expect(text.split('\n')).to.deep.equal(['LONG  B', '   1  x'])
  })
})

describe('cli: --range', () => {
  it('follows HTTP', () => {
    expect(parseRangeArgument('5-9')).to.deep.equal({ start: 5, end: 10 })
    expect(parseRangeArgument('5-')).to.deep.equal({ start: 5 })
    expect(parseRangeArgument('-5')).to.deep.equal({ suffix: 5 })
  })

  for (const text of ['', '-', '5', '9-5', 'a-b', '1-2-3', '0x1-2', `1-${'9'.repeat(16)}`]) {
    it(`is not "${text}"`, () => {
      expect(() => parseRangeArgument(text))
        .to.throw()
        .with.property('code', 'USAGE')
    })
  }

  it('is cut to the end of the object, and refused beyond it', () => {
    expect(resolveRange({ start: 5, end: 100 }, 10)).to.deep.equal({ start: 5, end: 10 })
    expect(resolveRange({ suffix: 100 }, 10)).to.deep.equal({ start: 0, end: 10 })
    expect(resolveRange({ suffix: 5 }, 0)).to.deep.equal({ start: 0, end: 0 })
    for (const asked of [{ start: 10 }, { suffix: 0 }]) {
      expect(() => resolveRange(asked, 10)).to.throw()
    }
  })
})

describe('cli: commands', () => {
  it('match docs/reference/cli.md', async () => {
    const committed = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8')
    expect(committed, 'run `npm run generate:cli`').to.equal(await cliMarkdown())
  })

  it('put: is quiet with --json, and seals unless public', () => {
    const flags = { file: 'f', public: false, json: true, quiet: false, k: 3, n: 5 }
    expect(putArguments(flags)).to.deep.include({ isPublic: false, quiet: true, k: 3, n: 5 })
  })

  it('stat: reports an object that cannot be read', async () => {
    const stat: StatJson = {
      kind: 'blob',
      ...{ cid: 'c', link: 'l', sizeBytes: 10, sealed: true, inline: false, code: 'rs8' },
      ...{ k: 5, n: 11, blockBytes: 65_536, layers: [], live: 3, damaged: 1, spare: -2, overhead: 2.2 },
      ...{ asked: 12, answered: 9, checkedMs: 0 },
      shards: [
        { shard: 0, live: false, damaged: false },
        { shard: 1, live: true, damaged: true }
      ],
      weakest: { hosts: { names: [], isExact: true }, domains: { names: [], isExact: true } },
      repairs: [],
      leases: [{ lessee: 'me', expiresAtMs: 86_400_000, tombstone: false }]
    }
    const text = await statText(stat, 0)
    expect(text).to.include('it cannot be read until 2 more come back').and.include('for 1 d')
    expect(text).to.include('9 of 12 peers answered')
    expect(text)
      .to.include('3 of 11, 1 of them damaged')
      .and.match(/1 +damaged/)
    const none = { names: [], isExact: true }
    const withCuts = async (hosts: string[], domains: string[], live = 8): Promise<string> =>
      (
        await statText(
          {
            ...stat,
            ...{ live, spare: live - 5 },
            weakest: { hosts: { names: hosts, isExact: true }, domains: { names: domains, isExact: true } }
          },
          0
        )
      ).replace(/\s+/g, ' ')
    expect(text).to.not.include('weakest')
    expect(await withCuts(['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd'])).to.include(
      'any 3 hosts may be lost; losing 4 can lose it'
    )
    expect(await withCuts(['a', 'b'], ['site'])).to.include(
      'weakest losing these 2 hosts loses it: a, b weakest losing this failure domain loses it: site'
    )
    const unsure = {
      ...stat,
      spare: 3,
      live: 8,
      weakest: { hosts: { names: ['a'], isExact: false }, domains: none }
    }
    expect((await statText(unsure, 0)).replace(/\s+/g, ' ')).to.include(
      'losing this host loses it: a (perhaps fewer'
    )
  })

  it('doctor: gives advice below its findings', () => {
    const finding = { check: 'NAT', state: 'weak', detail: 'behind one', advice: 'Forward a port.' } as const
    expect(findingText(finding)).to.equal('! NAT: behind one\n    Forward a port.')
  })

  it('doctor: knows the ports of addresses', () => {
    expect(portOf('/ip4/0.0.0.0/tcp/4701')).to.deep.equal({ transport: 'tcp', host: '0.0.0.0', port: 4701 })
    expect(portOf('/ip6/::/udp/4701/quic-v1')).to.deep.equal({ transport: 'udp', host: '::', port: 4701 })
    expect(portOf('/dns4/example.org/tcp/1')).to.equal(undefined)
  })

  it('doctor: knows private addresses', () => {
    const addresses = ['10.1.2.3', '192.168.1.1', '100.64.0.1', '127.0.0.1', '::1', 'fe80::1', 'fd00::1']
    expect(addresses.filter(isPublic)).to.deep.equal([])
    expect(['8.8.8.8', '2606:4700::1111'].filter(isPublic)).to.have.length(2)
  })
})
