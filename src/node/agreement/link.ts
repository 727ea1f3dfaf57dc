// The agreement's link to other peers: a gossip topic for envelopes, agree/2 for questions.
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { FramedStream } from '../../../protocols/framing/index.ts'
import { agreementTopic } from '../host/gossip.ts'
import {
  decodeEnvelope,
  decodeQuestion,
  decodeReply,
  encodeEnvelope,
  encodeQuestion,
  encodeReply
} from './envelope.ts'
import { MAX_GOSSIP_BYTES, MAX_QUESTION_BYTES, MAX_REPLY_BYTES } from './envelope.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { GossipEnvelope } from './envelope.ts'
import type { Envelope } from '../../../fba/index.ts'
import type { AgreementLink, AskOptions, EpochOutcome, Question, Reply } from '../../agreement/index.ts'
import type { Clock } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'
import type { Hearing } from '../peers/hearing.ts'
import type { PeerTable } from '../peers/peer-table.ts'

const ANSWER_TIMEOUT_MS = 5_000
const STREAMS_PER_CONNECTION = 4
/** Passes frames through unchanged: envelope.ts encodes and decodes them. */
const BYTES = {
  encode: (bytes: Uint8Array): Uint8Array => bytes,
  decode: (bytes: Uint8Array): Uint8Array => bytes
}

export interface Libp2pLinkInit {
  readonly host: Host
  readonly table: PeerTable
  /** Whether everybody's reports come to this node, and the connected peers to which they do. */
  readonly hearing: Pick<Hearing, 'isHearing' | 'hearers'>
  readonly networkId: Uint8Array
  /** First part of the network's protocol ids and topics. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
}

export interface AgreementNames {
  /** Gossip topic of the statements. */
  readonly topic: string
  /** Protocol of the questions. */
  readonly protocol: string
}

/** Receives what arrives over the link. */
export interface LinkListener {
  receive: (envelope: Envelope, from: string, value?: Uint8Array) => EpochOutcome
  answer: (question: Question) => Reply | Promise<Reply>
}

export class Libp2pAgreementLink implements AgreementLink {
  readonly #init: Libp2pLinkInit
  readonly #topic: string
  readonly #protocol: string

  /** @param names - of another agreement than that on the map */
  constructor(
    init: Libp2pLinkInit,
    { topic, protocol }: AgreementNames = {
      topic: agreementTopic(init.prefix),
      protocol: `${init.prefix}/agree/2`
    }
  ) {
    this.#init = init
    this.#topic = topic
    this.#protocol = protocol
  }

  async start(listener: LinkListener): Promise<void> {
    const { host } = this.#init
    await host.handle(this.#protocol, (stream) => this.#serve(stream, listener), {
      maxInboundStreams: STREAMS_PER_CONNECTION,
      maxOutboundStreams: STREAMS_PER_CONNECTION,
      runOnLimitedConnection: true
    })
    const { pubsub } = host.services
    pubsub.topicValidators.set(this.#topic, (from, { data }) => this.#judge(from, data, listener))
    pubsub.subscribe(this.#topic)
  }

  async stop(): Promise<void> {
    const { pubsub } = this.#init.host.services
    pubsub.unsubscribe(this.#topic)
    pubsub.topicValidators.delete(this.#topic)
    await this.#init.host.unhandle(this.#protocol)
  }

  async publish(envelope: Envelope, value?: Uint8Array): Promise<void> {
    const bytes = encodeEnvelope(envelope, value)
    if (bytes.byteLength > MAX_GOSSIP_BYTES) {
      // Peers ask for it instead: an answer may be longer than a gossip message.
      this.#init.logger.debug('a statement is too long for gossip', { bytes: bytes.byteLength })
      return
    }
    await this.#init.host.services.pubsub.publish(this.#topic, bytes)
  }

  /** @throws FramingError, or what dialling throws */
  async ask(peer: string, question: Question, { signal }: AskOptions): Promise<Reply> {
    const { host, networkId, clock } = this.#init
    const stream = await host.dialProtocol(peerIdFromString(peer), this.#protocol, {
      signal,
      runOnLimitedConnection: true
    })
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_REPLY_BYTES, clock, peer })
    try {
      const options = { timeoutMs: ANSWER_TIMEOUT_MS, signal }
      await framed.writeMessage(BYTES, encodeQuestion(networkId, question), options)
      const reply = await framed.read(options)
      if (reply === undefined) throw new Error('the peer closed the stream without an answer')
      await framed.close(options)
      return decodeReply(reply)
    } catch (error) {
      framed.abort(error as Error)
      throw error
    }
  }

  peers(): string[] {
    const { host, table } = this.#init
    return table
      .live()
      .map(({ report }) => report.peer)
      .filter((peer) => !peer.equals(host.peerId) && host.getConnections(peer).length > 0)
      .map(String)
  }

  reports(): Uint8Array[] {
    return this.#init.table.signedReports()
  }

  hearsReports(): boolean {
    return this.#init.hearing.isHearing
  }

  mapHolders(): string[] {
    return this.#init.hearing.hearers()
  }

  #judge(from: PeerId, bytes: Uint8Array, listener: LinkListener): TopicValidatorResult {
    let received: GossipEnvelope
    try {
      received = decodeEnvelope(bytes)
    } catch {
      return TopicValidatorResult.Reject
    }
    switch (listener.receive(received.envelope, from.toString(), received.value)) {
      case 'accept':
        return TopicValidatorResult.Accept
      case 'reject':
        return TopicValidatorResult.Reject
      case 'ignore':
        return TopicValidatorResult.Ignore
    }
  }

  async #serve(stream: Stream, listener: LinkListener): Promise<void> {
    const { networkId, clock, logger } = this.#init
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_QUESTION_BYTES, clock })
    const options = { timeoutMs: ANSWER_TIMEOUT_MS }
    try {
      const question = await framed.read(options)
      if (question !== undefined) {
        const reply = await listener.answer(decodeQuestion(networkId, question))
        await framed.writeMessage(BYTES, encodeReply(reply), options)
      }
      await framed.close(options)
    } catch (error) {
      logger.debug('could not answer a question about an agreement', { error })
      framed.abort(error as Error)
    }
  }
}
