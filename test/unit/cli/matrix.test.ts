import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createHttpServer } from 'node:http'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { CommandModule, Options } from 'yargs'
import { writeApiFile } from '../../../src/cli/api-file.ts'
import { nameOf } from '../../../src/cli/command-names.ts'
import { recordOf } from '../../../src/cli/command-record.ts'
import type { CommandRecord } from '../../../src/cli/command-record.ts'
import { EXIT_CODES } from '../../../src/cli/errors.ts'
import { commands } from '../../../src/cli/main.ts'
import { runInProcess, World } from './world.ts'
import type { Answer } from './world.ts'

// Every command, every option, every kind of bad value, in every state that the system may be in: no answer may be a
// stack, a code that is not in the table, or a text that is not a sentence.

interface Leaf {
  readonly words: readonly string[]
  readonly record: CommandRecord
}

const leavesOf = async (module: CommandModule, above: readonly string[] = []): Promise<Leaf[]> => {
  const record = await recordOf(module)
  const words = [...above, nameOf(module)]
  const own = record.isGroup ? [] : [{ words, record }]
  const under = await Promise.all(record.members.map(async (member) => await leavesOf(member, words)))
  return [...own, ...under.flat()]
}

const isValued = ({ type }: Options): boolean => type !== 'boolean'
const isList = ({ type, array }: Options): boolean => type === 'array' || array === true

/** Words for what the command cannot do without, which name nothing that is there. */
const argumentsOf = ({ record }: Leaf): string[] =>
  [...record.command.matchAll(/<(\w+)(?:\.\.)?>|\[link\]/g)].map(() => 'nothing')

/** Options that the command cannot do without. */
const requiredOf = ({ record }: Leaf, but?: string): string[] =>
  [...record.options].flatMap(([name, { demandOption, type }]) =>
    demandOption === true && name !== but ? [`--${name}`, type === 'number' ? '5' : 'nothing'] : []
  )

/** Commands that start something when nothing is wrong with their values. */
const starts = ({ words }: Leaf): boolean =>
  ['node', 'demo', 'doctor', 'completion'].includes(words[0]) ||
  ['cluster up', 'encoder bench', 'network create'].includes(words.join(' '))

/** An option that stands for a default of its own when it has no value. */
const BARE = 'cluster up --s3'

const REFUSED_EVERYWHERE: Readonly<Record<string, (flag: string) => string[]>> = {
  'no value': (flag) => [flag],
  'an empty value': (flag) => [`${flag}=`],
  'two values': (flag) => [`${flag}=1`, `${flag}=2`]
}
const ABSURD = [
  '-1',
  '1e999',
  '9'.repeat(400),
  'ünïcödé ☃',
  '\u001b[2J',
  'a\nb',
  '0',
  '-',
  '%00',
  '../..',
  "'",
  '{}'
]

describe('cli: every command with every bad value', function () {
  this.timeout(120_000)
  let world: World
  let leaves: Leaf[]

  before(async () => {
    world = await World.create()
    leaves = (await Promise.all(commands(world.io).map(async (one) => await leavesOf(one)))).flat()
    expect(leaves.length).to.be.greaterThan(20)
  })
  after(async () => await world.remove())

  for (const [kind, flags] of Object.entries(REFUSED_EVERYWHERE)) {
    it(`refuses ${kind}`, async () => {
      for (const leaf of leaves) {
        for (const [name, option] of leaf.record.options) {
          if (!isValued(option) || (kind === 'two values' && isList(option))) continue
          if (kind === 'no value' && `${leaf.words.join(' ')} --${name}` === BARE) continue
          // In the settings of a node '' stands for what is not set.
          if (leaf.words[0] === 'node' && kind === 'an empty value' && isList(option)) continue
          const argv = [...leaf.words, ...argumentsOf(leaf), ...requiredOf(leaf, name), ...flags(`--${name}`)]
          const answer = await runInProcess(world, argv)
          expectSentence(argv, answer)
          expect(answer.exitCode, argv.join(' ')).to.equal(2)
          expect(answer.stderr, argv.join(' ')).to.include(name)
        }
      }
    })
  }

  it('refuses a switch that is neither true nor false', async () => {
    for (const leaf of leaves) {
      for (const [name, option] of leaf.record.options) {
        if (isValued(option) || ['help', 'version'].includes(name)) continue
        const argv = [...leaf.words, ...argumentsOf(leaf), ...requiredOf(leaf), `--${name}=maybe`]
        const answer = await runInProcess(world, argv)
        expectSentence(argv, answer)
        expect(answer.exitCode, argv.join(' ')).to.equal(2)
        expect(answer.stderr, argv.join(' ')).to.include(`--${name} is either true or false`)
      }
    }
  })

  it('names the choices of an option in one sentence', async () => {
    const { exitCode, stderr } = await runInProcess(world, ['node', '--log-level', 'loud'])
    expect(exitCode).to.equal(2)
    expect(stderr).to.match(/^thhe: .*--log-level is "loud"; it may be "error", "warn", "info", "debug"\./)
    expect(stderr).to.not.include('\\n')
  })

  it('survives absurd values', async () => {
    let options = 0
    for (const leaf of leaves) {
      if (starts(leaf)) continue
      for (const [name, option] of leaf.record.options) {
        if (!isValued(option)) continue
        // A third of the values each, in turn: every value meets dozens of options.
        const turn = options++ % 3
        for (const value of ABSURD.filter((_, i) => i % 3 === turn)) {
          const argv = [...leaf.words, ...argumentsOf(leaf), ...requiredOf(leaf, name), `--${name}=${value}`]
          expectSentence(argv, await runInProcess(world, argv))
        }
      }
    }
  })

  it('survives absurd numbers where a number would start something', async () => {
    for (const leaf of leaves.filter(starts)) {
      for (const [name, { type }] of leaf.record.options) {
        if (type !== 'number') continue
        for (const value of ['-1', '1e999', 'ünïcödé', '9'.repeat(400), '0']) {
          const argv = [...leaf.words, ...argumentsOf(leaf), `--${name}=${value}`]
          const answer = await runInProcess(world, argv)
          expectSentence(argv, answer)
          expect(answer.exitCode, argv.join(' ')).to.equal(2)
        }
      }
    }
  })

  it('refuses missing, surplus, empty or absurd arguments', async () => {
    for (const leaf of leaves) {
      const words = argumentsOf(leaf)
      const takesMany = leaf.record.command.includes('..')
      const rest = requiredOf(leaf)
      const optional = (leaf.record.command.match(/\[/g) ?? []).map(() => 'nothing')
      const lines: string[][] = takesMany ? [] : [[...words, ...optional, 'surplus', ...rest]]
      // Without a link `verify` looks at everything.
      if (words.length > 0 && leaf.words[0] !== 'verify') lines.push(rest)
      if (words.length > 0) lines.push(['', ...rest])
      for (const line of lines) {
        const argv = [...leaf.words, ...line]
        const answer = await runInProcess(world, argv)
        expectSentence(argv, answer)
        expect(answer.exitCode, argv.join(' ')).to.equal(2)
      }
      if (starts(leaf) || words.length === 0) continue
      for (const value of ABSURD) {
        const argv = [...leaf.words, ...words.map(() => value), ...rest]
        expectSentence(argv, await runInProcess(world, argv))
      }
    }
  })

  it('refuses commands, groups and options that do not exist', async () => {
    for (const argv of [
      ['pot'],
      ['cluster'],
      ['cluster', 'pot'],
      ['fba'],
      ['fba', 'x'],
      ['tensor', 'x'],
      ['ls', '--pot']
    ]) {
      const answer = await runInProcess(world, argv)
      expectSentence(argv, answer)
      expect(answer.exitCode, argv.join(' ')).to.equal(2)
    }
  })

  it('names an option that does not exist even where an argument is missing', async () => {
    for (const leaf of leaves) {
      if (argumentsOf(leaf).length === 0) continue
      for (const line of [['--nosuch', 'a.txt'], ['--nosuch'], ['-z', 'a.txt'], ['--no-such=1']]) {
        const argv = [...leaf.words, ...line]
        const answer = await runInProcess(world, argv)
        expectSentence(argv, answer)
        expect(answer.exitCode, argv.join(' ')).to.equal(2)
        expect(answer.stderr, argv.join(' ')).to.match(/There is no option "(nosuch|z|such|no-such)"/)
      }
    }
  })

  it('names an option as it is written', async () => {
    const { stderr } = await runInProcess(world, ['put', 'a', '-k', 'x'])
    expect(stderr).to.match(/^thhe: -k must be a number\.\n {2}Write -k 5, for instance\./)
  })

  it('prints its help without arguments', async () => {
    const { exitCode, stdout } = await runInProcess(world, [])
    expect(exitCode).to.equal(0)
    expect(stdout).to.include('thhe put <files..>')
  })

  it('does not parse the letters of a value as options', async () => {
    const { exitCode, stderr } = await runInProcess(world, ['put', 'file', '--name', '-dash'])
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('name')
  })
})

describe('cli: every command that talks to a node, when', function () {
  this.timeout(120_000)
  let world: World
  let leaves: Leaf[]
  const servers: Array<{ server: Server; sockets: Set<Socket> }> = []

  before(async () => {
    world = await World.create()
    const all = (await Promise.all(commands(world.io).map(async (one) => await leavesOf(one)))).flat()
    leaves = all.filter(
      ({ record, words }) => record.options.has('api') && !['node', 'doctor', 'links'].includes(words[0])
    )
    expect(leaves.length).to.be.greaterThan(10)
    await writeFile(world.path('file'), 'content')
    await mkdir(world.path('folder'))
  })
  afterEach(async () => {
    for (const { server, sockets } of servers.splice(0)) {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
  after(async () => await world.remove())

  const listen = async (server: Server): Promise<string> => {
    const sockets = new Set<Socket>()
    server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})))
    servers.push({ server, sockets })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Runs all of them at once; a put has a file that is there. */
  const runAll = async (...endpoint: string[]): Promise<Array<[string[], Answer]>> =>
    await Promise.all(
      leaves.map(async (leaf): Promise<[string[], Answer]> => {
        const words = argumentsOf(leaf).map(() =>
          leaf.words.includes('put') ? world.path('file') : 'nothing'
        )
        const argv = [...leaf.words, ...words, ...requiredOf(leaf), ...endpoint]
        return [argv, await runInProcess(world, argv)]
      })
    )

  const expectAll = async (exitCode: number, part: string, ...endpoint: string[]): Promise<void> => {
    for (const [argv, answer] of await runAll(...endpoint)) {
      expectSentence(argv, answer)
      expect(answer.exitCode, `${argv.join(' ')}: ${answer.stderr}`).to.equal(exitCode)
      expect(answer.stderr, argv.join(' ')).to.include(part)
    }
  }

  it('no node runs', async () => await expectAll(5, 'No node runs on this machine'))

  it('no node runs on the data folder', async () => {
    await expectAll(5, world.path('none'), '--data', world.path('none'))
  })

  it('the data folder is a file', async () => {
    await expectAll(5, world.path('file'), '--data', world.path('file'))
  })

  it('nothing listens at the address', async () => {
    const server = createServer()
    const address = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    await expectAll(5, address, '--api', address)
  })

  it('another server answers', async () => {
    const address = await listen(createHttpServer((_, response) => response.end('<html>')))
    await expectAll(5, 'not a THHE node', '--api', address)
  })

  it('a server without HTTP answers', async () => {
    const address = await listen(createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')))
    await expectAll(5, address, '--api', address)
  })

  it('the connection is reset', async () => {
    const address = await listen(createServer((socket) => socket.resetAndDestroy()))
    await expectAll(5, address, '--api', address)
  })

  it('the node does not answer', async () => {
    const address = await listen(createServer(() => {}))
    await expectAll(5, 'does not answer', '--api', address)
  })

  it('the node on the data folder does not answer', async () => {
    const address = await listen(createServer(() => {}))
    const token = world.path('token')
    await writeFile(token, 'secret')
    // Our own process stands for the node: it is not one that was stopped.
    await writeApiFile(world.path('folder'), {
      url: `http://${address}`,
      tokenFile: token,
      peerId: 'p',
      pid: 2 ** 30
    })
    await expectAll(5, 'does not answer', '--data', world.path('folder'))
  })

  it('the token is a folder', async () => {
    await expectAll(2, world.path('folder'), '--api', '127.0.0.1:1', '--token-file', world.path('folder'))
  })
})

const CODES = new Set<number>(Object.values(EXIT_CODES).map(([code]) => code))

/** @throws unless the answer is one that a person can act on */
const expectSentence = (argv: readonly string[], { exitCode, stdout, stderr }: Answer): void => {
  const where = `thhe ${argv.map((word) => JSON.stringify(word)).join(' ')}\n${stderr}`
  expect(CODES.has(exitCode), `${where}: ends with ${exitCode}`).to.equal(true)
  expect(exitCode, where).to.not.equal(EXIT_CODES.unexpected[0])
  if (exitCode === 0) return
  expect(stdout, where).to.equal('')
  const [first, ...rest] = stderr.trimEnd().split('\n')
  expect(first, where).to.match(/^thhe: [^a-z].*[.!?:)]$/u)
  expect(stderr, where).to.not.match(
    /\n\s+at |node:internal|undefined|\[object|NaN|Error:|errno|\bE[A-Z]{4,}\b/
  )
  expect(first + rest.join(''), where).to.not.match(/\p{Cc}/u)
  expect(rest.length, where).to.be.at.most(1)
}
