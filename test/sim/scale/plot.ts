// An SVG of what a peer receives in an epoch against the number of peers, both axes logarithmic.
import type { Received, ScaleReport } from './scale.ts'

const WIDTH = 720
const HEIGHT = 440
const LEFT = 84
const RIGHT = 190
const TOP = 48
const BOTTOM = 60

interface Series {
  readonly name: string
  readonly colour: string
  readonly of: (report: ScaleReport) => number
}

const total = ({ agreementBytes }: ScaleReport, { reportBytes, askedBytes }: Received): number =>
  agreementBytes + reportBytes + askedBytes

const SERIES: readonly Series[] = [
  { name: 'all, of a hearer', colour: '#b3402a', of: (report) => total(report, report.hearing) },
  {
    name: 'all, of the others',
    colour: '#22577a',
    of: (report) => total(report, report.quiet ?? report.hearing)
  },
  { name: 'agreement by gossip', colour: '#38a3a5', of: ({ agreementBytes }) => agreementBytes },
  { name: 'the whole map', colour: '#7a6c5d', of: ({ mapBytes }) => mapBytes }
]

/** @param reports - at least one, of different numbers of peers */
export const scalePlot = (reports: readonly ScaleReport[]): string => {
  const values = reports.flatMap((report) => SERIES.map(({ of }) => of(report))).filter((value) => value > 0)
  const x = logScale(
    reports.map(({ peers }) => peers),
    LEFT,
    WIDTH - RIGHT
  )
  const y = logScale(values, HEIGHT - BOTTOM, TOP)
  const lines = SERIES.map((series) => line(series, reports, x, y))
  const labels = spread(SERIES.map((series) => ({ series, y: y(series.of(reports[reports.length - 1])) })))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(LEFT, 24, 'What one peer receives in an epoch, against the number of peers', 'start', 15),
    ...decades(values).map((value) => horizontal(value, y(value))),
    ...reports.map(({ peers }) => tick(peers, x(peers))),
    text(
      (LEFT + WIDTH - RIGHT) / 2,
      HEIGHT - 16,
      `peers, ${reports[reports.length - 1].validators} of them validators`,
      'middle'
    ),
    ...lines,
    ...labels.map(({ series, y: at }) =>
      text(WIDTH - RIGHT + 10, at + 4, series.name, 'start', 13, series.colour)
    ),
    '</svg>\n'
  ].join('\n')
}

type Scale = (value: number) => number

const logScale = (values: readonly number[], from: number, to: number): Scale => {
  const logs = decadesAround(values)
  const [low, high] = [logs[0], logs[1]]
  return (value) => from + ((Math.log10(Math.max(value, 1)) - low) / Math.max(high - low, 1e-9)) * (to - from)
}

/** Logarithms between which all values lie: whole ones for wide ranges, so that the axis ends at a line. */
const decadesAround = (values: readonly number[]): [number, number] => {
  const logs = values.map((value) => Math.log10(Math.max(value, 1)))
  const [low, high] = [Math.min(...logs), Math.max(...logs)]
  return high - low > 2 ? [Math.floor(low), Math.ceil(high)] : [low, high]
}

const decades = (values: readonly number[]): number[] => {
  const [low, high] = decadesAround(values)
  const found: number[] = []
  for (let power = Math.ceil(low); power <= Math.floor(high); power++) found.push(10 ** power)
  return found
}

const line = ({ colour, of }: Series, reports: readonly ScaleReport[], x: Scale, y: Scale): string => {
  const points = reports.map((report) => `${x(report.peers).toFixed(1)},${y(of(report)).toFixed(1)}`)
  const dots = points.map((point) => {
    const [cx, cy] = point.split(',')
    return `<circle cx="${cx}" cy="${cy}" r="3.5" fill="${colour}"/>`
  })
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`
}

/** Labels at the ends of the lines, moved apart where they would cover each other. */
const spread = <T extends { readonly y: number }>(labels: readonly T[]): T[] => {
  let lastY = -Infinity
  return [...labels]
    .sort((a, b) => a.y - b.y)
    .map((label) => {
      lastY = Math.max(label.y, lastY + 17)
      return { ...label, y: lastY }
    })
}

const horizontal = (value: number, y: number): string =>
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#dddddd"/>` +
  text(LEFT - 8, y + 4, bytes(value), 'end')

const tick = (peers: number, x: number): string =>
  `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM + 5}" stroke="#555555"/>` +
  text(x, HEIGHT - BOTTOM + 20, peers.toLocaleString('en'), 'middle')

const bytes = (value: number): string =>
  value >= 1e9
    ? `${value / 1e9} GB`
    : value >= 1e6
      ? `${value / 1e6} MB`
      : value >= 1e3
        ? `${value / 1e3} KB`
        : `${value} B`

const text = (
  x: number,
  y: number,
  words: string,
  anchor: 'start' | 'middle' | 'end',
  size = 13,
  colour = '#333333'
): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}" fill="${colour}">${words}</text>`
