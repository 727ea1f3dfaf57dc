// What the page says about the state of things, in words. Pure.
import type { OwnedObjectJson } from '../../src/gateway/types.ts'
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
