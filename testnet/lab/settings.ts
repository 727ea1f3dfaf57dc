// What the lab is asked to do.
import { parseArgs } from 'node:util'

export const SCENARIOS = ['ping', 'coordinates', 'epochs', 'reads', 'gossip', 'traffic', 'partition'] as const
export type ScenarioName = (typeof SCENARIOS)[number]

export interface LabSettings {
  readonly peers: number
  /** CSV file of round-trip times; undefined: made by the generator. */
  readonly matrix: string | undefined
  readonly scenarios: readonly ScenarioName[]
  readonly validators: number
  readonly jitterMs: number
  readonly lossPercent: number
  /** What each peer may send; 0 for no limit. */
  readonly rateMbit: number
  readonly k: number
  readonly n: number
  /** Objects put and read by the scenarios that do. */
  readonly objects: number
  readonly objectBytes: number
  /** Time for which figures are gathered. */
  readonly seconds: number
  readonly startTimeoutMs: number
  readonly seed: number
  /** Settings of the peers, each NAME=VALUE. */
  readonly set: readonly string[]
  readonly keep: boolean
  readonly json: boolean
}

const OPTIONS = {
  peers: { type: 'string', default: '30' },
  matrix: { type: 'string' },
  scenario: { type: 'string', default: 'all' },
  validators: { type: 'string', default: '7' },
  jitter: { type: 'string', default: '0' },
  loss: { type: 'string', default: '0' },
  rate: { type: 'string', default: '50' },
  code: { type: 'string', default: '4/8' },
  objects: { type: 'string', default: '12' },
  'object-bytes': { type: 'string', default: '1000000' },
  seconds: { type: 'string', default: '60' },
  'start-timeout': { type: 'string', default: '300' },
  seed: { type: 'string', default: '1' },
  set: { type: 'string', multiple: true, default: [] as string[] },
  keep: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false }
} as const

/** @throws RangeError, TypeError for words that the lab does not understand */
export const readSettings = (words: readonly string[]): LabSettings => {
  const { values } = parseArgs({ args: [...words], options: OPTIONS })
  const number = (flag: keyof typeof OPTIONS, least: number, most: number): number => {
    const value = Number(values[flag])
    if (value >= least && value <= most) return value
    throw new RangeError(`--${flag} must be a number from ${least} to ${most}, not ${String(values[flag])}.`)
  }
  const whole = (flag: keyof typeof OPTIONS, least: number, most: number): number => {
    const value = number(flag, least, most)
    if (Number.isInteger(value)) return value
    throw new RangeError(`--${flag} must be a whole number, not ${value}.`)
  }
  const peers = whole('peers', 3, 250)
  const [, k, n] = (/^(\d+)\/(\d+)$/.exec(values.code) ?? []).map(Number)
  if (!(k >= 1 && n >= k && n < peers)) {
    throw new RangeError(
      `--code must be k/n with n below the number of peers, as in 4/8, not ${values.code}.`
    )
  }
  return {
    peers,
    matrix: values.matrix,
    scenarios: scenariosOf(values.scenario),
    validators: whole('validators', 0, 25),
    jitterMs: number('jitter', 0, 1_000),
    lossPercent: number('loss', 0, 100),
    rateMbit: number('rate', 0, 100_000),
    k,
    n,
    objects: whole('objects', 1, 10_000),
    objectBytes: whole('object-bytes', 1, 2 ** 30),
    seconds: number('seconds', 1, 86_400),
    startTimeoutMs: number('start-timeout', 1, 3_600) * 1000,
    seed: whole('seed', 0, 2 ** 32 - 1),
    set: values.set,
    keep: values.keep,
    json: values.json
  }
}

const scenariosOf = (text: string): ScenarioName[] => {
  if (text === 'all') return [...SCENARIOS]
  return text.split(',').map((word) => {
    const name = SCENARIOS.find((one) => one === word)
    if (name !== undefined) return name
    throw new RangeError(`--scenario ${word} does not exist; there are ${SCENARIOS.join(', ')}, and all.`)
  })
}
