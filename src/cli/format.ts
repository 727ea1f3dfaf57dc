/** Bytes for a person, in binary units: '117.2 MiB'. */
export const formatBytes = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 2 ** (10 * power)
  return `${power === 0 ? value : value.toFixed(value < 99.95 ? 1 : 0)} ${units[power]}`
}

/** Bytes a second over `ms`: '29.3 MiB/s'. */
export const formatRate = (bytes: number, ms: number): string =>
  `${formatBytes(Math.round((bytes * 1000) / Math.max(ms, 1)))}/s`

/** A time to the two largest units: '29 d 3 h', '4.1 s', '350 ms'. */
export const formatDuration = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const [large, small, unit] = (
    [
      [86_400_000, 3_600_000, 'd h'],
      [3_600_000, 60_000, 'h min'],
      [60_000, 1000, 'min s']
    ] as const
  ).find(([size]) => ms >= size)!
  const [first, second] = unit.split(' ')
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${first}${rest === 0 ? '' : ` ${rest} ${second}`}`
}

/** A time to its largest unit, for tables: '29 d', '4 s'. */
export const formatAge = (ms: number): string => {
  const [size, unit] = AGE_UNITS.find(([one]) => ms >= one) ?? [1000, 's']
  return `${Math.floor(ms / size)} ${unit}`
}

const AGE_UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's']
] as const

/** Enough of an object id to tell objects apart: its last ten characters. */
export const shortId = (cid: string): string => `…${cid.slice(-10)}`

/** Enough of a peer id to tell peers apart: its last eight characters. */
export const shortPeer = (id: string): string => `…${id.slice(-8)}`

/** '1 peer', '12 peers'. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
