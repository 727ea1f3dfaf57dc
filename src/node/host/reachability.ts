import { isPrivate } from '@libp2p/utils'
import { CODE_P2P_CIRCUIT, multiaddr } from '@multiformats/multiaddr'
import type { Connection, Startable } from '@libp2p/interface'
import type { CircuitRelayTransportComponents } from '@libp2p/circuit-relay-v2'
import type { UPnPNATComponents } from '@libp2p/upnp-nat'
import type { KadDHT } from '@libp2p/kad-dht'
import type { Multiaddr } from '@multiformats/multiaddr'

export interface ReachabilityInit {
  readonly dht: 'auto' | 'client' | 'server'
  /** Listen through relays while behind a NAT. */
  readonly relay: boolean
}

/** Detects whether others can dial this node, and adapts the DHT mode and the relays. */
export interface Reachability extends Startable {
  /** True if peers have public addresses but this node has none that is known to work. */
  readonly behindNat: () => boolean
}

type Components = Pick<CircuitRelayTransportComponents, 'events' | 'connectionManager' | 'transportManager'> &
  Pick<UPnPNATComponents, 'addressManager'> & { readonly dht: KadDHT }

const isRelayed = (address: Multiaddr): boolean =>
  address.getComponents().some(({ code }) => code === CODE_P2P_CIRCUIT)

const isPublic = (address: Multiaddr): boolean => !isRelayed(address) && !isPrivate(address)

/** True if this node has reached a public peer that could not dial any of the addresses `own`. */
export const isBehindNat = (own: readonly Multiaddr[], peers: readonly Multiaddr[]): boolean =>
  peers.some(isPublic) && !own.some(isPublic)

/**
 * A node in a network of private addresses serves its DHT. A node behind a NAT in a public network does not, since no peer
 * could query it, and makes reservations at relays. (kad-dht's own rule is wrong for private networks.)
 */
export const reachability =
  (init: ReachabilityInit) =>
  (components: Components): Reachability => {
    const { events, addressManager, connectionManager, transportManager, dht } = components
    let known: boolean | undefined
    let started = false
    let usesRelays = false

    const behindNat = (): boolean =>
      isBehindNat(
        addressManager.getAddresses(),
        connectionManager
          .getConnections()
          .filter(isDirect)
          .map(({ remoteAddr }) => remoteAddr)
      )
    const update = (): void => {
      const now = behindNat()
      if (!started || now === known) return
      known = now
      // Not awaited: a failure shows in the mode and the addresses, and the next change tries again.
      if (init.dht === 'auto') void dht.setMode(now ? 'client' : 'server').catch(() => {})
      if (init.relay && now && !usesRelays) {
        usesRelays = true
        void transportManager.listen([multiaddr('/p2p-circuit')]).catch(() => {
          usesRelays = false
        })
      }
    }
    return {
      behindNat,
      start: () => {
        events.addEventListener('self:peer:update', update)
        events.addEventListener('peer:identify', update)
      },
      afterStart: () => {
        started = true
        update()
      },
      stop: () => {
        started = false
        events.removeEventListener('self:peer:update', update)
        events.removeEventListener('peer:identify', update)
      }
    }
  }

const isDirect = ({ direct }: Connection): boolean => direct
