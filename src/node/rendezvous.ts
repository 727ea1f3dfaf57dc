// Finds peers of the network through a public DHT that knows nothing about it (docs/reference/protocols.md, "Rendezvous").
import { createHash } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import * as Digest from 'multiformats/hashes/digest'
import { sha256 } from 'multiformats/hashes/sha2'
import { deadlineIn } from '../clock/index.ts'
import type { PeerInfo } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Clock } from '../clock/index.ts'
import type { Host } from './host/host.ts'
import type { Logger } from './logger.ts'
import type { Module } from './module.ts'
import type { Membership } from './peers/membership.ts'

/** Protocols of the DHT and of relays: peers that speak these stay connected although they are not of our network. */
export const PUBLIC_PROTOCOLS = ['/ipfs/kad/1.0.0', '/libp2p/circuit/relay/0.2.0/hop']

const ROUND_DEADLINE_MS = 120_000
const DIAL_DEADLINE_MS = 10_000
/** First and longest pause between rounds until a peer of the network is found; each pause is twice the one before. */
const FIRST_SEARCH_MS = 2_000
const SEARCHING_MS = 60_000
/** Pause between rounds after that. */
const SETTLED_MS = 600_000
/** Provider records live for one or two days; this republishes them well before. */
const PROVIDE_MS = 6 * 3_600_000
/** Connections with public peers that stay open after a round; the others are closed. */
const PUBLIC_PEERS_KEPT = 16

/** The CID that the peers of a network provide: raw, SHA-256 of "thhe/rendezvous/1" and the network id. */
export const rendezvousCid = (networkId: Uint8Array): CID => {
  const digest = createHash('sha256').update('thhe/rendezvous/1').update(networkId).digest()
  return CID.createV1(raw.code, Digest.create(sha256.code, digest))
}

export interface RendezvousInit {
  readonly host: Host
  /** The public DHT, joined as a client. */
  readonly dht: KadDHT
  readonly membership: Membership
  readonly networkId: Uint8Array
  /** Bootstrap peers of the public DHT. */
  readonly bootstrap: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
}

/** @param rendezvous - undefined where the node does not use it */
export const rendezvousModule = (rendezvous: Rendezvous | undefined): Module => ({
  name: 'rendezvous',
  start: () => rendezvous?.start(),
  stop: async () => await rendezvous?.stop(),
  status: () => ({ rendezvous: rendezvous?.state ?? 'off' })
})

export class Rendezvous {
  readonly #init: RendezvousInit
  readonly #cid: CID
  #stop = new AbortController()
  #running: Promise<void> | undefined
  #provided = { atMs: -Infinity, addresses: '' }
  #joined = false

  constructor(init: RendezvousInit) {
    this.#init = init
    this.#cid = rendezvousCid(init.networkId)
  }

  /** Whether the public DHT has been reached. */
  get state(): 'joining' | 'joined' {
    return this.#joined ? 'joined' : 'joining'
  }

  start(): void {
    this.#stop = new AbortController()
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { membership, clock, logger } = this.#init
    const { signal } = this.#stop
    for (let round = 0; !signal.aborted; round++) {
      try {
        using deadline = deadlineIn(clock, ROUND_DEADLINE_MS, signal)
        await this.#round(deadline.signal)
      } catch (error) {
        if (!signal.aborted) logger.info('rendezvous round failed', { error })
      }
      const searchingMs = Math.min(FIRST_SEARCH_MS * 2 ** round, SEARCHING_MS)
      const pauseMs = membership.size === 0 ? searchingMs : SETTLED_MS
      // Rejects when the node stops; the loop ends then.
      await clock.sleep(pauseMs, signal).catch(() => {})
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    await this.#join(signal)
    await this.#find(signal)
    await this.#provide(signal)
    await this.#shedPublicPeers(signal)
  }

  /** Reaches at least one bootstrap peer of the public DHT. @throws if none answers */
  async #join(signal: AbortSignal): Promise<void> {
    const { host, bootstrap, clock, logger } = this.#init
    const dials = bootstrap.map(async (address) => {
      using deadline = deadlineIn(clock, DIAL_DEADLINE_MS, signal)
      return await host.dial(multiaddr(address), { signal: deadline.signal })
    })
    const reached = (await Promise.allSettled(dials)).filter(({ status }) => status === 'fulfilled').length
    if (reached === 0)
      throw new Error(`none of ${bootstrap.length} bootstrap peers of the public DHT answers`)
    if (!this.#joined) logger.info('joined the public DHT', { bootstrapPeers: reached })
    this.#joined = true
  }

  /** Republishes the provider record when it is old or its addresses are out of date. */
  async #provide(signal: AbortSignal): Promise<void> {
    const { host, dht, clock } = this.#init
    const addresses = host.getMultiaddrs().map(String).sort().join()
    if (clock.monotonicMs() - this.#provided.atMs < PROVIDE_MS && addresses === this.#provided.addresses)
      return
    for await (const event of dht.provide(this.#cid, { signal })) {
      if (event.name !== 'PEER_RESPONSE' || event.messageName !== 'ADD_PROVIDER') continue
      this.#provided = { atMs: clock.monotonicMs(), addresses }
    }
  }

  async #find(signal: AbortSignal): Promise<void> {
    const { host, dht } = this.#init
    const dials: Array<Promise<void>> = []
    for await (const event of dht.findProviders(this.#cid, { signal })) {
      if (event.name !== 'PROVIDER') continue
      for (const provider of event.providers) {
        if (!provider.id.equals(host.peerId)) dials.push(this.#meet(provider, signal))
      }
    }
    await Promise.all(dials)
  }

  /** Dials a peer that claims to belong to the network; membership checks the claim. */
  async #meet({ id, multiaddrs }: PeerInfo, signal: AbortSignal): Promise<void> {
    const { host, clock, logger } = this.#init
    using deadline = deadlineIn(clock, DIAL_DEADLINE_MS, signal)
    try {
      if (multiaddrs.length > 0) await host.peerStore.merge(id, { multiaddrs })
      await host.dial(id, { signal: deadline.signal })
    } catch (error) {
      logger.debug('could not reach a peer found by rendezvous', { peer: id, error })
    }
  }

  /** Closes connections: a walk through the public DHT leaves dozens of unneeded ones open. */
  async #shedPublicPeers(signal: AbortSignal): Promise<void> {
    const { host, membership } = this.#init
    const idle = host
      .getConnections()
      .filter(({ remotePeer, streams }) => !membership.has(remotePeer) && streams.length === 0)
    for (const connection of idle.slice(PUBLIC_PEERS_KEPT)) {
      const { tags } = await host.peerStore.get(connection.remotePeer, { signal })
      // A tagged peer is in use, e.g. as a relay.
      if (tags.size === 0) await connection.close({ signal })
    }
  }
}
