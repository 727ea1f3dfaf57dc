/** What a node measures of itself in one control period. Shares are 0 to 1. */
export interface LoadSignals {
  /** Requests in service or waiting at the end of the period, or the highest number within it. */
  readonly inFlight: number
  /** How many may be in service; adaptive. */
  readonly concurrencyLimit: number
  /** Share of the period in which the event loop was busy. */
  readonly loopUtilisation: number
  /** Utilisation that the service time shows, against the node's own baseline (`Inflation`). */
  readonly serviceUtilisation: number
  /** Share of requests that failed here. */
  readonly errorRate: number
  /** Utilisation that the disk's read time shows. */
  readonly diskUtilisation: number
  /** Share of the uplink that is in use. */
  readonly uplinkUtilisation: number
}

export const HEAT_SOURCES = ['queue', 'event loop', 'service time', 'errors', 'disk', 'uplink'] as const
export type HeatSource = (typeof HEAT_SOURCES)[number]

export interface Heat {
  /** 0: idle; 1: saturated; more: work waits. */
  readonly value: number
  /** What is closest to saturation. */
  readonly source: HeatSource
  readonly parts: Readonly<Record<HeatSource, number>>
}

/** A node that fails this share of its requests is of no more use than a saturated one. */
const SATURATED_ERROR_RATE = 0.1
/** Heat beyond this says nothing more, and a wrong sensor must not poison averages. */
export const MAX_HEAT = 4

/**
 * How close a node is to saturation. The resource that is closest decides: a node with an idle disk and a full uplink is
 * full (the bottleneck law; Denning and Buzen, "The operational analysis of queueing network models", 1978).
 */
export function heatOf(signals: LoadSignals): Heat {
  const parts: Record<HeatSource, number> = {
    queue: bounded(signals.inFlight / Math.max(1, signals.concurrencyLimit)),
    'event loop': bounded(signals.loopUtilisation),
    'service time': bounded(signals.serviceUtilisation),
    errors: bounded(signals.errorRate / SATURATED_ERROR_RATE),
    disk: bounded(signals.diskUtilisation),
    uplink: bounded(signals.uplinkUtilisation)
  }
  const source = HEAT_SOURCES.reduce((hottest, name) => (parts[name] > parts[hottest] ? name : hottest))
  return { value: parts[source], source, parts }
}

/** Observers that must agree before their word replaces the peer's own. */
const MIN_OBSERVERS = 3

/**
 * The heat of a peer as others should count it. What several observers measured beats what the peer says of itself: the
 * median of three or more cannot be moved by one liar. With fewer, the higher value counts, because a peer gains by looking
 * cool and nothing by looking hot.
 */
export function judgedHeat(reported: number | undefined, observed: readonly number[]): number {
  const sound = observed
    .filter((heat) => heat >= 0)
    .map(bounded)
    .sort((a, b) => a - b)
  if (sound.length >= MIN_OBSERVERS) return sound[Math.floor((sound.length - 1) / 2)]
  return Math.max(bounded(reported ?? 0), ...sound, 0)
}

/** Not-a-number counts as idle: an absurd sample must not spread. */
function bounded(value: number): number {
  return value > 0 ? Math.min(MAX_HEAT, value) : 0
}
