// Links to folders, and to what is in them: thhe:<network>/<id>[@<start>+<bytes>][/<path>][#<key>[/<path>]]
import { formatLink, parseLink } from '../seal/index.ts'
import { FolderError } from './errors.ts'
import { splitPath } from './names.ts'
import type { Place, Slice } from './place.ts'

/** What a link leads to. */
export interface FolderLink {
  readonly place: Place
  /** The link says that it leads to a folder: a slash stands behind the id. */
  readonly isFolder: boolean
  /** Names of what is meant within the folder; empty for the thing itself. */
  readonly path: readonly string[]
}

const KEY_DIGITS = 43
const SLICE = /^(\d{1,16})\+(\d{1,16})$/

/**
 * Reads a link, or a bare object id with or without a key. A path may stand behind the id, percent-encoded, or behind the
 * key, as it is: so it can be typed behind a link that was copied.
 *
 * @throws SealError 'BAD_LINK' | 'WRONG_NETWORK' | 'BAD_KEY'; FolderError 'BAD_LINK'
 */
export function parsePlace(networkId: Uint8Array, text: string): FolderLink {
  const { address, fragment } = splitFragment(text.trim())
  const scheme = /^thhe:[0-9a-f]*\//.exec(address)?.[0] ?? ''
  const rest = address.slice(scheme.length)
  const slash = rest.indexOf('/')
  const [id, slice] = splitSlice(slash < 0 ? rest : rest.slice(0, slash))
  const keyText = fragment?.slice(0, KEY_DIGITS)
  const behindKey = fragment?.slice(KEY_DIGITS) ?? ''
  // What cannot be a path belongs to the key, and makes it a bad one.
  const key = behindKey === '' || behindKey.startsWith('/') ? keyText : fragment
  const { cid, key: keyBytes } = parseLink(networkId, scheme + id + (key === undefined ? '' : `#${key}`))
  const path = [...splitPath(slash < 0 ? '' : percentDecoded(rest.slice(slash))), ...splitPath(behindKey)]
  return {
    place: { cid, ...(slice !== undefined && { slice }), ...(keyBytes !== undefined && { key: keyBytes }) },
    isFolder: slash >= 0 || behindKey !== '',
    path
  }
}

/** The link to a place. */
export function formatPlace(networkId: Uint8Array, { cid, slice, key }: Place, isFolder: boolean): string {
  const [address, fragment] = formatLink(networkId, cid, key).split('#')
  const part = slice === undefined ? '' : `@${slice.start}+${slice.plainBytes}`
  return `${address}${part}${isFolder ? '/' : ''}${fragment === undefined ? '' : `#${fragment}`}`
}

function splitFragment(link: string): { address: string; fragment?: string } {
  const hash = link.indexOf('#')
  return hash < 0 ? { address: link } : { address: link.slice(0, hash), fragment: link.slice(hash + 1) }
}

function splitSlice(text: string): [id: string, slice: Slice | undefined] {
  const at = text.indexOf('@')
  if (at < 0) return [text, undefined]
  const match = SLICE.exec(text.slice(at + 1))
  const [start, plainBytes] = [Number(match?.[1]), Number(match?.[2])]
  if (!Number.isSafeInteger(start + plainBytes)) {
    throw new FolderError(
      'BAD_LINK',
      'Behind @ a link has the first byte and the number of bytes: @FIRST+BYTES.'
    )
  }
  return [text.slice(0, at), { start, plainBytes }]
}

function percentDecoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new FolderError(
      'BAD_LINK',
      'A % in the path of the link is not followed by two digits of UTF-8: write %25.'
    )
  }
}
