import { setMaxListeners } from 'node:events'
import type { PeerId } from '@libp2p/interface'
import type { HeadRequest } from '../../protocols/generated/head.js'
import { HeadError } from './errors.ts'
import { HeadExchange } from './exchange.ts'
import { headSeed, newest, openHead } from './head.ts'
import type { Head } from './head.ts'
import { giveTo, HeadKeeper, versionOf } from './keeper.ts'
import type { KeeperComponents } from './keeper.ts'
import { DEFAULT_HEAD_SETTINGS } from './settings.ts'
import type { HeadSettings } from './settings.ts'

export type HeadsComponents = KeeperComponents

export interface Resolved {
  /** One, or several of one sequence when two wrote at the same time. */
  readonly heads: readonly Head[]
  /** Keepers that answered, how many of them had exactly these heads, and how many keepers there are. */
  readonly answered: number
  readonly agreed: number
  readonly keepers: number
}

export interface Published {
  /** Keepers that have it on their disks, and how many there are. */
  readonly confirmed: number
  readonly keepers: number
  /** All heads of its sequence that are kept: more than one when somebody wrote at the same time. */
  readonly heads: readonly Head[]
}

interface Good {
  readonly peer: PeerId
  readonly heads: readonly Head[]
}

interface Answers {
  readonly good: readonly Good[]
  readonly errors: readonly unknown[]
}

/**
 * Heads are kept by the peers to which their names belong (`homes`). A head is published when a majority of them has it on
 * disk, and read from a majority, so that a reader always meets a keeper of the newest one.
 */
export class Heads {
  readonly #components: HeadsComponents
  readonly #settings: HeadSettings
  readonly #exchange: HeadExchange
  readonly #keeper: HeadKeeper
  readonly #mending = new Set<Promise<void>>()
  #stopping = new AbortController()

  constructor(components: HeadsComponents, settings: Partial<HeadSettings> = {}) {
    this.#components = components
    this.#settings = { ...DEFAULT_HEAD_SETTINGS, ...settings }
    const { mesh, clock } = components
    this.#exchange = new HeadExchange({ mesh, clock, timeoutMs: this.#settings.timeoutMs })
    this.#keeper = new HeadKeeper(components, this.#settings, this.#exchange)
  }

  /** Names of which heads are kept here. */
  get kept(): number {
    return this.#keeper.size
  }

  /** @throws what the records throw */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    setMaxListeners(0, this.#stopping.signal)
    await this.#keeper.start()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await Promise.all([this.#keeper.stop(), ...this.#mending])
  }

  /**
   * Gives a signed head to the keepers of its name. Resolves when a majority of them has it on disk.
   *
   * @throws HeadError 'BAD_HEAD' | 'STALE_HEAD' | 'NO_MAJORITY'; the signal's reason
   */
  async publish(name: PeerId, signed: Uint8Array, signal?: AbortSignal): Promise<Published> {
    const { mesh, clock } = this.#components
    const head = await openHead(mesh.networkId, signed, clock.nowMs())
    if (!head.name.equals(name)) throw new HeadError('BAD_HEAD', 'The head is of another name.')
    const keepers = this.#keepersOf(name)
    const answers = await this.#askMajority(keepers, { put: Uint8Array.from(signed) }, name, signal)
    const heads = newest(answers.good.flatMap((answer) => answer.heads))
    if (heads.some(({ sequence }) => sequence > head.sequence)) {
      const [{ sequence }] = heads
      throw new HeadError('STALE_HEAD', `A head with sequence ${sequence} is kept already.`, { sequence })
    }
    checkMajority(answers, keepers.length)
    return { confirmed: answers.good.length, keepers: keepers.length, heads }
  }

  /**
   * The newest head of a name by a majority of its keepers. Those that lack it are given it.
   *
   * @throws HeadError 'NO_HEAD' | 'NO_MAJORITY'; the signal's reason
   */
  async resolve(name: PeerId, signal?: AbortSignal): Promise<Resolved> {
    const keepers = this.#keepersOf(name)
    const request = { get: Uint8Array.from(name.toMultihash().bytes) }
    const answers = await this.#askMajority(keepers, request, name, signal)
    checkMajority(answers, keepers.length)
    const heads = newest(answers.good.flatMap((answer) => answer.heads))
    if (heads.length === 0) {
      throw new HeadError('NO_HEAD', `Nothing is published under ${name.toString()}, or it has expired.`, {
        keepers: keepers.length
      })
    }
    this.#mend(heads, answers.good)
    const agreed = answers.good.filter((answer) => versionOf(answer.heads) === versionOf(heads)).length
    return { heads, answered: answers.good.length, agreed, keepers: keepers.length }
  }

  #keepersOf(name: PeerId): readonly PeerId[] {
    return this.#components.homes(headSeed(name), this.#settings.replicas)
  }

  /** Gives the newest heads to keepers that answered without them. Where it fails, the keepers' next round tries again. */
  #mend(heads: readonly Head[], answers: readonly Good[]): void {
    const { mesh, logger } = this.#components
    for (const { peer } of answers.filter((answer) => versionOf(answer.heads) !== versionOf(heads))) {
      const mending = (
        peer.equals(mesh.self)
          ? Promise.all(
              heads.map(async ({ signed }) =>
                this.#keeper.answer({ put: Uint8Array.from(signed) }, undefined)
              )
            )
          : giveTo(this.#exchange, peer, heads, this.#stopping.signal)
      )
        .catch((error: unknown) => logger.debug('could not give a head to its keeper', { peer, error }))
        .then(() => void this.#mending.delete(mending))
      this.#mending.add(mending)
    }
  }

  /** Asks all keepers; stops waiting a little after a majority has answered. */
  async #askMajority(
    keepers: readonly PeerId[],
    request: Partial<HeadRequest>,
    name: PeerId,
    signal: AbortSignal | undefined
  ): Promise<Answers> {
    const end = new AbortController()
    const signals = [end.signal, this.#stopping.signal, ...(signal === undefined ? [] : [signal])]
    const all = AbortSignal.any(signals)
    setMaxListeners(0, all)
    const good: Good[] = []
    const errors: unknown[] = []
    const majority = Promise.withResolvers<void>()
    const asked = keepers.map(async (peer) => {
      try {
        good.push({ peer, heads: await this.#ask(peer, request, name, all) })
        if (good.length > keepers.length / 2) majority.resolve()
      } catch (error) {
        errors.push(error)
      }
    })
    const everybody = Promise.all(asked).then(() => majority.resolve())
    await majority.promise
    if (good.length + errors.length < keepers.length) {
      const { clock } = this.#components
      await Promise.race([everybody, clock.sleep(this.#settings.graceMs, all).catch(() => {})])
    }
    end.abort(new Error('a majority has answered'))
    await everybody
    signal?.throwIfAborted()
    return { good, errors }
  }

  async #ask(
    peer: PeerId,
    request: Partial<HeadRequest>,
    name: PeerId,
    signal: AbortSignal
  ): Promise<readonly Head[]> {
    if (!peer.equals(this.#components.mesh.self)) return await this.#exchange.ask(peer, request, name, signal)
    return await this.#exchange.verified(await this.#keeper.answer(request, undefined), peer, name)
  }
}

/** @throws HeadError 'NO_MAJORITY' */
function checkMajority({ good, errors }: Answers, keepers: number): void {
  if (good.length > keepers / 2) return
  throw new HeadError(
    'NO_MAJORITY',
    `${good.length} of the ${keepers} peers that keep this name answered; a majority is needed.`,
    { answered: good.length, keepers },
    { cause: new AggregateError(errors) }
  )
}
