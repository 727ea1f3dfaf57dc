import type { MapJson } from '../gateway/index.ts'
import { formatBytes, shortPeer } from './format.ts'
import { mapLine } from './commands/map.ts'
import { projectPositions } from '../manifold/coordinate/projection.ts'
import type { PaperPoint } from '../manifold/coordinate/projection.ts'

type Peer = MapJson['peers'][number]
type Point = PaperPoint

interface Placed {
  readonly peer: Peer
  /** Milliseconds, along the two directions in which the peers lie farthest apart. */
  readonly at: Point
}

const SIZE = 800
const MARGIN = 90
const HEAD = 64
const FOOT = 96
const RADIUS = 9
/** Load from nothing to saturation: colours that differ in lightness as well. */
const COLOURS = ['#2c7bb6', '#6ab0d6', '#a9d18e', '#f4c542', '#f08a3c', '#c9302c']
const ROUND = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/**
 * The peers of the agreed map in latency space, as SVG: load as colour, silence as a dashed outline, validators with a ring. The
 * coordinates are projected onto the two directions in which they differ most (principal components); heights are left out.
 */
export const mapSvg = (map: MapJson): string => {
  const placed = placedPeers(map.peers)
  const unplaced = map.peers.length - placed.length
  const [left, top, scale] = window(placed)
  const spot = ([x, y]: Point): Point => [MARGIN + (x - left) * scale, HEAD + MARGIN / 2 + (y - top) * scale]
  const validators = new Set(map.agreement?.validators.map(({ id }) => id))
  const height = HEAD + SIZE + FOOT
  const body = [
    text(24, 30, `Map of the network: ${mapLine(map)}`, 'font-size="18" font-weight="bold"'),
    text(
      24,
      52,
      `${map.peers.length} peers${unplaced === 0 ? '' : `, ${unplaced} without a coordinate`}; distance is round-trip time`,
      'fill="#555"'
    ),
    ...placed.map(({ peer, at }) => dot(peer, spot(at), validators.has(peer.id))),
    ...labels(placed, spot),
    ...legend(scale, HEAD + SIZE + 16)
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${height}" width="${SIZE}" height="${height}" font-family="sans-serif" font-size="13">
<rect width="${SIZE}" height="${height}" fill="white"/>
${body.join('\n')}
</svg>
`
}

const placedPeers = (peers: readonly Peer[]): Placed[] => {
  const known = peers.filter(({ coordinate }) => coordinate !== undefined)
  const points = projectPositions(known.map(({ coordinate }) => coordinate!.positionMicros))
  return known.map((peer, index) => ({ peer, at: points[index] }))
}

/** What is drawn: its left and top edge in ms, and pixels for a ms. One peer, or peers in one place, stand in the middle. */
const window = (placed: readonly Placed[]): [left: number, top: number, scale: number] => {
  const xs = placed.map(({ at: [x] }) => x)
  const ys = placed.map(({ at: [, y] }) => y)
  const [left, right, top, bottom] = [
    Math.min(0, ...xs),
    Math.max(0, ...xs),
    Math.min(0, ...ys),
    Math.max(0, ...ys)
  ]
  const span = Math.max(right - left, bottom - top, 0.1)
  const inner = SIZE - 2 * MARGIN
  return [(left + right - span) / 2, (top + bottom - span) / 2, inner / span]
}

const colourOf = ({ heatPpm }: Peer): string =>
  COLOURS[Math.min(COLOURS.length - 1, Math.floor((heatPpm / 1_000_000) * COLOURS.length))]

const dot = (peer: Peer, [x, y]: Point, isValidator: boolean): string => {
  const isStale = peer.slotsSilent > 0
  const outline = isStale ? 'stroke="#333" stroke-dasharray="3 2" fill-opacity="0.35"' : 'stroke="#333"'
  const ring = isValidator
    ? `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="${RADIUS + 4}" fill="none" stroke="#333"/>`
    : ''
  const silent = isStale ? `, silent for ${peer.slotsSilent} maps` : ''
  const title = `${peer.id}: load ${(peer.heatPpm / 10_000).toFixed(1)} %, ${formatBytes(peer.freeBytes)} free${silent}`
  return `<g><title>${escaped(title)}</title>${ring}<circle cx="${fixed(x)}" cy="${fixed(y)}" r="${RADIUS}" fill="${colourOf(peer)}" ${outline}/></g>`
}

/** A label stands right of its peer, or left, above or below, where it meets no other; where it always would, it is left out. */
const labels = (placed: readonly Placed[], spot: (at: Point) => Point): string[] => {
  const spots = placed.map(({ at }) => spot(at))
  const taken: Array<readonly [left: number, top: number, right: number, bottom: number]> = spots.map(
    ([x, y]) => [x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS]
  )
  return placed.flatMap(({ peer }, index) => {
    const words = shortPeer(peer.id)
    const [x, y] = spots[index]
    const width = words.length * 7.5
    const candidates: Point[] = [
      [x + RADIUS + 6, y + 4],
      [x - RADIUS - 6 - width, y + 4],
      [x - width / 2, y - RADIUS - 8],
      [x - width / 2, y + RADIUS + 17]
    ]
    for (const [left, base] of candidates) {
      const box = [left, base - 11, left + width, base + 3] as const
      const isFree = taken.every(
        (other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]
      )
      if (!isFree || box[0] < 0 || box[2] > SIZE) continue
      taken.push(box)
      return [text(left, base, words)]
    }
    return []
  })
}

const legend = (scale: number, top: number): string[] => {
  const ms = ROUND.findLast((one) => one * scale <= 200) ?? ROUND[0]
  const length = ms * scale
  return [
    `<line x1="24" x2="${fixed(24 + length)}" y1="${top + 14}" y2="${top + 14}" stroke="#333" stroke-width="2"/>`,
    text(24, top + 34, `${ms} ms`),
    ...COLOURS.map(
      (colour, i) => `<rect x="${300 + 34 * i}" y="${top + 4}" width="34" height="14" fill="${colour}"/>`
    ),
    text(300, top + 34, 'load: 0'),
    text(300 + 34 * COLOURS.length - 30, top + 34, '100 %'),
    `<circle cx="572" cy="${top + 12}" r="6" fill="white" stroke="#333"/><circle cx="572" cy="${top + 12}" r="9.5" fill="none" stroke="#333"/>`,
    text(590, top + 16, 'validator'),
    `<circle cx="684" cy="${top + 12}" r="7" fill="#ccc" fill-opacity="0.35" stroke="#333" stroke-dasharray="3 2"/>`,
    text(700, top + 16, 'silent')
  ]
}

const fixed = (value: number): string => value.toFixed(1)

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}"${more === '' ? '' : ` ${more}`}>${escaped(words)}</text>`

const escaped = (words: string): string =>
  words.replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]!)
