// Small plots as SVG text: bars in groups on a logarithmic scale, and lines.

const WIDTH = 760
const HEIGHT = 360
const LEFT = 70
const TOP = 50
const RIGHT = 150
const BOTTOM = 50
const COLOURS = ['#d1495b', '#30638e', '#edae49', '#66a182', '#5b5f97']

export interface Bar {
  readonly label: string
  /** One for each series. */
  readonly values: readonly number[]
}

export interface Line {
  readonly label: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${words}</text>`

const frame = (title: string, body: readonly string[]): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>
${text(LEFT, 24, title, 'font-size="15" font-weight="bold"')}
${body.join('\n')}
</svg>
`

const legend = (labels: readonly string[]): string[] =>
  labels.flatMap((label, i) => [
    `<rect x="${WIDTH - RIGHT + 14}" y="${TOP + 20 * i}" width="12" height="12" fill="${COLOURS[i]}"/>`,
    text(WIDTH - RIGHT + 32, TOP + 10 + 20 * i, label)
  ])

const rule = (y: number, label: string): string[] => [
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="#ddd"/>`,
  text(LEFT - 8, y + 4, label, 'text-anchor="end"')
]

/** Groups of bars; each value is written above its bar. Values are positive. */
export function barPlot(title: string, series: readonly string[], bars: readonly Bar[]): string {
  const values = bars.flatMap((bar) => bar.values)
  const [from, to] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))]
  const y = (value: number): number =>
    HEIGHT - BOTTOM - ((Math.log10(value) - from) / (to - from)) * (HEIGHT - TOP - BOTTOM)
  const group = (WIDTH - LEFT - RIGHT) / bars.length
  const width = (group * 0.7) / series.length
  const decades = Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i))
  const drawn = bars.flatMap(({ label, values: own }, at) => {
    const x = LEFT + group * at
    return [
      ...own.flatMap((value, i) => {
        const left = x + group * 0.15 + width * i
        return [
          `<rect x="${left.toFixed(1)}" y="${y(value).toFixed(1)}" width="${(width - 2).toFixed(1)}" height="${(HEIGHT - BOTTOM - y(value)).toFixed(1)}" fill="${COLOURS[i]}"/>`,
          text(
            left + width / 2,
            y(value) - 4,
            String(Math.round(value)),
            'text-anchor="middle" font-size="10"'
          )
        ]
      }),
      text(x + group / 2, HEIGHT - BOTTOM + 18, label, 'text-anchor="middle"')
    ]
  })
  return frame(title, [
    ...decades.flatMap((value) => rule(y(value), String(value))),
    ...drawn,
    ...legend(series)
  ])
}

/** Lines over a common x axis that begins where the first line does; y from 0. */
export function linePlot(title: string, xLabel: string, lines: readonly Line[]): string {
  const points = lines.flatMap((line) => line.points)
  const xs = points.map(([x]) => x)
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const top = Math.max(...points.map(([, y]) => y), 0.1)
  const x = (value: number): number =>
    LEFT + ((value - left) / Math.max(1, right - left)) * (WIDTH - LEFT - RIGHT)
  const y = (value: number): number => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM)
  const rules = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => rule(y(top * share), (top * share).toFixed(2)))
  const ticks = [0, 0.5, 1].map((share) => {
    const at = left + share * (right - left)
    return text(x(at), HEIGHT - BOTTOM + 18, `${Math.round(at - left)}`, 'text-anchor="middle"')
  })
  const drawn = lines.map(
    ({ points: own }, i) =>
      `<polyline fill="none" stroke="${COLOURS[i]}" stroke-width="2" points="${own.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')}"/>`
  )
  const axis = text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, xLabel, 'text-anchor="middle"')
  return frame(title, [...rules, ...ticks, axis, ...drawn, ...legend(lines.map(({ label }) => label))])
}
