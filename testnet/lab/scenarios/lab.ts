import type { DelaySwitch } from '../delay-switch.ts'
import type { LinkTable } from '../links.ts'
import type { LabPeers } from '../peers.ts'
import type { ScenarioReport } from '../report.ts'
import type { LabSettings } from '../settings.ts'

/** What a scenario has to work with. */
export interface Lab {
  readonly settings: LabSettings
  readonly links: LinkTable
  readonly delaySwitch: DelaySwitch
  readonly namespaces: readonly string[]
  /** The delay switch's program, which can also ping. */
  readonly program: string
  readonly peers: LabPeers | undefined
  readonly signal: AbortSignal
  /** One line about what happens. */
  readonly say: (line: string) => void
}

export type Scenario = (lab: Lab) => Promise<ScenarioReport>

/** @throws Error in a lab without peers */
export const peersOf = ({ peers }: Lab): LabPeers => {
  if (peers === undefined) throw new Error('This scenario needs peers.')
  return peers
}
