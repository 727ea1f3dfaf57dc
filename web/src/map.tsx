import type { MapJson, PeersJson } from '../../src/gateway/types.ts'
import { formatBytes, shortPeer } from '../../src/cli/format.ts'
import { placeLabels } from './labels.ts'
import { projectPositions } from '../../src/manifold/coordinate/projection.ts'

interface Spot {
  readonly id: string
  /** Milliseconds. */
  readonly at: readonly [x: number, y: number]
  /** 0 to 1; undefined where it is not known. */
  readonly load?: number
  readonly isAway: boolean
  readonly isSelf: boolean
  readonly title: string
}

const SIZE = 400
const MARGIN = 50
const LEVELS = 6

/** The peers in latency space: by the agreed map, or around this node by round-trip time where there is none. */
export const PeerMap = ({ map, peers }: { map: MapJson; peers: PeersJson['peers'] }) => {
  const spots = agreedSpots(map, peers)
  const isAgreed = spots.length > 1
  const shown = isAgreed ? spots : ringSpots(peers)
  const reach = Math.max(0.1, ...shown.flatMap(({ at: [x, y] }) => [Math.abs(x), Math.abs(y)]))
  const scale = (SIZE / 2 - MARGIN) / reach
  const labels = placeLabels(
    shown.map(({ id, at: [x, y], isSelf }) => ({
      text: isSelf ? 'this node' : shortPeer(id),
      x: SIZE / 2 + x * scale,
      y: SIZE / 2 + y * scale,
      radius: isSelf ? 14 : 7
    })),
    SIZE
  )
  const how = isAgreed
    ? 'Distance is round-trip time, by the agreed map'
    : 'Distance from the middle is round-trip time'
  return (
    <figure class="map">
      <svg
        viewBox={`0 0 ${SIZE} ${SIZE}`}
        role="img"
        aria-label={`${shown.length} peers. ${how}. The table below has the same.`}
      >
        {shown.map(({ id, at: [x, y], load, isAway, isSelf, title }) => (
          <g key={id} transform={`translate(${SIZE / 2 + x * scale} ${SIZE / 2 + y * scale})`}>
            <title>{title}</title>
            <circle r={isSelf ? 10 : 7} class={`peer ${levelOf(load)} ${isAway ? 'away' : ''}`} />
            {isSelf && <circle r="14" class="ring" />}
          </g>
        ))}
        {labels.map(({ text, x, y, from }) => (
          <g key={text} aria-hidden="true">
            {from !== undefined && <line x1={from[0]} y1={from[1]} x2={x} y2={y} class="lead" />}
            <text x={x} y={y} text-anchor="middle" dominant-baseline="central">
              {text}
            </text>
          </g>
        ))}
      </svg>
      <figcaption>
        {how}; {(reach * 2).toFixed(reach < 5 ? 1 : 0)} ms from edge to edge. Load:{' '}
        {Array.from({ length: LEVELS }, (_, level) => (
          <span key={level} class={`swatch level${level}`} />
        ))}{' '}
        none to full. Hollow: away.{' '}
        {labels.length < shown.length && 'Where peers crowd, point at one to see which it is.'}
      </figcaption>
    </figure>
  )
}

const levelOf = (load: number | undefined): string =>
  load === undefined ? 'unknown' : `level${Math.min(LEVELS - 1, Math.floor(load * LEVELS))}`

const agreedSpots = (map: MapJson, peers: PeersJson['peers']): Spot[] => {
  const self = peers.find((peer) => peer.self)?.id
  const known = map.peers.filter(({ coordinate }) => coordinate !== undefined)
  const points = projectPositions(known.map(({ coordinate }) => coordinate!.positionMicros))
  return known.map(({ id, heatPpm, freeBytes, slotsSilent }, index) => ({
    id,
    at: points[index],
    load: heatPpm / 1_000_000,
    isAway: slotsSilent > 0,
    isSelf: id === self,
    title: `${id}: load ${(heatPpm / 10_000).toFixed(0)} %, ${formatBytes(freeBytes)} free`
  }))
}

const ringSpots = (peers: PeersJson['peers']): Spot[] =>
  peers.map((peer, index) => {
    const ms = peer.self ? 0 : (peer.rttMicros ?? peer.predictedRttMicros ?? 0) / 1000
    const angle = (index / peers.length) * 2 * Math.PI
    return {
      id: peer.id,
      at: [ms * Math.cos(angle), ms * Math.sin(angle)],
      isAway: !peer.live,
      isSelf: peer.self,
      title: `${peer.id}: ${formatBytes(peer.freeBytes)} free of ${formatBytes(peer.capacityBytes)}`
    }
  })
