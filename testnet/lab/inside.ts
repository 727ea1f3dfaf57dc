// The inner half of the lab: runs in the lab's own namespace, next to all peers, and is started by lab.ts only.
import { readFile } from 'node:fs/promises'
import { settingsOf } from '../../src/cli/cluster/settings.ts'
import { cityMatrix, parseMatrix, seededDice } from '../../src/manifold/simulation/index.ts'
import { DelaySwitch } from './delay-switch.ts'
import { LinkTable, sampleMatrix } from './links.ts'
import { namespaceName } from './namespaces.ts'
import { LabPeers, OWN_SETTINGS } from './peers.ts'
import { printed } from './report.ts'
import { runScenario } from './scenarios/index.ts'
import { readSettings } from './settings.ts'
import type { RttMatrix } from '../../src/manifold/simulation/index.ts'
import type { LabSettings } from './settings.ts'
import type { ScenarioReport } from './report.ts'

const say = (line: string): void => console.error(line)

const matrixOf = async ({ matrix, peers, seed }: LabSettings): Promise<RttMatrix> =>
  matrix === undefined
    ? cityMatrix(peers, seededDice(seed))
    : sampleMatrix(parseMatrix(await readFile(matrix, 'utf8')), peers, seed)

const main = async ([lab, folder, program, ...words]: string[]): Promise<void> => {
  const settings = readSettings(words)
  const interrupted = new AbortController()
  const interrupt = (why: string): void => interrupted.abort(new Error(why))
  // The outer half ends our input when it is interrupted, and when it is killed.
  process.stdin.resume().once('end', () => interrupt('The lab was interrupted.'))
  const { signal } = interrupted
  const namespaces = Array.from({ length: settings.peers + 1 }, (_, host) => namespaceName(Number(lab), host))
  const links = new LinkTable(await matrixOf(settings), settings)
  const delaySwitch = await DelaySwitch.start(program, namespaces, () =>
    interrupt('The delay switch has ended.')
  )
  let peers: LabPeers | undefined
  try {
    delaySwitch.apply(links)
    delaySwitch.limit(
      Array.from({ length: settings.peers }, (_, index) => index + 1),
      settings.rateMbit * 1000
    )
    const needsPeers = settings.scenarios.some((name) => name !== 'ping')
    if (needsPeers) {
      say(`starting ${settings.peers} peers ...`)
      peers = await LabPeers.start({
        folder,
        namespaces,
        code: { k: settings.k, n: settings.n },
        validators: settings.validators,
        settings: settingsOf(settings.set, OWN_SETTINGS),
        startTimeoutMs: settings.startTimeoutMs,
        signal
      })
    }
    const reports: ScenarioReport[] = []
    for (const name of settings.scenarios) {
      signal.throwIfAborted()
      say(`scenario ${name} ...`)
      const report = await runScenario(name, {
        settings,
        links,
        delaySwitch,
        namespaces,
        program,
        peers,
        signal,
        say
      })
      if (!settings.json) console.log(`${printed(report)}\n`)
      reports.push(report)
    }
    if (settings.json)
      console.log(JSON.stringify({ peers: settings.peers, seed: settings.seed, reports }, null, 2))
    process.exitCode = reports.every(({ isGood }) => isGood) ? 0 : 1
  } finally {
    await peers?.stop()
    await delaySwitch.stop()
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
process.exit()
