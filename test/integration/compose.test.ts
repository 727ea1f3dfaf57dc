import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const run = promisify(execFile)

const PEERS = [1, 2, 3, 4, 5, 6, 7, 8]
const KILLED = ['peer-4', 'peer-6', 'peer-8']
const PROJECT = `thhe-test-${process.pid}`
const COMPOSE_FILE = fileURLToPath(new URL('../../testnet/docker-compose.yml', import.meta.url))
const THHE = fileURLToPath(new URL('../../bin/thhe.js', import.meta.url))
const FILE_BYTES = 20 * 1024 * 1024
/** From nothing; on a slow machine most of it is `npm ci`. */
const BUILD_TIMEOUT_MS = 240_000
const UP_TIMEOUT_MS = 120_000
const STEP_TIMEOUT_MS = 60_000

/** Ports that the host chooses, and an image of our own, so that a cluster that runs already is not touched. */
const ENV: NodeJS.ProcessEnv = {
  ...process.env,
  TESTNET_IMAGE: PROJECT,
  ...Object.fromEntries(PEERS.map((number) => [`TESTNET_PORT_${number}`, '0']))
}

async function docker(args: string[], timeout = STEP_TIMEOUT_MS): Promise<string> {
  const { stdout } = await run('docker', args, { env: ENV, timeout, maxBuffer: 1 << 26 })
  return stdout.trim()
}

const compose = async (args: string[], timeout?: number): Promise<string> =>
  await docker(['compose', '--project-name', PROJECT, '--file', COMPOSE_FILE, ...args], timeout)

/** Why there is nothing to run this on; undefined where there is. */
async function missing(): Promise<string | undefined> {
  try {
    await docker(['info'], 10_000)
  } catch {
    return 'no Docker engine answers'
  }
  try {
    await docker(['compose', 'version'], 10_000)
  } catch {
    return 'docker compose is not installed'
  }
  return undefined
}

describe('docker compose cluster', function () {
  this.timeout(BUILD_TIMEOUT_MS + UP_TIMEOUT_MS)
  let folder: string

  before(async function () {
    const reason = await missing()
    if (reason !== undefined) {
      console.log(`      skipped: ${reason}`)
      return this.skip()
    }
    folder = await mkdtemp(join(tmpdir(), 'thhe-compose-'))
    await compose(['build', '--quiet'], BUILD_TIMEOUT_MS)
    await compose(['up', '--wait'], UP_TIMEOUT_MS)
  })

  after(async () => {
    if (folder === undefined) return
    await compose(['down', '--volumes', '--timeout', '1'])
    await docker(['image', 'rm', '--force', PROJECT])
    await rm(folder, { recursive: true })
  })

  /** Runs the CLI on this host against one of the containers. */
  async function thhe(peer: string, args: string[]): Promise<Record<string, unknown>> {
    const api = await compose(['port', peer, '4780'])
    const tokenFile = join(folder, `${peer}.token`)
    await writeFile(tokenFile, await compose(['exec', '-T', peer, 'cat', '/data/api-token']), { mode: 0o600 })
    const endpoint = ['--api', api, '--token-file', tokenFile, '--json']
    const { stdout } = await run(process.execPath, [THHE, ...args, ...endpoint], { timeout: STEP_TIMEOUT_MS })
    return JSON.parse(stdout)
  }

  /** Waits until the peer has heard from all the others. */
  async function seesAll(peer: string): Promise<void> {
    const deadlineMs = performance.now() + STEP_TIMEOUT_MS
    for (;;) {
      const { peers } = (await thhe(peer, ['status'])) as { peers: { live: number } }
      if (peers.live === PEERS.length) return
      if (performance.now() > deadlineMs)
        throw new Error(`${peer} sees ${peers.live} of ${PEERS.length} peers`)
      await delay(500)
    }
  }

  it('runs every peer as an ordinary user, healthy', async () => {
    for (const number of PEERS) {
      expect(await compose(['exec', '-T', `peer-${number}`, 'id', '-u'])).to.equal('1000')
    }
    const healthy = await compose(['ps', '--services', '--filter', 'status=running'])
    expect(healthy.split('\n').sort()).to.deep.equal(PEERS.map((number) => `peer-${number}`))
  })

  it('keeps a file that was put from the host when three of its eight peers are killed', async () => {
    const source = join(folder, 'source')
    const copy = join(folder, 'copy')
    await writeFile(source, randomBytes(FILE_BYTES))
    await seesAll('peer-2')
    const { link } = await thhe('peer-2', ['put', source])
    await compose(['kill', ...KILLED])
    await thhe('peer-7', ['get', String(link), '-o', copy])
    expect(await digestOf(copy)).to.equal(await digestOf(source))
  })

  it('takes killed peers back, with what they held', async () => {
    await compose(['up', '--wait', '--no-recreate'], UP_TIMEOUT_MS)
    await seesAll('peer-4')
  })

  it('stops cleanly on SIGTERM', async () => {
    await compose(['stop', 'peer-3'])
    const container = await compose(['ps', '--all', '--quiet', 'peer-3'])
    expect(await docker(['inspect', '--format', '{{.State.ExitCode}}', container])).to.equal('0')
  })
})

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
