import { answerWithProgress } from './progress-lines.ts'
import { integer, readQuery } from './query.ts'
import type { Exchange, Route } from './router.ts'
import type { ScrubReportJson } from './types.ts'

/** Slower than this a pass over a few gigabytes takes weeks. */
const MIN_SCRUB_BYTES_PER_SECOND = 65_536

/** Reads everything that this node keeps: lines of progress, then one with the result. */
const scrub = async (exchange: Exchange): Promise<void> => {
  const { node, query, signal } = exchange
  const { bytesPerSecond } = readQuery(query, {
    bytesPerSecond: integer(MIN_SCRUB_BYTES_PER_SECOND, Number.MAX_SAFE_INTEGER)
  })
  await answerWithProgress<ScrubReportJson, ScrubReportJson>(exchange, 'scrub', async (onProgress) => {
    return await node.scrub({ bytesPerSecond, signal, onProgress })
  })
}

export const scrubRoutes: readonly Route[] = [
  { methods: ['POST'], path: '/v1/scrub', needsToken: true, takesBody: false, handle: scrub }
]
