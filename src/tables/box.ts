// What the mesh keeps of a table is sealed: the peers that keep it see sizes and times only.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { RandomSource } from '../clock/index.ts'
import { TableError } from './errors.ts'

const CIPHER = 'aes-256-gcm'
const VERSION = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Bytes that a sealed part has beyond its plaintext. */
export const BOX_OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES

/** Seals the parts of one table: a version byte, a random nonce, AES-256-GCM (NIST SP 800-38D) and its tag. */
export class Box {
  readonly #key: Uint8Array
  readonly #random: RandomSource

  constructor(key: Uint8Array, random: RandomSource) {
    this.#key = key
    this.#random = random
  }

  seal(plain: Uint8Array): Uint8Array {
    const nonce = this.#random.bytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key, nonce)
    const ciphertext = cipher.update(plain)
    cipher.final()
    return Uint8Array.from(Buffer.concat([Uint8Array.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]))
  }

  /** @throws TableError 'DAMAGED' */
  open(sealed: Uint8Array): Uint8Array {
    if (sealed[0] !== VERSION || sealed.byteLength < BOX_OVERHEAD_BYTES) throw damaged()
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plain = decipher.update(sealed.subarray(1 + NONCE_BYTES, -TAG_BYTES))
    try {
      decipher.final()
      return plain
    } catch (cause) {
      throw new TableError(
        'DAMAGED',
        'A part of the table does not open: it is damaged, or of another table.',
        {
          cause
        }
      )
    }
  }
}

const damaged = (): TableError =>
  new TableError('DAMAGED', 'A part of the table is not sealed in a form that this version reads.')

/** HKDF-SHA256 (RFC 5869) of the table's secret. */
export const derived = (secret: Uint8Array, use: 'name' | 'seal'): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, '', `thhe/table/1/${use}`, 32))
