import { CID } from 'multiformats/cid'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { SealError } from './errors.ts'

const SCHEME = 'thhe:'
/** Hexadecimal digits of the network id in a link. */
const NETWORK_PREFIX_DIGITS = 8
const KEY_BYTES = 32

export interface Link {
  readonly cid: CID
  /** 32-byte key of a sealed object. */
  readonly key?: Uint8Array
}

/** `thhe:<first 8 hex digits of the network id>/<object id>[#<key, base64url>]`. */
export function formatLink(networkId: Uint8Array, cid: CID, key?: Uint8Array): string {
  if (key !== undefined && key.byteLength !== KEY_BYTES) throw badKey()
  const fragment = key === undefined ? '' : `#${toString(key, 'base64url')}`
  return `${SCHEME}${networkPrefix(networkId)}/${cid.toString()}${fragment}`
}

/**
 * Reads a link, or a bare object id with or without a key.
 *
 * @throws SealError 'BAD_LINK', 'WRONG_NETWORK', 'BAD_KEY'
 */
export function parseLink(networkId: Uint8Array, link: string): Link {
  const { address, fragment } = splitFragment(link.trim())
  const cid = parseCid(addressToId(networkId, address, link), link)
  return fragment === undefined ? { cid } : { cid, key: parseKey(fragment) }
}

/** The digits of a network id that stand in its links. */
export function networkPrefix(networkId: Uint8Array): string {
  return toString(networkId, 'base16').slice(0, NETWORK_PREFIX_DIGITS)
}

function splitFragment(link: string): { address: string; fragment?: string } {
  const hash = link.indexOf('#')
  return hash < 0 ? { address: link } : { address: link.slice(0, hash), fragment: link.slice(hash + 1) }
}

function addressToId(networkId: Uint8Array, address: string, link: string): string {
  if (!address.startsWith(SCHEME)) return address
  const match = /^([0-9a-f]{8})\/([^/]+)$/.exec(address.slice(SCHEME.length))
  if (match === null) throw badLink(link, 'expected thhe:<network>/<object id>')
  const [, found, id] = match
  const expected = networkPrefix(networkId)
  if (found !== expected) {
    throw new SealError(
      'WRONG_NETWORK',
      `This link belongs to network ${found}, but the node is on ${expected}.`,
      { expected, found }
    )
  }
  return id
}

function parseCid(id: string, link: string): CID {
  let cid: CID
  try {
    cid = CID.parse(id)
  } catch {
    throw badLink(link, `"${id}" is not an object id`)
  }
  if (!isManifestCid(cid)) throw badLink(link, 'the id is a CID, but not of a manifest (dag-cbor, sha2-256)')
  return cid
}

/** The codes of dag-cbor and sha2-256 (multicodec table). */
const DAG_CBOR = 0x71
const SHA2_256 = 0x12

function isManifestCid({ version, code, multihash }: CID): boolean {
  return (
    version === 1 && code === DAG_CBOR && multihash.code === SHA2_256 && multihash.digest.byteLength === 32
  )
}

function parseKey(fragment: string): Uint8Array {
  // 32 bytes are 43 digits; the last one carries 4 bits, and a lenient decoder would take any of 4 for the same key
  if (!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(fragment)) throw badKey()
  return fromString(fragment, 'base64url')
}

function badLink(link: string, why: string): SealError<'BAD_LINK'> {
  const address = splitFragment(link).address
  return new SealError('BAD_LINK', `"${address}" is not a link: ${why}.`, { link: address })
}

function badKey(): SealError<'BAD_KEY'> {
  return new SealError('BAD_KEY', 'The key after # must be 32 bytes in base64url (43 digits).', {
    reason: 'malformed'
  })
}
