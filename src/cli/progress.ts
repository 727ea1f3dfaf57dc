import { formatBytes, formatDuration, formatRate } from './format.ts'
import type { Io } from './io.ts'

export interface Progress {
  update: (bytes: number, note?: string) => void
  /** Takes the bar off the screen. Idempotent. */
  stop: () => void
}

const SILENT: Progress = { update: () => {}, stop: () => {} }

/**
 * A bar on standard error where that is a terminal, else nothing.
 *
 * @param totalBytes - undefined when not known: then only the bytes so far and their rate are shown
 */
export const startProgress = async (
  { stderr, env }: Io,
  label: string,
  totalBytes: number | undefined,
  quiet: boolean
): Promise<Progress> => {
  // A dumb terminal shows escape codes as they are.
  if (quiet || stderr.isTTY !== true || env.TERM === 'dumb') return SILENT
  const { SingleBar } = await import('cli-progress')
  const startedMs = performance.now()
  const known = totalBytes !== undefined && totalBytes > 0
  const bar = new SingleBar({
    stream: stderr,
    format: `${label} ${known ? '{bar} {percentage}% ' : ''}{done}  {rate}{left}  {note}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    etaBuffer: 20,
    fps: 10
  })
  const payload = (bytes: number, note = ''): object => ({
    done: formatBytes(bytes),
    rate: formatRate(bytes, performance.now() - startedMs),
    left: known ? timeLeft(bytes, totalBytes, performance.now() - startedMs) : '',
    note
  })
  bar.start(known ? totalBytes : 1, 0, payload(0))
  return {
    update: (bytes, note) => bar.update(known ? Math.min(bytes, totalBytes) : 0, payload(bytes, note)),
    stop: () => bar.stop()
  }
}

/** Nothing is said of the first second, or of the end: what can be told then is wrong or of no use. */
export const timeLeft = (bytes: number, totalBytes: number, elapsedMs: number): string => {
  if (bytes <= 0 || bytes >= totalBytes || elapsedMs < 1000) return ''
  return `  ${formatDuration(((totalBytes - bytes) * elapsedMs) / bytes)} left`
}
