import { toProblem } from './problem.ts'
import { finish, startLines } from './respond.ts'
import type { Exchange } from './router.ts'

/** Does long work: lines of progress, then one with the result, or a problem. A slow client misses lines of progress. */
export const answerWithProgress = async <P, R>(
  { node, response, signal }: Exchange,
  what: string,
  work: (onProgress: (progress: P) => void) => Promise<R>
): Promise<void> => {
  const { line } = startLines<unknown>(response)
  // It is never waited for.
  let writing = Promise.resolve()
  let isWriting = false
  try {
    const result = await work((progress) => {
      if (isWriting) return
      isWriting = true
      writing = line({ progress }, signal).finally(() => {
        isWriting = false
      })
      writing.catch(() => {})
    })
    await writing
    await line({ result }, signal)
  } catch (error) {
    signal.throwIfAborted()
    const problem = toProblem(error)
    if (problem.code === 'INTERNAL') node.logger.warn(`${what} failed`, { error })
    await line({ problem }, signal)
  }
  finish(response)
}
