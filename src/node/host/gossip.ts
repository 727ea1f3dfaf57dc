import { createHash } from 'node:crypto'
import { gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import type { GossipSub, GossipSubComponents, Message } from '@libp2p/gossipsub'

const KIB = 1024

/** What a peer may make us hold and decode; a report is at most 4 KiB with its signature. */
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

/** Gossipsub under the network's own protocol id, so that it never meshes with peers of another network. */
export const gossip =
  (prefix: string) =>
  (components: GossipSubComponents): GossipSub => {
    const router = gossipsub({
      // Messages carry their author's signature themselves (docs/reference/protocols.md, "Signatures").
      globalSignaturePolicy: StrictNoSign,
      msgIdFn: contentId,
      fallbackToFloodsub: false,
      allowPublishToZeroTopicPeers: true,
      runOnLimitedConnection: true,
      ...LIMITS
    })(components)
    // Version 17 documents an option for this and ignores it.
    router.protocols = [`${prefix}/meshsub/1.2.0`]
    return router
  }

/** Messages are known by what they say, whoever passes them on. */
const contentId = (message: Message): Uint8Array =>
  createHash('sha256').update(message.topic).update('\0').update(message.data).digest()
