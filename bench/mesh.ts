// `npm run bench`: put and get over loopback peers beside two yardsticks in the same run, one raw libp2p stream and
// Helia over bitswap. Prints a table, and JSON with --json. `npm run bench:memory` is the same program on 4 GiB.
import './tune-heap.ts'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, createReadStream } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Table from 'cli-table3'
import type { CID } from 'multiformats/cid'
import type { PutResult } from '../src/index.ts'
import type { Node } from '../src/node/index.ts'
import { peakRssBytes, startCluster } from './cluster.ts'
import type { BenchCluster } from './cluster.ts'
import { createRandomFile, digestOf, measureDisk } from './random-file.ts'
import { measureRawStream } from './raw-stream.ts'
import { measureRawTls } from './raw-tls.ts'
import { costOf, measureSmallObjects } from './small-objects.ts'
import type { Cost } from './small-objects.ts'

const MIB = 2 ** 20
/** Bytes of a yardstick's run, whatever the size of the objects. */
const YARDSTICK_BYTES = 256 * MIB
const WARM_UP_BYTES = 64 * MIB

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '256' },
    peers: { type: 'string', default: '8' },
    k: { type: 'string', default: '5' },
    n: { type: 'string', default: '8' },
    small: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    'no-bulk': { type: 'boolean', default: false },
    'no-helia': { type: 'boolean', default: false },
    json: { type: 'string' }
  }
})
const sizeBytes = Number(options.size) * MIB
const smallCount = Number(options.small)
const runs = Number(options.runs)

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]

/** Reads an object to disk and fsyncs it. Returns the milliseconds to its first byte. */
const fetchTo = async (node: Node, cid: CID, path: string): Promise<number> => {
  const output = await open(path, 'w')
  const started = performance.now()
  let firstByteMillis = 0
  const { bytes } = await node.objects.get(cid)
  for await (const chunk of bytes) {
    if (firstByteMillis === 0) firstByteMillis = performance.now() - started
    await output.write(chunk)
  }
  await output.sync()
  await output.close()
  return firstByteMillis
}

interface Round {
  readonly codedBytes: number
  readonly put: Cost
  readonly get: Cost
  readonly firstByteMillis: number
}

/** Puts a new file, reads it back to disk and compares, outside the time. */
const measureRound = async (cluster: BenchCluster, folder: string, bytes: number): Promise<Round> => {
  const { client } = cluster
  const source = join(folder, 'source')
  const copy = join(folder, 'copy')
  const expected = await createRandomFile(source, bytes)
  let result: PutResult | undefined
  const put = await costOf(cluster, async () => {
    const stream = createReadStream(source, { highWaterMark: MIB })
    result = await client.objects.put(stream, { sizeHint: bytes })
  })
  const { cid, codedBytes, missing } = result!
  if (missing.length > 0) throw new Error(`${missing.length} shards found no holder`)
  let firstByteMillis = 0
  const get = await costOf(cluster, async () => {
    firstByteMillis = await fetchTo(client, cid, copy)
  })
  if ((await digestOf(copy)) !== expected) throw new Error('what came back differs from what was put')
  await client.objects.remove(cid)
  return { codedBytes, put, get, firstByteMillis }
}

interface LargeFigures {
  readonly putCodedMiBs: number
  readonly putMiBs: number
  readonly getMiBs: number
  readonly firstByteMillis: number
  /** Milliseconds of processor time a MiB of coded bytes (put) or of the file (get). */
  readonly cpu: {
    readonly putClient: number
    readonly putPeers: number
    readonly getClient: number
    readonly getPeers: number
  }
}

const measureLarge = async (cluster: BenchCluster, folder: string): Promise<LargeFigures> => {
  // as the yardstick does: compilers warm, connections and windows grown
  await measureRound(cluster, folder, Math.min(sizeBytes, WARM_UP_BYTES))
  const rounds: Round[] = []
  for (let round = 0; round < runs; round++) rounds.push(await measureRound(cluster, folder, sizeBytes))
  const figure = (of: (round: Round) => number): number => median(rounds.map(of))
  const coded = (round: Round): number => round.codedBytes / MIB
  const size = sizeBytes / MIB
  return {
    putCodedMiBs: figure((round) => coded(round) / round.put.seconds),
    putMiBs: figure(({ put }) => size / put.seconds),
    getMiBs: figure(({ get }) => size / get.seconds),
    firstByteMillis: figure(({ firstByteMillis }) => firstByteMillis),
    cpu: {
      putClient: figure((round) => round.put.clientCpuMillis / coded(round)),
      putPeers: figure((round) => round.put.peerCpuMillis / coded(round)),
      getClient: figure(({ get }) => get.clientCpuMillis / size),
      getPeers: figure(({ get }) => get.peerCpuMillis / size)
    }
  }
}

interface SmallFigures {
  readonly putsPerSecond: number
  /** By the node that put them, which has them on its own disk. */
  readonly ownGetsPerSecond: number
  /** By a node that has put nothing. */
  readonly getsPerSecond: number
  /** Milliseconds of processor time of all processes for each of these. */
  readonly getCpuMillis: number
  /** Processor time of a peer at rest, in percent of a core: after the objects have been put and read. */
  readonly restPercent: number
}

/** The peers are left alone for so long before what they do at rest is measured, and while it is. */
const REST_SECONDS = 10

const measureSmall = async (cluster: BenchCluster): Promise<SmallFigures> => {
  const reader = await cluster.startReader()
  const { put, ownGet, get } = await measureSmallObjects(cluster, reader, { count: smallCount, width: 16 })
  const rest = async (): Promise<void> =>
    await new Promise((resolve) => setTimeout(resolve, REST_SECONDS * 1000))
  await rest()
  const atRest = await costOf(cluster, rest)
  return {
    putsPerSecond: smallCount / put.seconds,
    ownGetsPerSecond: smallCount / ownGet.seconds,
    getsPerSecond: smallCount / get.seconds,
    getCpuMillis: (get.clientCpuMillis + get.peerCpuMillis) / smallCount,
    restPercent: atRest.peerCpuMillis / Number(options.peers) / atRest.seconds / 10
  }
}

interface HeliaFigures {
  readonly getMiBs: number
  readonly firstByteMillis: number
}

/** Undefined, with a word to the user, where Helia is not installed beside this bench. */
const measureHelia = async (folder: string): Promise<HeliaFigures | undefined> => {
  const home = fileURLToPath(new URL('./helia', import.meta.url))
  if (!existsSync(join(home, 'node_modules'))) {
    console.error('Helia: skipped; "npm ci --prefix bench/helia" installs it')
    return undefined
  }
  const source = join(folder, 'source')
  await createRandomFile(source, sizeBytes)
  const { stdout } = await promisify(execFile)(process.execPath, [join(home, 'transfer.ts'), source])
  const { getMs, firstByteMs } = JSON.parse(stdout) as { getMs: number; firstByteMs: number }
  return { getMiBs: sizeBytes / MIB / (getMs / 1000), firstByteMillis: firstByteMs }
}

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

const folder = await mkdtemp(join(tmpdir(), 'thhe-bench-'))
try {
  const raw = async (tuned: boolean): Promise<number> => {
    const rounds: number[] = []
    for (let round = 0; round < runs; round++) {
      rounds.push((await measureRawStream({ totalBytes: YARDSTICK_BYTES, tuned })) / MIB)
    }
    return median(rounds)
  }
  const rawMiBs = await raw(false)
  const rawTunedMiBs = await raw(true)
  const rawTlsMiBs = (await measureRawTls(YARDSTICK_BYTES)) / MIB
  const diskMiBs = (await measureDisk(folder, Number(options.n), YARDSTICK_BYTES / Number(options.n))) / MIB
  const cluster = await startCluster({
    folder,
    peers: Number(options.peers),
    k: Number(options.k),
    n: Number(options.n),
    settings: { bulk: !options['no-bulk'] }
  })
  let figures
  try {
    const large = await measureLarge(cluster, folder)
    const small = smallCount > 0 ? await measureSmall(cluster) : undefined
    figures = {
      large,
      small,
      startMillis: median(cluster.startMillis),
      peakRssMiB: {
        client: (await peakRssBytes('self')) / MIB,
        peer: (await cluster.peakPeerRssBytes()) / MIB
      }
    }
  } finally {
    await cluster.stop()
  }
  const helia = options['no-helia'] ? undefined : await measureHelia(folder)

  const { large, small } = figures
  const ratio = (value: number, base: number | undefined): string =>
    base === undefined ? '-' : (value / base).toFixed(2)
  const rate = (value: number): string => `${value.toFixed(0)} MiB/s`
  const table = new Table({
    head: ['', 'figure', '/ raw stream', '/ Helia'],
    style: { head: [], border: [] }
  })
  const cost = (client: number, peers: number): string =>
    `${client.toFixed(1)} client + ${peers.toFixed(1)} peers ms/MiB`
  table.push(
    ['raw libp2p stream (TCP, noise, yamux)', rate(rawMiBs), '1.00', ''],
    ["the same with a node's heap limits", rate(rawTunedMiBs), ratio(rawTunedMiBs, rawMiBs), ''],
    ['raw node:tls socket', rate(rawTlsMiBs), ratio(rawTlsMiBs, rawMiBs), ''],
    [`${options.n} files written and fsynced from memory`, rate(diskMiBs), ratio(diskMiBs, rawMiBs), ''],
    ['put, coded bytes', rate(large.putCodedMiBs), ratio(large.putCodedMiBs, rawMiBs), ''],
    ['put, bytes of the file', rate(large.putMiBs), ratio(large.putMiBs, rawMiBs), ''],
    ['get', rate(large.getMiBs), ratio(large.getMiBs, rawMiBs), ratio(large.getMiBs, helia?.getMiBs)],
    [
      'get, first byte',
      `${large.firstByteMillis.toFixed(0)} ms`,
      '',
      ratio(large.firstByteMillis, helia?.firstByteMillis)
    ],
    ['processor time of put, coded bytes', cost(large.cpu.putClient, large.cpu.putPeers), '', ''],
    ['processor time of get', cost(large.cpu.getClient, large.cpu.getPeers), '', '']
  )
  if (helia !== undefined) {
    table.push(
      ['Helia get (bitswap, two peers)', rate(helia.getMiBs), ratio(helia.getMiBs, rawMiBs), '1.00'],
      ['Helia first byte', `${helia.firstByteMillis.toFixed(0)} ms`, '', '1.00']
    )
  }
  if (small !== undefined) {
    table.push(
      [`${smallCount} objects of 16 KiB, put`, `${small.putsPerSecond.toFixed(0)} /s`, '', ''],
      [`the same read from the putter's own disk`, `${small.ownGetsPerSecond.toFixed(0)} /s`, '', ''],
      [
        'the same read by a node that put nothing',
        `${small.getsPerSecond.toFixed(0)} /s, ${small.getCpuMillis.toFixed(1)} ms of processor time each`,
        '',
        ''
      ],
      ['a peer at rest after that', `${small.restPercent.toFixed(1)} % of a core`, '', '']
    )
  }
  table.push(
    ['start of a peer to ready', `${figures.startMillis.toFixed(0)} ms`, '', ''],
    ['peak RSS, client (this process)', `${figures.peakRssMiB.client.toFixed(0)} MiB`, '', ''],
    ['peak RSS, largest peer', `${figures.peakRssMiB.peer.toFixed(0)} MiB`, '', '']
  )
  console.log(
    `${options.size} MiB over ${options.peers} peers on loopback, ${options.k} of ${options.n}; median of ${runs}; ` +
      `${cpus().length} cores (${cpus()[0].model.trim()}), Node ${process.version}, commit ${commit()}`
  )
  console.log(table.toString())
  if (options.json !== undefined) {
    await writeFile(
      options.json,
      JSON.stringify(
        { options, commit: commit(), rawMiBs, rawTunedMiBs, rawTlsMiBs, diskMiBs, ...figures, helia },
        null,
        2
      ) + '\n'
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
