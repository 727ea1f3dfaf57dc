import { counterBy, gaugeBy } from '../metrics.ts'
import { NodeError } from '../errors.ts'
import { systemReason } from '../system-errors.ts'
import type { Module } from '../module.ts'
import type { BulkChannel } from './channel.ts'

/** Has routers forward a port. Never rejects. */
interface Forwarder {
  forward: (port: number) => Promise<void>
}

/** The bulk channel, absent if it is switched off. List it after the host, whose connections tell it where peers are. */
export const bulkModule = (
  channel: BulkChannel | undefined,
  { port, forwarder }: { readonly port: number; readonly forwarder: Forwarder }
): Module => ({
  name: 'bulk channel',
  start: async () => {
    try {
      await channel?.start()
    } catch (cause) {
      throw new NodeError(
        'CANNOT_LISTEN',
        `Cannot listen on TCP port ${port} for the bulk channel: ${systemReason(cause) ?? String(cause)}. ` +
          'Choose another port with --bulk-port, or switch the channel off with --no-bulk.',
        { port },
        { cause }
      )
    }
    // Not awaited: a router may take long, and never fails the start.
    if (channel !== undefined && channel.port !== 0) void forwarder.forward(channel.port)
  },
  stop: async () => await channel?.stop(),
  metrics: (registry) => {
    if (channel === undefined) return
    gaugeBy(registry, 'thhe_bulk_connections', 'Open connections of the bulk channel', 'direction', () => ({
      ...channel.counts.connections
    }))
    counterBy(registry, 'thhe_bulk_streams_total', 'Streams carried by the bulk channel', 'direction', () => {
      const { opened, accepted } = channel.counts
      return { outbound: opened, inbound: accepted }
    })
    counterBy(
      registry,
      'thhe_bulk_refused_total',
      'Connections to the bulk channel that were refused, by reason',
      'reason',
      () => channel.counts.refused
    )
    counterBy(
      registry,
      'thhe_bulk_failed_total',
      'Attempts to connect by the bulk channel that failed, by reason',
      'reason',
      () => channel.counts.failed
    )
  }
})
