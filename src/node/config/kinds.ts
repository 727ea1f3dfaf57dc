import { multiaddr } from '@multiformats/multiaddr'
import { formatByteRate, parseByteRate } from './byte-rate.ts'
import type { ByteRate } from './byte-rate.ts'

/** How the text of one option becomes a value. `parse` throws an Error whose message ends "expected ...". */
export interface Kind<T> {
  /** Placeholder of the value in help, e.g. 'SIZE'. */
  readonly placeholder: string
  /** Type of the flag for yargs. Yargs parses only booleans; `parse` does the rest. */
  readonly flag: 'string' | 'boolean' | 'array'
  readonly choices?: readonly string[]
  /** @param raw - text from a flag or the environment, or a JSON value from the config file */
  readonly parse: (raw: unknown) => T
  /** The shortest text that parses to `value`, for help and docs. */
  readonly format: (value: T) => string
}

const expected = (raw: unknown, what: string): Error =>
  new Error(`${JSON.stringify(raw) ?? String(raw)} is not valid: expected ${what}`)

const asText = (raw: unknown, what: string): string => {
  if (typeof raw !== 'string') throw expected(raw, what)
  return raw.trim()
}

/** Text that satisfies `pattern`. */
export const text = (placeholder: string, pattern: RegExp, what: string): Kind<string> => ({
  placeholder,
  flag: 'string',
  parse: (raw) => {
    const value = asText(raw, what)
    if (!pattern.test(value)) throw expected(raw, what)
    return value
  },
  format: (value) => value
})

export const path: Kind<string> = text('PATH', /./, 'a path')

export const flag: Kind<boolean> = {
  placeholder: '',
  flag: 'boolean',
  parse: (raw) => {
    if (raw === true || raw === 'true' || raw === '1') return true
    if (raw === false || raw === 'false' || raw === '0') return false
    throw expected(raw, 'true or false')
  },
  format: String
}

export const choice = <T extends string>(...choices: readonly T[]): Kind<T> => ({
  placeholder: choices.join('|'),
  flag: 'string',
  choices,
  parse: (raw) => {
    const value = choices.find((one) => one === raw)
    if (value === undefined) throw expected(raw, `one of ${choices.join(', ')}`)
    return value
  },
  format: (value) => value
})

export const integer = (min: number, max: number): Kind<number> => ({
  placeholder: 'NUMBER',
  flag: 'string',
  parse: (raw) => {
    const what = `a whole number from ${min} to ${max}`
    const value = typeof raw === 'string' && /^\d+$/.test(raw.trim()) ? Number(raw) : raw
    if (!Number.isSafeInteger(value)) throw expected(raw, what)
    if ((value as number) < min || (value as number) > max) throw expected(raw, what)
    return value as number
  },
  format: String
})

type Units = ReadonlyArray<readonly [suffix: string, factor: number]>

const BYTE_UNITS: Units = [
  ['TiB', 2 ** 40],
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['kB', 1e3],
  ['B', 1]
]

const DURATION_UNITS: Units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1]
]

/** A number with a unit, converted to an integer in the smallest unit; a bare number is in the smallest unit. */
const quantity = (
  placeholder: string,
  units: Units,
  [min, max]: readonly [min: number, max: number],
  what: string
): Kind<number> => ({
  placeholder,
  flag: 'string',
  parse: (raw) => {
    const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(String(raw).trim())
    if (match === null || (typeof raw !== 'string' && typeof raw !== 'number')) throw expected(raw, what)
    const [, digits, suffix] = match
    const unit = units.find(([name]) => name.toLowerCase() === suffix.toLowerCase())
    if (suffix !== '' && unit === undefined) throw expected(raw, what)
    const value = Math.round(Number(digits) * (unit?.[1] ?? 1))
    if (!Number.isSafeInteger(value) || value < min || value > max) throw expected(raw, what)
    return value
  },
  format: (value) => {
    if (value === 0) return '0'
    const [suffix, factor] = units.find(([, factor]) => value % factor === 0) ?? units[units.length - 1]
    return `${value / factor}${suffix}`
  }
})

/** Bytes: '10GiB', '500MB', '4096'. */
export const byteCount = (min = 0): Kind<number> =>
  quantity(
    'SIZE',
    BYTE_UNITS,
    [min, Number.MAX_SAFE_INTEGER],
    `a size of at least ${min} bytes such as 10GiB or 500MB`
  )

const RATE_WHAT =
  'bytes a second such as 20MiB, with or without hours such as 2MiB/s 08:00-22:00, or 0 for no limit'
const oneRate = quantity('RATE', BYTE_UNITS, [0, Number.MAX_SAFE_INTEGER], RATE_WHAT)

/** Bytes per second, perhaps by the hour: '20MiB', '2MiB/s 08:00-22:00, 10MiB'; 0 for no limit. */
export const byteRate: Kind<ByteRate> = {
  placeholder: 'RATE',
  flag: 'string',
  parse: (raw) => {
    if (typeof raw !== 'string') return oneRate.parse(raw)
    const rate = parseByteRate(raw, oneRate.parse)
    if (rate === undefined) throw expected(raw, RATE_WHAT)
    return rate
  },
  format: (rate) => formatByteRate(rate, oneRate.format)
}

/** Milliseconds: '30d', '12h', '30s', '500ms'. */
export const duration = (minMs: number, maxMs = Number.MAX_SAFE_INTEGER): Kind<number> => {
  const { format } = quantity('TIME', DURATION_UNITS, [minMs, maxMs], '')
  const most = maxMs === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${format(maxMs)}`
  const what = `a time of at least ${format(minMs)}${most}, such as 30s, 12h or 30d`
  return quantity('TIME', DURATION_UNITS, [minMs, maxMs], what)
}

/** A multiaddr in its text form. */
export const address: Kind<string> = {
  placeholder: 'MULTIADDR',
  flag: 'string',
  parse: (raw) => {
    const what = 'a multiaddr such as /ip4/192.0.2.1/tcp/4701'
    const value = asText(raw, what)
    try {
      return multiaddr(value).toString()
    } catch {
      throw expected(raw, what)
    }
  },
  format: (value) => value
}

/** `host:port`, IPv6 in brackets; port 0 selects a free port. */
export const hostPort: Kind<string> = {
  placeholder: 'HOST:PORT',
  flag: 'string',
  parse: (raw) => {
    const what = 'host:port such as 127.0.0.1:4780 or [::1]:4780'
    const value = asText(raw, what)
    const match = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):(\d{1,5})$/.exec(value)
    if (match === null || Number(match[2]) > 65_535) throw expected(raw, what)
    return value
  },
  format: (value) => value
}

/** The origin of web pages: 'https://app.example.org', 'http://127.0.0.1:8080'. */
export const origin: Kind<string> = {
  placeholder: 'ORIGIN',
  flag: 'string',
  parse: (raw) => {
    const what = 'an origin such as https://app.example.org, without a path'
    const value = asText(raw, what)
    if (!/^https?:\/\/[^/?#@\s]+\/?$/i.test(value) || !URL.canParse(value)) throw expected(raw, what)
    return new URL(value).origin
  },
  format: (value) => value
}

/** A list: a flag given several times, values separated by commas in the environment, an array in the file. */
export const list = <T>(item: Kind<T>): Kind<readonly T[]> => ({
  placeholder: item.placeholder,
  flag: 'array',
  parse: (raw) => {
    const parts = Array.isArray(raw) ? raw : asText(raw, `a list of ${item.placeholder}`).split(',')
    return parts.filter((part) => part !== '').map(item.parse)
  },
  format: (values) => values.map(item.format).join(',')
})
