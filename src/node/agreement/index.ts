// The agreed map of a running node: connects src/agreement to gossip, agree/2 and the store's notes.
import { quorumSetNodes } from '../../../fba/index.ts'
import { Agreement, AgreementError, MemoryRecords } from '../../agreement/index.ts'
import { Libp2pAgreementLink } from './link.ts'
import { checkTrust } from './trust-check.ts'
import type { TrustState } from './trust-check.ts'
import { mapRules } from './rules.ts'
import { StatementKeys } from './statement-keys.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { QuorumSet } from '../../../fba/index.ts'
import type { AgreementRecords, AgreementStatus } from '../../agreement/index.ts'
import type { RandomSource } from '../../clock/index.ts'
import type { AgreedMap } from '../../manifold/map/index.ts'
import type { Agreed } from '../peers/hearing.ts'
import type { Libp2pLinkInit } from './link.ts'

export interface MapAgreementInit extends Libp2pLinkInit {
  readonly privateKey: Ed25519PrivateKey
  /** The network's quorum set, from its descriptor. */
  readonly quorumSet: QuorumSet
  readonly epochMs: number
  readonly records: AgreementRecords
  readonly random: RandomSource
}

export class MapAgreement {
  readonly #init: MapAgreementInit
  readonly #link: Libp2pAgreementLink
  readonly #keys: StatementKeys
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<(map: AgreedMap, slot: number) => void>()
  #agreement: Agreement<AgreedMap>
  #trust: TrustState = 'checking'

  constructor(init: MapAgreementInit) {
    this.#init = init
    this.#link = new Libp2pAgreementLink(init)
    this.#keys = new StatementKeys(init.privateKey, init.networkId)
    this.#agreement = this.#make(init.records, true)
  }

  /** The current map and the slot in which it was agreed. */
  get current(): { readonly map: AgreedMap; readonly slot: number } | undefined {
    return this.#agreement.current
  }

  /** Whether any two quorums of the network's validators have a member in common. */
  get trust(): TrustState {
    return this.#trust
  }

  /** Calls `listener` with each map that is agreed on, once its bytes are known. */
  onMap(listener: (map: AgreedMap, slot: number) => void): void {
    this.#listeners.add(listener)
  }

  /** What decides whose reports this node takes in. */
  get agreed(): Agreed {
    const { quorumSet } = this.#init
    const { isStale } = this.#agreement.status()
    return {
      isValidator: this.#agreement.isValidator,
      map: isStale ? undefined : this.current?.map,
      validators: [...quorumSetNodes(quorumSet)]
    }
  }

  status(): AgreementStatus {
    return this.#agreement.status()
  }

  async start(): Promise<void> {
    const { logger } = this.#init
    try {
      await this.#agreement.start()
    } catch (error) {
      if (!(error instanceof AgreementError)) throw error
      // A validator that has lost its own statements must not vote: it could contradict itself.
      logger.error(
        'this node follows the agreed map without a vote: what it said before cannot be read back',
        { error }
      )
      this.#agreement = this.#make(new MemoryRecords(), false)
      await this.#agreement.start()
    }
    await this.#link.start({
      receive: (envelope, from, value) => this.#agreement.receive(envelope, from, value),
      answer: (question) => this.#agreement.answer(question)
    })
    const { quorumSet } = this.#init
    void checkTrust({ quorumSet, logger, signal: this.#stopping.signal }).then(
      (trust) => (this.#trust = trust)
    )
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the node stops'))
    await this.#link.stop()
    await this.#agreement.stop()
  }

  #make(records: AgreementRecords, mayVote: boolean): Agreement<AgreedMap> {
    const { host, networkId, quorumSet, epochMs, clock, random, logger } = this.#init
    const agreement = new Agreement<AgreedMap>(
      {
        clock,
        random,
        logger,
        link: this.#link,
        records,
        rules: mapRules(networkId),
        sign: this.#keys.signStatement,
        verify: this.#keys.verifyEnvelope
      },
      { self: host.peerId.toString(), roster: quorumSet, epochMs, mayVote }
    )
    agreement.onMap((map, slot) => {
      for (const listener of this.#listeners) listener(map, slot)
    })
    return agreement
  }
}
