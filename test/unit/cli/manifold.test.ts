import { writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { runInProcess, World } from './world.ts'
import type { Answer } from './world.ts'

describe('thhe manifold simulate', () => {
  let world: World

  before(async () => (world = await World.create()))
  after(async () => await world.remove())

  const run = async (...words: string[]): Promise<Answer> =>
    await runInProcess(world, ['manifold', 'simulate', ...words])

  it('reads a matrix and prints figures, the same for the same seed', async () => {
    const file = world.path('matrix.csv')
    await writeFile(file, '0,10,20,30\n10,0,15,25\n20,15,0,12\n30,25,12,0\n')
    const words = [
      '--matrix',
      file,
      '--rounds',
      '20',
      '--noise',
      '--gossip',
      '--routes',
      '--json',
      '--seed',
      '3'
    ]
    const { stdout, exitCode } = await run(...words)
    expect(exitCode).to.equal(0)
    const report = JSON.parse(stdout)
    expect(report).to.include({ nodes: 4, rounds: 20, seed: 3, noise: true })
    expect(report.coordinates.error.median).to.be.within(0, 1)
    expect(report.gossip.figures).to.have.length(16)
    expect(report.routes.direct.median).to.equal(1)
    expect((await run(...words)).stdout).to.equal(stdout)
  })

  it('prints what an attack does, as text', async () => {
    const { stdout } = await run(
      '--cities',
      '12',
      '--rounds',
      '15',
      '--byzantine',
      '0.25',
      '--attack',
      'disorder'
    )
    expect(stdout).to.match(/nodes +12, of which 9 honest/)
    expect(stdout).to.match(/attack +disorder by 25.0 %: median error x \d/)
  })

  const bad: readonly (readonly [what: string, ...words: string[]])[] = [
    ['neither matrix nor cities'],
    ['both', '--cities', '12', '--matrix', 'm.csv'],
    ['no such file', '--matrix', '/nowhere/matrix.csv'],
    ['half a node', '--cities', '12.5'],
    ['no rounds', '--cities', '12', '--rounds', '0'],
    ['a seed below 0', '--cities', '12', '--seed', '-1'],
    ['an attack that does not exist', '--cities', '12', '--byzantine', '0.2', '--attack', 'charm'],
    ['an attack by nobody', '--cities', '12', '--attack', 'disorder'],
    ['liars who do not lie', '--cities', '12', '--byzantine', '0.2'],
    ['more liars than half', '--cities', '12', '--byzantine', '0.6', '--attack', 'disorder']
  ]
  for (const [what, ...words] of bad) {
    it(`refuses ${what} as a usage error`, async () => {
      const { exitCode, stdout, stderr } = await run(...words)
      expect(exitCode).to.equal(2)
      expect(stdout).to.equal('')
      expect(stderr).to.match(/^thhe: /)
    })
  }

  it('refuses a file that is not a matrix, and names the row', async () => {
    const file = world.path('bad.csv')
    await writeFile(file, '0,1,2\n1,0\n2,1,0\n')
    const { exitCode, stderr } = await run('--matrix', file)
    expect(exitCode).to.equal(2)
    expect(stderr).to.include('Row 2')
  })
})
