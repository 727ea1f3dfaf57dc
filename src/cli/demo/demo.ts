import { createHash, randomInt } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { clusterKill, clusterUp, existing } from '../cluster/cluster.ts'
import type { RunningPeer } from '../cluster/cluster.ts'
import { livePeers } from '../cluster/state.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { writeAtomically } from '../objects/atomic-file.ts'
import { openObject, readLink } from '../objects/get.ts'
import { putSource } from '../objects/put.ts'
import type { PutOutcome } from '../objects/put.ts'
import { openSource } from '../objects/source.ts'
import { startProgress } from '../progress.ts'

/** Half of the peers may die: n - k of n, with one peer over that never holds a shard and reads. */
export const PEERS = 12
export const K = 5
export const N = 11
const START_TIMEOUT_MS = 60_000

/** What the demo tells as it goes. */
export interface Narrator {
  ready: (peers: number, elapsedMs: number) => void
  stored: (outcome: PutOutcome, placement: Placement) => void
  killed: (numbers: readonly number[]) => void
}

/** Who has what, by the peers' numbers. */
export interface Placement {
  readonly file: string
  /** Peer that the file was put through. */
  readonly writer: number
  /** Shard of each peer; undefined for a peer without one. */
  readonly shards: ReadonlyArray<{ readonly number: number; readonly shard: number | undefined }>
  /** A live peer that never held a shard of it. */
  readonly reader: number
  readonly victims: readonly number[]
}

export interface DemoResult {
  readonly file: string
  readonly sizeBytes: number
  readonly peers: number
  readonly k: number
  readonly n: number
  readonly overhead: number
  readonly startMs: number
  readonly putMs: number
  readonly getMs: number
  readonly firstByteMs: number
  readonly killed: readonly number[]
  readonly reader: number
  readonly sha256Before: string
  readonly sha256After: string
  readonly identical: boolean
}

/**
 * Starts a cluster, puts `file`, kills as many holders as the code can lose and reads it back through a peer that
 * never held a shard. Whatever happens, its processes and its folder are gone when it ends.
 */
export const runDemo = async (
  file: string,
  io: Io,
  quiet: boolean,
  narrator: Narrator
): Promise<DemoResult> => {
  const folder = await mkdtemp(join(tmpdir(), 'thhe-demo-'))
  try {
    return await demonstrate(folder, file, io, quiet, narrator)
  } finally {
    await endCluster(folder)
    await rm(folder, { recursive: true, force: true })
  }
}

const demonstrate = async (
  folder: string,
  file: string,
  io: Io,
  quiet: boolean,
  narrator: Narrator
): Promise<DemoResult> => {
  const { size } = await stat(file)
  const startedMs = performance.now()
  const { peers } = await clusterUp({
    folder,
    size: PEERS,
    code: { k: K, n: N },
    quota: `${Math.ceil((3 * size) / K) + (64 << 20)}`,
    timeoutMs: START_TIMEOUT_MS,
    env: io.env,
    signal: io.signal
  })
  const startMs = performance.now() - startedMs
  narrator.ready(peers.length, startMs)

  const sha256Before = await sha256Of(file)
  const { outcome, placement } = await putAway(peers, file, io, quiet)
  narrator.stored(outcome, placement)

  await clusterKill(folder, placement.victims)
  narrator.killed(placement.victims)

  const copy = join(folder, 'read-back')
  const reader = peers.find(({ number }) => number === placement.reader) as RunningPeer
  const { getMs, firstByteMs } = await readBack(reader, outcome.link, copy, io, quiet)
  const sha256After = await sha256Of(copy)
  return {
    file,
    sizeBytes: size,
    peers: peers.length,
    k: outcome.k,
    n: outcome.n,
    overhead: outcome.codedBytes / Math.max(1, outcome.sizeBytes),
    startMs,
    putMs: outcome.elapsedMs,
    getMs,
    firstByteMs,
    killed: placement.victims,
    reader: placement.reader,
    sha256Before,
    sha256After,
    identical: sha256Before === sha256After
  }
}

/**
 * Puts the file through one peer such that another one holds nothing. Where shards go is drawn by the key: once in
 * twelve times the peer that is left out is the writer itself, who has seen the whole file, and another one writes.
 */
const putAway = async (
  peers: readonly RunningPeer[],
  file: string,
  io: Io,
  quiet: boolean
): Promise<{ outcome: PutOutcome; placement: Placement }> => {
  const ids = new Map<string, number>()
  for (const { number, client } of peers) ids.set((await client.status()).peerId, number)
  for (const writer of peers) {
    const outcome = await putThrough(writer, file, io, quiet)
    const shardOf = new Map(outcome.stored.map(({ shard, peer }) => [ids.get(peer), shard]))
    const shards = peers.map(({ number }) => ({ number, shard: shardOf.get(number) }))
    const idle = shards.find(({ number, shard }) => shard === undefined && number !== writer.number)
    if (idle !== undefined) {
      const holders = shards.filter(({ shard }) => shard !== undefined).map(({ number }) => number)
      const victims = chosenVictims(holders, writer.number, outcome.n - outcome.k)
      return {
        outcome,
        placement: { file: basename(file), writer: writer.number, shards, reader: idle.number, victims }
      }
    }
    await writer.client.remove(outcome.cid)
  }
  throw new CliError(
    'DEMO_FAILED',
    'Every peer holds a shard: nobody is left to read it back.',
    'Run it again.'
  )
}

const putThrough = async (
  { client }: RunningPeer,
  file: string,
  io: Io,
  quiet: boolean
): Promise<PutOutcome> => {
  const source = await openSource(file, io)
  try {
    return await putSource(client, io, { isPublic: false, margin: N - K, quiet }, source)
  } finally {
    await source.close()
  }
}

/** The writer among them, so that nobody is left who saw the file whole. */
const chosenVictims = (holders: readonly number[], writer: number, wanted: number): number[] => {
  const others = holders.filter((number) => number !== writer)
  const victims = holders.includes(writer) ? [writer] : []
  while (victims.length < wanted) victims.push(...others.splice(randomInt(others.length), 1))
  return victims.sort((a, b) => a - b)
}

const readBack = async (
  { client }: RunningPeer,
  link: string,
  copy: string,
  io: Io,
  quiet: boolean
): Promise<{ getMs: number; firstByteMs: number }> => {
  const parsed = await readLink(client, link)
  const startedMs = performance.now()
  let firstByteMs = 0
  const object = await openObject(client, parsed)
  const progress = await startProgress(io, 'get', object.length, quiet)
  const timed = async function* (): AsyncGenerator<Uint8Array> {
    let bytes = 0
    for await (const part of object.bytes) {
      if (bytes === 0) firstByteMs = performance.now() - startedMs
      bytes += part.byteLength
      progress.update(bytes)
      yield part
    }
  }
  try {
    await writeAtomically(copy, timed(), false)
  } finally {
    object.close()
    progress.stop()
  }
  return { getMs: performance.now() - startedMs, firstByteMs }
}

const sha256Of = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

const endCluster = async (folder: string): Promise<void> => {
  const state = await existing(folder).catch(() => undefined)
  if (state === undefined) return
  await clusterKill(
    folder,
    (await livePeers(state)).map(({ number }) => number)
  )
}
