import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { load, YAML11_SCHEMA } from 'js-yaml'
import { environmentName, OPTION_NAMES } from '../../../src/node/config/index.ts'

interface Service {
  readonly image: string
  readonly profiles?: readonly string[]
  readonly restart?: string
  readonly mem_limit?: string
  readonly logging?: { readonly driver: string; readonly options: Readonly<Record<string, string>> }
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
}

const FOLDER = new URL('../../../testnet/', import.meta.url)
const FILE = load(readFileSync(new URL('docker-compose.yml', FOLDER), 'utf8'), { schema: YAML11_SCHEMA }) as {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}
const SERVICES = Object.entries(FILE.services)

describe('compose file', () => {
  it('has profiles for what not everybody wants', () => {
    const profiles = SERVICES.map(([name, { profiles = [] }]) => [name, ...profiles])
    expect(profiles).to.deep.equal([
      ['peer-1'],
      ['peer'],
      ['s3', 's3'],
      ['prometheus', 'monitoring'],
      ['grafana', 'monitoring']
    ])
  })

  for (const [name, service] of SERVICES) {
    it(`restarts ${name}, and bounds its memory and its log`, () => {
      expect(service.restart).to.equal('unless-stopped')
      expect(service.mem_limit).to.match(/\d+m\}?$/)
      expect(service.logging?.driver).to.equal('json-file')
      expect(service.logging?.options).to.have.all.keys('max-size', 'max-file')
    })

    it(`publishes ${name} on loopback only, at a port that can be changed`, () => {
      for (const port of service.ports ?? []) {
        expect(port).to.match(/^127\.0\.0\.1:\$\{TESTNET_\w*PORT\w*:-\d+\}:\d+$/)
      }
    })

    it(`mounts into ${name} what is there`, () => {
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':')
        if (source.startsWith('.')) expect(existsSync(new URL(source, FOLDER)), source).to.equal(true)
        else expect(FILE.volumes).to.have.property(source)
      }
    })
  }

  it('gives peers settings that a node has', () => {
    const known = new Set(OPTION_NAMES.map(environmentName))
    for (const name of ['peer-1', 'peer', 's3']) {
      const variables = Object.keys(FILE.services[name].environment ?? {})
      expect(variables.filter((variable) => !known.has(variable))).to.deep.equal([])
      expect(variables).to.include('THHE_NETWORK')
    }
    expect(FILE.services.s3.environment).to.have.property('THHE_S3')
  })
})
