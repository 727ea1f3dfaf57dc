import { useEffect, useState } from 'preact/hooks'
import { linkInto } from '../../src/browser/index.ts'
import type { Entry, OpenFolder } from '../../src/browser/index.ts'
import { formatBytes } from '../../src/cli/format.ts'
import { hashOf } from './link-hash.ts'
import { Failure } from './open-link.tsx'

/** More rows than this would only slow the page down. */
const MAX_ROWS = 5_000
const KINDS: Readonly<Record<Entry['type'], string>> = {
  file: 'file',
  folder: 'folder',
  symlink: 'symbolic link'
}

/** What is in a folder. */
export const Folder = ({ folder, link }: { folder: OpenFolder; link: string }) => {
  const [entries, setEntries] = useState<readonly Entry[]>([])
  const [state, setState] = useState<'reads' | 'whole' | 'cut'>('reads')
  const [failure, setFailure] = useState<unknown>()
  useEffect(() => {
    let isOver = false
    const read = async (): Promise<void> => {
      const all: Entry[] = []
      for await (const entry of folder.entries()) {
        if (isOver) return
        if (all.length === MAX_ROWS) {
          setEntries(all)
          return setState('cut')
        }
        all.push(entry)
      }
      setEntries(all)
      setState('whole')
    }
    read().catch((error: unknown) => {
      if (!isOver) setFailure(error)
    })
    return () => {
      isOver = true
    }
  }, [folder])
  if (failure !== undefined) return <Failure error={failure} />
  if (state === 'reads') return <p>It is being read…</p>
  if (entries.length === 0) return <p>Nothing is in it.</p>
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="What is in the folder">
        <table class="entries">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                Size
              </th>
              <th scope="col">Kind</th>
              <th scope="col" class="aside">
                Changed
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <tr key={entry.name}>
                <td>
                  <a href={hashOf(linkInto(link, entry.name))}>{entry.name}</a>
                </td>
                <td class="number">{entry.type === 'symlink' ? '' : formatBytes(entry.bytes)}</td>
                <td>{KINDS[entry.type]}</td>
                <td class="aside">{new Date(entry.mtimeMs).toLocaleDateString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {state === 'cut' && (
        <p class="note">
          The first {MAX_ROWS} of them; <code>thhe ls</code> lists all.
        </p>
      )}
    </>
  )
}
