import type { HistoryJson } from '../../src/gateway/types.ts'
import { formatAge, formatBytes } from '../../src/cli/format.ts'
import { getJson } from './api.ts'
import { usePolled } from './hooks.ts'
import { levelOf, lineOf, rateOf } from './series.ts'
import type { Point } from './series.ts'

const EVERY_MS = 10_000
const [WIDTH, HEIGHT] = [300, 80]

const load = async (signal: AbortSignal): Promise<HistoryJson> =>
  await getJson<HistoryJson>('/v1/history', signal)

interface Line {
  readonly name: string
  readonly points: readonly Point[]
}

/** Traffic, storage and load over the last hour. */
export const Charts = () => {
  const { value } = usePolled(load, EVERY_MS)
  const samples = value?.samples ?? []
  if (samples.length < 3) {
    return (
      <section>
        <h2>The last hour</h2>
        <p class="note">There will be something to see in half a minute.</p>
      </section>
    )
  }
  const rate = (bytes: number): string => `${formatBytes(Math.round(bytes))}/s`
  return (
    <section>
      <h2>The last {formatAge(Math.max(1000, samples.at(-1)!.atMs - samples[0].atMs))}</h2>
      <div class="charts">
        <Chart
          title="Blocks of peers"
          lines={[
            { name: 'taken', points: rateOf(samples, 'takenBytes') },
            { name: 'handed out', points: rateOf(samples, 'givenBytes') }
          ]}
          format={rate}
        />
        <Chart
          title="Disk in use"
          lines={[{ name: 'used', points: levelOf(samples, ({ usedBytes }) => usedBytes) }]}
          format={formatBytes}
        />
        <Chart
          title="Load"
          lines={[{ name: 'load', points: levelOf(samples, ({ heat }) => heat) }]}
          format={(heat) => `${(heat * 100).toFixed(0)} %`}
          top={1}
        />
      </div>
    </section>
  )
}

/** @param top - value at the upper edge. Default: the highest there is */
const Chart = ({
  title,
  lines,
  format,
  top
}: {
  title: string
  lines: readonly Line[]
  format: (value: number) => string
  top?: number
}) => {
  const highest = Math.max(...lines.flatMap(({ points }) => points.map(({ value }) => value)), 0)
  const edge = top ?? (highest || 1)
  const now = lines.map(({ name, points }) => `${name} ${format(points.at(-1)?.value ?? 0)}`).join(', ')
  return (
    <figure class="chart">
      <figcaption>
        {title}: <strong>{now}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}. Now: ${now}. At most: ${format(highest)}.`}
      >
        {lines.map(({ name, points }, index) => (
          <polyline key={name} class={`line${index}`} points={lineOf(points, WIDTH, HEIGHT, edge)} />
        ))}
      </svg>
      <p class="note">
        at most {format(highest)}
        {lines.length > 1 && `; dashed: ${lines[1].name}`}
      </p>
    </figure>
  )
}
