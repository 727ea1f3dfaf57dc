import { Gauge } from 'prom-client'
import { gauge } from './metrics.ts'
import { VERSION } from './version.ts'
import type { PeerId } from '@libp2p/interface'
import type { Module } from './module.ts'
import type { NetworkDescriptor } from './network.ts'

export interface AboutInit {
  readonly peerId: PeerId
  readonly network: NetworkDescriptor & { readonly id: string }
  readonly uptimeSeconds: () => number
}

/** Who this node is: its id, version, network and age. */
export const aboutModule = ({ peerId, network, uptimeSeconds }: AboutInit): Module => ({
  name: 'about',
  status: () => ({
    peerId: peerId.toString(),
    version: VERSION,
    uptimeSeconds: uptimeSeconds(),
    network: { id: network.id, name: network.name, code: network.code }
  }),
  metrics: (registry) => {
    const labelNames = ['version']
    new Gauge({ name: 'thhe_info', help: 'Version of the node', labelNames, registers: [registry] }).set(
      { version: VERSION },
      1
    )
    gauge(registry, 'thhe_uptime_seconds', 'Seconds since the node started', uptimeSeconds)
  }
})
