import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import type { RandomSource } from '../clock/clock.ts'
import { decrypt, deriveKey, encrypt } from './cipher.ts'
import { SealError } from './errors.ts'
import { checkKey } from './key.ts'
import { NONCE_BYTES, TAG_BYTES } from './sizes.ts'

const PUBLIC = 0
const SEALED = 1

/**
 * What a name says: a link, sealed under the key of the name unless the name is public. One byte tells which; a sealed one
 * goes on with a random nonce of 12 bytes, the ciphertext, and a tag of 16 bytes, by AES-256-GCM under HKDF-SHA256 of the
 * key with "thhe/name/1" as its info.
 *
 * @throws SealError 'BAD_KEY'
 */
export async function sealNameValue(
  link: string,
  key: Uint8Array | undefined,
  random: RandomSource
): Promise<Uint8Array> {
  const text = fromString(link, 'utf8')
  if (key === undefined) return concat([Uint8Array.of(PUBLIC), text])
  checkKey(key)
  const nonce = random.bytes(NONCE_BYTES)
  const [ciphertext, tag] = await encrypt(await deriveKey(key, 'thhe/name/1'), nonce, text)
  return concat([Uint8Array.of(SEALED), nonce, ciphertext, tag])
}

/**
 * The link that a name says.
 *
 * @throws SealError 'BAD_KEY' for a sealed one without its key; 'WRONG_KEY'; 'BAD_LINK' for bytes that are no such value
 */
export async function openNameValue(value: Uint8Array, key: Uint8Array | undefined): Promise<string> {
  const rest = value.subarray(1)
  if (value[0] === PUBLIC && key === undefined) return toString(rest, 'utf8')
  if (value[0] === PUBLIC) throw unreadable('is public, but the link to it has a key')
  if (value[0] !== SEALED || rest.byteLength < NONCE_BYTES + TAG_BYTES) {
    throw unreadable('says something that this version cannot read')
  }
  if (key === undefined) {
    throw new SealError('BAD_KEY', 'What this name says is sealed, and the link to it has no key.', {
      reason: 'missing'
    })
  }
  checkKey(key)
  const link = await decrypt(
    await deriveKey(key, 'thhe/name/1'),
    rest.subarray(0, NONCE_BYTES),
    rest.subarray(NONCE_BYTES, -TAG_BYTES),
    rest.subarray(-TAG_BYTES)
  )
  if (link !== undefined) return toString(link, 'utf8')
  throw new SealError('WRONG_KEY', 'The key in the link is not the key of this name.', {
    chunk: 0
  })
}

function unreadable(why: string): SealError<'BAD_LINK'> {
  return new SealError('BAD_LINK', `This name ${why}.`, { link: '' })
}
