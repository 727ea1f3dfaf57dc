// Files on their way into the mesh. They go on while another view is looked at.
import { useEffect, useState } from 'preact/hooks'
import { putBytes } from '../../src/browser/index.ts'
import { gateway } from './api.ts'

export interface Upload {
  readonly id: number
  readonly name: string
  readonly state: 'waits' | 'sends' | 'stored' | 'failed'
  /** 0 to 1. */
  readonly share: number
  readonly shards: number
  /** Once it is stored. */
  readonly link?: string
  readonly error?: string
  readonly stop: AbortController
}

let uploads: readonly Upload[] = []
let last = 0
/** One after the other: each uses the whole uplink. */
let queue: Promise<void> = Promise.resolve()
const listeners = new Set<(all: readonly Upload[]) => void>()

const set = (next: readonly Upload[]): void => {
  uploads = next
  for (const listener of listeners) listener(next)
}

const change = (id: number, next: Partial<Upload>): void =>
  set(uploads.map((one) => (one.id === id ? { ...one, ...next } : one)))

/** @param onStored - called after each file that is stored */
export const storeFiles = (files: readonly File[], isPublic: boolean, onStored: () => void): void => {
  for (const file of files) {
    const upload: Upload = {
      ...{ id: ++last, name: file.name, state: 'waits', share: 0, shards: 0 },
      stop: new AbortController()
    }
    set([...uploads, upload])
    queue = queue.then(async () => {
      await store(file, upload, isPublic)
      onStored()
    })
  }
}

const store = async (file: File, { id, stop }: Upload, isPublic: boolean): Promise<void> => {
  if (stop.signal.aborted) return
  change(id, { state: 'sends' })
  try {
    const { link } = await putBytes(gateway, file, {
      name: file.name,
      public: isPublic,
      signal: stop.signal,
      onProgress: ({ sentBytes, totalBytes = 0, shardsAcknowledged: shards }) =>
        change(id, { share: totalBytes === 0 ? 1 : sentBytes / totalBytes, shards })
    })
    change(id, { state: 'stored', link })
  } catch (error) {
    if (!stop.signal.aborted) change(id, { state: 'failed', error: (error as Error).message })
  }
}

/** Breaks an upload off, or takes one that has ended from the list. */
export const drop = ({ id, stop }: Upload): void => {
  stop.abort(new Error('Stopped.'))
  set(uploads.filter((one) => one.id !== id))
}

export const useUploads = (): readonly Upload[] => {
  const [all, setAll] = useState(uploads)
  useEffect(() => {
    listeners.add(setAll)
    setAll(uploads)
    return () => void listeners.delete(setAll)
  }, [])
  return all
}

// What is not stored yet, and links that nobody has copied, would be lost with the page.
window.addEventListener('beforeunload', (event) => {
  if (uploads.some(({ state }) => state === 'waits' || state === 'sends')) event.preventDefault()
})
