// A service worker with one task: <video> and <audio> ask for ranges of /view/ID, and the page that has the key answers.
// It keeps nothing, never sees a key, and lets every other request pass.
import type { ViewAnswer, ViewQuestion } from './views.ts'

interface FetchEvent extends Event {
  readonly request: Request
  readonly clientId: string
  respondWith: (response: Promise<Response>) => void
}
interface Client {
  postMessage: (message: unknown, transfer: readonly Transferable[]) => void
}
interface WorkerScope extends EventTarget {
  readonly clients: { claim: () => Promise<void>; get: (id: string) => Promise<Client | undefined> }
  skipWaiting: () => Promise<void>
}

const scope = self as unknown as WorkerScope
const ANSWER_MS = 60_000
const PATH = /^\/view\/([\w-]+)$/

scope.addEventListener('install', () => void scope.skipWaiting())
scope.addEventListener('activate', (event) =>
  (event as Event & { waitUntil: (work: Promise<void>) => void }).waitUntil(scope.clients.claim())
)
scope.addEventListener('fetch', (event) => {
  const { request, clientId, respondWith } = event as FetchEvent
  const { origin, pathname } = new URL(request.url)
  const id = PATH.exec(pathname)?.[1]
  if (origin !== location.origin || id === undefined) return
  respondWith.call(event, answer(request, clientId, id))
})

const answer = async (request: Request, clientId: string, id: string): Promise<Response> => {
  // Opened as a page of its own it would be a document of the node's origin.
  if (request.destination !== 'video' && request.destination !== 'audio') return refusal(403)
  const client = await scope.clients.get(clientId)
  if (client === undefined) return refusal(404)
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '') ?? ['', '0', '']
  const question: ViewQuestion = {
    view: id,
    start: Number(first),
    ...(last !== '' && { end: Number(last) + 1 })
  }
  const found = await asked(client, question)
  if ('status' in found) return refusal(found.status)
  const { bytes, type, start, sizeBytes } = found
  return new Response(bytes, {
    status: 206,
    headers: {
      'content-type': type,
      'content-length': String(bytes.byteLength),
      'content-range': `bytes ${start}-${start + bytes.byteLength - 1}/${sizeBytes}`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff'
    }
  })
}

const asked = async (client: Client, question: ViewQuestion): Promise<ViewAnswer> => {
  const { port1, port2 } = new MessageChannel()
  const { promise, resolve } = Promise.withResolvers<ViewAnswer>()
  const timer = setTimeout(() => resolve({ status: 504 }), ANSWER_MS)
  port1.onmessage = ({ data }: MessageEvent<ViewAnswer>) => resolve(data)
  client.postMessage(question, [port2])
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    port1.close()
  }
}

const refusal = (status: number): Response =>
  new Response('This address is for the player of the page alone.', {
    status,
    headers: { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' }
  })
