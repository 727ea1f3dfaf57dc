import type { MapReport, Sight } from '../../../../src/manifold/map/index.ts'

export const report = (peer: string, sights: Sight[] = [], more: Partial<MapReport> = {}): MapReport => ({
  peer,
  sequence: 1,
  issuedAtMs: 1_000,
  capacityBytes: 100,
  freeBytes: 50,
  domain: '',
  coordinate: undefined,
  heatPpm: 0,
  upKibPerSecond: 0,
  downKibPerSecond: 0,
  isLeaving: false,
  sights,
  ...more
})

export const sight = (peer: string, rttMicros: number, more: Partial<Sight> = {}): Sight => ({
  peer,
  rttMicros,
  failuresPpm: 0,
  serviceMicros: 0,
  kibPerSecond: 0,
  domain: `net:${peer}`,
  ...more
})

export const epoch = (slot: number) => ({ slot, closedAtMs: slot * 5_000 })
