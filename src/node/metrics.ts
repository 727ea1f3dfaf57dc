import { Counter, Gauge, Registry } from 'prom-client'
import { DROP_REASONS } from './peers/report.ts'
import type { ClientStats, HolderStats } from '../hologram/index.ts'
import type { Usage } from '../hologram/holdings.ts'
import type { StoreHealth } from '../store/index.ts'
import type { Connection } from '@libp2p/interface'
import type { RecordCount } from './data/bounded-records.ts'
import type { DropReason } from './peers/report.ts'

/** Sources of the figures, read on each scrape. */
export interface MetricsSources {
  readonly version: string
  readonly uptimeSeconds: () => number
  readonly peers: () => { known: number; live: number; connected: number }
  readonly connections: () => Connection[]
  readonly usage: () => Promise<Usage>
  readonly storeHealth: () => StoreHealth
  readonly holder: () => HolderStats
  readonly records: () => Record<string, RecordCount>
  /** Milliseconds for which this process could not run. */
  readonly starvedMs: () => number
  readonly client: () => ClientStats
}

export interface NodeMetrics {
  /** Used by this node only: several nodes may share a process. */
  readonly registry: Registry
  readonly countReport: (outcome: 'accepted' | DropReason) => void
  readonly countCollected: (freedBytes: number, objects: number) => void
}

export const createMetrics = (sources: MetricsSources): NodeMetrics => {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number | Promise<number>): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read())
      }
    })
  new Gauge({ name: 'thhe_info', help: 'Version of the node', labelNames: ['version'], registers }).set(
    { version: sources.version },
    1
  )
  gauge('thhe_uptime_seconds', 'Seconds since the node started', sources.uptimeSeconds)
  gauge('thhe_store_quota_bytes', 'Disk space lent', async () => (await sources.usage()).quotaBytes)
  gauge('thhe_store_used_bytes', 'Disk space in use', async () => (await sources.usage()).usedBytes)
  const health = sources.storeHealth
  gauge('thhe_store_bad_blocks', 'Blocks that are known to be damaged', () => health().badBlocks)
  gauge('thhe_store_damaged_shards', 'Shards with damaged blocks', () => health().damagedShards)
  gauge('thhe_store_shards_set_aside', 'Shards of which nothing can be served', () => health().shardsSetAside)
  gauge('thhe_store_damaged_entries', 'Damaged index entries since the start', () => health().damagedEntries)
  gauge(
    'thhe_store_free_bytes',
    'Bytes that would still be taken',
    async () => (await sources.usage()).freeBytes
  )
  new Gauge({
    name: 'thhe_peers',
    help: 'Peers in the table by what is known of them',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.peers())) this.set({ state }, count)
    }
  })
  new Counter({
    name: 'thhe_starved_seconds_total',
    help: 'Time for which the process could not run, by how late its timers were',
    registers,
    collect() {
      this.reset()
      this.inc(sources.starvedMs() / 1000)
    }
  })
  connectionGauge(registers, sources.connections)
  streamGauge(registers, sources.connections)
  recordGauge(registers, sources.records)
  holderCounters(registers, sources.holder)
  new Counter({
    name: 'thhe_client_survived_failures_total',
    help: 'Failures from which a put, get or the like went on, by what failed',
    labelNames: ['what'],
    registers,
    collect() {
      this.reset()
      for (const [what, count] of Object.entries(sources.client().survived)) this.inc({ what }, count)
    }
  })
  const reports = new Counter({
    name: 'thhe_reports_total',
    help: 'Peer reports that came in, by what became of them',
    labelNames: ['outcome'],
    registers
  })
  for (const outcome of ['accepted', ...DROP_REASONS]) reports.inc({ outcome }, 0)
  const collectedBytes = new Counter({
    name: 'thhe_collected_bytes_total',
    help: 'Bytes freed by garbage collection',
    registers
  })
  const collectedObjects = new Counter({
    name: 'thhe_collected_objects_total',
    help: 'Objects removed by garbage collection',
    registers
  })
  return {
    registry,
    countReport: (outcome) => reports.inc({ outcome }),
    countCollected: (freedBytes, objects) => {
      collectedBytes.inc(freedBytes)
      collectedObjects.inc(objects)
    }
  }
}

const recordGauge = (registers: Registry[], records: () => Record<string, RecordCount>): Gauge =>
  new Gauge({
    name: 'thhe_libp2p_records',
    help: 'Entries that libp2p keeps on disk, most of them for others',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, { entries }] of Object.entries(records())) this.set({ kind }, entries)
    }
  })

const connectionGauge = (registers: Registry[], connections: () => Connection[]): Gauge =>
  new Gauge({
    name: 'thhe_connections',
    help: 'Open connections',
    labelNames: ['direction', 'transport'],
    registers,
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

const streamGauge = (registers: Registry[], connections: () => Connection[]): Gauge =>
  new Gauge({
    name: 'thhe_streams',
    help: 'Open streams by protocol, named without the network',
    labelNames: ['direction', 'protocol'],
    registers,
    collect() {
      this.reset()
      for (const { streams } of connections()) {
        for (const { direction, protocol } of streams) {
          this.inc({ direction, protocol: (protocol ?? '').replace(/[0-9a-f]{32}\//, '') })
        }
      }
    }
  })

/** Exposes the holder's counters, which are counted elsewhere. */
const holderCounters = (registers: Registry[], stats: () => HolderStats): void => {
  const told = (name: string, help: string, read: (stats: HolderStats) => number): Counter =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read(stats()))
      }
    })
  told('thhe_holder_bytes_in_total', 'Block bytes taken from peers', ({ bytesIn }) => bytesIn)
  told('thhe_holder_bytes_out_total', 'Block bytes handed to peers', ({ bytesOut }) => bytesOut)
  told(
    'thhe_holder_shards_committed_total',
    'Shards taken and made durable',
    ({ shardsCommitted }) => shardsCommitted
  )
  told(
    'thhe_holder_streams_cut_total',
    'Streams of peers that broke or were cut',
    ({ streamsCut }) => streamsCut
  )
  new Counter({
    name: 'thhe_holder_refused_total',
    help: 'Requests of peers that were refused',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset()
      for (const [status, count] of Object.entries(stats().refused)) this.inc({ status }, count)
    }
  })
}
