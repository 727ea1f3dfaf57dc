// `npm run bench:fba`: what agreement costs. Validators at 100 ms one-way delay in virtual time, with every
// Ed25519 signature made and checked; then a million statements from one Byzantine node.

import {
  type Envelope,
  MAX_NOMINATION_VALUES,
  type NodeId,
  quorumSetHash,
  Scp,
  type ScpDriver,
  type Statement
} from '../fba/index.ts'
import { ed25519Scheme, sha256, type SignatureScheme, trustingScheme } from '../test/sim/fba/signing.ts'
import { byzantineMajority, Simulation } from '../test/sim/fba/simulation.ts'

const FLOOR_MILLIS = 700
const RUNS = [
  { nodes: 4, slots: 40 },
  { nodes: 16, slots: 10 },
  { nodes: 25, slots: 6 },
  { nodes: 64, slots: 2 }
]

function benchAgreement({ nodes, slots }: { nodes: number; slots: number }) {
  const bare = runOnce(nodes, slots, trustingScheme)
  const signed = runOnce(nodes, slots, ed25519Scheme())
  const p50 = signed.report.externalizeMillis.p50
  return {
    validators: nodes,
    'p50 externalize ms': p50,
    'of the 0.7 s floor': round(p50 / FLOOR_MILLIS),
    'messages per node and slot': round(signed.report.messagesPerNodeAndSlot),
    'CPU ms per node and slot': round(signed.cpuMillis / (nodes * slots)),
    'without signatures': round(bare.cpuMillis / (nodes * slots)),
    agreement: signed.report.agreement && signed.report.slotsExternalized === slots
  }
}

function runOnce(nodes: number, slots: number, signing: SignatureScheme) {
  const simulation = new Simulation({ nodes, slots, seed: 1, signing })
  const before = process.cpuUsage()
  const report = simulation.run()
  const { user, system } = process.cpuUsage(before)
  return { report, cpuMillis: (user + system) / 1000 }
}

function round(number: number): number {
  return Number(number.toFixed(2))
}

const FLOOD = 1_000_000
const SAMPLES = 5
const FLOOD_SLOT = 1

function benchFlood() {
  const nodeIds: NodeId[] = Array.from({ length: 25 }, (_, i) => `n${i}`)
  const quorumSet = byzantineMajority(0, nodeIds)
  const hash = quorumSetHash(quorumSet, sha256)
  const scp = new Scp(floodedDriver(), { nodeId: 'n0', quorumSet, currentSlot: FLOOD_SLOT })
  scp.nominate(FLOOD_SLOT, Uint8Array.of(1), Uint8Array.of(0))
  const rows = []
  const start = process.cpuUsage()
  let processed = 0
  for (let i = 0; i < FLOOD; i++) {
    const outcome = scp.receive(floodStatement(i, hash))
    if (outcome === 'processed' || outcome === 'pending') processed++
    if ((i + 1) % (FLOOD / SAMPLES) === 0) {
      globalThis.gc?.()
      const { user, system } = process.cpuUsage(start)
      rows.push({
        statements: i + 1,
        'taken in': processed,
        'heap MiB': round(process.memoryUsage().heapUsed / 2 ** 20),
        'statements kept': keptStatements(scp),
        'CPU µs per statement': round((user + system) / (i + 1))
      })
    }
  }
  return rows
}

function keptStatements(scp: Scp): number {
  let kept = 0
  for (let slot = 0; slot < FLOOD_SLOT + 10; slot++) kept += scp.stateFor(slot).length
  return kept
}

/** Ever newer ballots, growing nominations, all slots in and out of range, quorum sets nobody knows. */
function floodStatement(i: number, hash: string): Envelope {
  const value = new Uint8Array(64)
  new DataView(value.buffer).setUint32(0, i)
  const slotIndex = FLOOD_SLOT + (i % 8)
  const author = {
    nodeId: 'n1',
    slotIndex,
    quorumSetHash: i % 16 < 12 ? hash : i.toString(16).padStart(64, '0')
  }
  const counter = 1 + Math.floor(i / 1001)
  const statement: Statement =
    i % 5 === 0
      ? { type: 'nominate', ...author, votes: growing(i), accepted: [] }
      : {
          type: 'prepare',
          ...author,
          ballot: { counter, value },
          prepared: undefined,
          preparedPrime: undefined,
          commitCounter: 0,
          highCounter: 0
        }
  return { statement, signature: new Uint8Array(64) }
}

function growing(i: number): Uint8Array[] {
  return Array.from({ length: 1 + (i % MAX_NOMINATION_VALUES) }, (_, k) => Uint8Array.of(k + 1, i & 1))
}

/** Says yes to everything: the flood is held off by bounds alone. */
function floodedDriver(): ScpDriver {
  return {
    sha256,
    sign: () => new Uint8Array(64),
    verify: () => true,
    emit: () => {},
    validate: () => 'valid',
    combineCandidates: (_slot, candidates) => candidates[0],
    findQuorumSet: () => undefined,
    setTimer: () => {},
    stopTimer: () => {},
    slotAgeSeconds: () => 5,
    externalized: () => {}
  }
}

console.log(`Agreement, ${FLOOR_MILLIS} ms = 7 one-way delays of 100 ms. CPU includes the simulator.`)
console.table(RUNS.map(benchAgreement))
console.log('One Byzantine node sends a million statements; signatures taken as checked.')
console.table(benchFlood())
