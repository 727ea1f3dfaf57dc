import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import {
  chmod,
  link as hardLink,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile
} from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { eventually } from '../../support/eventually.ts'
import type { Io } from '../../../src/cli/io.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { runInProcess, startGateway, World } from './world.ts'
import type { Answer } from './world.ts'

const LONG_NAME = '漢'.repeat(84)
const run = promisify(execFile)

/** Whether a program listens for signals: SIGHUP, signal 1 of the mask in proc(5), for which Node.js has no handler. */
const listensForSignals = async (pid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'
  return (BigInt(`0x${mask}`) & 1n) !== 0n
}

describe('cli: put, get and their relatives', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let endpoint: string[]
  let cwd: string

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    await writeFile(world.path('token'), TOKEN)
    endpoint = ['--api', gateway.url, '--token-file', world.path('token')]
    cwd = process.cwd()
    await mkdir(world.path('here'))
    process.chdir(world.path('here'))
  })
  afterEach(async () => {
    process.chdir(cwd)
    await gateway.stop()
    await world.remove()
  })

  const thhe = async (argv: readonly string[], io: Partial<Io> = {}): Promise<Answer> =>
    await runInProcess(world, [...argv, ...endpoint], io)
  /** Puts bytes under a name and gives the link. */
  const put = async (bytes: Uint8Array | string, name = 'a file', ...flags: string[]): Promise<string> => {
    const stdin = Readable.from([Buffer.from(bytes)])
    const { stdout, stderr, exitCode } = await thhe(['put', '-', `--name=${name}`, ...flags], { stdin })
    expect(exitCode, stderr).to.equal(0)
    return stdout.trim()
  }
  const here = async (): Promise<string[]> => (await readdir(world.path('here'))).sort()

  describe('get names its output file', () => {
    it('as the file that was put', async () => {
      const link = await put('hello', 'holiday in São Tomé.txt')
      expect((await thhe(['get', link])).stderr).to.match(/^holiday in São Tomé\.txt: 5 B/)
      expect(await here()).to.deep.equal(['holiday in São Tomé.txt'])
    })

    for (const [name, file] of [
      ['../../etc/passwd', '_._.._etc_passwd'],
      ['.bashrc', '_bashrc'],
      ['-rf', '_rf'],
      ['a\nb\u001b[2J', 'a_b_[2J'],
      ['..', '_.'],
      ['back\\slash', 'back_slash'],
      ['\u202egpj.exe', '_gpj.exe']
    ]) {
      it(`safely, where its name is ${JSON.stringify(name)}`, async () => {
        const got = await thhe(['get', await put('x', name)])
        expect(got.exitCode, got.stderr).to.equal(0)
        expect(await here()).to.deep.equal([file])
      })
    }

    it('by its id when it has no name', async () => {
      const link = await put('x', 'name', '--public')
      await thhe(['get', link])
      expect(await here()).to.deep.equal([link.split('/')[1]])
    })

    it('in the given folder', async () => {
      await mkdir('folder')
      const link = await put('x', 'name')
      for (const [output, file] of [
        ['folder', 'folder/name'],
        ['folder/', 'folder/name'],
        ['.', 'name']
      ]) {
        expect((await thhe(['get', link, '--force', '-o', output])).exitCode).to.equal(0)
        expect(await readFile(file, 'utf8')).to.equal('x')
      }
      expect((await thhe(['get', link, '-o', 'folder'])).stderr).to.include('folder/name exists already')
    })
  })

  describe('get writes', () => {
    it('into a file that is not regular', async () => {
      const link = await put('into it')
      await run('mkfifo', [world.path('fifo')])
      const reader = run('cat', [world.path('fifo')])
      for (const output of ['/dev/null', world.path('fifo')]) {
        for (const flags of [[], ['--force']]) {
          if (output !== '/dev/null' && flags.length > 0) continue
          const got = await thhe(['get', link, '-o', output, ...flags])
          expect(got.exitCode, got.stderr).to.equal(0)
        }
      }
      expect((await reader).stdout).to.equal('into it')
      expect((await stat('/dev/null')).isCharacterDevice()).to.equal(true)
      expect((await stat(world.path('fifo'))).isFIFO()).to.equal(true)
    })

    it('reports a full disk', async () => {
      const got = await thhe(['get', await put('x'), '-o', '/dev/full'])
      expect(got.exitCode, got.stderr).to.equal(7)
      expect(got.stderr).to.match(/^thhe: Cannot write \/dev\/full: the disk is full/)
    })

    it('to standard output under any of its names', async () => {
      const link = await put('out')
      await symlink('/proc/self/fd/1', 'my-output')
      await symlink('my-output', 'twice')
      for (const output of ['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', 'my-output', 'twice']) {
        for (const flags of [[], ['--force']]) {
          const got = await thhe(['get', link, '-o', output, ...flags])
          expect([got.exitCode, got.stdout], output).to.deep.equal([0, 'out'])
        }
      }
      expect(await readlink('my-output')).to.equal('/proc/self/fd/1')
      expect(await here()).to.deep.equal(['my-output', 'twice'])
    })

    it('through a symbolic link, and keeps the link', async () => {
      const link = await put('new')
      await writeFile('real', 'old', { mode: 0o640 })
      await symlink('real', 'sym')
      expect((await thhe(['get', link, '-o', 'sym'])).exitCode).to.equal(2)
      expect(await readFile('real', 'utf8')).to.equal('old')
      expect((await thhe(['get', link, '-o', 'sym', '--force'])).exitCode).to.equal(0)
      expect([await readlink('sym'), await readFile('real', 'utf8')]).to.deep.equal(['real', 'new'])
      await symlink('nowhere', 'dangling')
      expect((await thhe(['get', link, '-o', 'dangling'])).exitCode).to.equal(0)
      expect([await readlink('dangling'), await readFile('nowhere', 'utf8')]).to.deep.equal([
        'nowhere',
        'new'
      ])
    })

    it('over a file, and keeps its mode', async () => {
      const link = await put('new')
      for (const mode of [0o600, 0o640, 0o755]) {
        await writeFile('f', 'old')
        await chmod('f', mode)
        expect((await thhe(['get', link, '-o', 'f', '--force'])).exitCode).to.equal(0)
        expect((await stat('f')).mode & 0o777).to.equal(mode)
      }
      expect(await here()).to.deep.equal(['f'])
    })

    it('files with names of the maximum length', async () => {
      const link = await put('x')
      for (const name of [LONG_NAME, 'y'.repeat(255)]) {
        const got = await thhe(['get', link, '-o', name])
        expect(got.exitCode, got.stderr).to.equal(0)
      }
      expect(await here()).to.have.length(2)
    })
  })

  describe('get refuses before it fetches', () => {
    const cases: Array<[what: string, output: string, text: RegExp]> = [
      ['a name that is too long', `${LONG_NAME}漢漢`, /name is too long/],
      ['a folder that is not there', 'newdir/', /There is no folder for newdir\//],
      ['a file in a folder that is not there', 'no/such/file', /There is no folder for no\/such\/file/],
      ['a folder that is a file', 'file/', /file\/ is not a folder/],
      ['a file in a file', 'file/x', /file\/x/],
      ['a file that is there', 'file', /file exists already/],
      ['links that lead in a circle', 'loop', /loop/]
    ]
    for (const [what, output, text] of cases) {
      it(what, async () => {
        const link = await put('x')
        await writeFile('file', 'old')
        await symlink('loop', 'loop')
        const before = node.signals.length
        const got = await thhe(['get', link, '-o', output])
        expect([got.exitCode, got.stdout]).to.deep.equal([2, ''])
        expect(got.stderr)
          .to.match(text)
          .and.not.match(/thhe-part|\n\s+at /)
        expect(node.signals.length, 'reads of the node').to.equal(before)
        expect(await readFile('file', 'utf8')).to.equal('old')
        expect(await here()).to.deep.equal(['file', 'loop'])
      })
    }
  })

  it('get names the path that it cannot write to, as the user gave it', async () => {
    const got = await thhe(['get', await put('x'), '-o', '/proc/nothing'])
    expect([got.exitCode, got.stdout]).to.deep.equal([2, ''])
    expect(got.stderr)
      .to.match(/^thhe: Cannot \w+ \/proc\/nothing: /)
      .and.not.include('thhe-part')
  })

  describe('a link', () => {
    const commands = [
      ['cat'],
      ['get', '-o', '-'],
      ['stat'],
      ['rm'],
      ['tensor', 'stat'],
      ['tensor', 'get', '-o', '-']
    ]
    for (const command of commands) {
      const name = command.filter((word) => !word.startsWith('-')).join(' ')
      it(`reaches ${name} by argument, standard input or file, with the same result`, async () => {
        const answers = []
        for (const way of ['argument', 'stdin', 'file', 'stdin by file']) {
          node.kept.clear()
          const link = await put('hello', 'n', '--public')
          await writeFile('link', `\n${link}\nmore\n`)
          const stdin = Readable.from([Buffer.from(link.slice(0, 20)), Buffer.from(`${link.slice(20)}\n`)])
          const argv = {
            argument: [link],
            stdin: ['-'],
            file: ['--link-file', 'link'],
            'stdin by file': ['--link-file', '-']
          }
          answers.push(await thhe([...command, ...argv[way as keyof typeof argv]], { stdin }))
        }
        for (const answer of answers) expect(answer).to.deep.equal(answers[0])
        expect(answers[0].exitCode).to.equal(name.startsWith('tensor') ? 2 : 0)
      })

      it(`is missing, or there are two: ${name} reports it`, async () => {
        await writeFile('empty', '\n \n')
        await writeFile('large', 'x'.repeat(10_000))
        for (const argv of [
          [],
          ['a', '--link-file', 'b'],
          ['--link-file', 'none'],
          ['--link-file', 'empty'],
          ['--link-file', 'large'],
          ['--link-file', '.'],
          ['-']
        ]) {
          const answer = await thhe([...command, ...argv], { stdin: Readable.from([]) })
          expect([answer.exitCode, answer.stdout], `${argv.join(' ')}: ${answer.stderr}`).to.deep.equal([
            2,
            ''
          ])
        }
      })
    }
  })

  it('rm reports when there is nothing of ours to remove', async () => {
    const link = await put('x', 'n', '--public')
    const { list } = node.objects
    node.objects.list = async function* () {}
    expect((await thhe(['rm', link])).stderr).to.match(/was not put through this node/)
    expect(JSON.parse((await thhe(['rm', await put('x', 'n', '--public'), '--json'])).stdout)).to.include({
      ours: false
    })
    node.objects.list = list
    expect((await thhe(['rm', await put('x', 'n', '--public')])).stderr).to.match(/^Let go of/)
  })

  it('get detects a server that is not a node before it sends a byte', async () => {
    const link = await put('x', 'n', '--public')
    const { open } = node.objects
    node.objects.open = async (cid, options) => {
      const object = await open(cid, options)
      return { ...object, manifest: { ...object.manifest, size: 'many' as never } }
    }
    const got = await thhe(['cat', link])
    expect([got.exitCode, got.stdout], got.stderr).to.deep.equal([5, ''])
  })

  describe('put', () => {
    it('reports why it cannot read a file', async () => {
      await run('sh', ['-c', 'mkdir d; ln -s loop loop'])
      const refused = async (text: RegExp, ...args: string[]): Promise<void> => {
        const { exitCode, stdout, stderr } = await thhe(args)
        expect([exitCode, stdout], stderr).to.deep.equal([2, ''])
        expect(stderr)
          .to.match(text)
          .and.not.match(/\n\s+at /)
      }
      const socket = createServer()
      socket.listen(world.path('here/socket'))
      await once(socket, 'listening')
      try {
        for (const [path, text] of [
          ['none', /There is no file none/],
          ['loop', /Cannot open loop: /],
          ['socket', /Cannot open socket: /],
          ['x'.repeat(256), /the name is too long/],
          ['d/none/x', /There is no file d/]
        ] as const) {
          await refused(text, 'put', path)
          await refused(text, 'tensor', 'put', path)
        }
        await refused(/d is a directory/, 'tensor', 'put', 'd')
      } finally {
        socket.close()
      }
    })

    it('reads files that report a wrong size', async () => {
      for (const path of [
        '/proc/cpuinfo',
        '/proc/self/status',
        '/proc/kallsyms',
        '/sys/kernel/mm/transparent_hugepage/enabled'
      ]) {
        const content = await readFile(path).catch(() => undefined)
        if (content === undefined) continue
        const { stdout, stderr, exitCode } = await thhe(['put', path, '--public'])
        expect(exitCode, stderr).to.equal(0)
        const kept = [...node.kept.values()].at(-1)?.bytes.byteLength
        // What /proc says of a process changes from one reading to the next.
        expect(Math.abs(Number(kept) - content.byteLength), `${path} ${stdout}`).to.be.below(1000)
        expect(kept).to.be.above(0)
      }
    })

    it('reads sparse and empty files to their end', async () => {
      for (const size of [0, 5, 1 << 20, (3 << 20) + 7]) {
        await run('truncate', ['-s', String(size), 'sparse'])
        const { exitCode, stderr } = await thhe(['put', 'sparse', '--public'])
        expect(exitCode, stderr).to.equal(0)
        expect([...node.kept.values()].at(-1)?.bytes.byteLength).to.equal(size)
      }
    })

    it('reads named pipes', async () => {
      await run('mkfifo', ['fifo'])
      const writer = run('sh', ['-c', 'printf "through a pipe" > fifo'])
      const { exitCode, stderr } = await thhe(['put', 'fifo', '--public'])
      await writer
      expect(exitCode, stderr).to.equal(0)
      expect(Buffer.from([...node.kept.values()].at(-1)?.bytes ?? []).toString()).to.equal('through a pipe')
    })

    it('refuses a file that grows while it is read', async () => {
      await writeFile('log', randomBytes(2 << 20))
      const { put: keep } = node.objects
      let hasGrown = false
      node.objects.put = async (source, options) =>
        await keep(
          (async function* () {
            for await (const part of source) {
              if (!hasGrown) appendFileSync(world.path('here/log'), 'one more line')
              hasGrown = true
              yield part
            }
          })(),
          options
        )
      const { exitCode, stderr } = await thhe(['put', 'log'])
      expect([exitCode, node.kept.size], stderr).to.deep.equal([2, 0])
      expect(stderr).to.match(/log was changed while it was read/)
    })

    for (const name of ['two\nlines', 'esc\u001b[2J', 'tab\there', 'nul-less\u0085', '\u202eevil', 'ok']) {
      it(`stores a file called ${JSON.stringify(name)} under a clean name`, async () => {
        await writeFile(name, 'x')
        const { exitCode, stderr } = await thhe(['put', name])
        expect(exitCode, stderr).to.equal(0)
        const kept = [...node.kept.values()].at(-1)?.options.name
        expect(kept).to.match(/^[\w[ -]+$/)
        const list = await thhe(['ls'])
        expect(list.stdout.trimEnd().split('\n')).to.have.length(2)
      })
    }

    it('leaves what an S3 service keeps out of the list, and says so', async () => {
      node.keep(Buffer.from('a'), { name: 's3:photos:abc' })
      node.keep(Buffer.from('b'), { name: 'mine' })
      const list = await thhe(['ls'])
      expect(list.stdout).to.include('mine').and.not.include('s3:')
      expect(list.stderr).to.include("1 object of the S3 service left out: thhe ls 's3:*' lists them.")
      expect((await thhe(['ls', 's3:*'])).stdout).to.include('s3:photos')
      expect(JSON.parse((await thhe(['ls', '--json'])).stdout)).to.have.length(2)
    })

    it('refuses a name that does not fit', async () => {
      await writeFile('f', 'x')
      const { exitCode, stderr } = await thhe(['put', 'f', '--name', '漢'.repeat(86)])
      expect([exitCode, node.kept.size], stderr).to.deep.equal([2, 0])
      expect(stderr).to.include('255 bytes')
    })

    for (const flags of [[], ['--json']]) {
      it(`keeps the link when standard output cannot be written ${flags.join('')}`, async () => {
        await writeFile('f', 'x')
        const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE', syscall: 'write', errno: -32 })
        const errors: string[] = []
        const io = {
          ...world.io,
          stdout: {
            write: (_: unknown, done: (error: Error) => void) => done(gone)
          } as unknown as Io['stdout'],
          stderr: { write: (text: string) => errors.push(text) } as unknown as Io['stderr']
        }
        const { runCommandLine } = await import('../../../src/cli/main.ts')
        expect(await runCommandLine(['put', 'f', ...flags, ...endpoint], io)).to.equal(141)
        expect(errors.join('')).to.match(/thhe:07070707\/b[a-z2-7]+#[\w-]{43}\n/)
      })
    }

    it('reports that the node is gone when it stops during a put', async () => {
      await writeFile('f', randomBytes(8 << 20))
      for (const reset of [true, false]) {
        let sockets = 0
        const dying = createServer((socket) => {
          socket.on('error', () => {})
          let seen = ''
          socket.on('data', (part) => {
            seen += part.toString('latin1')
            if (seen.startsWith('GET /v1/status')) {
              const body = JSON.stringify({
                network: { id: '07'.repeat(32), code: { k: 1, n: 2 } },
                peerId: 'p'
              })
              socket.end(
                `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
              )
              return
            }
            if (sockets++ === 0) {
              socket.write(
                'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n'
              )
            }
            if (seen.length > 1 << 20) {
              if (reset) socket.resetAndDestroy()
              else socket.destroy()
            }
          })
        })
        dying.listen(0, '127.0.0.1')
        await once(dying, 'listening')
        const { port } = dying.address() as AddressInfo
        const answer = await runInProcess(world, ['put', 'f', '--api', `127.0.0.1:${port}`])
        dying.close()
        expect(answer.exitCode, answer.stderr).to.equal(5)
        expect(answer.stderr)
          .to.match(/broke off in the middle/)
          .and.not.match(/\n\s+at /)
      }
    })
  })

  it('put and get work where no state can be kept, and leave nothing behind', async () => {
    const bytes = randomBytes(12 << 20)
    await writeFile('large', bytes)
    await mkdir(world.path('state/thhe'), { recursive: true })
    for (const folder of ['puts', 'gets']) await writeFile(world.path('state/thhe', folder), 'not a folder')
    const put = await thhe(['put', 'large'])
    expect(put.exitCode, put.stderr).to.equal(0)
    expect(put.stderr).to.match(/^Should this put be broken off, the next one starts over/)
    node.pieceBytes = 1 << 18
    const lost = new HologramError('NOT_ENOUGH_SHARDS', 'too few', { needed: 5, live: 3, missing: 2 })
    node.failGet = { afterBytes: 6 << 20, error: lost }
    expect((await thhe(['get', put.stdout.trim(), '-o', 'copy'])).stderr).to.not.include('are kept')
    expect(await here()).to.deep.equal(['large'])
    node.failGet = undefined
    const got = await thhe(['get', put.stdout.trim(), '-o', 'copy'])
    expect(got.exitCode, got.stderr).to.equal(0)
    expect((await readFile('copy')).equals(bytes)).to.equal(true)
    expect(await here()).to.deep.equal(['copy', 'large'])
  })

  describe('an interrupted get', () => {
    const SIZE = 12 << 20
    const lost = new HologramError('NOT_ENOUGH_SHARDS', 'too few', { needed: 5, live: 3, missing: 2 })
    const parts = async (): Promise<string[]> => (await here()).filter((name) => name.endsWith('.thhe-part'))

    for (const flags of [[], ['--public']]) {
      it(`continues where it stopped, ${flags.join('') || 'sealed'}`, async () => {
        const bytes = randomBytes(SIZE)
        const link = await put(bytes, 'large', ...flags)
        node.pieceBytes = 1 << 18
        node.failGet = { afterBytes: 6 << 20, error: lost }
        const failed = await thhe(['get', link, '-o', 'copy'])
        expect([failed.exitCode, await parts()]).to.deep.include(4)
        expect(failed.stderr).to.match(/MiB are kept: the same command goes on from there/)
        expect(await parts()).to.have.length(1)
        node.failGet = undefined
        const asked: Array<number | undefined> = []
        const { open } = node.objects
        node.objects.open = async (cid, options) => {
          const object = await open(cid, options)
          const read: typeof object.read = (init) => {
            asked.push(init?.range?.start)
            return object.read(init)
          }
          return { ...object, read }
        }
        const got = await thhe(['get', link, '-o', 'copy'])
        expect(got.stderr).to.match(/^Goes on after the [\d.]+ MiB/)
        expect(Math.max(...asked.map((start) => start ?? 0))).to.be.above(5 << 20)
        expect((await readFile('copy')).equals(bytes)).to.equal(true)
        expect(await here()).to.deep.equal(['copy'])
        expect(await readdir(world.path('state/thhe/gets'))).to.deep.equal([])
      })
    }

    it('leaves nothing behind when it is killed and run again', async () => {
      const bytes = randomBytes(SIZE)
      const link = await put(bytes)
      node.pieceBytes = 1 << 18
      const { open } = node.objects
      const stalled = Promise.withResolvers<void>()
      node.objects.open = async (cid, options) => {
        const object = await open(cid, options)
        const read: typeof object.read = async function* (init) {
          let sent = 0
          for await (const piece of object.read(init)) {
            yield piece
            sent += piece.byteLength
            if (sent < 8 << 20) continue
            stalled.resolve()
            await new Promise(() => {})
          }
        }
        return { ...object, read }
      }
      const launcher = join(import.meta.dirname, '../../../bin/thhe.js')
      const child = spawn(process.execPath, [launcher, 'get', link, '-o', 'copy', ...endpoint], {
        env: { ...process.env, ...world.io.env },
        stdio: 'ignore'
      })
      await stalled.promise
      await eventually('a part of the file', async () => (await parts()).length > 0)
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(await parts()).to.have.length(1)
      node.objects.open = open
      const got = await thhe(['get', link, '-o', 'copy'])
      expect(got.exitCode, got.stderr).to.equal(0)
      expect((await readFile('copy')).equals(bytes)).to.equal(true)
      expect(await here()).to.deep.equal(['copy'])
    })

    it('starts over when the part file has changed', async () => {
      const bytes = randomBytes(SIZE)
      const link = await put(bytes)
      node.pieceBytes = 1 << 18
      node.failGet = { afterBytes: 6 << 20, error: lost }
      await thhe(['get', link, '-o', 'copy'])
      const [part] = await parts()
      const damaged = await readFile(part)
      damaged[1000] ^= 1
      await writeFile(part, damaged)
      node.failGet = undefined
      const got = await thhe(['get', link, '-o', 'copy'])
      expect(got.stderr).to.not.include('Goes on')
      expect((await readFile('copy')).equals(bytes)).to.equal(true)
      expect(await here()).to.deep.equal(['copy'])
    })

    it('never mixes two objects, or two ranges of one', async () => {
      const [first, second] = [randomBytes(SIZE), randomBytes(SIZE)]
      const links = [await put(first), await put(second)]
      node.pieceBytes = 1 << 18
      node.failGet = { afterBytes: 6 << 20, error: lost }
      await thhe(['get', links[0], '-o', 'copy'])
      node.failGet = undefined
      await thhe(['get', links[0], '-o', 'copy', '--range', '5-'])
      expect((await readFile('copy')).equals(first.subarray(5))).to.equal(true)
      await thhe(['get', links[1], '-o', 'copy', '--force'])
      expect((await readFile('copy')).equals(second)).to.equal(true)
    })

    it('leaves nothing of a small object, nor of a killed get whose part is useless', async () => {
      const link = await put(randomBytes(2 << 20), 'small')
      node.pieceBytes = 1 << 18
      node.failGet = { afterBytes: 1 << 20, error: lost }
      await thhe(['get', link])
      expect(await here()).to.deep.equal([])
      const { hostname } = await import('node:os')
      const { createHash } = await import('node:crypto')
      const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
      await writeFile(`.small.${machine}-${2 ** 30}-1-0.thhe-part`, 'rest of a killed get')
      await writeFile(`.other.00000000-1-1-0.thhe-part`, 'may be written from another machine')
      await hardLink(`.other.00000000-1-1-0.thhe-part`, 'no part')
      node.failGet = undefined
      await thhe(['get', link])
      expect(await here()).to.deep.equal(['.other.00000000-1-1-0.thhe-part', 'no part', 'small'])
    })
  })

  describe('Ctrl-C ends', () => {
    const cases: Array<[string, string[]]> = [
      ['a put from a named pipe that nobody opens', ['put', 'fifo']],
      ['a put from a named pipe that nobody writes to', ['put', 'open-fifo']],
      ['a get into a named pipe that nobody opens', ['get', 'LINK', '-o', 'fifo']],
      ['a wait for a link', ['cat', '-']],
      ['a wait for a link in a file', ['cat', '--link-file', 'fifo']]
    ]
    for (const [what, argv] of cases) {
      it(what, async () => {
        const link = await put('x')
        await run('mkfifo', ['fifo', 'open-fifo'])
        const writer = spawn('sh', ['-c', 'exec sleep 1000 > open-fifo'])
        const launcher = join(import.meta.dirname, '../../../bin/thhe.js')
        const words = argv.map((word) => (word === 'LINK' ? link : word))
        const child = spawn(process.execPath, [launcher, ...words, ...endpoint], {
          env: { ...process.env, ...world.io.env }
        })
        const ended = once(child, 'exit')
        await eventually('a handler of signals', async () => await listensForSignals(child.pid ?? 0))
        child.kill('SIGINT')
        const [code, signal] = (await ended) as [number | null, string | null]
        writer.kill()
        // A shell takes the two for the same.
        expect(signal === 'SIGINT' ? 130 : code).to.equal(130)
      })
    }
  })

  it('prints no escape sequences from file names, peers or errors', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b1mrun this\u202e'
    const link = await put('x', 'name', '--public')
    const id = link.split('/')[1]
    Object.assign(node.kept.get(id)!.options, { name: evil })
    const { stat: objectStat } = node.objects
    node.objects.stat = async (cid, options) => {
      const found = await objectStat(cid, options)
      return { ...found, leases: [{ lessee: evil, expiresAtMs: 1, tombstone: false }] }
    }
    const outputs = [
      await thhe(['ls', '-l']),
      await thhe(['stat', link]),
      await thhe(['ls', '--json']),
      await thhe(['stat', link, '--json'])
    ]
    node.objects.open = async () => {
      throw new HologramError('REMOTE', `a peer said: ${evil}`, {
        status: 4 as never,
        retryAfterMs: 0,
        peer: evil
      })
    }
    outputs.push(await thhe(['get', link]), await thhe(['cat', link]), await thhe(['get', link, '--json']))
    for (const { stdout, stderr } of outputs) {
      expect(stdout + stderr)
        .to.include('owned')
        .and.not.match(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    }
  })
})
