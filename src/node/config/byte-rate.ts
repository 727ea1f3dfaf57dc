/** A rate for some hours of the day, by the machine's own time. */
export interface RateWindow {
  /** Bytes a second; 0 for no limit. */
  readonly bytesPerSecond: number
  /** Minutes since midnight, 0 to 1439. */
  readonly fromMinute: number
  /** The first minute after it, 1 to 1440. At or below `fromMinute` the window goes over midnight. */
  readonly toMinute: number
}

/** Bytes a second, 0 for no limit; or windows, of which the first that is open counts. Outside of all there is no limit. */
export type ByteRate = number | readonly RateWindow[]

const DAY_MINUTES = 1_440

/** Bytes a second at this time; 0 for no limit. @param at - local time */
export const rateAt = (rate: ByteRate, at: Date): number => {
  if (typeof rate === 'number') return rate
  const minute = at.getHours() * 60 + at.getMinutes()
  return rate.find((window) => isOpen(window, minute))?.bytesPerSecond ?? 0
}

const isOpen = ({ fromMinute, toMinute }: RateWindow, minute: number): boolean =>
  fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute

/**
 * '2MiB 08:00-22:00, 10MiB': rates with or without hours, separated by commas; one rate without hours is a plain number.
 *
 * @param parseRate - one rate without hours
 * @returns undefined if the text is of no such form
 */
export const parseByteRate = (text: string, parseRate: (rate: string) => number): ByteRate | undefined => {
  const windows: RateWindow[] = []
  for (const part of text.split(',')) {
    const match = /^\s*(\S+?)(?:\/s)?(?:\s+(\d\d?):(\d\d)-(\d\d?):(\d\d))?\s*$/.exec(part)
    if (match === null) return undefined
    const [, rate, ...hours] = match
    const bytesPerSecond = parseRate(rate)
    if (hours[0] === undefined) {
      windows.push({ bytesPerSecond, fromMinute: 0, toMinute: DAY_MINUTES })
      continue
    }
    const [fromHour, fromMin, toHour, toMin] = hours.map(Number)
    const [fromMinute, toMinute] = [fromHour * 60 + fromMin, toHour * 60 + toMin]
    if (fromMin > 59 || toMin > 59 || fromMinute >= DAY_MINUTES || toMinute > DAY_MINUTES) return undefined
    if (fromMinute === toMinute) return undefined
    windows.push({ bytesPerSecond, fromMinute, toMinute })
  }
  const [first] = windows
  const isPlain = windows.length === 1 && first.fromMinute === 0 && first.toMinute === DAY_MINUTES
  return isPlain ? first.bytesPerSecond : windows
}

/** The shortest text that parses to the rate. @param formatRate - one rate without hours */
export const formatByteRate = (rate: ByteRate, formatRate: (rate: number) => string): string => {
  if (typeof rate === 'number') return formatRate(rate)
  return rate
    .map(({ bytesPerSecond, fromMinute, toMinute }) => {
      const hours =
        fromMinute === 0 && toMinute === DAY_MINUTES ? '' : ` ${clock(fromMinute)}-${clock(toMinute)}`
      return `${formatRate(bytesPerSecond)}${hours}`
    })
    .join(', ')
}

const clock = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
