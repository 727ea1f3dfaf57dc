import { useEffect, useState } from 'preact/hooks'
import type { OpenFile } from '../../src/browser/index.ts'
import { formatBytes } from '../../src/cli/format.ts'
import type { Shown } from './media.ts'
import { Failure } from './open-link.tsx'
import { blobOf } from './saving.ts'
import { openView } from './views.ts'

/** What is shown as a whole goes through memory. */
const MAX_WHOLE_BYTES = 128 << 20
const MAX_TEXT_BYTES = 1 << 20

/** Shows a file, as far as it is safe to. */
export const Look = ({ file, shown }: { file: OpenFile; shown: Shown }) => {
  const [failure, setFailure] = useState<unknown>()
  if (failure !== undefined) return <Failure error={failure} />
  if (shown.how === 'text') return <Text file={file} onFailure={setFailure} />
  if (shown.how === 'video' || shown.how === 'audio') {
    return <Moving file={file} shown={shown} onFailure={setFailure} />
  }
  if (file.sizeBytes > MAX_WHOLE_BYTES) return <p class="note">It is too large to be shown here; save it.</p>
  return <Whole file={file} shown={shown} onFailure={setFailure} />
}

interface Looking<S = Shown> {
  readonly file: OpenFile
  readonly shown: S
  readonly onFailure: (error: unknown) => void
}
type Typed = Extract<Shown, { type: string }>

const Whole = ({ file, shown: { how, type }, onFailure }: Looking<Typed>) => {
  const [url, setUrl] = useState<string>()
  const [share, setShare] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    let made: string | undefined
    blobOf(file, type, stop.signal, setShare).then(
      (blob) => {
        if (stop.signal.aborted) return
        made = URL.createObjectURL(blob)
        setUrl(made)
      },
      (error: unknown) => {
        if (!stop.signal.aborted) onFailure(error)
      }
    )
    return () => {
      stop.abort()
      if (made !== undefined) URL.revokeObjectURL(made)
    }
  }, [file, type])
  const name = file.name ?? ''
  if (url === undefined) return <progress max={1} value={share} aria-label={`Opening ${name}`} />
  return how === 'picture' ? (
    <img
      src={url}
      alt={name}
      onError={() =>
        onFailure(new Error('This browser cannot show the picture: it is of another kind, or damaged.'))
      }
    />
  ) : (
    <iframe src={url} title={name} />
  )
}

const Text = ({ file, onFailure }: Omit<Looking, 'shown'>) => {
  const [text, setText] = useState<string>()
  const end = Math.min(file.sizeBytes, MAX_TEXT_BYTES)
  useEffect(() => {
    const stop = new AbortController()
    const read = async (): Promise<void> => {
      const decoder = new TextDecoder()
      let all = ''
      for await (const part of file.read({ start: 0, end }, stop.signal))
        all += decoder.decode(part, { stream: true })
      if (!stop.signal.aborted) setText(all + decoder.decode())
    }
    read().catch((error: unknown) => {
      if (!stop.signal.aborted) onFailure(error)
    })
    return () => stop.abort()
  }, [file])
  if (text === undefined) return <p>It is being opened…</p>
  return (
    <>
      <pre tabIndex={0}>{text}</pre>
      {end < file.sizeBytes && <p class="note">Its first {formatBytes(end)}; save it to see the rest.</p>}
    </>
  )
}

/** Video and sound: the browser asks for the ranges that it plays. */
const Moving = ({ file, shown, onFailure }: Looking<Typed>) => {
  const { how, type } = shown
  const [url, setUrl] = useState<string>()
  const [hasWorker, setHasWorker] = useState(true)
  useEffect(() => {
    let close: (() => void) | undefined
    let isOver = false
    openView(file, type, onFailure).then(
      (view) => {
        if (isOver) return view.close()
        close = view.close
        setUrl(view.url)
      },
      () => {
        // Told below.
        if (!isOver) setHasWorker(false)
      }
    )
    return () => {
      isOver = true
      close?.()
    }
  }, [file, type])
  if (!hasWorker) {
    return (
      <p class="note">
        This browser gives the page no service worker, without which it cannot be played here; save it.
      </p>
    )
  }
  if (url === undefined) return <p>It is being opened…</p>
  const onError = (): void =>
    onFailure(new Error('This browser cannot play it: it is of another kind, or damaged.'))
  return how === 'video' ? (
    <video src={url} controls playsInline onError={onError} />
  ) : (
    <audio src={url} controls onError={onError} />
  )
}
