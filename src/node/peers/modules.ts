import { Histogram } from 'prom-client'
import { counterBy, gauge, gaugeBy, gaugeWhenKnown } from '../metrics.ts'
import type { Module } from '../module.ts'
import type { PeerClocks } from './peer-clocks.ts'
import type { Peers } from './peers.ts'

const DELAY_BUCKETS_SECONDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2.5, 5
]

/**
 * What the node speaks and hears from its first connection on. List it before the host: identify must tell the first peer
 * that this node is of the network.
 */
export const membershipModule = (peers: Peers): Module => ({ name: 'membership', ...peers.identity })

/** Reports, the peer table and the connections kept with peers. List it after the host, which it needs until its end. */
export const peersModule = (peers: Peers, clocks: PeerClocks): Module => ({
  name: 'peers',
  start: async () => await peers.start(),
  stop: async () => await peers.stop(),
  status: () => {
    const [clockAgrees, clockSkewMs] = [clocks.agrees(), clocks.skewMs()]
    return {
      peers: peers.counts(),
      coordinate: peers.latency.status(),
      ...(clockAgrees !== undefined && { clockAgrees, clockSkewMs })
    }
  },
  metrics: (registry) => {
    gaugeBy(
      registry,
      'thhe_coordinate',
      'Coordinate in latency space: error (ppm), samples, refused answers, neighbours',
      'what',
      () => ({ ...peers.latency.status() })
    )
    gaugeBy(registry, 'thhe_peers', 'Peers in the table by what is known of them', 'state', () =>
      peers.counts()
    )
    gauge(registry, 'thhe_hears_reports', '1 while the reports of all peers come to this node', () =>
      peers.hearing.isHearing ? 1 : 0
    )
    gaugeWhenKnown(
      registry,
      'thhe_clock_skew_seconds',
      'Median by which the clocks of peers are ahead of this one; missing while fewer than three have reported',
      () => {
        const skewMs = clocks.skewMs()
        return skewMs === undefined ? undefined : skewMs / 1000
      }
    )
    counterBy(
      registry,
      'thhe_reports_total',
      'Peer reports that came in, by what became of them',
      'outcome',
      () => peers.reportCounts
    )
    const delays = new Histogram({
      name: 'thhe_report_delay_seconds',
      help: 'Age of reports when they come by gossip, by the clocks of both peers',
      buckets: DELAY_BUCKETS_SECONDS,
      registers: [registry]
    })
    peers.onReportDelay((delayMs) => delays.observe(delayMs / 1000))
  }
})
