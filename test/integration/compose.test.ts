import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect } from 'chai'

const run = promisify(execFile)

/** peer-1 and so many of the service `peer`. */
const REPLICAS = 7
const ADDED = 1
/** Numbers of the replicas that are killed. */
const KILLED = [3, 5, 7]
const PROJECT = `thhe-test-${process.pid}`
const COMPOSE_FILE = fileURLToPath(new URL('../../testnet/docker-compose.yml', import.meta.url))
const THHE = fileURLToPath(new URL('../../bin/thhe.js', import.meta.url))
const FILE_BYTES = 20 * 1024 * 1024
/** From nothing; on a slow machine most of it is `npm ci`. */
const BUILD_TIMEOUT_MS = 240_000
const UP_TIMEOUT_MS = 120_000
const STEP_TIMEOUT_MS = 60_000

/** A port that the host chooses, and an image of our own, so that a cluster that runs already is not touched. */
const ENV: NodeJS.ProcessEnv = {
  ...process.env,
  TESTNET_IMAGE: PROJECT,
  TESTNET_PORT_1: '0',
  TESTNET_S3_PORT: '0'
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
    await compose(['--profile', 's3', 'down', '--volumes', '--timeout', '1'])
    await docker(['image', 'rm', '--force', PROJECT])
    await rm(folder, { recursive: true })
  })

  /** Puts a file of this host through peer-1, as docs/guide/operations.md says. @returns the link */
  async function put(file: string, ...flags: string[]): Promise<string> {
    const args = [
      '--project-name',
      PROJECT,
      '--file',
      COMPOSE_FILE,
      'exec',
      '-T',
      'peer-1',
      'thhe',
      'put',
      '-'
    ]
    const child = run('docker', ['compose', ...args, ...flags], { env: ENV, timeout: STEP_TIMEOUT_MS })
    createReadStream(file).pipe(child.child.stdin!)
    return (await child).stdout.trim()
  }

  /** Runs the CLI in a container of the service `peer`, where it needs neither address nor token. */
  const inside = async (replica: number, args: string[]): Promise<string> =>
    await compose(['exec', '-T', '--index', String(replica), 'peer', 'thhe', ...args])

  const containerOf = async (replica: number): Promise<string> =>
    await docker([
      ...['ps', '--all', '--quiet', '--no-trunc'],
      ...['--filter', `label=com.docker.compose.project=${PROJECT}`],
      ...['--filter', 'label=com.docker.compose.service=peer'],
      ...['--filter', `label=com.docker.compose.container-number=${replica}`]
    ])

  /** Waits until a replica has heard from all the others. */
  async function seesAll(replica: number, peers: number): Promise<void> {
    const deadlineMs = performance.now() + STEP_TIMEOUT_MS
    for (;;) {
      const status = JSON.parse(await inside(replica, ['status', '--json'])) as { peers: { live: number } }
      if (status.peers.live === peers) return
      if (performance.now() > deadlineMs) throw new Error(`it sees ${status.peers.live} of ${peers} peers`)
      await delay(500)
    }
  }

  it('runs every peer as an ordinary user', async () => {
    for (let replica = 1; replica <= REPLICAS; replica++) {
      expect(await compose(['exec', '-T', '--index', String(replica), 'peer', 'id', '-u'])).to.equal('1000')
    }
  })

  it('shows the container id of each peer', async () => {
    await seesAll(1, 1 + REPLICAS)
    const peers = JSON.parse(await inside(1, ['peers', '--json'])) as Array<{ failureDomain: string }>
    const container = await containerOf(3)
    const labelled = peers.filter(
      ({ failureDomain: domain }) =>
        domain.startsWith('label:') && container.startsWith(domain.slice('label:'.length))
    )
    expect(labelled).to.have.length(1)
  })

  it('agrees on a map', async () => {
    const deadlineMs = performance.now() + STEP_TIMEOUT_MS
    for (;;) {
      const map = JSON.parse(await inside(2, ['map', '--json'])) as { peers?: unknown[] }
      if (map.peers?.length === 1 + REPLICAS) return
      if (performance.now() > deadlineMs) throw new Error(`its map has ${map.peers?.length ?? 'no'} peers`)
      await delay(500)
    }
  })

  it('keeps a file when three of eight peers are killed, and accepts another file', async () => {
    const source = join(folder, 'source')
    const bytes = randomBytes(FILE_BYTES)
    await writeFile(source, bytes)
    const link = await put(source)
    await docker(['kill', ...(await Promise.all(KILLED.map(containerOf)))])
    await inside(1, ['get', link, '-o', '/tmp/copy'])
    const digest = await compose(['exec', '-T', '--index', '1', 'peer', 'sha256sum', '/tmp/copy'])
    expect(digest.split(' ')[0]).to.equal(createHash('sha256').update(bytes).digest('hex'))
    await put(source, '-n', '4', '-k', '2')
  })

  it('gives a file to the host without a token', async () => {
    const source = join(folder, 'small')
    await writeFile(source, 'hello')
    const link = await put(source)
    const api = await compose(['port', 'peer-1', '4780'])
    const { stdout } = await run(process.execPath, [THHE, 'cat', link, '--api', api], {
      timeout: STEP_TIMEOUT_MS
    })
    expect(stdout).to.equal('hello')
  })

  it('takes killed peers back with their shards', async () => {
    await compose(['up', '--wait', '--no-recreate'], UP_TIMEOUT_MS)
    await seesAll(KILLED[0], 1 + REPLICAS)
  })

  it('accepts another peer without a change of the compose file', async () => {
    const replicas = REPLICAS + ADDED
    await compose(['up', '--wait', '--no-recreate', '--scale', `peer=${replicas}`], UP_TIMEOUT_MS)
    await seesAll(replicas, 1 + replicas)
  })

  it('serves S3 with the profile s3', async () => {
    await compose(['--profile', 's3', 'up', '--wait', '--no-recreate'], UP_TIMEOUT_MS)
    const key = JSON.parse(
      await compose(['exec', '-T', 's3', 'thhe', 's3', 'key', 'new', 'test', '--json'])
    ) as {
      accessKeyId: string
      secretAccessKey: string
    }
    const client = new S3Client({
      endpoint: `http://${await compose(['--profile', 's3', 'port', 's3', '9000'])}`,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: key
    })
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'photos' }))
      await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a', Body: 'hello' }))
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a' }))
      expect(await Body?.transformToString()).to.equal('hello')
    } finally {
      client.destroy()
    }
  })

  it('stops cleanly on SIGTERM', async () => {
    await docker(['stop', await containerOf(2)])
    expect(await docker(['inspect', '--format', '{{.State.ExitCode}}', await containerOf(2)])).to.equal('0')
  })
})
