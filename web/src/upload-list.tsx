import { useRef, useState } from 'preact/hooks'
import { hashOf } from './link-hash.ts'
import { drop, useUploads } from './uploads.ts'
import type { Upload } from './uploads.ts'

/** Files on their way, and the links of those that are stored. */
export const UploadList = () => (
  <ul class="uploads" aria-live="polite">
    {useUploads().map((upload) => (
      <li key={upload.id}>
        <strong>{upload.name}</strong>
        {upload.link === undefined ? <Running {...upload} /> : <Stored {...upload} link={upload.link} />}
      </li>
    ))}
  </ul>
)

const Running = (upload: Upload) => {
  const { name, state, share, shards, error } = upload
  return (
    <div>
      {state === 'failed' && <span class="bad">failed: {error} </span>}
      {state === 'waits' && 'waits '}
      {state === 'sends' && (
        <>
          <progress max={1} value={share} aria-label={`Upload of ${name}`} />{' '}
          {share < 1
            ? `${(share * 100).toFixed(0)} %`
            : `peers are writing it, ${shards} shards are safe`}{' '}
        </>
      )}
      <button type="button" onClick={() => drop(upload)}>
        {state === 'failed' ? 'Dismiss' : 'Stop'}
      </button>
    </div>
  )
}

const Stored = (upload: Upload & { readonly link: string }) => {
  const { name, link } = upload
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    field.current?.select()
    try {
      await navigator.clipboard.writeText(link)
      setCopied(true)
    } catch {
      // Without leave to write there, the text is selected, and Ctrl-C takes it.
    }
  }
  return (
    <div class="link">
      <input ref={field} type="text" readOnly value={link} aria-label={`Link to ${name}`} />
      <button type="button" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy link'}
      </button>
      <a class="button" href={hashOf(link)} aria-label={`Open ${name}`}>
        Open
      </a>
      <button type="button" aria-label={`Dismiss ${name}`} onClick={() => drop(upload)}>
        Dismiss
      </button>
    </div>
  )
}
