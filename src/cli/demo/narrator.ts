import { formatBytes, formatDuration, formatRate } from '../format.ts'
import type { PutOutcome } from '../objects/put.ts'
import { renderFields } from '../output.ts'
import type { DemoResult, Narrator, Placement } from './demo.ts'

/** Tells the demo to a person, step by step. */
export const narratorTo = (write: (text: string) => void, color: boolean): Narrator => {
  let placement: Placement | undefined
  return {
    ready: (peers, elapsedMs) => {
      write(`${peers} peers are up, a process each, and all know all (${formatDuration(elapsedMs)}).\n\n`)
    },
    stored: (outcome, where) => {
      placement = where
      write(`${storedText(outcome, where)}\n\n${placementTable(where, false, color)}\n\n`)
    },
    killed: (numbers) => {
      write(`SIGKILL to peers ${listed(numbers)}: half of them, the writer among them.\n\n`)
      if (placement !== undefined) write(`${placementTable(placement, true, color)}\n\n`)
      write(`Reading it back through peer ${placement?.reader}, which never held a shard of it …\n\n`)
    }
  }
}

/** The short table at the end. */
export const resultText = (result: DemoResult, color: boolean): string => {
  const { sizeBytes, overhead, k, n, peers, killed, putMs, getMs, firstByteMs, sha256Before, sha256After } =
    result
  const verdict = result.identical
    ? paint(color, GREEN, 'every byte is back')
    : paint(color, RED, 'WHAT CAME BACK IS NOT WHAT WAS PUT')
  return renderFields([
    ['file', `${formatBytes(sizeBytes)} as ${n} shards, any ${k} of which suffice`],
    ['overhead', `${overhead.toFixed(2)} x (whole copies that survive as much: ${n - k + 1}.00 x)`],
    ['put', `${formatRate(sizeBytes, putMs)}, sealed, every shard fsynced`],
    ['get', `${formatRate(sizeBytes, getMs)}, with half of the peers dead`],
    ['first byte', formatDuration(firstByteMs)],
    ['peers lost', `${killed.length} of ${peers}`],
    ['SHA-256 put', sha256Before],
    ['SHA-256 got', sha256After],
    ['result', verdict]
  ])
}

const storedText = ({ plainBytes, elapsedMs, n, k }: PutOutcome, { file, writer }: Placement): string =>
  `${file}, ${formatBytes(plainBytes)}, put through peer ${writer} in ${formatDuration(elapsedMs)}: ` +
  `sealed, ${n} shards, any ${k} suffice.`

const GREEN = 32
const RED = 31
const DIM = 2

/** One column a peer. */
const placementTable = ({ shards, reader, victims }: Placement, after: boolean, color: boolean): string => {
  const cell = (text: string): string => text.padStart(4)
  const dead = (number: number): boolean => after && victims.includes(number)
  const style = (number: number, text: string): string => {
    if (dead(number)) return paint(color, RED, text)
    return number === reader ? paint(color, GREEN, text) : text
  }
  const row = (name: string, value: (number: number, shard: number | undefined) => string): string =>
    paint(color, DIM, name.padEnd(6)) +
    shards.map(({ number, shard }) => style(number, cell(value(number, shard)))).join('')
  return [
    row('peer', (number) => String(number)),
    row('shard', (number, shard) => (dead(number) ? '×' : shard === undefined ? '-' : String(shard)))
  ].join('\n')
}

const listed = (numbers: readonly number[]): string =>
  `${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)}`

const paint = (color: boolean, code: number, text: string): string =>
  color ? `\x1b[${code}m${text}\x1b[0m` : text
