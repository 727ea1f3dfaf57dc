// `npm run demo:hologram`: a picture over 12 shards on 12 peers, each a process of its own, of which more and more are
// killed. What the others still show goes side by side into docs/images/hologram.png, or the file named.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { psnr, writePng } from '../encoder/tensor/index.ts'
import { clusterKill, clusterUp, existing } from '../src/cli/cluster/cluster.ts'
import type { RunningPeer } from '../src/cli/cluster/cluster.ts'
import { livePeers } from '../src/cli/cluster/state.ts'
import type { Io } from '../src/cli/io.ts'
import { readLink } from '../src/cli/objects/get.ts'
import { openSource } from '../src/cli/objects/source.ts'
import { layersOf, openTensor, readVersions } from '../src/cli/tensors/get.ts'
import type { TensorVersion } from '../src/cli/tensors/get.ts'
import { putTensor } from '../src/cli/tensors/put.ts'
import type { TensorPutOutcome } from '../src/cli/tensors/put.ts'
import { drawPicture } from './hologram/picture.ts'
import { drawStrip } from './hologram/strip.ts'
import type { Panel } from './hologram/strip.ts'

const SHARDS = 12
const ENOUGH = 8
const HEIGHT = 640
const WIDTH = 960
/** Peers alive in each panel of the strip, from right to left. */
const STAGES = [8, 6, 3, 2]
const START_TIMEOUT_MS = 120_000

const output = process.argv[2] ?? fileURLToPath(new URL('../docs/images/hologram.png', import.meta.url))
const interruption = new AbortController()
process.once('SIGINT', () => interruption.abort(new Error('interrupted')))
const { stdin, stdout, stderr, env } = process
const io: Io = { stdin, stdout, stderr, env, signal: interruption.signal }

const picture = drawPicture(HEIGHT, WIDTH)
const folder = await mkdtemp(join(tmpdir(), 'thhe-hologram-'))
try {
  console.log(`Starting ${SHARDS} peers, each a process of its own ...`)
  const { peers } = await clusterUp({
    folder,
    size: SHARDS,
    code: { k: ENOUGH, n: SHARDS },
    quota: '64MiB',
    timeoutMs: START_TIMEOUT_MS,
    env,
    signal: interruption.signal
  })
  const outcome = await put(peers[0])
  console.log(
    `Put ${WIDTH} x ${HEIGHT} pixels: layers for ${outcome.layers.map(({ k }) => k).join(', ')} of ${SHARDS} shards, ` +
      `${outcome.storageRatio.toFixed(3)} times the storage of the uniform code.`
  )
  const panels = await killAndRead(peers, outcome)
  await writeFile(output, writePng(drawStrip(panels.reverse(), SHARDS)))
  console.log(`Written: ${output}`)
} finally {
  await endCluster()
  await rm(folder, { recursive: true, force: true })
}

async function put({ client }: RunningPeer): Promise<TensorPutOutcome> {
  const file = join(folder, 'picture.png')
  await writeFile(file, writePng(picture))
  const source = await openSource(file, io)
  try {
    return await putTensor(client, io, { isPublic: false, margin: SHARDS - ENOUGH, quiet: true }, source)
  } finally {
    await source.close()
  }
}

/** Reads with all but the peers that are alive at each stage killed; peer 1 is the reader to the end. */
async function killAndRead(peers: readonly RunningPeer[], outcome: TensorPutOutcome): Promise<Panel[]> {
  const shardOf = await shardsByPeer(peers, outcome)
  const panels: Panel[] = []
  let alive = peers
  for (const wanted of STAGES) {
    const victims = alive.slice(wanted)
    await clusterKill(
      folder,
      victims.map(({ number }) => number)
    )
    alive = alive.slice(0, wanted)
    const version = await read(alive[0], outcome.link, wanted)
    const { layers, layersInAll, bytesRead, error } = version
    const isExact = Buffer.compare(version.tensor.bytes, picture.bytes) === 0
    const quality = isExact ? 'exact, bit by bit' : `PSNR ${psnr(error, 255).toFixed(1)} dB`
    console.log(
      `${wanted} of ${SHARDS} alive: ${layers} of ${layersInAll} layers, ${bytesRead} bytes read, ${quality}.`
    )
    if (isExact !== wanted >= ENOUGH)
      throw new Error(`${wanted} of ${SHARDS} shards gave back the wrong picture`)
    panels.push({
      picture: version.tensor,
      alive: new Set(alive.map(({ number }) => shardOf.get(number)!))
    })
  }
  return panels
}

async function read({ client }: RunningPeer, link: string, shards: number): Promise<TensorVersion> {
  const open = await openTensor(client, await readLink(client, link))
  for await (const version of readVersions(client, open, [layersOf(open, shards)])) return version
  throw new Error('nothing was read')
}

async function shardsByPeer(
  peers: readonly RunningPeer[],
  { stored }: TensorPutOutcome
): Promise<Map<number, number>> {
  const shardOf = new Map<number, number>()
  for (const { number, client } of peers) {
    const { peerId } = await client.status()
    const held = stored.find(({ peer }) => peer === peerId)
    if (held !== undefined) shardOf.set(number, held.shard)
  }
  return shardOf
}

async function endCluster(): Promise<void> {
  const state = await existing(folder).catch(() => undefined)
  if (state === undefined) return
  await clusterKill(
    folder,
    (await livePeers(state)).map(({ number }) => number)
  )
}
