// What the page says about the state of things, in words. Pure.
import type { OwnedObjectJson, StatJson } from '../../src/gateway/types.ts'
import { count } from '../../src/cli/format.ts'

type Counted = Pick<OwnedObjectJson, 'n' | 'k' | 'missing'>

/** Peers that an object can still lose; negative where it cannot be read now; undefined where its holders were not asked lately. */
export const spareOf = ({ n, k, missing }: Counted): number | undefined =>
  missing === undefined ? undefined : n - missing - k

export interface Verdict {
  readonly state: 'good' | 'weak' | 'bad'
  readonly text: string
}

/** How safe all objects are, in one sentence. */
export const verdictOn = (objects: readonly Counted[]): Verdict => {
  if (objects.length === 0) return { state: 'good', text: 'Nothing is stored from here yet.' }
  const spares = objects.map(spareOf).filter((spare) => spare !== undefined)
  const lost = spares.filter((spare) => spare < 0).length
  if (lost > 0)
    return { state: 'bad', text: `${of(lost, objects)} cannot be read now: too many holders are away.` }
  const bare = spares.filter((spare) => spare === 0).length
  if (bare > 0) return { state: 'weak', text: `${of(bare, objects)} cannot lose another peer.` }
  if (spares.length === 0)
    return { state: 'good', text: `${count(objects.length, 'object')}; their holders are asked soon.` }
  const least = count(Math.min(...spares), 'peer')
  if (objects.length === 1) return { state: 'good', text: `The one object can lose ${least}.` }
  const unasked = objects.length - spares.length
  const who =
    unasked === 0 ? `All ${objects.length} objects` : `${spares.length} of ${objects.length} objects`
  return { state: 'good', text: `${who} can lose ${least}.` }
}

const of = (some: number, all: readonly unknown[]): string => `${some} of ${count(all.length, 'object')}`

/** One object's health, for a list. */
export const healthOf = (object: Counted & Pick<OwnedObjectJson, 'warning'>): Verdict => {
  const spare = spareOf(object)
  if (object.warning !== undefined) return { state: 'weak', text: object.warning }
  if (spare === undefined) return { state: 'good', text: 'holders are asked soon' }
  if (spare < 0) return { state: 'bad', text: 'cannot be read now' }
  if (spare === 0) return { state: 'weak', text: 'cannot lose another peer' }
  const healing = object.missing! > 0 ? `, ${count(object.missing!, 'shard')} to rebuild` : ''
  return { state: 'good', text: `can lose ${count(spare, 'peer')}${healing}` }
}

/** What an object may still lose, by what its holders answered. */
export const spareWords = ({ spare }: Pick<StatJson, 'spare'>): Verdict => {
  if (spare < 0)
    return { state: 'bad', text: `It cannot be read until ${count(-spare, 'shard')} more come back.` }
  if (spare === 0) return { state: 'weak', text: 'The next loss makes it unreadable.' }
  return { state: 'good', text: `It can lose ${count(spare, 'shard')}.` }
}

/** The fewest hosts, and the fewest failure domains, whose loss makes it unreadable. */
export const weakestWords = ({ weakest: { hosts, domains } }: Pick<StatJson, 'weakest'>): string[] => {
  const losing = ({ names, isExact }: StatJson['weakest']['hosts'], noun: string): string =>
    `losing ${count(names.length, noun)} can lose it${isExact ? '' : ', and perhaps fewer'}: ${names.join(', ')}`
  const [host, domain] = [hosts.names.length, domains.names.length]
  if (host === 0) return []
  // Where every host is a domain of its own, the second line says nothing new.
  if (domain === 0 || domain >= host) return [losing(hosts, 'host')]
  return [losing(hosts, 'host'), losing(domains, 'failure domain')]
}

/** What went wrong with a link, and what to do, for a person who has only the link. */
export const failureOf = (error: unknown): { readonly text: string; readonly hint: string } => {
  const { code, message, hint } = error as { code?: unknown; message: string; hint?: string }
  const own = typeof code === 'string' ? FAILURES[code] : undefined
  const [text, next] = own ?? [message, hint ?? '']
  return { text: text ?? message, hint: next }
}

const ASK_AGAIN = 'Ask whoever gave you the link for it again, whole.'
const FAILURES: Readonly<Record<string, readonly [text: string | undefined, hint: string]>> = {
  WRONG_KEY: ['The key in this link does not open it, or its first bytes are damaged.', ASK_AGAIN],
  CORRUPT: [
    'What came is damaged: it is not what was stored. Nothing of the damaged part is shown.',
    'Try again; if that does not help, ask another node for it.'
  ],
  TRUNCATED: [
    'The end of it is missing: what came is not whole.',
    'Try again; if that does not help, ask another node for it.'
  ],
  NOT_FOUND: [
    'No peer that answers knows this object.',
    'It may have been removed, its lease may have ended, or the peers that hold it may be away.'
  ],
  NOT_ENOUGH_SHARDS: [
    'Too many of the peers that hold it are away to read it now.',
    'Try again later: nothing is lost as long as they come back.'
  ],
  BAD_LINK: ['This is not a link of THHE, or a part of it is missing.', ASK_AGAIN],
  BAD_KEY: [undefined, ASK_AGAIN],
  WRONG_NETWORK: [undefined, 'Open it at a node of that network.'],
  BAD_FOLDER: [undefined, ASK_AGAIN],
  NOT_IN_FOLDER: [undefined, 'Go back to the folder and choose from what is there.'],
  NOT_A_FOLDER: [undefined, 'Go back to the folder and choose from what is there.']
}
