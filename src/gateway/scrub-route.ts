import { toProblem } from './problem.ts'
import { integer, readQuery } from './query.ts'
import { finish, startLines } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { ScrubLine } from './types.ts'

/** Slower than this a pass over a few gigabytes takes weeks. */
const MIN_SCRUB_BYTES_PER_SECOND = 65_536

/** Reads everything that this node keeps: lines of progress, then one with the result. */
const scrub = async ({ node, query, response, signal }: Exchange): Promise<void> => {
  const { bytesPerSecond } = readQuery(query, {
    bytesPerSecond: integer(MIN_SCRUB_BYTES_PER_SECOND, Number.MAX_SAFE_INTEGER)
  })
  const { line } = startLines<ScrubLine>(response)
  // A slow client misses lines of progress; it is never waited for.
  let writing = Promise.resolve()
  let isWriting = false
  try {
    const result = await node.scrub({
      bytesPerSecond,
      signal,
      onProgress: (progress) => {
        if (isWriting) return
        isWriting = true
        writing = line({ progress }, signal).finally(() => {
          isWriting = false
        })
        writing.catch(() => {})
      }
    })
    await writing
    await line({ result }, signal)
  } catch (error) {
    signal.throwIfAborted()
    node.logger.warn('scrub failed', { error })
    await line({ problem: toProblem(error) }, signal)
  }
  finish(response)
}

export const scrubRoutes: readonly Route[] = [
  { methods: ['POST'], path: '/v1/scrub', needsToken: true, takesBody: false, handle: scrub }
]
