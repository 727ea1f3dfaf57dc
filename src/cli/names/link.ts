import { formatName, parseName } from '../../heads/index.ts'
import type { Head } from '../../heads/index.ts'
import { networkPrefix, SealError } from '../../seal/index.ts'

/** thhe:<network>/<name, k51…>[/<path>][#<key>[/<path>]] */
const NAME_LINK =
  /^(?:thhe:([0-9a-f]{8})\/)?(k[0-9a-z]{50,70})((?:\/[^#]*)?)(?:#([A-Za-z0-9_-]*)((?:\/.*)?))?$/s

export interface NameLink {
  readonly name: Head['name']
  /** As it stands in the link. */
  readonly text: string
  /** 32-byte key of what the name says; undefined for a public name. */
  readonly key: Uint8Array | undefined
  /** Behind the name, percent-encoded, and behind the key, as it is: '' or from a slash on. */
  readonly path: { readonly encoded: string; readonly plain: string }
}

/** Whether a text is meant as the link of a name, or of something in what it leads to. */
export const isNameLink = (text: string): boolean => readParts(text) !== undefined

/**
 * @returns undefined for a link that is not to a name
 * @throws SealError 'WRONG_NETWORK' | 'BAD_KEY'
 */
export const parseNameLink = (networkId: Uint8Array, text: string): NameLink | undefined => {
  const parts = readParts(text)
  if (parts === undefined) return undefined
  const expected = networkPrefix(networkId)
  const { network: found = expected, key } = parts
  if (found !== expected) {
    const message = `This link belongs to network ${found}, but the node is on ${expected}.`
    throw new SealError('WRONG_NETWORK', message, { expected, found })
  }
  return { ...parts, key: key === undefined ? undefined : keyOf(key) }
}

interface Parts extends Pick<NameLink, 'name' | 'text' | 'path'> {
  readonly network: string | undefined
  readonly key: string | undefined
}

const readParts = (link: string): Parts | undefined => {
  const match = NAME_LINK.exec(link.trim())
  if (match === null) return undefined
  const [, network, text, encoded, key, plain = ''] = match as unknown as [
    string,
    string | undefined,
    string,
    string,
    string | undefined,
    string | undefined
  ]
  const name = parseName(text)
  return name === undefined ? undefined : { name, text, network, key, path: { encoded, plain } }
}

export const formatNameLink = (networkId: Uint8Array, name: Head['name'], key?: Uint8Array): string => {
  const fragment = key === undefined ? '' : `#${Buffer.from(key).toString('base64url')}`
  return `thhe:${networkPrefix(networkId)}/${formatName(name)}${fragment}`
}

/**
 * The link to something in what a name leads to.
 *
 * @param target - what the name says
 * @param path - as it stood in the link of the name
 */
export const withPath = (target: string, { encoded, plain }: NameLink['path']): string => {
  const hash = target.indexOf('#')
  const [address, fragment] = hash < 0 ? [target, ''] : [target.slice(0, hash), target.slice(hash)]
  const slash = encoded !== '' && address.endsWith('/') ? encoded.slice(1) : encoded
  return `${address}${slash}${fragment}${fragment === '' ? encodedPath(plain) : plain}`
}

const encodedPath = (plain: string): string => plain.split('/').map(encodeURIComponent).join('/')

/** 32 bytes are 43 digits; the last one carries 4 bits. */
const keyOf = (text: string): Uint8Array => {
  if (/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text)) {
    return Uint8Array.from(Buffer.from(text, 'base64url'))
  }
  throw new SealError('BAD_KEY', 'The key after # must be 32 bytes in base64url (43 digits).', {
    reason: 'malformed'
  })
}
