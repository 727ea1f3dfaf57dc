import { createHash } from 'node:crypto'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { MAX_FLOOD_BYTES, SHAPED_MESH, SHAPED_THRESHOLDS } from './gossip-shape.ts'
import type { GossipSub, GossipSubComponents, GossipsubOpts, Message, PublishResult } from '@libp2p/gossipsub'
import type { GossipShape } from './gossip-shape.ts'

const KIB = 1024

/** Limits on what a peer may make us buffer and decode; a report is at most 4 KiB with its signature. */
const LIMITS = {
  maxInboundDataLength: 64 * KIB,
  maxInboundStreams: 2,
  maxOutboundStreams: 2,
  maxTopicBytesPerPeer: 64 * KIB,
  maxOutboundBufferSize: 4 * KIB * KIB,
  decodeRpcLimits: {
    maxSubscriptions: 64,
    maxMessages: 512,
    maxIhaveMessageIDs: 2048,
    maxIwantMessageIDs: 2048,
    maxControlMessages: 512,
    maxIdontwantMessageIDs: 512,
    maxPeerInfos: 16
  }
}

/** The topic of peer reports (docs/reference/protocols.md, "Reports"). */
export const reportsTopic = (prefix: string): string => `${prefix}/reports/1`

/** The topic of reports that go to neighbours and no further (docs/reference/protocols.md, "Reports"). */
export const neighbourReportsTopic = (prefix: string): string => `${prefix}/neighbours/1`

/** The topic of statements on the agreed map (docs/reference/protocols.md, "Agreed map"). */
export const agreementTopic = (prefix: string): string => `${prefix}/agree/2`

/** The topics of agreed slots: statements of the validators, and transactions (docs/reference/protocols.md, "Agreed slots"). */
export const fieldTopic = (prefix: string): string => `${prefix}/field/2`
export const transactionsTopic = (prefix: string): string => `${prefix}/transactions/2`

const topicsOf = (prefix: string): string[] => [
  reportsTopic(prefix),
  neighbourReportsTopic(prefix),
  agreementTopic(prefix),
  fieldTopic(prefix),
  transactionsTopic(prefix)
]

/** Below the first score, a peer gets no gossip; below the second, none of our messages; below the third, it is ignored. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -10,
  publishThreshold: -50,
  graylistThreshold: -80
} as const

/** Counters decay once a second to a thousandth in an hour: 0.001 ^ (1 / 3600). */
const HOURLY_DECAY = 0.998083

/** How a peer gains and loses score on a topic; see `scoreParams`. */
const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1,
  timeInMeshCap: 1,
  firstMessageDeliveriesWeight: 0.1,
  firstMessageDeliveriesDecay: HOURLY_DECAY,
  firstMessageDeliveriesCap: 50,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: HOURLY_DECAY,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 3_600_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: HOURLY_DECAY,
  invalidMessageDeliveriesWeight: -4,
  invalidMessageDeliveriesDecay: HOURLY_DECAY
}

/**
 * Scores of peers (gossipsub v1.1, "Peer Scoring"). Many peers behind one address are normal here: a site behind a NAT,
 * a compose file, a cluster on one machine. So P6, colocation, is off; `connection-limit.ts` limits the slots per address
 * instead. Reports are rare, one per peer and interval, so P3, deliveries in the mesh, is off as well: it would punish
 * every peer in a quiet network. Only P4 costs score: after two invalid reports we end gossip with their sender, after
 * four we publish nothing to it, and after five we ignore it for some minutes. A near peer has 12 more (P5), and may send
 * one invalid report more.
 */
const scoreParams = (prefix: string, shape?: GossipShape): NonNullable<GossipsubOpts['scoreParams']> => ({
  ...(shape !== undefined && { appSpecificScore: shape.score, appSpecificWeight: 1 }),
  IPColocationFactorWeight: 0,
  topicScoreCap: 10,
  topics: Object.fromEntries(topicsOf(prefix).map((topic) => [topic, TOPIC_SCORE]))
})

/**
 * Gossipsub under the network's own protocol id, so that it never forms a mesh with peers of another network.
 *
 * @param shape - says who is near; without it meshes are random
 */
export const gossip =
  (prefix: string, shape?: GossipShape) =>
  (components: GossipSubComponents): GossipSub => {
    const router = gossipsub({
      // Messages contain their author's signature themselves (docs/reference/protocols.md, "Signatures").
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: contentId,
      fallbackToFloodsub: false,
      allowPublishToZeroTopicPeers: true,
      runOnLimitedConnection: true,
      // Messages on other topics are dropped before they are decoded into the cache.
      allowedTopics: topicsOf(prefix),
      scoreParams: scoreParams(prefix, shape),
      scoreThresholds: { ...SCORE_THRESHOLDS, ...(shape !== undefined && SHAPED_THRESHOLDS) },
      ...(shape !== undefined && SHAPED_MESH),
      ...LIMITS
    })(components)
    if (shape !== undefined) publishLongInMesh(router)
    // Version 17 documents an option for this but ignores it.
    router.protocols = [`${prefix}/meshsub/1.2.0`]
    return router
  }

/** Version 17 takes options for one message; its interface leaves them out. */
interface PublishesWithOptions {
  publish: (topic: string, data?: Uint8Array, options?: { floodPublish?: boolean }) => Promise<PublishResult>
}

/** Long messages go into the mesh only; short ones to every connected peer at once, as gossipsub has it. */
const publishLongInMesh = (router: PublishesWithOptions): void => {
  const publish = router.publish.bind(router)
  router.publish = async (topic, data, options) =>
    await publish(topic, data, { floodPublish: (data?.byteLength ?? 0) <= MAX_FLOOD_BYTES, ...options })
}

/** The id of a message is a hash of its content, so it does not depend on the peer that passes it on. */
const contentId = (message: Message): Uint8Array =>
  createHash('sha256').update(message.topic).update('\0').update(message.data).digest()
