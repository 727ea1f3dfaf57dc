import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { isGood } from '../chaos/attrition.ts'
import type { AttritionReport } from '../chaos/attrition.ts'
import { isExact } from '../chaos/slots.ts'
import type { SlotsReport } from '../chaos/slots.ts'
import type { ValidatorsReport } from '../chaos/validators.ts'

const SCRIPT = fileURLToPath(new URL('../chaos/chaos.ts', import.meta.url))

interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** `npm run chaos -- ARGS`. */
const chaos = async (...args: string[]): Promise<Outcome> => {
  const child = spawn(process.execPath, [SCRIPT, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // It ends its peers before it ends itself.
    timeout: 160_000,
    killSignal: 'SIGTERM'
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { status: await ended, stdout, stderr }
}

describe('chaos: attrition with real processes', function () {
  this.timeout(180_000)

  it('heals after two of five peers, the owner among them, are killed for good', async () => {
    const { status, stdout, stderr } = await chaos(
      ...['--peers', '5', '--objects', '2', '--inline', '3', '--codes', '2/4'],
      ...['--min-bytes', '100000', '--max-bytes', '400000', '--waves', '1', '--kills', '2'],
      ...['--repair-grace', '2s', '--heal-timeout', '100', '--json']
    )
    expect(status, stderr).to.equal(0)
    const report = JSON.parse(stdout) as AttritionReport
    expect(report).to.deep.include({ objects: 2, inline: 3, same: 5, lost: [], differing: [] })
    const [wave] = report.waves
    expect(wave.killed).to.have.length(2).and.to.include(report.owner)
    expect(wave).to.deep.include({ living: 3, unhealed: [] })
    expect(wave.lostBytes).to.be.above(0)
    expect(wave.repaired).to.be.above(0)
    // Each rebuilt shard was sent, and k blocks were read for each of its blocks.
    expect(wave.sentBytes).to.be.above(0)
    expect(wave.readBytes).to.be.above(0)
  })

  it('refuses to kill more at once than the code covers', async () => {
    const { status, stderr } = await chaos('--peers', '6', '--codes', '2/4', '--waves', '1', '--kills', '4')
    expect(status).to.equal(1)
    expect(stderr).to.include('loses more shards than a code covers')
  })

  it('fails a run in which an object is lost or differs, or a wave does not heal', () => {
    const wave = { healedMs: 1 } as AttritionReport['waves'][number]
    const good = { waves: [wave], lost: [], differing: [] as string[] } as unknown as AttritionReport
    expect(isGood(good)).to.equal(true)
    expect(isGood({ ...good, differing: ['bafy'] })).to.equal(false)
    expect(isGood({ ...good, lost: [{ cid: 'bafy', reason: '' }] })).to.equal(false)
    expect(isGood({ ...good, waves: [wave, { ...wave, healedMs: null }] })).to.equal(false)
  })
})

describe('chaos: validators that are killed', function () {
  this.timeout(180_000)

  it('never contradict themselves, and continue, after two rounds of kill -9', async () => {
    const { status, stdout, stderr } = await chaos(
      ...['--scenario', 'validators', '--rounds', '2', '--epoch', '500ms', '--heal-timeout', '90', '--json']
    )
    expect(status, stderr).to.equal(0)
    const report = JSON.parse(stdout) as ValidatorsReport
    expect(report).to.deep.include({ rounds: 2, contradictions: [], forgotten: [], continues: true })
    expect(report.records).to.be.above(0)
  })
})

const NO_REPORT: SlotsReport = {
  ...{ races: 0, kills: 0, clean: 0, untold: 0, wrong: [], seconds: 0 },
  ...{ tried: 0, acknowledged: 0, counter: 0, same: false }
}

describe('chaos: races for a slot', function () {
  this.timeout(180_000)

  it('have one winner each, and lose no addition, while a peer is killed', async () => {
    const { status, stdout, stderr } = await chaos(
      ...['--scenario', 'slots', '--peers', '4', '--races', '6', '--kill-every', '4', '--json']
    )
    expect(status, stderr).to.equal(0)
    const report = JSON.parse(stdout) as SlotsReport
    expect(report).to.deep.include({ races: 6, kills: 1, wrong: [], same: true, tried: 24 })
    expect(report.clean).to.be.at.least(5)
    expect(report.acknowledged).to.be.at.least(20)
  })

  it('fail a run with two winners, a lost or a doubled addition, or peers that differ', () => {
    const good = { ...NO_REPORT, clean: 1, tried: 4, acknowledged: 3, counter: 4, same: true }
    expect(isExact(good)).to.equal(true)
    for (const bad of [{ wrong: ['x'] }, { counter: 2 }, { counter: 5 }, { same: false }, { clean: 0 }]) {
      expect(isExact({ ...good, ...bad })).to.equal(false)
    }
  })
})
