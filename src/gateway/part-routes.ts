import { startLines, finish, sendJson } from './respond.ts'
import { bodyOf, linesOfPut, PUT_QUERY, refuseParts, toPutOptions } from './put-object.ts'
import { boolean, integer, readQuery } from './query.ts'
import type { Exchange, Route } from './router.ts'
import type { BegunPutJson, PutLine, TakenPartJson } from './types.ts'

const MAX_BYTES = Number.MAX_SAFE_INTEGER

/** Begins a put whose bytes come in parts. */
const begin = ({ puts, query, response }: Exchange): void => {
  const { size, ...asked } = readQuery(query, { ...PUT_QUERY, size: integer(0, MAX_BYTES) })
  // Nobody can send the parts again: the client has sealed them as it went.
  const body: BegunPutJson = { put: puts.begin({ oneShot: true, ...toPutOptions(asked, size) }) }
  sendJson(response, 201, body)
}

/** One part, in order. The answer to the last one is what became of the put, as lines. */
const part = async ({ node, puts, query, cid: id, request, response, signal }: Exchange): Promise<void> => {
  const { at = 0, last = false } = readQuery(query, { at: integer(0, MAX_BYTES), last: boolean })
  refuseParts(request)
  const put = puts.find(id)
  // A client that has gone sends no more parts.
  signal.addEventListener('abort', () => put.giveUp(), { once: true })
  if (last) {
    const { line } = startLines<PutLine>(response)
    await linesOfPut(node, { line, response, signal }, put, async () => {
      await put.take(at, bodyOf(request), true)
      return await put.result()
    })
    return finish(response)
  }
  await put.take(at, bodyOf(request), false)
  const body: TakenPartJson = { takenBytes: put.takenBytes, progress: put.progress }
  sendJson(response, 200, body)
}

const giveUp = ({ puts, query, cid: id, response }: Exchange): void => {
  readQuery(query, {})
  puts.find(id).giveUp()
  const body: BegunPutJson = { put: id }
  sendJson(response, 200, body)
}

export const partRoutes: readonly Route[] = [
  { methods: ['POST'], path: '/v1/puts', needsToken: true, takesBody: false, handle: begin },
  { methods: ['POST'], path: '/v1/puts/{put}', needsToken: true, takesBody: true, handle: part },
  { methods: ['DELETE'], path: '/v1/puts/{put}', needsToken: true, takesBody: false, handle: giveUp }
]
