import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { load, loadAll, YAML11_SCHEMA } from 'js-yaml'
import * as apps from 'kubernetes-models/apps/v1'
import * as networking from 'kubernetes-models/networking.k8s.io/v1'
import * as policy from 'kubernetes-models/policy/v1'
import * as core from 'kubernetes-models/v1'
import ts from 'typescript'
import { environmentName, OPTION_NAMES, OPTIONS } from '../../../src/node/config/index.ts'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const UNIT = join(ROOT, 'deploy/systemd/thhe.service')
const KUBERNETES = join(ROOT, 'deploy/kubernetes/')

/** @throws unless a node has a setting of this name, and takes the value */
const expectSetting = (variable: string, value?: string): void => {
  const name = OPTION_NAMES.find((one) => environmentName(one) === variable)
  if (name === undefined) throw new Error(`A node has no setting ${variable}.`)
  if (value !== undefined) OPTIONS[name].kind.parse(value)
}

describe('deploy: systemd unit', () => {
  let folder: string
  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'thhe-unit-'))
    const found = await run('systemd-analyze', ['--version']).then(
      () => true,
      () => false
    )
    if (found) return
    console.log('      skipped: systemd-analyze is not installed')
    this.skip()
  })
  after(async () => await rm(folder, { recursive: true, force: true }))

  /** What systemd has to say of the unit, with a command that is there. */
  const verify = async (change: (unit: string) => string = (unit) => unit): Promise<string> => {
    const unit = (await readFile(UNIT, 'utf8')).replace('/usr/local/bin/thhe', process.execPath)
    const path = join(folder, 'thhe.service')
    await writeFile(path, change(unit))
    const ended = await run('systemd-analyze', ['verify', path]).catch((error: { stderr: string }) => error)
    return ended.stderr
  }

  it('is what systemd understands, without a complaint', async () => {
    expect(await verify()).to.equal('')
    expect(await verify((unit) => unit.replace('ProtectHome', 'ProtectHomes'))).to.include('ProtectHomes')
  })

  it('confines the node', async () => {
    await run('systemd-analyze', ['security', '--offline=true', '--no-pager', '--threshold=20', UNIT])
  })

  it('gives settings that a node has', async () => {
    const unit = await readFile(UNIT, 'utf8')
    const settings = [...unit.matchAll(/\b(THHE_\w+)=(\S+)/g)].filter(([, name]) => name !== 'THHE_NAME')
    expect(settings).to.have.length(1)
    for (const [, name, value] of settings) expectSetting(name, value)
  })
})

type Document = { readonly apiVersion: string; readonly kind: string } & Record<string, unknown>

/** Kinds that there are here, with the schemas of Kubernetes' own API. */
const KINDS: Readonly<Record<string, new (data: never) => { validate: () => void }>> = {
  'v1 Namespace': core.Namespace,
  'v1 Service': core.Service,
  'policy/v1 PodDisruptionBudget': policy.PodDisruptionBudget,
  'networking.k8s.io/v1 NetworkPolicy': networking.NetworkPolicy,
  'apps/v1 StatefulSet': apps.StatefulSet
}

describe('deploy: Kubernetes', function () {
  this.timeout(60_000)
  let documents: Document[]

  before(async () => {
    const { resources } = load(await readFile(join(KUBERNETES, 'kustomization.yaml'), 'utf8')) as {
      resources: readonly string[]
    }
    documents = []
    for (const file of resources) {
      const text = await readFile(join(KUBERNETES, file), 'utf8')
      documents.push(...(loadAll(text, { schema: YAML11_SCHEMA }) as Document[]))
    }
  })

  const kindOf = ({ apiVersion, kind }: Document): string => `${apiVersion} ${kind}`
  const peers = (): apps.StatefulSet =>
    documents.find(({ kind }) => kind === 'StatefulSet') as unknown as apps.StatefulSet

  it('the manifests have what the schemas of Kubernetes ask for', () => {
    expect(documents.map(kindOf).sort()).to.deep.equal(Object.keys(KINDS).sort())
    for (const document of documents) new KINDS[kindOf(document)](document as never).validate()
    const [wrong] = documents.filter(({ kind }) => kind === 'Service')
    expect(() =>
      new core.Service({ ...wrong, spec: { ports: [{ port: 'x' }] } } as never).validate()
    ).to.throw()
  })

  it('and nothing that they do not know', () => {
    expect(unknownFields(documents)).to.deep.equal([])
    const misspelt = documents.map((document) =>
      document.kind === 'PodDisruptionBudget' ? { ...document, spec: { maxUnavailabel: 1 } } : document
    )
    expect(unknownFields(misspelt).join('\n')).to.include('maxUnavailabel')
  })

  it('peers get settings that a node has', () => {
    const [peer] = peers().spec?.template.spec?.containers ?? []
    const variables = peer.env ?? []
    expect(variables.map(({ name }) => name)).to.include.members(['THHE_NETWORK', 'THHE_DOMAIN', 'THHE_DATA'])
    for (const { name, value } of variables) expectSetting(name, value)
    const quota = OPTIONS.quota.kind.parse(variables.find(({ name }) => name === 'THHE_QUOTA')?.value ?? '')
    const [{ spec }] = peers().spec?.volumeClaimTemplates ?? []
    expect(
      `${(quota * 1.2) / 2 ** 30 < Number.parseInt(String(spec?.resources?.requests?.storage))}`
    ).to.equal('true')
  })

  it('the selectors find the peers, and ports and volumes are those that there are', () => {
    const { spec } = peers()
    const labels = spec?.template.metadata?.labels
    for (const document of documents) {
      const { selector, podSelector } = (document.spec ?? {}) as Record<string, object | undefined>
      const found = selector ?? podSelector
      if (found === undefined) continue
      expect('matchLabels' in found ? found.matchLabels : found, document.kind).to.deep.equal(labels)
    }
    const volumes = [
      ...(spec?.template.spec?.volumes ?? []).map(({ name }) => name),
      ...(spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name)
    ]
    const containers = [
      ...(spec?.template.spec?.initContainers ?? []),
      ...(spec?.template.spec?.containers ?? [])
    ]
    for (const { volumeMounts = [] } of containers) {
      expect(volumes).to.include.members(volumeMounts.map(({ name }) => name))
    }
    const service = documents.find(({ kind }) => kind === 'Service') as unknown as core.Service
    expect(spec?.serviceName).to.equal(service.metadata?.name)
    expect(service.spec?.ports?.map(({ name, port }) => [name, port])).to.deep.equal(
      containers.at(-1)?.ports?.map(({ name, containerPort }) => [name, containerPort])
    )
  })

  it('a peer takes the key that was made for it, once, and others make their own', async () => {
    const [{ command = [], args = [] }] = peers().spec?.template.spec?.initContainers ?? []
    const folder = await mkdtemp(join(tmpdir(), 'thhe-pod-'))
    try {
      await mkdir(join(folder, 'keys'))
      await writeFile(join(folder, 'keys/3.key'), 'third')
      const script = args[0].replaceAll(/\/(data|keys)\//g, `${folder}/$1/`)
      const start = async (name: string): Promise<void> => {
        await mkdir(join(folder, 'data'), { recursive: true })
        await run(command[0], [...command.slice(1), script], { env: { ...process.env, HOSTNAME: name } })
      }
      const key = join(folder, 'data/peer/identity.key')
      await start('thhe-3')
      expect([await readFile(key, 'utf8'), (await stat(key)).mode & 0o777]).to.deep.equal(['third', 0o600])
      await writeFile(join(folder, 'keys/3.key'), 'another')
      await start('thhe-3')
      expect(await readFile(key, 'utf8')).to.equal('third')
      await rm(join(folder, 'data'), { recursive: true })
      await start('thhe-8')
      expect(await stat(key).catch(({ code }: NodeJS.ErrnoException) => code)).to.equal('ENOENT')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

/** Has the compiler hold the manifests against the types of Kubernetes' API: schemas let unknown fields pass. */
const unknownFields = (documents: readonly Document[]): string[] => {
  const lines = documents.map(({ apiVersion, kind, ...rest }, index) => {
    const text = JSON.stringify({ apiVersion, kind, ...rest })
    const module = `kubernetes-models/${apiVersion}`
    return `import type { I${kind} as K${index} } from '${module}'\nexport const d${index}: K${index} = ${text}`
  })
  const path = join(ROOT, 'manifests.ts')
  const options: ts.CompilerOptions = {
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [] },
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023 }
  }
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => name === path || fileExists.call(host, name)
  host.getSourceFile = (name, ...rest) =>
    name === path
      ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.ES2023)
      : getSourceFile.call(host, name, ...rest)
  const compiled = ts.createProgram([path], options, host)
  return ts
    .getPreEmitDiagnostics(compiled)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
}
