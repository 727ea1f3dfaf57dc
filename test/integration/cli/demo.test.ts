import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { DemoResult } from '../../../src/cli/demo/demo.ts'
import { CommandLine, LAUNCHER } from './run.ts'

describe('npm run demo', function () {
  this.timeout(120_000)
  let thhe: CommandLine
  before(async () => {
    thhe = await CommandLine.create()
    await writeFile(thhe.path('file'), randomBytes(2_000_003))
  })
  after(async () => thhe.remove())

  it('reads the file back from a peer that never held it, with half of the peers dead', async () => {
    const result = await thhe.json<DemoResult>('demo', '--file', thhe.path('file'))
    expect(result).to.include({ peers: 12, k: 5, n: 11, identical: true, sizeBytes: 2_000_003 })
    expect(result.killed).to.have.length(6)
    expect(result.killed).to.not.include(result.reader)
    expect(result.overhead).to.be.within(2.2, 2.3)
  })

  it('leaves no process and no folder behind when it is interrupted', async function () {
    // Processes are looked up in /proc.
    if (process.platform !== 'linux') return this.skip()
    const temporary = thhe.path('tmp')
    await mkdir(temporary)
    const demo = spawn(process.execPath, [LAUNCHER, 'demo', '--file', thhe.path('file')], {
      env: { ...thhe.env(), TMPDIR: temporary, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
      stdio: 'ignore'
    })
    const ended = once(demo, 'exit')
    const watcher = watch(temporary, { recursive: true })
    for await (const { filename } of watcher) if (filename?.endsWith('peer-03.log') === true) break
    demo.kill('SIGINT')
    const [code] = (await ended) as [number]
    expect(code).to.equal(130)
    expect((await readdir(temporary)).filter((name) => name.startsWith('thhe-'))).to.deep.equal([])
    expect(await processesNaming(temporary)).to.deep.equal([])
  })
})

/** Command lines of the processes that have `text` among their arguments. */
const processesNaming = async (text: string): Promise<string[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''))
  )
  return lines.filter((line) => line.includes(text))
}
