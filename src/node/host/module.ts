import { Gauge } from 'prom-client'
import { startHost } from './host.ts'
import type { Connection } from '@libp2p/interface'
import type { Registry } from 'prom-client'
import type { NodeConfig } from '../config/index.ts'
import type { Module } from '../module.ts'
import type { Host } from './host.ts'

/** The libp2p host. It listens from its start on. */
export const hostModule = (host: Host, config: NodeConfig): Module => ({
  name: 'host',
  start: async () => await startHost(host, config),
  stop: async () => await host.stop(),
  status: () => ({ multiaddrs: host.getMultiaddrs().map(String), dht: host.services.dht.getMode() }),
  metrics: (registry) => {
    connectionGauge(registry, () => host.getConnections())
    streamGauge(registry, () => host.getConnections())
  }
})

const connectionGauge = (registry: Registry, connections: () => Connection[]): Gauge =>
  new Gauge({
    name: 'thhe_connections',
    help: 'Open connections',
    labelNames: ['direction', 'transport'],
    registers: [registry],
    collect() {
      this.reset()
      for (const connection of connections())
        this.inc({ direction: connection.direction, transport: transport(connection) })
    }
  })

const transport = ({ direct, remoteAddr }: Connection): string => {
  const names = remoteAddr.getComponents().map(({ name }) => name)
  if (!direct) return 'relay'
  return ['quic-v1', 'wss', 'ws', 'tcp'].find((name) => names.includes(name)) ?? 'other'
}

const streamGauge = (registry: Registry, connections: () => Connection[]): Gauge =>
  new Gauge({
    name: 'thhe_streams',
    help: 'Open streams by protocol, named without the network',
    labelNames: ['direction', 'protocol'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { streams } of connections()) {
        for (const { direction, protocol } of streams) {
          this.inc({ direction, protocol: (protocol ?? '').replace(/[0-9a-f]{32}\//, '') })
        }
      }
    }
  })
