import { useRef, useState } from 'preact/hooks'
import type { OwnedObjectJson } from '../../src/gateway/types.ts'
import { formatAge, formatBytes } from '../../src/cli/format.ts'
import { call } from './api.ts'
import { storeFiles } from './uploads.ts'
import { UploadList } from './upload-list.tsx'
import { healthOf } from './words.ts'

/** More rows than this would only slow the page down. */
const MAX_ROWS = 2_000

/** Over plain HTTP from another machine a page has no cryptography. */
const canSeal = window.isSecureContext

/** What was stored from this node: put, get and remove. */
export const Files = ({
  objects,
  onChange
}: {
  objects: readonly OwnedObjectJson[]
  onChange: () => void
}) => {
  const [isPublic, setIsPublic] = useState(false)
  const [isOver, setIsOver] = useState(false)
  const [doomed, setDoomed] = useState<OwnedObjectJson>()
  const [failure, setFailure] = useState<string>()
  const dialog = useRef<HTMLDialogElement>(null)
  const put = (files: readonly File[]): void => storeFiles(files, isPublic, onChange)

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
          put([...(event.dataTransfer?.files ?? [])])
        }}
      >
        <p>
          <label class="button">
            Store files
            <input
              type="file"
              multiple
              onChange={({ currentTarget }) => {
                put([...(currentTarget.files ?? [])])
                currentTarget.value = ''
              }}
            />
          </label>{' '}
          or drop them here.
        </p>
        <p class="choice">
          <label>
            <input
              type="checkbox"
              checked={isPublic}
              onChange={({ currentTarget }) => setIsPublic(currentTarget.checked)}
            />{' '}
            Public: store them unsealed
          </label>
        </p>
        <p class="note">
          {isPublic
            ? 'Anybody who knows the id of an object can read it; so can a peer that holds enough shards of it.'
            : canSeal
              ? 'Each file is sealed in this browser, under a key of its own. The key is in the link that you get, and nowhere else: keep the link.'
              : 'This page cannot seal: browsers give cryptography to pages from https:// and from their own machine only. Open it on the machine of the node, or use `thhe put`.'}
        </p>
        <UploadList />
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
                  <a href={`#/object/${cid}`}>{name || cid}</a>
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
