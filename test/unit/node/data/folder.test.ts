import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'chai'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { openDataFolder } from '../../../../src/node/data/folder.ts'
import { loadIdentity } from '../../../../src/node/data/identity.ts'
import { lockFolder } from '../../../../src/node/data/lock.ts'
import { NodeError } from '../../../../src/node/errors.ts'
import { createDescriptor, formatDescriptor } from '../../../../src/node/network.ts'

describe('data folder', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'thhe-data-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const refusal = async (attempt: Promise<unknown>): Promise<NodeError> => {
    const error = await attempt.then(
      () => undefined,
      (reason: unknown) => reason
    )
    expect(error).to.be.instanceOf(NodeError)
    return error as NodeError
  }
  const descriptor = (name: string, bootstrap: string[] = []): string => {
    const path = join(root, `${name}.json`)
    writeFileSync(path, formatDescriptor(createDescriptor({ name, bootstrap })))
    return path
  }

  it('keeps identity, token and network from one opening to the next', async () => {
    const path = join(root, 'new/folder')
    const first = await openDataFolder(path, descriptor('mine'))
    await first.close()
    const second = await openDataFolder(path, undefined)
    await second.close()
    expect(second.identity.equals(first.identity)).to.equal(true)
    expect(second.apiToken).to.equal(first.apiToken).and.to.have.lengthOf(43)
    expect(second.network).to.deep.equal(first.network)
    expect(readFileSync(first.apiTokenPath, 'utf8').trim()).to.equal(first.apiToken)
  })

  it('makes secrets readable only by their owner, and leaves no temporary file', async () => {
    const path = join(root, 'data')
    await (await openDataFolder(path, undefined)).close()
    for (const name of ['identity.key', 'api-token'])
      expect(statSync(join(path, name)).mode & 0o777).to.equal(0o600)
    expect(readdirSync(path).sort()).to.deep.equal(['api-token', 'identity.key', 'network.json'])
  })

  it('does not silently become a new peer when its key is gone', async () => {
    const path = join(root, 'data')
    await (await openDataFolder(path, undefined)).close()
    mkdirSync(join(path, 'store'))
    rmSync(join(path, 'identity.key'))
    const { code, message } = await refusal(openDataFolder(path, undefined))
    expect(code).to.equal('BAD_KEY_FILE')
    expect(message).to.include(join(path, 'identity.key'))
    expect(existsSync(join(path, 'identity.key'))).to.equal(false)
    expect(existsSync(join(path, 'lock'))).to.equal(false)
  })

  it('names an unusable folder as the user gave it', async () => {
    const file = join(root, 'file')
    writeFileSync(file, '')
    for (const path of [file, join(file, 'below')]) {
      const { code, message } = await refusal(openDataFolder(path, undefined))
      expect(code).to.equal('BAD_DATA_FOLDER')
      expect(message).to.include(`Cannot use ${path} as the data folder: it is a file.`)
    }
  })

  it('refuses a key that others can read, and suggests a fix', async () => {
    const path = join(root, 'identity.key')
    await loadIdentity(path)
    chmodSync(path, 0o640)
    const { code, message } = await refusal(loadIdentity(path))
    expect(code).to.equal('UNSAFE_FILE_MODE')
    expect(message).to.contain(`chmod 600 ${path}`)
  })

  it('refuses a damaged key and one of another type, and keeps the file', async () => {
    const path = join(root, 'identity.key')
    writeFileSync(path, 'not a key', { mode: 0o600 })
    expect((await refusal(loadIdentity(path))).code).to.equal('BAD_KEY_FILE')
    expect(readFileSync(path, 'utf8')).to.equal('not a key')
    const other = privateKeyToProtobuf(await generateKeyPair('secp256k1'))
    writeFileSync(path, Buffer.from(other).toString('base64'))
    expect((await refusal(loadIdentity(path))).message).to.contain('secp256k1')
  })

  it('is made once when several openings race', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(join(root, 'identity.key'))))
    expect(new Set(keys.map((key) => key.publicKey.toString())).size).to.equal(1)
  })

  it('refuses a second node, and names the process that holds the lock', async () => {
    const lock = await lockFolder(join(root, 'lock'))
    const { code, message, data } = await refusal(lockFolder(join(root, 'lock')))
    expect(code).to.equal('DATA_FOLDER_IN_USE')
    expect(message).to.contain(String(process.pid)).and.to.contain('--data')
    expect(data.pid).to.equal(process.pid)
    await lock.release()
    await (await lockFolder(join(root, 'lock'))).release()
    expect(existsSync(join(root, 'lock'))).to.equal(false)
  })

  it('takes over the lock of a process that was killed', async () => {
    const path = join(root, 'lock')
    const { pid } = spawnSync(process.execPath, ['-e', ''])
    writeFileSync(path, JSON.stringify({ pid, startTicks: '1', nonce: 'x' }))
    const lock = await lockFolder(path)
    expect(JSON.parse(readFileSync(path, 'utf8'))).to.include({ pid: process.pid })
    await lock.release()
  })

  it('takes over the lock of an earlier process with the same pid, as in containers', async function () {
    if (!existsSync('/proc/self/stat')) {
      console.log('        not tested here: this system does not tell when a process started')
      this.skip()
    }
    const path = join(root, 'lock')
    writeFileSync(path, JSON.stringify({ pid: process.pid, startTicks: '1', nonce: 'x' }))
    await (await lockFolder(path)).release()
  })

  it('takes over an invalid lock file', async () => {
    writeFileSync(join(root, 'lock'), 'garbage')
    await (await lockFolder(join(root, 'lock'))).release()
  })

  it('gives a stale lock to exactly one of many processes', async () => {
    writeFileSync(join(root, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1', nonce: 'x' }))
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(join(root, 'lock'))))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1)
  })

  it('never gives a stale lock to two processes that start at different moments', async () => {
    for (let round = 0; round < 100; round++) {
      const path = join(root, `lock-${round}`)
      writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1', nonce: `${round}` }))
      const outcomes = await Promise.allSettled(
        Array.from({ length: 6 }, async (_, i) => {
          for (let turns = 0; turns < i * (round % 7); turns++) await turn()
          return await lockFolder(path)
        })
      )
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.lengthOf(1)
    }
  })

  it('takes over a lock that another process was taking over when it ended', async () => {
    const path = join(root, 'lock')
    const [stale, claim] = ['x', 'y'].map((nonce) =>
      JSON.stringify({ pid: 2 ** 22 + 1, startTicks: '1', nonce })
    )
    writeFileSync(path, stale)
    writeFileSync(`${path}.${createHash('sha256').update(stale).digest('hex').slice(0, 16)}`, claim)
    const lock = await lockFolder(path)
    expect(readdirSync(root)).to.deep.equal(['lock'])
    await lock.release()
    expect(readdirSync(root)).to.deep.equal([])
  })

  it('stays in its network, and accepts new bootstrap peers', async () => {
    const mine = descriptor('mine')
    const path = join(root, 'data')
    await (await openDataFolder(path, mine)).close()
    const { code, message } = await refusal(openDataFolder(path, descriptor('other')))
    expect(code).to.equal('OTHER_NETWORK')
    expect(message).to.contain('"mine"').and.to.contain('"other"')
    const bootstrap = ['/ip4/192.0.2.1/tcp/4701/p2p/12D3KooWHboXZ3PRxL3hm5B6Wk5KnbzQ1LdQ2UQ2MYwd5cCyWLnz']
    writeFileSync(mine, JSON.stringify({ ...JSON.parse(readFileSync(mine, 'utf8')), bootstrap }))
    await (await openDataFolder(path, mine)).close()
    const again = await openDataFolder(path, undefined)
    expect(again.network.bootstrap).to.deep.equal(bootstrap)
    await again.close()
  })

  it('releases the lock of the folder when it cannot be opened', async () => {
    const path = join(root, 'data')
    expect((await refusal(openDataFolder(path, join(root, 'absent.json')))).code).to.equal('BAD_NETWORK_FILE')
    await (await openDataFolder(path, undefined)).close()
  })
})
