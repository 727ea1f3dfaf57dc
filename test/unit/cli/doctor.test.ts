import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { writeApiFile } from '../../../src/cli/api-file.ts'
import { checkPorts } from '../../../src/cli/doctor/network.ts'
import { runInProcess, World } from './world.ts'
import type { Answer } from './world.ts'

describe('thhe doctor, where another program has the port of the node', () => {
  const server = createServer((_, response) => response.end('hello'))
  let world: World
  let url: string

  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(async () => {
    world = await World.create()
  })
  afterEach(async () => world.remove())
  after(() => server.close())

  const doctor = async (...options: string[]): Promise<Answer> =>
    await runInProcess(world, ['doctor', ...options], { env: { ...world.io.env, COLUMNS: '500' } })

  it('says so about the address that the user named, and fails as every command does there', async () => {
    const { exitCode, stdout } = await doctor('--api', url)
    expect(stdout).to.include(`node: What answers at ${url} is not a THHE node.`)
    expect(exitCode).to.equal(5)
  })

  it('names it where the node was last', async () => {
    const folder = world.path('data')
    await mkdir(folder, { recursive: true })
    await writeApiFile(folder, { url, tokenFile: join(folder, 'api-token'), peerId: 'x', pid: 2 ** 30 })
    const { stdout } = await doctor('--data', folder)
    const holder = `another program \\(\\S+, process ${process.pid}\\)`
    expect(stdout.replace(/\n {4}/g, ' ')).to.match(
      new RegExp(`none runs; ${holder} listens at ${url}, where it was last`)
    )
  })

  it('names it where the node would listen', async () => {
    const [finding] = await checkPorts([], new URL(url).host)
    expect(finding.state).to.equal('bad')
    expect(finding.detail).to.match(
      new RegExp(`^taken by another program \\(\\S+, process ${process.pid}\\)$`)
    )
  })
})
