// Runs the demo for real and draws what it printed as docs/images/demo.svg: each line appears when it did, long waits cut.
// Arguments go to the demo, e.g. --file FILE.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'

const LONGEST_WAIT_S = 1.5
const FONT_PX = 14
const CELL_PX = 8.43
const LINE_PX = 20
const MARGIN_PX = 24
const COLORS: Record<string, string> = { '2': '#8b949e', '31': '#ff7b72', '32': '#7ee787' }

interface Line {
  readonly text: string
  readonly atMs: number
}

const root = new URL('..', import.meta.url)

const record = async (): Promise<Line[]> => {
  const args = ['src/cli/demo.ts', ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, FORCE_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const ended = once(child, 'exit')
  const startedMs = performance.now()
  const lines: Line[] = [
    { text: '$ npm run demo', atMs: 0 },
    { text: '', atMs: 0 }
  ]
  let rest = ''
  for await (const part of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    const complete = (rest + part).split('\n')
    rest = complete.pop() as string
    for (const text of complete) lines.push({ text, atMs: performance.now() - startedMs })
  }
  const [code] = await ended
  if (code !== 0) throw new Error(`the demo ended with ${code}`)
  return lines
}

/** Text of one line as tspans, its SGR colours as fills. */
const spans = (text: string): string => {
  let fill = ''
  return text
    .split(/\x1b\[(\d+)m/)
    .map((piece, index) => {
      if (index % 2 === 1) {
        fill = COLORS[piece] ?? ''
        return ''
      }
      return fill === '' ? escaped(piece) : `<tspan fill="${fill}">${escaped(piece)}</tspan>`
    })
    .join('')
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const plain = (text: string): string => text.replace(/\x1b\[\d+m/g, '')

const draw = (lines: readonly Line[]): string => {
  const columns = Math.max(...lines.map(({ text }) => plain(text).length))
  const width = Math.ceil(columns * CELL_PX + 2 * MARGIN_PX)
  const height = lines.length * LINE_PX + 2 * MARGIN_PX
  let delayS = 0
  let previousMs = 0
  const rows = lines.map(({ text, atMs }, index) => {
    delayS += Math.min(LONGEST_WAIT_S, (atMs - previousMs) / 1000)
    previousMs = atMs
    const y = MARGIN_PX + (index + 0.75) * LINE_PX
    const delay = delayS.toFixed(2)
    return `<text x="${MARGIN_PX}" y="${y}" style="animation-delay:${delay}s">${spans(text)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    '<title>npm run demo: 12 peers, half of them killed, every byte back</title>',
    '<style>',
    `text { font: ${FONT_PX}px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre; animation: appear .2s backwards }`,
    '@keyframes appear { from { opacity: 0 } }',
    '@media (prefers-reduced-motion) { text { animation: none } }',
    '</style>',
    `<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>`,
    ...rows,
    '</svg>',
    ''
  ].join('\n')
}

writeFileSync(new URL('docs/images/demo.svg', root), draw(await record()))
