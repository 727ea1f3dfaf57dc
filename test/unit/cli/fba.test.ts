import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import type { FbaReport, FbaReportOptions } from '../../../src/cli/commands/fba.ts'
import { reportOnDescriptor, reportOnNodes } from '../../../src/cli/commands/fba.ts'
import { CliError } from '../../../src/cli/errors.ts'
import { runInProcess, World } from './world.ts'
import type { Answer } from './world.ts'

const twoOfThree = { threshold: 2, validators: ['a', 'b', 'c'], innerQuorumSets: [] }
const nodes = [
  { publicKey: 'a', name: 'Alpha', quorumSet: twoOfThree },
  { publicKey: 'b', name: 'Twin', quorumSet: twoOfThree },
  { publicKey: 'c', name: 'Twin', quorumSet: twoOfThree }
]

const options = (value: unknown, others: Partial<FbaReportOptions> = {}): FbaReportOptions => ({
  text: JSON.stringify(value),
  json: false,
  deleted: [],
  limitSeconds: 60,
  clock: { nowMillis: () => 0 },
  ...others
})

describe('thhe fba analyze', () => {
  const analyze = (others: Partial<FbaReportOptions> = {}): FbaReport => reportOnNodes(options(nodes, others))

  it('prints sizes, counts and members by name', () => {
    const { output, exitCode } = analyze()
    expect(exitCode).to.equal(0)
    expect(output).to.match(/Intersection +yes/)
    expect(output).to.match(/Minimal quorums +│ +3 │ +2 │ +2 │/)
    expect(output).to.include('{Alpha, Twin}')
    expect(output).to.include('1 node lying can split you')
  })

  it('prints JSON with ids and counts that a program can use', () => {
    const found = JSON.parse(analyze({ json: true }).output)
    expect(found.intersection).to.deep.equal({ status: 'intersects' })
    expect(found.minimalQuorums).to.deep.include({ complete: true, count: 3, sizes: [{ size: 2, count: 3 }] })
    expect(found.minimalBlockingSets.sets[0]).to.deep.equal({ members: ['a', 'b'], alike: 1 })
    expect(found.topTier.members).to.deep.equal(['a', 'b', 'c'])
    expect(found.advice[0].level).to.equal('danger')
  })

  it('shows the effect of deleting nodes, named by id or by a unique name', () => {
    const { output, exitCode } = analyze({ deleted: ['Alpha'] })
    expect(exitCode).to.equal(10)
    expect(output).to.match(/Deleted +Alpha/)
    expect(output).to.match(/if silent +a quorum remains/)
    expect(output).to.match(/Intersection +NO/)
    expect(() => analyze({ deleted: ['Twin'] })).to.throw(CliError, '2 nodes are called Twin')
    expect(() => analyze({ deleted: ['Omega'] })).to.throw(CliError, 'no node Omega')
  })

  it('exits with 2 when undecided', () => {
    const ids = Array.from({ length: 40 }, (_, index) => `n${index}`)
    const many = ids.map((publicKey, index) => ({
      publicKey,
      quorumSet: {
        threshold: 19,
        validators: ids.filter((_, other) => (other * 7 + index * index) % 11 !== 3)
      }
    }))
    let nowMillis = 0
    const clock = { nowMillis: () => nowMillis++ }
    const { output, exitCode } = reportOnNodes(options(many, { clock, limitSeconds: 0.05 }))
    expect(exitCode).to.equal(11)
    expect(output).to.include('undecided within the limit')
    expect(output).to.include('or more (undecided)')
  })

  it('keeps a count that JSON numbers would round, and takes control characters out of names', () => {
    const validators = Array.from({ length: 100 }, (_, index) => `n${index}`)
    const quorumSet = { threshold: 67, validators }
    const large = validators.map((publicKey) => ({ publicKey, name: `\u001b[2J${publicKey}`, quorumSet }))
    const { output } = reportOnNodes(options(large, { json: true }))
    expect(JSON.parse(output).minimalQuorums.count).to.equal('294692427022540894366527900')
    expect(reportOnNodes(options(large)).output)
      .to.include('?[2Jn0')
      .and.not.include('\u001b[2J')
  })
})

describe('thhe fba check', () => {
  const organisation = (name: string) => ({
    threshold: 2,
    validators: [1, 2, 3].map((index) => `${name}${index}`)
  })
  const descriptor = (threshold: number) => ({
    name: 'net',
    quorumSet: { threshold, validators: [], innerSets: ['a', 'b', 'c', 'd'].map(organisation) }
  })

  it('says how many organisations can split or halt the network', () => {
    const { output, exitCode } = reportOnDescriptor(options(descriptor(3)))
    expect(exitCode).to.equal(0)
    expect(output).to.include('WARNING 2 organisations lying together can split you')
    expect(output).to.include('WARNING 2 organisations failing together can halt you')
  })

  it('finds a threshold that lets two halves decide apart, and fails', () => {
    const { output, exitCode } = reportOnDescriptor(options(descriptor(2)))
    expect(exitCode).to.equal(10)
    expect(output).to.include('DANGER  You can be split as you are')
    expect(output).to.include('asks for 2 of 4')
  })
})

describe('thhe fba, as a command', () => {
  let world: World

  before(async () => (world = await World.create()))
  after(async () => await world.remove())

  const run = async (...words: string[]): Promise<Answer> => await runInProcess(world, ['fba', ...words])

  it('reads the file and the options', async () => {
    const file = world.path('nodes.json')
    await writeFile(file, JSON.stringify(nodes))
    const { stdout: output, exitCode } = await run('analyze', file, '--json', '--delete', 'a, b')
    expect(exitCode).to.equal(0)
    expect(JSON.parse(output).deletion.nodes).to.deep.equal(['a', 'b'])
  })

  it('refuses an invalid limit', async () => {
    const file = world.path('nodes.json')
    await writeFile(file, JSON.stringify(nodes))
    const { exitCode, stderr } = await run('analyze', file, '--limit', 'soon')
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('--limit')
  })

  it('does not exit with the code of a verdict when the file is missing or has other contents', async () => {
    const text = world.path('text')
    await writeFile(text, 'hello')
    const missing = world.path('none')
    for (const words of [
      ['analyze', text],
      ['check', text],
      ['check', missing],
      ['analyze', world.folder]
    ]) {
      const { exitCode, stdout, stderr } = await run(...words)
      expect(exitCode, words.join(' ')).to.equal(2)
      expect(stdout).to.equal('')
      expect(stderr).to.match(/^thhe: /)
    }
  })

  it('refuses to delete an unknown node', async () => {
    const file = world.path('nodes.json')
    await writeFile(file, JSON.stringify(nodes))
    const { exitCode, stderr } = await run('analyze', file, '--delete', 'nobody')
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('nobody')
  })
})
