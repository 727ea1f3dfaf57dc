import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import {
  configWith,
  createDescriptor,
  createNode,
  formatDescriptor,
  silentLogger
} from '../../../src/node/index.ts'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import type { Node, NodeConfig, NodeStatus } from '../../../src/node/index.ts'

/** The fields of every status. The compiler refuses this table when one is missing. */
const FIELDS: Record<Exclude<keyof NodeStatus, 'clockAgrees' | 'clockSkewMs'>, string> = {
  state: 'string',
  ready: 'boolean',
  peerId: 'string',
  version: 'string',
  uptimeSeconds: 'number',
  network: 'object',
  multiaddrs: 'array',
  peers: 'object',
  coordinate: 'object',
  dht: 'string',
  dhtRecords: 'object',
  rendezvous: 'string',
  map: 'object',
  field: 'object',
  usage: 'object',
  homeostat: 'object',
  fill: 'object',
  damage: 'object'
}

describe('a node that is not started', () => {
  const folder = mkdtempSync(join(tmpdir(), 'thhe-created-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  const network = join(folder, 'network.json')
  writeFileSync(network, formatDescriptor(createDescriptor({ name: 'unit', code: { k: 2, n: 4 } })))
  const create = async (): Promise<Node> => {
    const config: Partial<NodeConfig> = { data: join(folder, 'data'), network, listen: [], mdns: false }
    return await createNode(configWith(config), { logger: silentLogger })
  }

  it('has a status with every field, and metrics of every module', async () => {
    const node = await create()
    try {
      const status: object = await node.status()
      for (const [field, type] of Object.entries(FIELDS)) {
        expect(status, field).to.have.property(field).that.is.an(type)
      }
      expect(status).to.include({ state: 'created', ready: false, rendezvous: 'off' })
      const metrics = await node.metrics.metrics()
      for (const name of [
        'thhe_info{version=',
        'thhe_events_total',
        'thhe_uptime_seconds 0',
        'thhe_store_used_bytes',
        'thhe_libp2p_records{kind="provider"} 0',
        'thhe_starved_seconds_total',
        'thhe_connections',
        'thhe_streams',
        'thhe_holder_bytes_in_total 0',
        'thhe_holder_requests_total{service="get"} 0',
        'thhe_holder_busy_seconds_total{service="put"} 0',
        'thhe_holder_streams{service="object"} 0',
        'thhe_holder_streams_limit{service="put"} 128',
        'thhe_holder_turned_away_total{service="put"} 0',
        'thhe_client_survived_failures_total',
        'thhe_owned_objects{state="all"} 0',
        'thhe_heal_repaired_total 0',
        'thhe_drain{state="draining"} 0',
        'thhe_fill_moved_shards_total 0',
        'thhe_fill_taken_bytes_total 0',
        'thhe_fill_targets 0',
        'thhe_audit_challenges_total{verdict="moved"} 0',
        'thhe_objects_by_spare{spare="below"} 0',
        'thhe_heal_queued_objects{spare="8+"} 0',
        'thhe_operation_seconds',
        'thhe_scrub_progress_ratio 1',
        'process_resident_memory_bytes',
        'nodejs_heap_size_used_bytes',
        'process_cpu_seconds_total',
        'thhe_event_loop_active_seconds_total',
        'thhe_event_loop_delay_seconds',
        'thhe_audit_challenges_total{verdict="missing"} 0',
        'thhe_peers{state="known"} 0',
        'thhe_reports_total{outcome="accepted"} 0',
        'thhe_reports_total{outcome="too-many-new"} 0',
        'thhe_collected_bytes_total 0'
      ]) {
        expect(metrics).to.contain(name)
      }
      // This network has no validators.
      expect(metrics).to.not.match(/thhe_(map|quorum)_/)
    } finally {
      await node.stop()
    }
  })

  it('has a status, a map and metrics in a network with validators', async () => {
    const data = join(folder, 'validator')
    const quorumSet = flatQuorumSet([await futurePeerId(data)])
    const descriptor = createDescriptor({ name: 'validated', code: { k: 2, n: 4 }, quorumSet })
    const validated = join(folder, 'validated.json')
    writeFileSync(validated, formatDescriptor(descriptor))
    const config: Partial<NodeConfig> = { data, network: validated, listen: [], mdns: false }
    const node = await createNode(configWith(config), { logger: silentLogger })
    try {
      expect((await node.status()).map).to.include({ state: 'waiting', slot: 0, hasQuorum: true })
      expect(node.map().agreement).to.deep.include({ slot: 1, phase: 'waiting', contradictions: [] })
      const page = await node.metrics.metrics()
      expect(page).to.include('thhe_map_slot 0\n').and.include('thhe_quorum_voting 1\n')
      expect(page).to.not.match(/^thhe_map_age_seconds /m)
    } finally {
      await node.stop()
    }
  })

  it('lets go of its data folder when it is stopped, and when a later part cannot open', async () => {
    const first = await create()
    await first.stop()
    const hostData = join(folder, 'data', 'host')
    rmSync(hostData, { recursive: true })
    writeFileSync(hostData, 'not a database')
    expect(await create().catch((error: unknown) => error)).to.be.instanceOf(Error)
    rmSync(hostData)
    const again = await create()
    expect(again.peerId.equals(first.peerId)).to.equal(true)
    await again.stop()
  })
})
