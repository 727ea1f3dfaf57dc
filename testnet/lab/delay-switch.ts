// The delay switch (delay-switch.c): compiled at run time, run as a child process, and told what to do line by line.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { LinkTable } from './links.ts'

const run = promisify(execFile)
const SOURCE = fileURLToPath(new URL('delay-switch.c', import.meta.url))
/** Name of the interface in each namespace. */
const DEVICE = 'lab0'

/** Address of a host, in a /24 of its own so that peers count as separate sites. */
export const addressOf = (host: number): string => `10.77.${host}.1`

/** @returns path of the program, or undefined where there is no C compiler */
export const compileSwitch = async (folder: string): Promise<string | undefined> => {
  const program = join(folder, 'delay-switch')
  try {
    await run('cc', ['-O2', '-o', program, SOURCE])
    return program
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** What went from one host to another since the switch was started. */
export interface PairTraffic {
  readonly from: number
  readonly to: number
  readonly packets: number
  readonly bytes: number
  readonly dropped: number
}

export interface Ping {
  readonly from: number
  readonly to: number
  readonly received: number
  readonly minMs: number
  readonly medianMs: number
}

export class DelaySwitch {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: Interface
  #isStopping = false

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, lines: Interface) {
    this.#child = child
    this.#lines = lines
  }

  /** @param onEnd - called when the switch ends before `stop` */
  static async start(program: string, names: readonly string[], onEnd: () => void): Promise<DelaySwitch> {
    const child = spawn(program, ['switch', DEVICE, ...names], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const delaySwitch = new DelaySwitch(child, lines)
    child.once('exit', () => {
      if (!delaySwitch.#isStopping) onEnd()
    })
    // A write to a switch that has ended; its exit says so already.
    child.stdin.on('error', () => {})
    await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => fail('did not start'))])
    return delaySwitch
  }

  /** Sets all links as the table has them. */
  apply(links: LinkTable): void {
    const lines = [...links.pairs()].map(([from, to]) => {
      const { delayMicros, jitterMicros, lossPpm } = links.link(from, to)
      return `link ${from} ${to} ${delayMicros} ${jitterMicros} ${lossPpm}\n`
    })
    this.#child.stdin.write(lines.join(''))
  }

  /** @param kbit - kilobits a second that each of the hosts may send; 0 for no limit */
  limit(hosts: Iterable<number>, kbit: number): void {
    for (const host of hosts) this.#child.stdin.write(`rate ${host} ${kbit}\n`)
  }

  async traffic(): Promise<PairTraffic[]> {
    const pairs: PairTraffic[] = []
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onLine = (line: string): void => {
      const [, from, to, packets, bytes, dropped] = line.split(' ').map(Number)
      if (line === 'end') resolve()
      else pairs.push({ from, to, packets, bytes, dropped })
    }
    const onExit = (): void => reject(fail('has ended'))
    this.#lines.on('line', onLine)
    this.#child.once('exit', onExit)
    this.#child.stdin.write('count\n')
    try {
      await promise
      return pairs
    } finally {
      this.#lines.off('line', onLine)
      this.#child.off('exit', onExit)
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.stdin.end()
    await ended
  }
}

/** ICMP echo between all pairs of hosts, in order, `count` rounds. Not between host 0 and others. */
export const pingAll = async (program: string, names: readonly string[], count: number): Promise<Ping[]> => {
  const { stdout } = await run(program, ['ping', String(count), '300', ...names], { maxBuffer: 2 ** 26 })
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number))
    .map(([, from, to, received, min, median]) => ({
      from,
      to,
      received,
      minMs: min / 1000,
      medianMs: median / 1000
    }))
    .filter(({ from, to }) => from !== 0 && to !== 0)
}

const fail = (what: string): Error => new Error(`The delay switch ${what}.`)
