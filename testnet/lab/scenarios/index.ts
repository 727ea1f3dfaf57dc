// What the lab can show. Each scenario measures one thing on the running peers and returns a table.
import { coordinates } from './coordinates.ts'
import { epochs } from './epochs.ts'
import { gossip } from './gossip.ts'
import { partition } from './partition.ts'
import { ping } from './ping.ts'
import { reads } from './reads.ts'
import { traffic } from './traffic.ts'
import type { ScenarioReport } from '../report.ts'
import type { ScenarioName } from '../settings.ts'
import type { Lab, Scenario } from './lab.ts'

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  ping,
  coordinates,
  epochs,
  reads,
  gossip,
  traffic,
  partition
}

export const runScenario = async (name: ScenarioName, lab: Lab): Promise<ScenarioReport> =>
  await SCENARIOS[name](lab)
