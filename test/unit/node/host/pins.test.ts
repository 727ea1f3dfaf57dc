import { readFileSync } from 'node:fs'
import { gossipsub } from '@libp2p/gossipsub'
import { expect } from 'chai'
import { gossip } from '../../../../src/node/host/gossip.ts'
import { peerIds } from '../../../support/peers.ts'
import type { GossipSubComponents } from '@libp2p/gossipsub'

interface Lock {
  readonly packages: Record<
    string,
    {
      readonly version?: string
      readonly integrity?: string
      readonly resolved?: string
      readonly link?: boolean
    }
  >
}

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8'))
const lock = read('package-lock.json') as Lock

describe('dependencies', () => {
  it('whose private members are wrapped are pinned exactly, and those versions are installed', () => {
    const { dependencies } = read('package.json') as { dependencies: Record<string, string> }
    for (const name of ['@libp2p/yamux', '@libp2p/gossipsub']) {
      const { version } = read(`node_modules/${name}/package.json`) as { version: string }
      expect(dependencies[name], name).to.equal(version)
      expect(lock.packages[`node_modules/${name}`].version, name).to.equal(version)
    }
  })

  it('gossipsub ignores its option for a protocol id: when this fails, src/node/host/gossip.ts need not set it', async () => {
    const [peerId] = await peerIds(1)
    const log = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false })
    const components = { peerId, logger: { forComponent: () => log } } as unknown as GossipSubComponents
    expect(gossipsub({ protocols: ['/mine'] })(components).protocols).not.to.deep.equal(['/mine'])
    expect(gossip('/mine')(components).protocols).to.deep.equal(['/mine/meshsub/1.2.0'])
  })

  /**
   * Of these six the registry behind the last update of the lock file had no such version to take the hash from. When an
   * update brings the hashes, this list goes.
   */
  const WITHOUT_HASH = [
    'darwin-arm64',
    'darwin-x64',
    'linux-arm64-gnu',
    'linux-arm64-musl',
    'linux-x64-musl',
    'win32-x64-msvc'
  ].map((platform) => `node_modules/@chainsafe/libp2p-quic-${platform}`)

  it('each have a hash in the lock file', () => {
    const without = Object.entries(lock.packages)
      .filter(([path, { integrity, link }]) => path !== '' && link !== true && integrity === undefined)
      .map(([path]) => path)
    expect(without.sort()).to.deep.equal(WITHOUT_HASH)
  })

  it('name no registry in the lock file, so that it works with any registry', () => {
    for (const [path, { resolved, link }] of Object.entries(lock.packages)) {
      if (link !== true) expect(resolved, path).to.equal(undefined)
    }
  })
})
