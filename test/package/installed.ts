// `npm run test:package`: packs the package, installs it globally into an empty prefix, as a user would, and uses it. Nothing
// of the checkout is used but the tests' own S3 client and compiler. Takes a minute; what npm has not cached it downloads.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { expect } from 'chai'
import ts from 'typescript'

const run = promisify(execFile)

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PEERS = 5

interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

interface Up {
  readonly peers: ReadonlyArray<{ readonly url: string }>
  readonly s3: { readonly url: string }
  readonly web: { readonly url: string }
}

interface Manifest {
  readonly version: string
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

describe('the package, packed and installed globally', function () {
  this.timeout(300_000)
  this.bail(true)
  let folder: string
  let packed: Packed
  let manifest: Manifest
  let env: NodeJS.ProcessEnv
  let up: Up
  const bytes = randomBytes(1_000_003)

  const npm = async (args: string[], cwd: string): Promise<string> =>
    (await run('npm', args, { cwd, env, maxBuffer: 1 << 26 })).stdout
  const thhe = async (...args: string[]): Promise<string> =>
    (await run('thhe', args, { cwd: folder, env, timeout: 100_000, maxBuffer: 1 << 26 })).stdout

  before(async () => {
    manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as Manifest
    folder = await mkdtemp(join(tmpdir(), 'thhe-package-'))
    const { PATH, TMPDIR, HOME, ...rest } = process.env
    const settings = Object.entries(rest).filter(([name]) =>
      /^(npm_config|NPM_CONFIG|NODE_EXTRA)_/.test(name)
    )
    // The node that runs this, then the installed command, and whatever else the system has: npm above all.
    const path = [join(folder, 'prefix', 'bin'), dirname(process.execPath), PATH].join(delimiter)
    const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim()
    env = {
      ...Object.fromEntries(settings),
      ...{ PATH: path, TMPDIR, HOME: folder, npm_config_cache: cache },
      ...(HOME !== undefined && { npm_config_userconfig: join(HOME, '.npmrc') }),
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_STATE_HOME: join(folder, 'state'),
      XDG_CONFIG_HOME: join(folder, 'config')
    }
    ;[packed] = JSON.parse(
      (await npm(['pack', '--json', '--silent', '--pack-destination', folder], ROOT)).replace(/^[^[]*/, '')
    ) as Packed[]
    const tarball = join(folder, packed.filename)
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel', 'error']
    await npm(['install', '--global', '--prefix', join(folder, 'prefix'), ...options, tarball], folder)
  })

  after(async () => {
    if (env !== undefined) await thhe('cluster', 'down', '--purge').catch(() => {})
    await rm(folder, { recursive: true, force: true })
  })

  it('has what it needs to run, and neither sources nor tests', () => {
    const paths = packed.files.map(({ path }) => path)
    expect(paths).to.include.members([
      'bin/thhe.js',
      'LICENSE',
      'README.md',
      'dist/web/index.html',
      'deploy/systemd/thhe.service'
    ])
    expect(paths.filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))).to.deep.equal([])
    expect(paths.filter((path) => /^(test|bench|scripts|node_modules)\//.test(path))).to.deep.equal([])
  })

  it('tells its version', async () => {
    expect((await thhe('--version')).trim()).to.equal(manifest.version)
  })

  it('starts a cluster with S3 and a page', async () => {
    up = JSON.parse(
      await thhe('cluster', 'up', '-n', String(PEERS), '--s3', '127.0.0.1:0', '--web', '--json')
    ) as Up
    expect(up.peers).to.have.length(PEERS)
  })

  it('puts a file and gets it back', async () => {
    await writeFile(join(folder, 'photo'), bytes)
    const link = (await thhe('put', 'photo')).trim()
    await thhe('get', link, '-o', 'copy')
    expect((await readFile(join(folder, 'copy'))).equals(bytes)).to.equal(true)
  })

  it('serves the page that was built into it, compressed', async () => {
    const [url] = up.web.url.split('/#')
    const page = await (await fetch(`${url}/`)).text()
    const assets = [...page.matchAll(/(?:src|href)="(\/web\/[^"]+)"/g)].map(([, path]) => path)
    expect(assets.length).to.be.greaterThan(1)
    for (const asset of assets) {
      const answer = await fetch(url + asset, { headers: { 'accept-encoding': 'br' } })
      expect([answer.status, answer.headers.get('content-encoding')], asset).to.deep.equal([200, 'br'])
    }
  })

  it('serves S3', async () => {
    const credentials = JSON.parse(await thhe('s3', 'key', 'new', 'test', '--json')) as {
      accessKeyId: string
      secretAccessKey: string
    }
    const client = new S3Client({
      ...{ endpoint: up.s3.url, region: 'us-east-1', forcePathStyle: true },
      credentials
    })
    try {
      await client.send(new CreateBucketCommand({ Bucket: 'photos' }))
      await client.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a', Body: bytes }))
      const { Body } = await client.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a' }))
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).to.equal(true)
    } finally {
      client.destroy()
    }
  })

  describe('in a project of another', () => {
    let project: string
    before(async () => {
      project = join(folder, 'project')
      await mkdir(join(project, 'node_modules'), { recursive: true })
      await symlink(
        join(folder, 'prefix', 'lib', 'node_modules', 'thhe'),
        join(project, 'node_modules', 'thhe')
      )
      await writeFile(join(project, 'package.json'), '{ "type": "module" }')
    })

    const runs = async (program: string): Promise<string> => {
      await writeFile(join(project, 'program.js'), program)
      const { stdout } = await run(process.execPath, ['program.js'], { cwd: project, env, timeout: 60_000 })
      return stdout
    }

    it('every entry can be imported by name', async () => {
      const names = Object.keys(manifest.exports)
        .filter((entry) => entry !== './package.json')
        .map((entry) => `thhe${entry.slice(1)}`)
      expect(names).to.include.members(['thhe', 'thhe/client'])
      const program = `for (const name of ${JSON.stringify(names)})
        console.log(name, Object.keys(await import(name)).length > 0)
        process.exit()`
      expect((await runs(program)).trim().split('\n')).to.deep.equal(names.map((name) => `${name} true`))
    })

    it('thhe/client stores and fetches through the cluster', async () => {
      const program = `
        import { connect } from 'thhe/client'
        const mesh = await connect()
        const { link } = await mesh.put('hello, mesh', { name: 'note' })
        const file = await mesh.get(link)
        let text = ''
        for await (const piece of file.bytes) text += Buffer.from(piece)
        console.log(file.name, text, (await mesh.peers()).length)`
      expect((await runs(program)).trim()).to.equal(`note hello, mesh ${PEERS}`)
    })

    it('the programs of its guide compile with its types', async () => {
      const guide = await readFile(join(ROOT, 'docs/guide/client.md'), 'utf8')
      const files: string[] = []
      for (const [, program] of guide.matchAll(/```ts\n(.*?)```/gs)) {
        const path = join(project, `guide-${files.length}.ts`)
        await writeFile(path, program)
        files.push(path)
      }
      expect(files.length).to.be.greaterThan(1)
      const compiled = ts.createProgram(files, {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.NodeNext,
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        typeRoots: [join(ROOT, 'node_modules/@types')],
        types: ['node']
      })
      const problems = ts
        .getPreEmitDiagnostics(compiled)
        .map(
          ({ messageText, file }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
        )
      expect(problems).to.deep.equal([])
    })

    it('and with a mistake they do not', async () => {
      const path = join(project, 'wrong.ts')
      await writeFile(path, "import { connect } from 'thhe/client'\nawait (await connect()).put(5)\n")
      const compiled = ts.createProgram([path], {
        ...{
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.NodeNext,
          noEmit: true,
          skipLibCheck: true
        },
        ...{ strict: true, typeRoots: [join(ROOT, 'node_modules/@types')], types: ['node'] }
      })
      expect(ts.getPreEmitDiagnostics(compiled).map(({ code }) => code)).to.deep.equal([2345])
    })
  })

  // Mocha runs the tests of a block before the blocks in it.
  describe('at the end', () => {
    it('stops the cluster', async () => {
      const down = JSON.parse(await thhe('cluster', 'down', '--json')) as {
        stopped: number[]
        killed: number[]
      }
      expect(down.stopped).to.have.length(PEERS)
      expect(down.killed).to.deep.equal([])
    })
  })
})
