import type { Peer, PeerId } from '@libp2p/interface'
import type { RandomSource } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'

/** Name of the entry that marks a member in libp2p's peer store. Its value is the network id. */
const MARK = 'thhe-network'

export interface RememberedInit {
  readonly host: Pick<Host, 'peerStore' | 'peerId'>
  readonly networkId: Uint8Array
  readonly random: RandomSource
}

/**
 * Members of the network that this node has met, on disk with their addresses (libp2p's peer store). A node that restarts
 * while its bootstrap peers are away finds the network through them. Protocols in the peer store do not tell members from
 * others: a peer that stops takes its protocols back one by one.
 */
export class RememberedPeers {
  readonly #init: RememberedInit

  constructor(init: RememberedInit) {
    this.#init = init
  }

  /** @throws what the peer store throws */
  async add(peer: PeerId, signal: AbortSignal): Promise<void> {
    const { host, networkId } = this.#init
    await host.peerStore.merge(peer, { metadata: { [MARK]: networkId } }, { signal })
  }

  /** At most `count` members, chosen at random. @throws what the peer store throws */
  async some(count: number, signal: AbortSignal): Promise<PeerId[]> {
    const { host, random } = this.#init
    const isMember = (peer: Peer): boolean =>
      !peer.id.equals(host.peerId) && peer.addresses.length > 0 && this.#isMarked(peer)
    const members = await host.peerStore.all({ filters: [isMember], signal })
    const chosen: PeerId[] = []
    while (chosen.length < count && members.length > 0) {
      const [{ id }] = members.splice(Math.floor(random.unit() * members.length), 1)
      chosen.push(id)
    }
    return chosen
  }

  #isMarked({ metadata }: Peer): boolean {
    const mark = metadata.get(MARK)
    const { networkId } = this.#init
    return mark !== undefined && Buffer.compare(mark, networkId) === 0
  }
}
