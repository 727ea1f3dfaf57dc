// The field of a running node: connects src/field to gossip, field/2 and the store's notes.
import { createHash } from 'node:crypto'
import { MemoryRecords } from '../../agreement/index.ts'
import { Field, FieldError } from '../../field/index.ts'
import { StatementKeys } from '../agreement/statement-keys.ts'
import { Libp2pFieldLink } from './link.ts'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { QuorumSet } from '../../../fba/index.ts'
import type { AgreementRecords } from '../../agreement/index.ts'
import type { RandomSource } from '../../clock/index.ts'
import type {
  Author,
  Change,
  FieldStatus,
  LogEntry,
  LogProof,
  Outcome,
  SignedTransaction,
  SlotEntry,
  SlotName,
  SlotProof,
  SlotView
} from '../../field/index.ts'
import type { Libp2pLinkInit } from '../agreement/link.ts'

export interface NodeFieldInit extends Libp2pLinkInit {
  readonly privateKey: Ed25519PrivateKey
  /** The network's quorum set, from its descriptor. */
  readonly quorumSet: QuorumSet
  readonly records: AgreementRecords
  readonly random: RandomSource
}

/** Statements on the field are signed for a domain of their own: said on the map, they would mean something else. */
export const fieldDomain = (networkId: Uint8Array): Uint8Array =>
  createHash('sha256').update('thhe/field/statements/1\0').update(networkId).digest()

export class NodeField {
  readonly #init: NodeFieldInit
  readonly #link: Libp2pFieldLink
  readonly #listeners = new Set<(round: number, changed: ReadonlySet<string>) => void>()
  #field: Field

  constructor(init: NodeFieldInit) {
    this.#init = init
    this.#link = new Libp2pFieldLink(init)
    this.#field = this.#make(init.records, true)
  }

  async start(): Promise<void> {
    const { logger } = this.#init
    try {
      await this.#field.start()
    } catch (error) {
      if (!(error instanceof FieldError)) throw error
      // A validator that has lost its own statements must not vote: it could contradict itself.
      logger.error('this node follows the field without a vote: what it agreed to cannot be read back', {
        error
      })
      this.#field = this.#make(new MemoryRecords(), false)
      await this.#field.start()
    }
    await this.#link.start({
      receive: (envelope, from) => this.#field.receive(envelope, from),
      receiveTransactions: (gossip, from) => this.#field.receiveTransactions(gossip, from),
      answer: (question) => this.#field.answer(question)
    })
  }

  async stop(): Promise<void> {
    await this.#link.stop()
    await this.#field.stop()
  }

  /** Calls `listener` after each round with the ids of the slots that it changed. @returns ends the subscription */
  onRound(listener: (round: number, changed: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws as `Field.submit` */
  submit = async (
    slot: SlotName,
    change: Change,
    options?: { readonly signal?: AbortSignal; readonly author?: Author }
  ): Promise<Outcome> => await this.#field.submit(slot, change, options)
  /** @throws as `Field.submitSigned` */
  submitSigned = async (bytes: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Outcome> =>
    await this.#field.submitSigned(bytes, options)
  /** @throws as `Field.openSigned` */
  openSigned = (bytes: Uint8Array): SignedTransaction => this.#field.openSigned(bytes)
  /** @throws as `Field.sync` */
  sync = async (signal?: AbortSignal): Promise<void> => await this.#field.sync(signal)
  /** How long ago the state here was known to be the newest. */
  get ageMs(): number {
    return this.#field.ageMs
  }

  view = (name: SlotName): SlotView => this.#field.view(name)
  list = (owner?: string): SlotEntry[] => this.#field.list(owner)
  log = async (name: SlotName): Promise<LogEntry[]> => await this.#field.log(name)
  prove = (name: SlotName): SlotProof | undefined => this.#field.prove(name)
  proveLog = async (name: SlotName): Promise<LogProof | undefined> => await this.#field.proveLog(name)
  status = (): FieldStatus => this.#field.status()

  #make(records: AgreementRecords, mayVote: boolean): Field {
    const { host, networkId, quorumSet, clock, random, logger, privateKey } = this.#init
    const statements = new StatementKeys(privateKey, fieldDomain(networkId))
    const field = new Field(
      {
        clock,
        random,
        logger,
        records,
        link: this.#link,
        sign: statements.sign,
        verify: statements.verify,
        signStatement: statements.signStatement,
        verifyEnvelope: statements.verifyEnvelope
      },
      { self: host.peerId.toString(), networkId, roster: quorumSet, mayVote }
    )
    field.onRound((round, changed) => {
      for (const listener of this.#listeners) listener(round, changed)
    })
    return field
  }
}
