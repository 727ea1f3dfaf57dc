import { boolean, integer, readQuery, text } from './query.ts'
import { finish, startLines } from './respond.ts'
import type { Exchange, Route } from './router.ts'
import type { EventLine } from './types.ts'

/** A follower hears this often that the node is there: less than the time after which a silent connection is closed. */
const SIGN_OF_LIFE_MS = 30_000

/** What the rooms of the node did by themselves: one event a line. */
const readEvents = async ({ node, query, response, signal }: Exchange): Promise<void> => {
  const asked = readQuery(query, {
    after: integer(0, Number.MAX_SAFE_INTEGER),
    room: text(64),
    follow: boolean
  })
  const { line } = startLines<EventLine>(response)
  let last = asked.after ?? 0
  let missed = 0
  for (;;) {
    const events = node.events.after(last)
    missed += Math.max(0, node.events.last - last - events.length)
    last = events.at(-1)?.sequence ?? last
    for (const event of events) {
      if (asked.room === undefined || event.room === asked.room) await line({ event }, signal)
    }
    if (asked.follow !== true) break
    if (events.length === 0) await line({ end: { last, missed } }, signal)
    await nextEvent(node, last, signal)
  }
  await line({ end: { last, missed } }, signal)
  finish(response)
}

/** Resolves with the next event, or when it is time for a sign of life. Rejects when `signal` fires. */
const nextEvent = async (node: Exchange['node'], last: number, signal: AbortSignal): Promise<void> => {
  const patience = AbortSignal.timeout(SIGN_OF_LIFE_MS)
  await node.events.beyond(last, AbortSignal.any([signal, patience])).catch((error: unknown) => {
    if (!patience.aborted) throw error
  })
  signal.throwIfAborted()
}

export const eventRoutes: readonly Route[] = [
  // Events name objects of this node's user.
  { methods: ['GET'], path: '/v1/events', needsToken: true, takesBody: false, handle: readEvents }
]
