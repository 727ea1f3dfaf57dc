// `npm run bench`: put and get over loopback peers beside two yardsticks in the same run, one raw libp2p stream and
// Helia over bitswap. Prints a table, and JSON with --json. `npm run bench:memory` is the same program on 4 GiB.
import { execFile, execFileSync } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { existsSync, createReadStream } from 'node:fs'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import Table from 'cli-table3'
import type { CID } from 'multiformats/cid'
import type { Node } from '../src/node/index.ts'
import { peakRssBytes, startCluster } from './cluster.ts'
import type { BenchCluster } from './cluster.ts'
import { measureRawStream } from './raw-stream.ts'

const MIB = 2 ** 20
const PIECE_BYTES = 4 * MIB
const SMALL_BYTES = 16 * 1024

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '256' },
    peers: { type: 'string', default: '8' },
    k: { type: 'string', default: '5' },
    n: { type: 'string', default: '8' },
    small: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '3' },
    'no-helia': { type: 'boolean', default: false },
    json: { type: 'string' }
  }
})
const sizeBytes = Number(options.size) * MIB
const smallCount = Number(options.small)
const runs = Number(options.runs)

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]

const timed = async <T>(work: () => Promise<T>): Promise<[T, seconds: number]> => {
  const started = performance.now()
  const result = await work()
  return [result, (performance.now() - started) / 1000]
}

/** A file of random bytes, written piece by piece, and its SHA-256. */
const createRandomFile = async (path: string, bytes: number): Promise<string> => {
  const digest = createHash('sha256')
  const file = await open(path, 'w')
  for (let written = 0; written < bytes; written += PIECE_BYTES) {
    const piece = randomFillSync(Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes - written)))
    digest.update(piece)
    await file.write(piece)
  }
  await file.close()
  return digest.digest('hex')
}

interface Fetched {
  readonly seconds: number
  readonly firstByteMillis: number
}

/** Reads an object to disk; what arrived is compared with `expected` afterwards, outside the time. */
const fetchTo = async (node: Node, cid: CID, path: string, expected: string): Promise<Fetched> => {
  const output = await open(path, 'w')
  const started = performance.now()
  let firstByteMillis = 0
  const { bytes } = await node.objects.get(cid)
  for await (const chunk of bytes) {
    if (firstByteMillis === 0) firstByteMillis = performance.now() - started
    await output.write(chunk)
  }
  await output.sync()
  const seconds = (performance.now() - started) / 1000
  await output.close()
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array)
  if (digest.digest('hex') !== expected) throw new Error('what came back differs from what was put')
  return { seconds, firstByteMillis }
}

interface LargeFigures {
  readonly putCodedMiBs: number
  readonly putMiBs: number
  readonly getMiBs: number
  readonly firstByteMillis: number
}

const measureLarge = async ({ client }: BenchCluster, folder: string): Promise<LargeFigures> => {
  const rounds: LargeFigures[] = []
  for (let round = 0; round < runs; round++) {
    const source = join(folder, 'source')
    const digest = await createRandomFile(source, sizeBytes)
    const [put, putSeconds] = await timed(async () =>
      client.objects.put(createReadStream(source, { highWaterMark: MIB }), { sizeHint: sizeBytes })
    )
    if (put.missing.length > 0) throw new Error(`${put.missing.length} shards found no holder`)
    const get = await fetchTo(client, put.cid, join(folder, 'copy'), digest)
    rounds.push({
      putCodedMiBs: put.codedBytes / MIB / putSeconds,
      putMiBs: sizeBytes / MIB / putSeconds,
      getMiBs: sizeBytes / MIB / get.seconds,
      firstByteMillis: get.firstByteMillis
    })
    await client.objects.remove(put.cid)
  }
  const figure = (name: keyof LargeFigures): number => median(rounds.map((round) => round[name]))
  return {
    putCodedMiBs: figure('putCodedMiBs'),
    putMiBs: figure('putMiBs'),
    getMiBs: figure('getMiBs'),
    firstByteMillis: figure('firstByteMillis')
  }
}

/** Runs `work` for 0 to count - 1, `width` at a time. */
const inParallel = async (
  count: number,
  width: number,
  work: (index: number) => Promise<void>
): Promise<void> => {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}

const measureSmall = async ({
  client
}: BenchCluster): Promise<{ putsPerSecond: number; getsPerSecond: number }> => {
  const objects = Array.from({ length: smallCount }, () => randomFillSync(Buffer.allocUnsafe(SMALL_BYTES)))
  const cids: CID[] = []
  const [, putSeconds] = await timed(async () =>
    inParallel(smallCount, 16, async (index) => {
      const source = async function* (): AsyncGenerator<Uint8Array> {
        yield objects[index]
      }
      cids[index] = (await client.objects.put(source())).cid
    })
  )
  const [, getSeconds] = await timed(async () =>
    inParallel(smallCount, 16, async (index) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of (await client.objects.get(cids[index])).bytes) chunks.push(chunk)
      if (!Buffer.concat(chunks).equals(objects[index])) throw new Error(`small object ${index} differs`)
    })
  )
  return { putsPerSecond: smallCount / putSeconds, getsPerSecond: smallCount / getSeconds }
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
  const raw: number[] = []
  for (let round = 0; round < runs; round++) raw.push((await measureRawStream(sizeBytes)) / MIB)
  const rawMiBs = median(raw)
  const cluster = await startCluster({
    folder,
    peers: Number(options.peers),
    k: Number(options.k),
    n: Number(options.n)
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
  table.push(
    ['raw libp2p stream (TCP, noise, yamux)', rate(rawMiBs), '1.00', ''],
    ['put, coded bytes', rate(large.putCodedMiBs), ratio(large.putCodedMiBs, rawMiBs), ''],
    ['put, bytes of the file', rate(large.putMiBs), ratio(large.putMiBs, rawMiBs), ''],
    ['get', rate(large.getMiBs), ratio(large.getMiBs, rawMiBs), ratio(large.getMiBs, helia?.getMiBs)],
    [
      'get, first byte',
      `${large.firstByteMillis.toFixed(0)} ms`,
      '',
      ratio(large.firstByteMillis, helia?.firstByteMillis)
    ]
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
      [`${smallCount} objects of 16 KiB, get`, `${small.getsPerSecond.toFixed(0)} /s`, '', '']
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
      JSON.stringify({ options, commit: commit(), rawMiBs, ...figures, helia }, null, 2) + '\n'
    )
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}
