import { useEffect, useState } from 'preact/hooks'

export interface Polled<T> {
  /** The last good answer. */
  readonly value?: T
  /** Why the newest question failed. */
  readonly error?: Error
  readonly ask: () => void
}

/** Asks again and again while the page is in sight. `load` must be the same function each time. */
export const usePolled = <T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> => {
  const [answer, setAnswer] = useState<{ value?: T; error?: Error }>({})
  const [asked, setAsked] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    let timer: number | undefined
    const round = async (): Promise<void> => {
      if (document.visibilityState === 'visible') {
        try {
          const value = await load(stop.signal)
          if (!stop.signal.aborted) setAnswer({ value })
        } catch (error) {
          if (!stop.signal.aborted) setAnswer(({ value }) => ({ value, error: error as Error }))
        }
      }
      if (!stop.signal.aborted) timer = window.setTimeout(() => void round(), everyMs)
    }
    void round()
    return () => {
      stop.abort()
      window.clearTimeout(timer)
    }
  }, [load, everyMs, asked])
  return { ...answer, ask: () => setAsked((times) => times + 1) }
}

/** The part of the address after '#', which says what to show. */
export const useHash = (): string => {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const onChange = (): void => setHash(location.hash)
    window.addEventListener('hashchange', onChange)
    return () => window.removeEventListener('hashchange', onChange)
  }, [])
  return hash
}
