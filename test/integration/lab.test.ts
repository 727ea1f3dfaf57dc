import { execFile } from 'node:child_process'
import { readdirSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { whyNoNamespaces } from '../../testnet/lab/namespaces.ts'

const LAB = fileURLToPath(new URL('../../testnet/lab/lab.ts', import.meta.url))
/** The lab says with this status that there can be none on this machine. */
const NO_LAB = 3

describe('the lab: peers in network namespaces', function () {
  this.timeout(60_000)

  before(async function () {
    const reason = await whyNoNamespaces()
    if (reason === undefined) return
    console.log(`      skipped: ${reason}`)
    this.skip()
  })

  it('delivers the round-trip times that were asked for, runs peers that see each other, and leaves nothing behind', async function () {
    const words = ['--peers', '4', '--code', '1/2', '--validators', '0', '--scenario', 'ping,traffic']
    const options = ['--seconds', '1', '--start-timeout', '45', '--json']
    const { stdout, stderr, status } = await run([...words, ...options])
    if (status === NO_LAB) {
      console.log(`      skipped: ${stderr.trim()}`)
      return this.skip()
    }
    expect(status, stderr).to.equal(0)
    const { reports } = JSON.parse(stdout) as { reports: Report[] }
    expect(reports.map(({ scenario }) => scenario)).to.deep.equal(['ping', 'traffic'])
    const [ping, traffic] = reports
    for (const band of ping.rows) {
      const [asked, got] = [band['asked p50 ms'], band['got p50 ms']]
      // No packet is early. How late one is depends on how busy this machine is.
      expect(got).to.be.at.least(asked)
    }
    expect(traffic.rows.map(({ peers }) => peers)).to.deep.equal(['4 others'])
    expect(namespaces()).to.deep.equal([])
  })
})

interface Report {
  readonly scenario: string
  readonly rows: ReadonlyArray<Readonly<Record<string, never>>>
}

let lab = 0

const run = async (words: string[]): Promise<{ stdout: string; stderr: string; status: number }> => {
  const child = promisify(execFile)(process.execPath, [LAB, ...words])
  lab = child.child.pid ?? 0
  try {
    return { ...(await child), status: 0 }
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number }
    return { stdout, stderr, status: code }
  }
}

/** Those that the last lab left behind; another one may run on this machine. */
const namespaces = (): string[] =>
  existsSync('/run/netns')
    ? readdirSync('/run/netns').filter((name) => name.startsWith(`thhe-lab-${lab}-`))
    : []
