import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import yargs from 'yargs'
import {
  ConfigError,
  configMarkdown,
  configWith,
  environmentName,
  flagName,
  loadConfig,
  OPTION_NAMES,
  OPTIONS,
  yargsOptions
} from '../../../../src/node/config/index.ts'
import type { ConfigSources } from '../../../../src/node/config/index.ts'

describe('node config', () => {
  let folder: string
  let env: NodeJS.ProcessEnv

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'thhe-config-'))
    // A config folder of its own, so that the tester's own file is not read.
    env = { XDG_CONFIG_HOME: folder }
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  const file = (contents: unknown): string => {
    const path = join(folder, 'given.json')
    writeFileSync(path, typeof contents === 'string' ? contents : JSON.stringify(contents))
    return path
  }
  const refusal = (sources: ConfigSources): ConfigError => {
    try {
      loadConfig({ env, ...sources })
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError)
      return error as ConfigError
    }
    throw new Error('the config was not refused')
  }

  it('prefers a flag to the environment, the file and the default, in this order', () => {
    const configFile = file({ quota: '3GiB', 'max-connections': 33, domain: 'file' })
    const config = loadConfig({
      flags: { quota: '1GiB' },
      env: { ...env, THHE_QUOTA: '2GiB', THHE_MAX_CONNECTIONS: '22' },
      configFile
    })
    expect(config.quota).to.equal(2 ** 30)
    expect(config.maxConnections).to.equal(22)
    expect(config.domain).to.equal('file')
    expect(config.lease).to.equal(OPTIONS.lease.default)
  })

  it('reads the file of the XDG config folder, or the one that THHE_CONFIG names', () => {
    loadConfig({ env })
    expect(loadConfig({ env: { ...env, THHE_CONFIG: file({ mdns: false }) } }).mdns).to.equal(false)
    expect(refusal({ configFile: join(folder, 'absent.json') }).message).to.contain('no such file')
  })

  it('understands sizes, times, lists and booleans in every source', () => {
    const config = loadConfig({
      env: {
        ...env,
        THHE_LEASE: '12h',
        THHE_BANDWIDTH_UP: '1.5MB',
        THHE_LISTEN: '/ip4/127.0.0.1/tcp/1,/ip4/127.0.0.1/udp/2/quic-v1',
        THHE_UPNP: '0'
      },
      configFile: file({ bootstrap: ['/ip4/127.0.0.1/tcp/3'], 'report-interval': '500ms', storage: false })
    })
    expect(config.lease).to.equal(12 * 3_600_000)
    expect(config.bandwidthUp).to.equal(1_500_000)
    expect(config.listen).to.deep.equal(['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/udp/2/quic-v1'])
    expect(config.bootstrap).to.deep.equal(['/ip4/127.0.0.1/tcp/3'])
    expect([config.upnp, config.storage, config.reportInterval]).to.deep.equal([false, false, 500])
  })

  it('refuses unknown names and suggests the right one', () => {
    expect(refusal({ env: { ...env, THHE_QOUTA: '1' } }).message).to.contain('Did you mean THHE_QUOTA?')
    expect(refusal({ configFile: file({ maxconnections: 9 }) }).message).to.contain('max-connections')
    expect(refusal({ configFile: file({ nonsense: 9 }) }).code).to.equal('UNKNOWN_KEY')
  })

  const bad: Array<[string, unknown]> = [
    ['quota', '10 bananas'],
    ['quota', '12'],
    ['quota', '1e30GiB'],
    ['lease', '1s'],
    ['lease', '500d'],
    ['maxConnections', '3'],
    ['maxConnections', '12.5'],
    ['k', '0'],
    ['n', '257'],
    ['listen', ['127.0.0.1:4001']],
    ['api', 'localhost'],
    ['api', '127.0.0.1:70000'],
    ['rendezvous', 'dns'],
    ['domain', 'a b'],
    ['mdns', 'perhaps'],
    ['encoder', 'quantum']
  ]
  for (const [name, value] of bad) {
    it(`refuses ${name} = ${JSON.stringify(value)}, and names the flag and valid values`, () => {
      const { code, key, message } = refusal({ flags: { [name]: value } })
      expect(code).to.equal('BAD_VALUE')
      expect(key).to.equal(`--${flagName(name as 'quota')}`)
      expect(message).to.contain('expected')
    })
  }

  it('names the variable or the key of the file that is wrong', () => {
    expect(refusal({ env: { ...env, THHE_K: 'x' } }).key).to.equal('THHE_K')
    expect(refusal({ configFile: file({ quota: [] }) }).key).to.equal('quota')
    expect(refusal({ configFile: file('{') }).code).to.equal('BAD_FILE')
    expect(refusal({ configFile: file('[]') }).code).to.equal('BAD_FILE')
  })

  it('refuses settings that contradict each other', () => {
    expect(refusal({ flags: { k: '8', n: '4' } }).code).to.equal('CONFLICT')
    expect(refusal({ flags: { listen: [], announce: ['/ip4/192.0.2.1/tcp/1'] } }).code).to.equal('CONFLICT')
    expect(() => configWith({ k: 8, n: 4 })).to.throw(ConfigError)
  })

  it('has a default that its own kind parses back from its text', () => {
    for (const name of OPTION_NAMES) {
      const { kind, default: value } = OPTIONS[name] as {
        kind: { parse(raw: unknown): unknown; format(v: unknown): string }
        default: unknown
      }
      if (value !== undefined) expect(kind.parse(kind.format(value)), name).to.deep.equal(value)
    }
  })

  it('gives yargs flags from which the same config comes', async () => {
    const argv = await yargs()
      .options(yargsOptions())
      .strict()
      .exitProcess(false)
      .parse(['--quota', '5GiB', '--no-mdns', '--bandwidth-down', '1MiB', '--listen', '/ip4/127.0.0.1/tcp/1'])
    const config = loadConfig({ flags: argv, env })
    expect([config.quota, config.mdns, config.bandwidthDown]).to.deep.equal([5 * 2 ** 30, false, 2 ** 20])
    expect(config.listen).to.deep.equal(['/ip4/127.0.0.1/tcp/1'])
    expect(config.upnp).to.equal(true)
  })

  it('matches docs/reference/config.md', () => {
    const committed = readFileSync(new URL('../../../../docs/reference/config.md', import.meta.url), 'utf8')
    expect(committed).to.equal(configMarkdown())
    for (const name of OPTION_NAMES) expect(committed).to.contain(environmentName(name))
  })
})
