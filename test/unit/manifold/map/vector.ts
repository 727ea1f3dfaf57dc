// A history of maps of 40 peers, from a generator of whole numbers: the same on every engine. Runs without a test framework.
import { createHash } from 'node:crypto'
import { buildMap, encodeMap } from '../../../../src/manifold/map/index.ts'
import type { AgreedMap, MapReport } from '../../../../src/manifold/map/index.ts'

const PEERS = 40
const SLOTS = 130

/** Hexadecimal SHA-256 over the maps of all slots. */
export function vectorDigest(): string {
  const hash = createHash('sha256')
  let state = 1
  /** Numerical Recipes' generator, 32 bits. */
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  let map: AgreedMap | undefined
  for (let slot = 1; slot <= SLOTS; slot++) {
    const reports = Array.from({ length: PEERS }, (_, i) => reportOf(i, slot, below)).filter(
      () => below(20) > 0
    )
    map = buildMap(map, { slot, closedAtMs: slot * 300_000 }, reports)
    hash.update(encodeMap(map))
  }
  return hash.digest('hex')
}

const nameOf = (i: number): string => `peer-${String(i).padStart(2, '0')}`

function reportOf(i: number, slot: number, below: (limit: number) => number): MapReport {
  const seen = new Set(Array.from({ length: 10 }, () => below(PEERS)))
  seen.delete(i)
  return {
    peer: nameOf(i),
    sequence: slot,
    issuedAtMs: slot * 300_000,
    capacityBytes: below(2 ** 50),
    freeBytes: 0,
    domain: below(4) === 0 ? `rack-${i % 3}` : '',
    coordinate: {
      positionMicros: Array.from(
        { length: 8 },
        (_, d) => below(200_000) * (d % 2 === 0 ? 1 : -1) + (i % 5) * 40_000 + 0
      ),
      heightMicros: 100 + below(5_000),
      errorPpm: below(1_500_000)
    },
    heatPpm: below(1_000_000),
    upKibPerSecond: below(100_000),
    downKibPerSecond: below(100_000),
    isLeaving: below(50) === 0,
    sights: [...seen].map((other) => ({
      peer: nameOf(other),
      rttMicros: 1 + below(200_000),
      failuresPpm: below(3) === 0 ? below(1_000_000) : 0,
      serviceMicros: below(20_000),
      kibPerSecond: below(50_000),
      domain: `net:192.0.${other % 7}.0/24`
    }))
  }
}
