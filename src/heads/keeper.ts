import { setMaxListeners } from 'node:events'
import type { PeerId, Stream } from '@libp2p/interface'
import { FramedStream } from '../../protocols/framing/index.ts'
import { HeadReply, HeadRequest, HeadStatus } from '../../protocols/generated/head.js'
import { decodePeerId } from '../../protocols/signed.ts'
import type { Cancel, Clock } from '../clock/index.ts'
import type { HologramLogger } from '../hologram/logger.ts'
import type { Mesh, Remote } from '../hologram/mesh.ts'
import { isHeadError } from './errors.ts'
import { HEAD_PROTOCOL, MAX_FRAME_BYTES, replyOf } from './exchange.ts'
import type { HeadExchange } from './exchange.ts'
import { headSeed, openHead } from './head.ts'
import type { Head } from './head.ts'
import { KeptHeadsStore } from './kept.ts'
import type { HeadRecords } from './kept.ts'
import type { HeadSettings } from './settings.ts'

const STREAMS_PER_CONNECTION = 16

export interface KeeperComponents {
  readonly mesh: Pick<Mesh, 'self' | 'networkId' | 'protocol' | 'open' | 'handle' | 'unhandle'>
  /** The peers that keep what belongs to a seed, best first; fewer than `count` where there are fewer. */
  readonly homes: (seed: Uint8Array, count: number) => readonly PeerId[]
  readonly records: HeadRecords
  /** Whom an address stands for, where peers share what they may bring. */
  readonly networkOf: (address: string) => string
  readonly clock: Clock
  readonly logger: HologramLogger
}

/** Which keepers were seen to have which heads of a name. */
interface Handed {
  readonly version: string
  readonly peers: Set<string>
}

/** The part of a peer that keeps heads of others: it serves them, and hands them over when their homes change. */
export class HeadKeeper {
  readonly #components: KeeperComponents
  readonly #settings: HeadSettings
  readonly #exchange: HeadExchange
  readonly #kept: KeptHeadsStore
  readonly #conversations = new Set<Promise<void>>()
  readonly #handed = new Map<string, Handed>()
  #stopping = new AbortController()
  #cancelRound: Cancel = () => {}
  #round: Promise<void> = Promise.resolve()
  #served = 0

  constructor(components: KeeperComponents, settings: HeadSettings, exchange: HeadExchange) {
    this.#components = components
    this.#settings = settings
    this.#exchange = exchange
    const { records, mesh, clock, logger } = components
    this.#kept = new KeptHeadsStore({
      records,
      networkId: mesh.networkId,
      clock,
      settings,
      onDropped: (name, error) => logger.warn('a head that is kept here is dropped', { name, error })
    })
  }

  /** Names of which heads are kept here. */
  get size(): number {
    return this.#kept.size
  }

  /** @throws what the records throw */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    setMaxListeners(0, this.#stopping.signal)
    await this.#kept.open()
    const { mesh } = this.#components
    const serve = async (stream: Stream, remote: Remote): Promise<void> => {
      const conversation = this.#serve(stream, remote)
      this.#conversations.add(conversation)
      await conversation.finally(() => this.#conversations.delete(conversation))
    }
    await mesh.handle(mesh.protocol(HEAD_PROTOCOL), serve, { maxInboundStreams: STREAMS_PER_CONNECTION })
    this.#scheduleRound()
  }

  async stop(): Promise<void> {
    const { mesh } = this.#components
    await mesh.unhandle(mesh.protocol(HEAD_PROTOCOL))
    this.#cancelRound()
    this.#stopping.abort(new Error('the node stops'))
    await Promise.all([this.#round, ...this.#conversations])
  }

  /** @param network - of the peer that asks; undefined for this node's own user. Never rejects. */
  async answer(request: Partial<HeadRequest>, network: string | undefined): Promise<HeadReply> {
    try {
      if (request.get !== undefined) {
        const name = decodePeerId(request.get)
        if (name === undefined) return replyOf(HeadStatus.HEAD_REFUSED, 'no name')
        return replyOf(HeadStatus.HEAD_OK, '', this.#kept.get(name.toString()))
      }
      if (request.put !== undefined) return await this.#take(request.put, network)
      return replyOf(HeadStatus.HEAD_REFUSED, 'the request asks for nothing that is known here')
    } catch (error) {
      if (isHeadError(error, 'BAD_HEAD')) return replyOf(HeadStatus.HEAD_REFUSED, error.message)
      this.#components.logger.warn('a request of head/1 failed', { error })
      return replyOf(HeadStatus.HEAD_FAILED, 'this peer failed')
    }
  }

  async #take(signed: Uint8Array, network: string | undefined): Promise<HeadReply> {
    const { mesh, clock, homes } = this.#components
    const head = await openHead(mesh.networkId, signed, clock.nowMs())
    // Peers differ a little in whom they know: twice as many may keep it as are asked to.
    const near = homes(headSeed(head.name), 2 * this.#settings.replicas)
    if (!near.some((peer) => peer.equals(mesh.self))) {
      return replyOf(HeadStatus.HEAD_REFUSED, 'this name is for other peers to keep')
    }
    const heads = await this.#kept.put(head, network)
    return heads === undefined
      ? replyOf(HeadStatus.HEAD_FULL, 'this peer keeps no further names')
      : replyOf(HeadStatus.HEAD_OK, '', heads)
  }

  /** Never rejects: whatever goes wrong is answered or logged. */
  async #serve(stream: Stream, { remotePeer, remoteAddr }: Remote): Promise<void> {
    const { clock, logger, networkOf } = this.#components
    const { timeoutMs, maxServed } = this.#settings
    const framed = new FramedStream(stream, {
      maxFrameBytes: MAX_FRAME_BYTES,
      clock,
      peer: remotePeer.toString()
    })
    const wait = { timeoutMs, signal: this.#stopping.signal }
    this.#served++
    try {
      for (;;) {
        const request = await framed.readMessage(HeadRequest, wait)
        if (request === undefined) break
        const reply =
          this.#served > maxServed
            ? replyOf(HeadStatus.HEAD_BUSY, 'too many requests')
            : await this.answer(request, networkOf(remoteAddr?.toString() ?? ''))
        await framed.writeMessage(HeadReply, reply, wait)
      }
      await framed.finish(wait)
    } catch (error) {
      logger.debug('a stream of head/1 broke off', { peer: remotePeer, error })
      framed.abort(error as Error)
    } finally {
      this.#served--
      framed.release()
    }
  }

  #scheduleRound(): void {
    const { clock, logger } = this.#components
    this.#cancelRound = clock.after(this.#settings.handOverMs, () => {
      this.#round = this.#handOver()
        .catch((error: unknown) => {
          if (!this.#stopping.signal.aborted) logger.warn('heads could not be handed over', { error })
        })
        .then(() => {
          if (!this.#stopping.signal.aborted) this.#scheduleRound()
        })
    })
  }

  async #handOver(): Promise<void> {
    for (const name of this.#kept.names()) {
      this.#stopping.signal.throwIfAborted()
      await this.#components.clock.turn()
      if (await this.#isDone(name, this.#kept.get(name))) {
        await this.#kept.drop(name)
        this.#handed.delete(name)
      }
    }
  }

  /**
   * Gives the heads of a name to those of its keepers that were not seen to have them.
   *
   * @returns whether this peer may forget them: they have expired, or they are for others to keep and a majority has them
   */
  async #isDone(name: string, heads: readonly Head[]): Promise<boolean> {
    if (heads.length === 0) return true
    const { mesh, homes, logger } = this.#components
    const { replicas } = this.#settings
    const near = homes(headSeed(heads[0].name), 2 * replicas)
    const keepers = near.slice(0, replicas)
    const have = this.#seenWith(name, versionOf(heads))
    for (const peer of keepers) {
      if (peer.equals(mesh.self) || have.has(peer.toString())) continue
      try {
        await giveTo(this.#exchange, peer, heads, this.#stopping.signal)
        have.add(peer.toString())
      } catch (error) {
        logger.debug('could not hand a head over', { name, peer, error })
      }
    }
    if (near.some((peer) => peer.equals(mesh.self))) return false
    return keepers.filter((peer) => have.has(peer.toString())).length > keepers.length / 2
  }

  #seenWith(name: string, version: string): Set<string> {
    const seen = this.#handed.get(name)
    if (seen?.version === version) return seen.peers
    const peers = new Set<string>()
    this.#handed.set(name, { version, peers })
    return peers
  }
}

/** @throws what `HeadExchange.ask` throws */
export async function giveTo(
  exchange: HeadExchange,
  peer: PeerId,
  heads: readonly Head[],
  signal: AbortSignal
): Promise<void> {
  for (const { name, signed } of heads) {
    await exchange.ask(peer, { put: Uint8Array.from(signed) }, name, signal)
  }
}

/** Equal for equal sets of heads. */
export function versionOf(heads: readonly Head[]): string {
  return heads.map(({ sequence, value }) => `${sequence} ${Buffer.from(value).toString('base64')}`).join(',')
}
