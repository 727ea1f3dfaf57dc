import { useEffect, useState } from 'preact/hooks'
import type { EventLine } from '../../src/gateway/types.ts'
import { getLines } from './api.ts'

type Event = Extract<EventLine, { event: unknown }>['event']

const MAX_SHOWN = 300
const RETRY_MS = 3_000

/** What the node did by itself, and why, as it happens. */
export const Events = () => {
  const [events, setEvents] = useState<readonly Event[]>([])
  const [failure, setFailure] = useState<string>()
  useEffect(() => {
    const stop = new AbortController()
    let timer: number | undefined
    let last = 0
    const follow = async (): Promise<void> => {
      try {
        for await (const line of getLines<EventLine>(`/v1/events?follow=true&after=${last}`, stop.signal)) {
          setFailure(undefined)
          if (!('event' in line)) continue
          last = line.event.sequence
          setEvents((all) => [line.event, ...all].slice(0, MAX_SHOWN))
        }
      } catch (error) {
        if (!stop.signal.aborted) setFailure((error as Error).message)
      }
      if (!stop.signal.aborted) timer = window.setTimeout(() => void follow(), RETRY_MS)
    }
    void follow()
    return () => {
      stop.abort()
      window.clearTimeout(timer)
    }
  }, [])
  return (
    <section>
      <h2>What the node does by itself</h2>
      {failure !== undefined && (
        <p class="bad" role="alert">
          {failure}
        </p>
      )}
      {events.length === 0 && <p>Nothing has happened since the node started.</p>}
      <ol class="events">
        {events.map(({ sequence, atMs, room, kind, reason }) => (
          <li key={sequence}>
            <time dateTime={new Date(atMs).toISOString()}>{new Date(atMs).toLocaleTimeString()}</time>{' '}
            <strong>
              {room} {kind}
            </strong>{' '}
            {reason}
          </li>
        ))}
      </ol>
    </section>
  )
}
