import type { CID } from 'multiformats/cid'
import type { PeerId } from '@libp2p/interface'
import { isHologramError } from '../../errors.ts'
import { Layout } from '../../records/layout.ts'
import type { Segment } from '../../records/layout.ts'
import type { Manifest } from '../../records/manifest.ts'
import type { ClientContext } from '../context.ts'
import type { LaneOpener } from './lane.ts'
import { LocalLane } from './local-lane.ts'
import { RemoteLane } from './remote-lane.ts'
import { PairDecoder } from './pairs.ts'
import { drawnFactors } from '../../steering.ts'
import { survive } from '../survive.ts'
import { SegmentReader } from './segment-reader.ts'
import type { ShardLocations } from './segment-reader.ts'

export interface ReadableObject {
  readonly cid: CID
  readonly manifest: Manifest
  /**
   * The same with the shards that leases add: asked for when those of the manifest are too few. By then all peers have been asked,
   * and a lease may have been learnt that the first one did not have. @default `manifest`
   */
  readonly readable?: () => Manifest
  readonly layout: Layout
  /** For repair: busy holders serve others first. @default false */
  readonly isBackground?: boolean
}

export interface ReadSegment {
  readonly segment: Segment
  readonly rows: Uint8Array[]
  /** Every block was proved by a root in the manifest. Otherwise some root is only a lessee's word. */
  readonly isProved: boolean
}

/**
 * The data rows of `segments`, in order. Shards whose roots stand only in a lease are read where those of the manifest are too
 * few.
 *
 * @throws HologramError 'NOT_ENOUGH_SHARDS'
 */
export async function* readSegments(
  context: ClientContext,
  object: ReadableObject,
  locations: ShardLocations,
  segments: Iterable<Segment>,
  signal: AbortSignal
): AsyncGenerator<ReadSegment> {
  const { manifest } = object
  const order = segments[Symbol.iterator]()
  /** Asked for and not yet read. */
  const open: Segment[] = []
  const asked = (): Generator<Segment> => noted(order, open)
  try {
    const source = readRows(context, object, manifest.n, within(locations, manifest.n), asked(), signal)
    for await (const { segment, rows } of source) {
      open.shift()
      yield { segment, rows, isProved: true }
    }
  } catch (error) {
    if (!isHologramError(error, 'NOT_ENOUGH_SHARDS')) throw error
    const readable = object.readable?.() ?? manifest
    if (readable.n <= manifest.n) throw error
    const added = { ...object, manifest: readable }
    const left = chained(open.splice(0), asked())
    const rest = readRows(context, added, manifest.n, within(locations, readable.n), left, signal)
    for await (const { segment, rows } of rest) yield { segment, rows, isProved: false }
  }
}

function* noted(source: Iterator<Segment>, open: Segment[]): Generator<Segment> {
  for (let next = source.next(); next.done !== true; next = source.next()) {
    open.push(next.value)
    yield next.value
  }
}

function* chained(first: readonly Segment[], rest: Iterable<Segment>): Generator<Segment> {
  yield* first
  yield* rest
}

/** Holders may name rows whose roots are not known here. */
function within(locations: ShardLocations, n: number): ShardLocations {
  const isKnown = ([shard]: readonly [number, readonly PeerId[]]): boolean => shard < n
  return {
    known: () => [...locations.known()].filter(isKnown),
    discover: async (signal) => [...(await locations.discover(signal))].filter(isKnown)
  }
}

/** @param asPut - shards with which the object was put */
function readRows(
  context: ClientContext,
  object: ReadableObject,
  asPut: number,
  locations: ShardLocations,
  segments: Iterable<Segment>,
  signal: AbortSignal
): AsyncGenerator<{ segment: Segment; rows: Uint8Array[] }> {
  const { mesh, codec, experience, clock, settings, lines, steering } = context
  const { manifest, layout } = object
  const { n } = manifest
  const pairs =
    manifest.code === 'rs8p'
      ? new PairDecoder({
          codec,
          layout,
          n: asPut,
          readFirst: async (segment) => {
            for await (const { rows } of readRows(context, object, asPut, locations, [segment], signal))
              return rows
            throw new RangeError(`segment ${segment.index} was not read`)
          },
          signal
        })
      : undefined
  const reader = new SegmentReader(
    {
      self: mesh.self,
      experience,
      locations,
      openLane: laneOpener(context, object),
      inLine: (peer) => lines.get.use(peer.toString()).waiting,
      decode: async (segment, rows) => {
        const data = await dataRows(codec, n, segment, rows, pairs, signal)
        pairs?.has(segment, data)
        return data
      },
      observe: (peer, outcome) => {
        if (!peer.equals(mesh.self)) mesh.observe(peer, outcome)
      },
      onSurvived: (what, failure) => survive(context, what, { cid: object.cid, ...failure }),
      clock,
      factor: drawnFactors(steering),
      onBusy: (peer) => steering.noteBusy(peer.toString())
    },
    {
      n,
      readAheadBytes: settings.readAheadBytes,
      minHedgeMs: settings.minHedgeMs,
      stallTimeoutMs: settings.readStallTimeoutMs,
      signal
    }
  )
  return reader.read(pairs === undefined ? segments : expected(segments, pairs))
}

function* expected(segments: Iterable<Segment>, pairs: PairDecoder): Generator<Segment> {
  for (const segment of segments) {
    pairs.expect(segment)
    yield segment
  }
}

export function laneOpener(context: ClientContext, object: Omit<ReadableObject, 'readable'>): LaneOpener {
  const { mesh, holdings, experience, clock, settings, lines, caps } = context
  const { cid, manifest, layout, isBackground = false } = object
  const onCloseFailure = (error: unknown): void => survive(context, 'lane', { cid, peer: mesh.self, error })
  return (shard, peer, listener) =>
    peer.equals(mesh.self)
      ? new LocalLane({ holdings, self: mesh.self, clock, onCloseFailure }, { cid, shard }, listener)
      : new RemoteLane(
          { mesh, experience, clock, line: lines.get, caps },
          {
            shard,
            peer,
            cid: cid.bytes,
            root: manifest.roots[shard],
            layout,
            isBackground,
            openTimeoutMs: settings.openTimeoutMs,
            idleTimeoutMs: 2 * settings.readStallTimeoutMs
          },
          listener
        )
}

/** Rows 0 to k-1 out of any k; nothing is computed when they are what came. */
async function dataRows(
  codec: ClientContext['codec'],
  n: number,
  segment: Segment,
  rows: ReadonlyMap<number, Uint8Array>,
  pairs: PairDecoder | undefined,
  signal: AbortSignal
): Promise<Uint8Array[]> {
  const { k, blockBytes } = segment
  const all = Array.from({ length: k }, (_, row) => rows.get(row))
  const want = all.flatMap((row, index) => (row === undefined ? [index] : []))
  if (want.length > 0) {
    const have = [...rows.keys()]
    const blocks = new Uint8Array(k * blockBytes)
    have.forEach((row, place) => blocks.set(rows.get(row)!, place * blockBytes))
    const made =
      pairs === undefined || pairs.isPlain(segment, have)
        ? await codec.reconstruct({ k, n, blockBytes }, have, blocks, want, { signal })
        : await pairs.decode(segment, have, blocks, want)
    want.forEach((row, place) => {
      all[row] = made.subarray(place * blockBytes, (place + 1) * blockBytes)
    })
  }
  return all as Uint8Array[]
}
