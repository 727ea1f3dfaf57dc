// What others saw of a peer. Keys are free, so witnesses are heard by place: all peers of one failure domain have one voice.

import { lowerMedian, mostFrequent } from './integers.ts'
import type { AgreedMap, MapReport, Sight } from './types.ts'

/** Places whose word it takes before an observation counts against a claim: with fewer, one liar could be the median. */
export const MIN_VOICES = 3

/** What the voices make of one peer, each the lower median of its witnesses, and then of all voices. */
export interface Testimony {
  /** Peers that saw it. */
  readonly witnesses: number
  /** Places that saw it. */
  readonly voices: number
  readonly failuresPpm: number
  /** 0 unless MIN_VOICES places were served by it. */
  readonly serviceMicros: number
  /** 0 unless it sent blocks to MIN_VOICES places. */
  readonly kibPerSecond: number
  /** The failure domain in which most places saw it; '' when none did. */
  readonly domain: string
}

/** @param reports - of this slot. Nobody is a witness of itself. */
export function testimonies(
  previous: AgreedMap | undefined,
  reports: readonly MapReport[]
): ReadonlyMap<string, Testimony> {
  const placeOf = places(previous)
  const seen = new Map<string, Map<string, Sight[]>>()
  for (const { peer: witness, sights } of reports) {
    for (const sight of sights) {
      if (sight.peer === witness) continue
      const byPlace = seen.get(sight.peer) ?? new Map<string, Sight[]>()
      seen.set(sight.peer, byPlace)
      const place = placeOf(witness)
      byPlace.set(place, [...(byPlace.get(place) ?? []), sight])
    }
  }
  return new Map([...seen].map(([peer, byPlace]) => [peer, heard([...byPlace.values()])]))
}

/** Where the map before has a peer; a peer that it does not place is a place of its own. */
export function places(previous: AgreedMap | undefined): (peer: string) => string {
  const known = new Map(previous?.peers.map(({ id, seenIn }) => [id, seenIn]))
  return (peer) => known.get(peer) || `peer:${peer}`
}

function heard(voices: ReadonlyArray<readonly Sight[]>): Testimony {
  const medians = (of: (sight: Sight) => number, counts = (_value: number): boolean => true): number[] =>
    voices.flatMap((sights) => {
      const values = sights.map(of).filter(counts)
      return values.length === 0 ? [] : [lowerMedian(values)]
    })
  const measured = (of: (sight: Sight) => number): number => {
    const values = medians(of, (value) => value > 0)
    return values.length < MIN_VOICES ? 0 : lowerMedian(values)
  }
  const domains = voices.flatMap(
    (sights) => mostFrequent(sights.map(({ domain }) => domain).filter((domain) => domain !== '')) ?? []
  )
  return {
    witnesses: voices.reduce((sum, sights) => sum + sights.length, 0),
    voices: voices.length,
    failuresPpm: lowerMedian(medians(({ failuresPpm }) => failuresPpm)),
    serviceMicros: measured(({ serviceMicros }) => serviceMicros),
    kibPerSecond: measured(({ kibPerSecond }) => kibPerSecond),
    domain: mostFrequent(domains) ?? ''
  }
}
