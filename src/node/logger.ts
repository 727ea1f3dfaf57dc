export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

/** Data of a message; printed as `key=value` or as keys of the JSON line. */
export type LogFields = Readonly<Record<string, unknown>>

export type Logger = { readonly [L in LogLevel]: (message: string, fields?: LogFields) => void } & {
  /** A logger that adds `component` to every line. */
  readonly child: (component: string) => Logger
}

export interface LoggerInit {
  readonly level: LogLevel
  readonly format: 'text' | 'json'
  /** Writes one line, given without its line end. @default standard error */
  readonly write?: (line: string) => void
  /** @default Date.now */
  readonly nowMs?: () => number
  readonly component?: string
}

const SEVERITY: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 }

export const createLogger = (init: LoggerInit): Logger => {
  const { level, format, component, nowMs = Date.now } = init
  const write = init.write ?? ((line: string) => void process.stderr.write(`${line}\n`))
  const line = format === 'json' ? jsonLine : textLine
  const at =
    (severity: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (SEVERITY[severity] > SEVERITY[level]) return
      write(line(new Date(nowMs()).toISOString(), severity, message, { component, ...fields }))
    }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (name) => createLogger({ ...init, component: name })
  }
}

const jsonLine = (time: string, level: LogLevel, message: string, fields: LogFields): string =>
  JSON.stringify({ time, level, message, ...fields }, (_key, value: unknown) =>
    value instanceof Error || typeof value === 'bigint' ? plain(value) : value
  )

const textLine = (time: string, level: LogLevel, message: string, fields: LogFields): string => {
  const { component, ...rest } = fields
  const words = Object.entries(rest)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(plain(value))}`)
  const from = component === undefined ? '' : ` ${String(component)}:`
  return `${time} ${level.toUpperCase().padEnd(5)}${from} ${oneLine(message)}${words.join('')}`
}

/** A value as text: an error as its message, an id as itself, a list as its items. */
const plain = (value: unknown): string => {
  if (value instanceof Error) return value.message
  if (Array.isArray(value)) return value.map(plain).join(',')
  if (typeof value !== 'object' || value === null) return String(value)
  let json
  try {
    json = JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? `${inner}` : inner))
  } catch {
    // Logging must never fail, e.g. on an object that contains itself.
    return String(value)
  }
  // Peer ids and CIDs serialise to a string, which would be quoted twice.
  return json?.startsWith('"') === true ? (JSON.parse(json) as string) : String(json)
}

/** Keeps a value on one line: peers choose some logged values and must not be able to forge lines. */
const oneLine = (value: string): string =>
  value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => JSON.stringify(c).slice(1, -1))

const quoted = (value: string): string =>
  /^[\w./:@+,-]+$/.test(value) ? value : oneLine(JSON.stringify(value))

/** For programs that embed a node without a log. */
export const silentLogger: Logger = createLogger({ level: 'error', format: 'text', write: () => {} })
