import { readFile, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { decodeLogProof } from '../../../src/field/index.ts'
import type { Field } from '../../../src/field/index.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { loneField } from '../field/lone-field.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import type { FakeNode } from '../gateway/fake-node.ts'
import { runInProcess, startGateway, World } from './world.ts'
import type { Answer } from './world.ts'

describe('cli: field', () => {
  let world: World
  let node: FakeNode
  let gateway: Gateway
  let field: Field
  let endpoint: string[]

  beforeEach(async () => {
    world = await World.create()
    ;({ node, gateway } = await startGateway(world.interruption.signal))
    node.field = field = await loneField(node.peerId.toString())
    await writeFile(world.path('token'), TOKEN)
    endpoint = ['--api', gateway.url, '--token-file', world.path('token')]
  })
  afterEach(async () => {
    await gateway.stop()
    await field.stop()
    await world.remove()
  })

  const thhe = async (...argv: string[]): Promise<Answer> =>
    await runInProcess(world, ['field', ...argv, ...endpoint])
  const good = async (...argv: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await thhe(...argv)
    expect(exitCode, stderr).to.equal(0)
    return stdout.trim()
  }
  const failure = async (...argv: string[]): Promise<[code: string, exitCode: number]> => {
    const { exitCode, stderr } = await thhe(...argv, '--json')
    return [(JSON.parse(stderr) as { error: { code: string } }).error.code, exitCode]
  }

  it('keeps a counter, a text and a set', async () => {
    expect(await good('create', 'visits', '--kind', 'integer', '--writers', 'anyone')).to.equal(
      `${node.peerId.toString()}/visits`
    )
    await good('add', 'visits', '5')
    await good('add', 'visits', '-7')
    await good('max', 'visits', '+3')
    expect(await good('get', 'visits')).to.equal('3')
    expect(await good('get', 'visits', '--confidence', '1')).to.equal('3')
    await good('create', 'note', '--value', 'früh')
    await good('set', 'note', 'spät')
    expect(await good('get', `${node.peerId.toString()}/note`)).to.equal('spät')
    await good('create', 'tags', '--kind', 'set')
    await good('insert', 'tags', 'b', 'a', 'b')
    expect(await good('get', 'tags')).to.equal('a b')
    const table = await good('ls')
    expect(table)
      .to.match(/^SLOT/)
      .and.match(/visits +integer +4/)
      .and.match(/note +bytes +2/)
    const log = await good('log', 'note')
    expect(log).to.match(/set 5 bytes/)
    for (const line of [...log.split('\n'), ...(await good('ls', '--all')).split('\n')]) {
      expect(line.length, line).to.be.at.most(80)
    }
  })

  it('refuses with a code, and says what came first', async () => {
    await good('create', 'note', '--value', 'a')
    await good('set', 'note', 'b', '--expect', '1')
    const lost = await thhe('set', 'note', 'c', '--expect', '1', '--json')
    expect(lost.exitCode).to.equal(9)
    expect(JSON.parse(lost.stderr)).to.have.nested.property('error.data.refusal', 'CONFLICT')
    expect(await failure('get', 'none')).to.deep.equal(['NO_SLOT', 3])
    expect(await failure('add', 'note', '1')).to.deep.equal(['CHANGE_REFUSED', 9])
    expect(await failure('add', 'note', 'one')).to.deep.equal(['USAGE', 2])
    expect(await failure('create', 'x', '--kind', 'float')).to.deep.equal(['USAGE', 2])
    expect(await failure('get', 'note', '--confidence', '2')).to.deep.equal(['USAGE', 2])
    expect(await failure('get', 'Not a name')).to.deep.equal(['BAD_SLOT_NAME', 2])
    node.field = undefined
    expect(await failure('ls')).to.deep.equal(['NO_FIELD', 2])
  })

  it('removes a slot, and shows its log still', async () => {
    await good('create', 'note', '--value', 'a')
    await good('set', 'note', 'b')
    const lost = await thhe('rm', 'note', '--expect', '1', '--json')
    expect(JSON.parse(lost.stderr)).to.have.nested.property('error.data.refusal', 'CONFLICT')
    const removed = JSON.parse(await good('rm', 'note', '--json')) as { version: number }
    expect(removed.version).to.equal(3)
    expect(await failure('get', 'note')).to.deep.equal(['NO_SLOT', 3])
    expect(await failure('rm', 'note')).to.deep.equal(['NO_SLOT', 3])
    expect(await failure('rm', 'note', '--expect', 'x')).to.deep.equal(['USAGE', 2])
    expect(await good('ls')).to.equal('')
    const again = await thhe('create', 'note', '--json')
    expect(JSON.parse(again.stderr)).to.have.nested.property('error.data.refusal', 'REMOVED')
    expect(await good('log', 'note')).to.match(/ 3 .*remove/)
    await good('log', 'note', '--prove', world.path('log'))
    const { log } = decodeLogProof(await readFile(world.path('log'))).proof
    expect(log.entries.map(({ type }) => type)).to.deep.equal(['create', 'set', 'remove'])
    expect(await failure('log', 'note', '--prove', world.path('log'))).to.deep.equal(['FILE_EXISTS', 2])
    await good('log', 'note', '--prove', world.path('log'), '--force')
    expect(await failure('log', 'none', '--prove', world.path('x'))).to.deep.equal(['NO_SLOT', 3])
  })

  it('writes a proof, and refuses what is none', async () => {
    await good('create', 'note', '--value', 'a')
    await good('prove', 'note', '-o', world.path('proof'))
    expect((await readFile(world.path('proof'))).byteLength).to.be.above(8 * 1024)
    expect(await failure('prove', 'note', '-o', world.path('proof'))).to.deep.equal(['FILE_EXISTS', 2])
    await writeFile(world.path('not'), 'nonsense')
    const { stderr, exitCode } = await runInProcess(world, [
      ...['field', 'verify', world.path('not'), '--network', world.path('not')]
    ])
    expect([exitCode, stderr]).to.satisfy(([code]: [number]) => code === 2)
  })
})
