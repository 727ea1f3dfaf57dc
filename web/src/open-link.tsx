import { useEffect, useRef, useState } from 'preact/hooks'
import { openLink } from '../../src/browser/index.ts'
import type { OpenFile, OpenFolder, OpenSymlink } from '../../src/browser/index.ts'
import { formatBytes } from '../../src/cli/format.ts'
import { gateway } from './api.ts'
import { Folder } from './folder.tsx'
import { folderOf, hashOf } from './link-hash.ts'
import { shownAs } from './media.ts'
import { blobOf, pickTarget, saveBlob, writeInto } from './saving.ts'
import { Look } from './look.tsx'
import { failureOf } from './words.ts'

/** What a link leads to. The key stays in this page. */
export const OpenLink = ({ link }: { link: string | undefined }) => {
  const [found, setFound] = useState<OpenFile | OpenFolder | OpenSymlink>()
  const [failure, setFailure] = useState<unknown>()
  useEffect(() => {
    if (link === undefined) return
    const stop = new AbortController()
    openLink(gateway, link, { signal: stop.signal }).then(setFound, (error: unknown) => {
      if (!stop.signal.aborted) setFailure(error)
    })
    return () => stop.abort()
  }, [link])
  if (link === undefined) return <Ask />
  const above = folderOf(link)
  return (
    <section class="shown" aria-busy={found === undefined && failure === undefined}>
      <h2 class="trail">{found === undefined ? 'A link' : nameOf(found)}</h2>
      {above !== undefined && (
        <p>
          <a href={hashOf(above)}>The folder that it is in</a>
        </p>
      )}
      {failure !== undefined && <Failure error={failure} />}
      {found === undefined && failure === undefined && <p>Its holders are asked…</p>}
      {found?.type === 'folder' && <Folder folder={found} link={link} />}
      {found?.type === 'symlink' && (
        <p>
          A symbolic link to <code>{found.target}</code>. It is not followed.
        </p>
      )}
      {found?.type === 'file' && <File file={found} />}
    </section>
  )
}

const nameOf = (found: OpenFile | OpenFolder | OpenSymlink): string =>
  found.name ?? (found.type === 'folder' ? 'A folder' : 'A file without a name')

/** What went wrong, and what to do. */
export const Failure = ({ error }: { error: unknown }) => {
  const { text, hint } = failureOf(error)
  return (
    <p class="bad" role="alert">
      {text} {hint}
    </p>
  )
}

const Ask = () => {
  const field = useRef<HTMLInputElement>(null)
  return (
    <section>
      <h2>Open a link</h2>
      <form
        class="link"
        onSubmit={(event) => {
          event.preventDefault()
          const link = field.current?.value.trim() ?? ''
          if (link !== '') location.hash = hashOf(link.startsWith('thhe:') ? link : `thhe:${link}`)
        }}
      >
        <input ref={field} type="text" aria-label="Link" placeholder="thhe:…#…" autocomplete="off" />
        <button type="submit">Open</button>
      </form>
      <p class="note">
        It is opened in this browser: neither the node nor anybody else sees the key behind #.
      </p>
    </section>
  )
}

/** Above this size a file is written as it comes, where the browser lets a page do so. */
const MANY_BYTES = 64 << 20

const File = ({ file }: { file: OpenFile }) => {
  const [share, setShare] = useState<number>()
  const [failure, setFailure] = useState<unknown>()
  const stop = useRef(new AbortController())
  const shown = shownAs(file.name)
  const name = file.name ?? file.cid
  useEffect(() => () => stop.current.abort(), [])

  const save = async (): Promise<void> => {
    stop.current = new AbortController()
    const { signal } = stop.current
    setFailure(undefined)
    try {
      const target = file.sizeBytes > MANY_BYTES ? await pickTarget(name) : undefined
      setShare(0)
      if (target !== undefined) await writeInto(target, file, signal, setShare)
      else saveBlob(await blobOf(file, 'application/octet-stream', signal, setShare), name)
    } catch (error) {
      // The user closed the dialog, or pressed Stop.
      if (!signal.aborted && (error as Error).name !== 'AbortError') setFailure(error)
    }
    setShare(undefined)
  }

  return (
    <>
      <div class="saving">
        <span class="note">
          {formatBytes(file.sizeBytes)},{' '}
          {file.isSealed
            ? 'opened with the key in the link'
            : 'not sealed: the bytes are the word of the node'}
        </span>
        {share === undefined ? (
          <button type="button" onClick={() => void save()}>
            Save
          </button>
        ) : (
          <>
            <progress max={1} value={share} aria-label={`Download of ${name}`} />
            <span>{(share * 100).toFixed(0)} %</span>
            <button type="button" onClick={() => stop.current.abort()}>
              Stop
            </button>
          </>
        )}
      </div>
      {failure !== undefined && <Failure error={failure} />}
      {shown === undefined ? (
        <p class="note">The page does not show files of this kind; save it to look at it.</p>
      ) : (
        <Look file={file} shown={shown} />
      )}
    </>
  )
}
