// Signatures under statements of the agreement, by the keys that peer ids contain.
import { createPublicKey, verify } from 'node:crypto'
import { peerIdFromString } from '@libp2p/peer-id'
import { signedBytes } from '../../../fba/index.ts'
import type { KeyObject } from 'node:crypto'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import type { Envelope, Statement } from '../../../fba/index.ts'

/** Keys kept: the same peers' signatures are verified again and again, and making a key takes longer than using it. */
const MAX_KEYS_KEPT = 1024
/** What stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Checks what others signed. */
export class StatementVerifier {
  protected readonly domain: Uint8Array
  readonly #keys = new Map<string, KeyObject>()

  /** @param domain - 32 bytes that what is signed belongs to; statements of one domain are none of another */
  constructor(domain: Uint8Array) {
    this.domain = domain
  }

  verifyEnvelope = ({ statement, signature }: Envelope): boolean =>
    this.verify(statement.nodeId, signedBytes(this.domain, statement), signature)

  verify = (author: string, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const key = this.#keyOf(author)
    return key !== undefined && verify(null, bytes, key, signature)
  }

  #keyOf(author: string): KeyObject | undefined {
    const known = this.#keys.get(author)
    if (known !== undefined) return known
    try {
      const { publicKey } = peerIdFromString(author)
      if (publicKey?.type !== 'Ed25519') return undefined
      const key = createPublicKey({
        key: Buffer.concat([SPKI_PREFIX, publicKey.raw]),
        format: 'der',
        type: 'spki'
      })
      if (this.#keys.size >= MAX_KEYS_KEPT) this.#keys.clear()
      this.#keys.set(author, key)
      return key
    } catch {
      // Not a peer id, or its key is not a point on the curve.
      return undefined
    }
  }
}

/** Signs as one node, and checks what others signed. */
export class StatementKeys extends StatementVerifier {
  readonly #privateKey: Ed25519PrivateKey

  constructor(privateKey: Ed25519PrivateKey, domain: Uint8Array) {
    super(domain)
    this.#privateKey = privateKey
  }

  signStatement = (statement: Statement): Uint8Array => this.sign(signedBytes(this.domain, statement))

  /** @throws TypeError if the platform signs asynchronously: the protocol cannot wait for it */
  sign = (bytes: Uint8Array): Uint8Array => {
    const signature = this.#privateKey.sign(bytes)
    if (signature instanceof Promise) throw new TypeError('Statements cannot be signed at once here.')
    return signature
  }
}
