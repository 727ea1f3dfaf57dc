// Sealed video and sound with seeking: the worker (worker.ts) asks this page for ranges, and they are opened here.
import type { OpenFile } from '../../src/browser/index.ts'

export interface ViewQuestion {
  readonly view: string
  readonly start: number
  /** Exclusive; absent: to the end. */
  readonly end?: number
}

export type ViewAnswer =
  | {
      readonly bytes: ArrayBuffer
      readonly type: string
      readonly start: number
      readonly sizeBytes: number
    }
  | { readonly status: number }

/** Of one answer. The browser asks again for what comes behind it, and asks for less where it has enough. */
const MAX_ANSWER_BYTES = 2 << 20
const READY_MS = 10_000

interface View {
  readonly file: OpenFile
  readonly type: string
  readonly onFailure: (error: unknown) => void
  readonly closed: AbortController
}

const views = new Map<string, View>()

/** Shows a file at an address of its own. @throws Error where there is no service worker to be had */
export const openView = async (
  file: OpenFile,
  type: string,
  onFailure: (error: unknown) => void
): Promise<{ readonly url: string; close: () => void }> => {
  await workerReady()
  const id = crypto.randomUUID()
  const closed = new AbortController()
  views.set(id, { file, type, onFailure, closed })
  return {
    url: `/view/${id}`,
    close: () => {
      views.delete(id)
      closed.abort()
    }
  }
}

let starting: Promise<void> | undefined

const workerReady = async (): Promise<void> => {
  starting ??= startWorker().catch((error: unknown) => {
    starting = undefined
    throw error
  })
  await starting
}

const startWorker = async (): Promise<void> => {
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  const script = document.querySelector<HTMLMetaElement>('meta[name=thhe-worker]')?.content
  if (workers === undefined || script === undefined) throw new Error('This browser has no service workers.')
  workers.addEventListener('message', ({ data, ports }: MessageEvent<ViewQuestion>) => {
    void answerTo(data).then((answer) =>
      ports[0].postMessage(answer, 'bytes' in answer ? [answer.bytes] : [])
    )
  })
  workers.startMessages()
  const registration = await workers.register(script, { scope: '/' })
  if (workers.controller !== null && registration.waiting === null && registration.installing === null) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  workers.addEventListener('controllerchange', () => resolve(), { once: true })
  const timer = window.setTimeout(() => reject(new Error('The service worker did not start.')), READY_MS)
  await promise.finally(() => window.clearTimeout(timer))
}

const answerTo = async ({ view: id, start, end = Infinity }: ViewQuestion): Promise<ViewAnswer> => {
  const view = views.get(id)
  if (view === undefined) return { status: 404 }
  const { file, type, onFailure, closed } = view
  const { sizeBytes } = file
  const last = Math.min(end, sizeBytes, start + MAX_ANSWER_BYTES)
  if (!(start < last)) return { status: 416 }
  try {
    const bytes = new Uint8Array(last - start)
    let at = 0
    for await (const part of file.read({ start, end: last }, closed.signal)) {
      bytes.set(part, at)
      at += part.byteLength
    }
    return { bytes: bytes.buffer, type, start, sizeBytes }
  } catch (error) {
    if (!closed.signal.aborted) onFailure(error)
    return { status: 502 }
  }
}
