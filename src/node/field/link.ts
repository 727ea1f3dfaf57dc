// The field's link to other peers: as the map's, and a second gossip topic for transactions.
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { decodeTransactions } from '../../field/index.ts'
import { Libp2pAgreementLink } from '../agreement/link.ts'
import { fieldTopic, transactionsTopic } from '../host/gossip.ts'
import type { PeerId } from '@libp2p/interface'
import type { Envelope } from '../../../fba/index.ts'
import type { AskOptions, Question, Reply } from '../../agreement/index.ts'
import type { FieldLink, ReceivedTransactions, TransactionGossip } from '../../field/index.ts'
import type { Libp2pLinkInit, LinkListener } from '../agreement/link.ts'

const VERDICTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
} as const

export interface FieldListener extends LinkListener {
  receiveTransactions: (gossip: TransactionGossip, from: string) => ReceivedTransactions
}

export class Libp2pFieldLink implements FieldLink {
  readonly #init: Libp2pLinkInit
  readonly #statements: Libp2pAgreementLink
  readonly #topic: string

  constructor(init: Libp2pLinkInit) {
    this.#init = init
    this.#statements = new Libp2pAgreementLink(init, {
      topic: fieldTopic(init.prefix),
      protocol: `${init.prefix}/field/2`
    })
    this.#topic = transactionsTopic(init.prefix)
  }

  async start(listener: FieldListener): Promise<void> {
    await this.#statements.start(listener)
    const { pubsub } = this.#init.host.services
    pubsub.topicValidators.set(this.#topic, (from, { data }) => judge(from, data, listener))
    pubsub.subscribe(this.#topic)
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#init.host.services
    pubsub.unsubscribe(this.#topic)
    pubsub.topicValidators.delete(this.#topic)
    await this.#statements.stop()
  }

  publish = async (envelope: Envelope): Promise<void> => await this.#statements.publish(envelope)
  ask = async (peer: string, question: Question, options: AskOptions): Promise<Reply> =>
    await this.#statements.ask(peer, question, options)
  peers = (): string[] => this.#statements.peers()

  async publishTransactions(message: Uint8Array): Promise<void> {
    await this.#init.host.services.pubsub.publish(this.#topic, message)
  }
}

const judge = (from: PeerId, bytes: Uint8Array, listener: FieldListener): TopicValidatorResult => {
  try {
    return VERDICTS[listener.receiveTransactions(decodeTransactions(bytes), from.toString())]
  } catch {
    return TopicValidatorResult.Reject
  }
}
