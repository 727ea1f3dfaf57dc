// The peers of a lab: one real `thhe node` process in each namespace.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ChildProcess } from 'node:child_process'
import type { OptionName } from '../../src/node/config/index.ts'
import { readApiFile } from '../../src/cli/api-file.ts'
import { NodeClient } from '../../src/cli/client.ts'
import { futurePeerId } from '../../src/node/data/folder.ts'
import {
  createDescriptor,
  flatQuorumSet,
  formatDescriptor,
  MAX_EVERYBODY_VALIDATES
} from '../../src/node/network.ts'
import { addressOf } from './delay-switch.ts'

/** A node that gets no processor may be silent for so long. */
const PATIENCE_MS = 60_000

/** Asks a node again while it is silent: many peers on few processors answer late. @throws CliError after a minute */
export const patiently = async <T>(ask: () => Promise<T>): Promise<T> => {
  const deadlineMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if ((error as { code?: string }).code !== 'NODE_SILENT' || performance.now() > deadlineMs) throw error
    }
  }
}

/** What the lab sets for each peer itself. */
export const OWN_SETTINGS: ReadonlySet<OptionName> = new Set<OptionName>([
  ...(['data', 'network', 'listen', 'api', 'domain', 'quota', 'dht', 'mdns', 'upnp', 'autonat'] as const)
])

const LAUNCHER = fileURLToPath(new URL('../../bin/thhe.js', import.meta.url))
const PORT = 4701
const API_PORT = 4780
/** Every other peer joins through these. */
const BOOTSTRAP_PEERS = 2
const POLL_MS = 500
const STOP_TIMEOUT_MS = 10_000

export interface PeersInit {
  /** For data, logs and the network's descriptor. */
  readonly folder: string
  /** Namespaces of all hosts; a peer's number is its index, and 0 is the lab itself. */
  readonly namespaces: readonly string[]
  readonly code: { readonly k: number; readonly n: number }
  readonly validators: number
  /** Environment variables of settings, as `settingsOf` gives them. */
  readonly settings: Readonly<Record<string, string>>
  readonly startTimeoutMs: number
  readonly signal: AbortSignal
}

export interface LabPeer {
  /** From 1; the number of its host. */
  readonly number: number
  readonly id: string
  readonly client: NodeClient
}

interface Running extends LabPeer {
  readonly process: ChildProcess
}

export class LabPeers {
  readonly #init: PeersInit
  readonly #ids: readonly string[]
  readonly #running = new Map<number, Running>()

  private constructor(init: PeersInit, ids: readonly string[]) {
    this.#init = init
    this.#ids = ids
  }

  /** Makes the network, starts all peers, and waits until everybody knows everybody. */
  static async start(init: PeersInit): Promise<LabPeers> {
    const numbers = init.namespaces.map((_, number) => number).slice(1)
    const ids: string[] = ['']
    for (const number of numbers) ids.push(await futurePeerId(dataOf(init.folder, number)))
    const validators = ids.slice(1, 1 + Math.min(init.validators, MAX_EVERYBODY_VALIDATES))
    const descriptor = createDescriptor({
      name: 'lab',
      code: init.code,
      ...(validators.length > 0 && { quorumSet: flatQuorumSet(validators) }),
      bootstrap: numbers
        .slice(0, BOOTSTRAP_PEERS)
        .map((number) => `/ip4/${addressOf(number)}/tcp/${PORT}/p2p/${ids[number]}`)
    })
    await writeFile(networkFile(init.folder), formatDescriptor(descriptor))
    const peers = new LabPeers(init, ids)
    try {
      await Promise.all(numbers.map(async (number) => await peers.startPeer(number)))
      await peers.untilAllSee(numbers.length)
      return peers
    } catch (error) {
      await peers.stop()
      throw error
    }
  }

  /** Those that run, by number. */
  get running(): LabPeer[] {
    return [...this.#running.values()].sort((a, b) => a.number - b.number)
  }

  get(number: number): LabPeer {
    const peer = this.#running.get(number)
    if (peer === undefined) throw new RangeError(`Peer ${number} does not run.`)
    return peer
  }

  numberOf(id: string): number | undefined {
    const number = this.#ids.indexOf(id)
    return number < 1 ? undefined : number
  }

  /**
   * Starts one peer, again after a kill, and waits until it answers.
   *
   * @param own - settings of this peer, as environment variables
   */
  async startPeer(number: number, own: Readonly<Record<string, string>> = {}): Promise<LabPeer> {
    const { folder, namespaces, settings, signal } = this.#init
    const data = dataOf(folder, number)
    const log = await open(join(folder, `peer-${number}.log`), 'a')
    const child = spawn(
      'nsenter',
      [`--net=/run/netns/${namespaces[number]}`, process.execPath, LAUNCHER, ...this.#arguments(number)],
      {
        stdio: ['ignore', log.fd, log.fd],
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          MALLOC_ARENA_MAX: '2',
          UV_THREADPOOL_SIZE: '2',
          ...settings,
          ...own
        }
      }
    )
    const spawned = once(child, 'spawn')
    await log.close()
    await spawned
    const deadlineMs = performance.now() + this.#init.startTimeoutMs
    for (;;) {
      const file = await readApiFile(data)
      if (file !== undefined && file.pid === child.pid) {
        const token = (await readFile(file.tokenFile, 'utf8')).trim()
        const client = new NodeClient({ url: file.url, address: file.url, pid: file.pid, token, signal })
        const peer = { number, id: this.#ids[number], client, process: child }
        this.#running.set(number, peer)
        return peer
      }
      if (child.exitCode !== null) throw await ended(folder, number)
      if (performance.now() > deadlineMs)
        throw new Error(`Peer ${number} does not answer after ${this.#init.startTimeoutMs / 1000} s.`)
      await delay(POLL_MS, undefined, { signal })
    }
  }

  /** Waits until every peer that runs sees `count` live peers, itself included. */
  async untilAllSee(count: number): Promise<void> {
    const { startTimeoutMs, signal, folder } = this.#init
    const deadlineMs = performance.now() + startTimeoutMs
    for (const { number, client } of this.running) {
      for (;;) {
        const status = await patiently(client.status)
        if (status.ready && status.peers.live >= count) break
        if (this.#running.get(number)?.process.exitCode !== null) throw await ended(folder, number)
        if (performance.now() > deadlineMs) {
          throw new Error(
            `Peer ${number} sees ${status.peers.live} of ${count} peers after ${startTimeoutMs / 1000} s.`
          )
        }
        await delay(POLL_MS, undefined, { signal })
      }
    }
  }

  /** Ends a peer without warning, as a power cut would. */
  async kill(number: number): Promise<void> {
    await this.#end(number, 'SIGKILL')
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(async (number) => await this.#end(number, 'SIGTERM')))
  }

  async #end(number: number, how: NodeJS.Signals): Promise<void> {
    const peer = this.#running.get(number)
    if (peer === undefined) return
    this.#running.delete(number)
    const { process: child } = peer
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(how)
    const patience = new AbortController()
    const isOver = await Promise.race([
      exit.then(() => true),
      delay(STOP_TIMEOUT_MS, false, { signal: patience.signal })
    ])
    patience.abort()
    if (isOver) return
    child.kill('SIGKILL')
    await exit
  }

  #arguments(number: number): string[] {
    const { folder } = this.#init
    return [
      'node',
      ...['--data', dataOf(folder, number), '--network', networkFile(folder)],
      ...['--listen', `/ip4/${addressOf(number)}/tcp/${PORT}`, '--api', `${addressOf(number)}:${API_PORT}`],
      ...['--domain', `site-${number}`, '--quota', '1GiB', '--dht', 'server'],
      ...['--no-mdns', '--no-upnp', '--no-autonat']
    ]
  }
}

const dataOf = (folder: string, number: number): string => join(folder, `peer-${number}`)
const networkFile = (folder: string): string => join(folder, 'network.json')

const ended = async (folder: string, number: number): Promise<Error> => {
  const path = join(folder, `peer-${number}.log`)
  const log = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-8).join('\n')
  return new Error(`Peer ${number} has ended. Its log, ${path}, ends with:\n${log}`)
}
