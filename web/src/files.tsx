import { useRef, useState } from 'preact/hooks'
import type { OwnedObjectJson } from '../../src/gateway/types.ts'
import { formatAge, formatBytes } from '../../src/cli/format.ts'
import { call, putFile } from './api.ts'
import { healthOf } from './words.ts'

interface Upload {
  readonly id: number
  readonly name: string
  /** 0 to 1. */
  readonly share: number
  readonly error?: string
  readonly stop: AbortController
}

/** More rows than this would only slow the page down. */
const MAX_ROWS = 2_000

let uploads = 0

/** What was stored from this node: put, get and remove. */
export const Files = ({
  objects,
  onChange
}: {
  objects: readonly OwnedObjectJson[]
  onChange: () => void
}) => {
  const [running, setRunning] = useState<readonly Upload[]>([])
  const [isOver, setIsOver] = useState(false)
  const [doomed, setDoomed] = useState<OwnedObjectJson>()
  const [failure, setFailure] = useState<string>()
  const dialog = useRef<HTMLDialogElement>(null)
  const change = (id: number, next: Partial<Upload>): void =>
    setRunning((all) => all.map((one) => (one.id === id ? { ...one, ...next } : one)))

  const put = async (files: readonly File[]): Promise<void> => {
    const queue = files.map((file) => {
      const upload = { id: ++uploads, name: file.name, share: 0, stop: new AbortController() }
      return { file, upload }
    })
    setRunning((all) => [...all, ...queue.map(({ upload }) => upload)])
    // One after the other: each uses the whole uplink.
    for (const { file, upload } of queue) {
      const { id, stop } = upload
      if (!stop.signal.aborted) {
        try {
          await putFile(file, (share) => change(id, { share }), stop.signal)
        } catch (error) {
          change(id, { error: (error as Error).message })
          continue
        }
      }
      setRunning((all) => all.filter((one) => one.id !== id))
      onChange()
    }
  }

  const remove = async ({ cid }: OwnedObjectJson): Promise<void> => {
    dialog.current?.close()
    try {
      await call('DELETE', `/v1/objects/${cid}`)
      setFailure(undefined)
    } catch (error) {
      setFailure((error as Error).message)
    }
    onChange()
  }

  return (
    <>
      <section
        class={`drop ${isOver ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault()
          setIsOver(true)
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event) => {
          event.preventDefault()
          setIsOver(false)
          void put([...(event.dataTransfer?.files ?? [])])
        }}
      >
        <p>
          <label class="button">
            Store files
            <input
              type="file"
              multiple
              onChange={({ currentTarget }) => {
                void put([...(currentTarget.files ?? [])])
                currentTarget.value = ''
              }}
            />
          </label>{' '}
          or drop them here.
        </p>
        <p class="note">
          They are stored <strong>unsealed</strong>: whoever knows an object’s id can read it.{' '}
          <code>thhe put</code> seals.
        </p>
        <ul aria-live="polite">
          {running.map(({ id, name, share, error, stop }) => (
            <li key={id}>
              {name}{' '}
              {error === undefined ? (
                <>
                  <progress max={1} value={share} aria-label={`Upload of ${name}`} />{' '}
                  {share < 1 ? `${(share * 100).toFixed(0)} %` : 'peers are writing it'}{' '}
                </>
              ) : (
                <span class="bad">failed: {error} </span>
              )}
              <button
                type="button"
                onClick={() => {
                  stop.abort()
                  if (error !== undefined) setRunning((all) => all.filter((one) => one.id !== id))
                }}
              >
                {error === undefined ? 'Stop' : 'Dismiss'}
              </button>
            </li>
          ))}
        </ul>
      </section>
      {failure !== undefined && (
        <p class="bad" role="alert">
          {failure}
        </p>
      )}
      <section>
        <h2>Stored from here</h2>
        {objects.length === 0 && <p>Nothing yet.</p>}
        {objects.length > MAX_ROWS && (
          <p class="note">
            The {MAX_ROWS} newest of {objects.length}; <code>thhe ls</code> lists all.
          </p>
        )}
        <ul class="objects">
          {objects.slice(0, MAX_ROWS).map((object) => {
            const { cid, name, sizeBytes, sealed, leaseExpiresAtMs } = object
            const health = healthOf(object)
            return (
              <li key={cid}>
                <div>
                  <strong>{name || cid}</strong>
                  <span class="note">
                    {formatBytes(sizeBytes)}, {sealed ? 'sealed' : 'unsealed'},{' '}
                    {keptText(leaseExpiresAtMs - Date.now())}
                  </span>
                </div>
                <span class={`mark ${health.state}`}>{health.text}</span>
                <span class="actions">
                  {!sealed && (
                    <a class="button" href={`/v1/objects/${cid}`} download={name || cid}>
                      Save
                    </a>
                  )}
                  <button
                    type="button"
                    aria-label={`Remove ${name || cid}`}
                    onClick={() => {
                      setDoomed(object)
                      dialog.current?.showModal()
                    }}
                  >
                    Remove
                  </button>
                </span>
              </li>
            )
          })}
        </ul>
      </section>
      <dialog ref={dialog} aria-labelledby="remove-title">
        <h2 id="remove-title">Remove {doomed?.name || doomed?.cid}?</h2>
        <p>Peers free its space. Nobody can bring it back.</p>
        <button type="button" onClick={() => dialog.current?.close()}>
          Keep it
        </button>{' '}
        <button type="button" class="danger" onClick={() => doomed !== undefined && void remove(doomed)}>
          Remove it
        </button>
      </dialog>
    </>
  )
}

const keptText = (leftMs: number): string =>
  leftMs > 0 ? `kept for ${formatAge(leftMs)}` : 'its lease has ended'
