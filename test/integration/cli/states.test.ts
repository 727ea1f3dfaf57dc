import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { mkdir, open, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { eventually } from '../../support/eventually.ts'
import { CommandLine, LAUNCHER } from './run.ts'
import type { Outcome } from './run.ts'

const QUIET_NODE = ['--api', '127.0.0.1:0', '--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns', '--no-upnp']

/** A mount of its own needs root, or a system that lets users have namespaces. */
const UNSHARE = process.getuid?.() === 0 ? ['--mount'] : ['--user', '--map-root-user', '--mount']
const canMount = (): boolean => {
  try {
    execFileSync('unshare', [...UNSHARE, 'sh', '-c', 'mount -t tmpfs none /mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe('cli: faults of the system', function () {
  this.timeout(120_000)
  let thhe: CommandLine
  const children: ChildProcess[] = []

  before(async () => {
    thhe = await CommandLine.create()
    await writeFile(thhe.path('file'), 'content')
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })
  after(async () => thhe.remove())

  const expectRefusal = ({ code, stdout, stderr }: Outcome, exitCode: number, part: string): void => {
    expect(stderr).to.include(part)
    expect(stderr).to.not.match(/\n\s+at |E[A-Z]{4,}:|Error:/)
    expect(code, stderr).to.equal(exitCode)
    expect(stdout.length).to.equal(0)
  }

  /** Starts a node and waits until it takes commands. */
  const startNode = async (folder: string, env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [LAUNCHER, 'node', '--data', folder, ...QUIET_NODE], {
      env: { ...thhe.env(), ...env },
      stdio: ['ignore', 'ignore', 'pipe']
    })
    children.push(child)
    let log = ''
    for await (const part of child.stderr!.setEncoding('utf8') as AsyncIterable<string>) {
      log += part
      if (log.includes('ready for commands')) break
    }
    expect(log).to.include('ready for commands')
    return child
  }

  it('has written what it compiled when it is ready, so that a stop writes nothing', async () => {
    const folder = thhe.path('compiled')
    await startNode(thhe.path('first-run'), { NODE_COMPILE_CACHE: folder })
    const written = await readdir(folder, { recursive: true })
    expect(written.length).to.be.greaterThan(500)
  })

  it('names a port that is in use, for HTTP and for peers', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const data = ['--data', thhe.path('ports'), '--no-mdns', '--no-upnp']
    try {
      expectRefusal(
        await thhe.run(['node', ...data, '--listen', '/ip4/127.0.0.1/tcp/0', '--api', `127.0.0.1:${port}`]),
        2,
        `thhe: Cannot listen on 127.0.0.1:${port}: another program uses this address.`
      )
      expectRefusal(
        await thhe.run(['node', ...data, '--listen', `/ip4/127.0.0.1/tcp/${port}`, '--api', '127.0.0.1:0']),
        2,
        `thhe: Cannot listen on /ip4/127.0.0.1/tcp/${port}: another program uses this address.`
      )
    } finally {
      server.close()
    }
  })

  it('names a data folder that is a file or lies below one', async () => {
    const file = thhe.path('file')
    for (const folder of [file, `${file}/below`]) {
      expectRefusal(
        await thhe.run(['node', '--data', folder, ...QUIET_NODE]),
        2,
        `Cannot use ${folder} as the data`
      )
    }
    expectRefusal(await thhe.run(['cluster', 'up', '-n', '2', '--dir', file]), 2, file)
    expectRefusal(await thhe.run(['cluster', 'status', '--dir', file]), 2, file)
  })

  it('reports a read-only or full disk with the path that the user gave', async function () {
    if (!canMount()) {
      console.log('      skipped: no disk can be mounted here (needs Linux, and root or user namespaces)')
      return this.skip()
    }
    const disk = thhe.path('disk')
    await mkdir(disk)
    const onDisk = async (options: string, ...args: string[]): Promise<Outcome> => {
      const script = `mount -t tmpfs -o ${options} none "$1" && shift && exec "$@"`
      const child = spawn(
        'unshare',
        [...UNSHARE, 'sh', '-c', script, 'sh', disk, process.execPath, LAUNCHER, ...args],
        {
          env: thhe.env(),
          stdio: ['ignore', 'pipe', 'pipe']
        }
      )
      let stderr = ''
      child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
      child.stdout.resume()
      const [code] = (await once(child, 'close')) as [number]
      return { code, stdout: Buffer.alloc(0), stderr }
    }
    const cases: Array<[exitCode: number, options: string, args: string[]]> = [
      [2, 'ro', ['node', '--data', disk, ...QUIET_NODE]],
      [2, 'ro', ['node', '--data', `${disk}/below/it`, ...QUIET_NODE]],
      [2, 'ro', ['cluster', 'up', '-n', '1', '--dir', `${disk}/cluster`]],
      [2, 'ro', ['network', 'create', 'x', '-o', `${disk}/x.json`]],
      [7, 'nr_inodes=1', ['network', 'create', 'x', '-o', `${disk}/x.json`]]
    ]
    for (const [exitCode, options, args] of cases) {
      expectRefusal(await onDisk(options, ...args), exitCode, disk)
    }
  })

  it('ends by a signal though a read of its source never returns', async function () {
    // The log of the kernel is a file whose end is never reached.
    const source = '/proc/kmsg'
    const isReadable = await open(source, 'r').then(
      async (file) => await file.close().then(() => true),
      () => false
    )
    if (!isReadable) return this.skip()
    const folder = thhe.path('blocked')
    await startNode(folder)
    const put = spawn(process.execPath, [LAUNCHER, 'put', source, '--data', folder], {
      env: thhe.env(),
      stdio: 'ignore'
    })
    children.push(put)
    const fds = `/proc/${put.pid}/fd`
    await eventually('the put reads its source', async () => {
      const files = (await readdir(fds)).map(async (fd) => await readlink(`${fds}/${fd}`).catch(() => ''))
      return (await Promise.all(files)).includes(source)
    })
    const ended = once(put, 'exit')
    put.kill('SIGTERM')
    const [code, signal] = (await ended) as [number | null, string | null]
    expect(code ?? signal).to.be.oneOf([143, 'SIGTERM'])
  })

  it('reports that standard output cannot be written', async () => {
    // Only Linux has it.
    if (process.platform !== 'linux') return
    const script = `"${process.execPath}" "${LAUNCHER}" network create x > /dev/full`
    const child = spawn('sh', ['-c', script], { env: thhe.env(), stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    const [code] = (await once(child, 'close')) as [number]
    expect(stderr).to.match(/^thhe: The disk is full\./)
    expect(code).to.equal(7)
  })

  it('reports at once, with every command, that a signal has stopped the node', async function () {
    // What a process does is looked up in /proc.
    if (process.platform !== 'linux') return this.skip()
    const folder = thhe.path('stopped')
    const child = await startNode(folder)
    child.kill('SIGSTOP')
    for (const command of [['status'], ['peers'], ['ls'], ['put', thhe.path('file')], ['network', 'show']]) {
      const outcome = await thhe.run([...command, '--data', folder])
      expectRefusal(outcome, 5, 'does not answer')
      expect(outcome.stderr).to.include(`kill -CONT ${child.pid}`)
    }
    child.kill('SIGCONT')
    expect((await thhe.run(['status', '--data', folder])).code).to.equal(0)
  })
})

describe('bin/thhe.js on an engine that is too old', function () {
  this.timeout(60_000)
  let thhe: CommandLine
  before(async () => {
    thhe = await CommandLine.create()
  })
  after(async () => thhe.remove())

  /** Makes an engine that is new enough say that it is not; the engine that it starts says the truth. */
  const AGED =
    "--import=data:text/javascript,if(!process.env.THHE_LAUNCHED)Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.0.0'}})"

  /** Starts a node by way of the launcher. @returns the launcher, and the number of the process behind it */
  const launchNode = async (): Promise<{ launcher: ChildProcess; nodePid: number }> => {
    const folder = thhe.path('data')
    const launcher = spawn(process.execPath, [AGED, LAUNCHER, 'node', '--data', folder, ...QUIET_NODE], {
      env: thhe.env(),
      stdio: ['ignore', 'ignore', 'pipe']
    })
    let log = ''
    launcher.stderr!.setEncoding('utf8').on('data', (part: string) => (log += part))
    while (!log.includes('ready for commands')) {
      expect(launcher.exitCode, log).to.equal(null)
      await delay(50)
    }
    const { pid } = JSON.parse(await readFile(`${folder}/api.json`, 'utf8')) as { pid: number }
    expect(pid).to.not.equal(launcher.pid)
    return { launcher, nodePid: pid }
  }

  const runs = (pid: number): boolean => {
    try {
      process.kill(pid, 0)
      return true
    } catch {
      return false
    }
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`forwards ${signal} and ends with the exit status of the node`, async () => {
      const { launcher, nodePid } = await launchNode()
      launcher.kill(signal)
      const [code] = (await once(launcher, 'exit')) as [number]
      expect(code).to.be.oneOf([0, signal === 'SIGTERM' ? 143 : 130])
      expect(runs(nodePid)).to.equal(false)
    })
  }

  it('stops the node when it is killed', async () => {
    const { launcher, nodePid } = await launchNode()
    launcher.kill('SIGKILL')
    await once(launcher, 'exit')
    await eventually('the end of the node', () => !runs(nodePid))
  })

  it('passes arguments, output and exit code through', async () => {
    const child = spawn(process.execPath, [AGED, LAUNCHER, 'status', '--data', thhe.path('none'), '--json'], {
      env: thhe.env()
    })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part))
    const [code] = (await once(child, 'close')) as [number]
    expect(code).to.equal(5)
    expect(JSON.parse(stderr)).to.have.nested.property('error.code', 'NO_NODE')
  })
})
