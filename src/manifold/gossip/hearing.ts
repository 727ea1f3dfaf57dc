// Who takes in everybody's reports. In a large network that is the validators and, so that every peer has some beside it to
// which it can hand its own report, a part of the others: hearers. Each peer decides by itself from what it sees, so nobody
// elects relays, and a hearer that dies is replaced by its neighbours.

export interface HearingLimits {
  /** In a network of so many peers, everybody hears everybody. */
  readonly allUpTo: number
  /** A peer with fewer hearers among its neighbours becomes one. */
  readonly least: number
  /** A hearer with so many others among its neighbours may stop. Above `least`, or peers would begin and stop in turns. */
  readonly enough: number
}

/**
 * Four hearers: with a fifth of them liars that pass nothing on, one peer of 600 has four such beside it, and it finds out
 * when the map does not follow its reports.
 */
export const HEARING_LIMITS: HearingLimits = { allUpTo: 128, least: 4, enough: 8 }

/** A hearer that may stop does so in one look of four, so that neighbours do not all stop at the same moment. */
export const STOP_CHANCE = 0.25

/** Of a full map's outsiders, every so manieth report goes to the validators: enough to take a place that becomes free. */
export const OUTSIDER_REPORTS = 8

export interface HearingState {
  readonly isValidator: boolean
  readonly isHearing: boolean
  /** Peers on the agreed map; 0 while there is none in force, and reports are all that is known of others. */
  readonly mapPeers: number
  /** Connected peers that hear. */
  readonly hearers: number
}

/**
 * Whether a hearer must connect to more of them: hearers leave the place to each other, so those that stay tend to have few
 * beside them, and some would be cut off. Validators are always hearers, and everybody knows them.
 */
export function needsHearers(
  { isValidator, isHearing, mapPeers, hearers }: HearingState,
  { allUpTo, least }: HearingLimits
): boolean {
  return !isValidator && isHearing && mapPeers > allUpTo && hearers < least
}

/** @param chance - a random number below 1 */
export function shouldHear(
  { isValidator, isHearing, mapPeers, hearers }: HearingState,
  { allUpTo, least, enough }: HearingLimits,
  chance: number
): boolean {
  if (isValidator || mapPeers <= allUpTo || hearers < least) return true
  return isHearing && (hearers < enough || chance >= STOP_CHANCE)
}
