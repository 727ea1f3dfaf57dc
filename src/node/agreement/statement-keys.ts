// Signatures under statements of the agreement, by the keys that peer ids contain.
import { peerIdFromString } from '@libp2p/peer-id'
import { signedBytes } from '../../../fba/index.ts'
import { verifyNow } from './rules.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Envelope, Statement } from '../../../fba/index.ts'

/** Maximum cached peer ids: statements of the same peers are verified again and again. */
const MAX_PEERS_KEPT = 1024

/** Checks what others signed. */
export class StatementVerifier {
  protected readonly domain: Uint8Array
  readonly #peers = new Map<string, PeerId>()

  /** @param domain - 32 bytes that what is signed belongs to; statements of one domain are none of another */
  constructor(domain: Uint8Array) {
    this.domain = domain
  }

  verifyEnvelope = ({ statement, signature }: Envelope): boolean =>
    this.verify(statement.nodeId, signedBytes(this.domain, statement), signature)

  verify = (author: string, bytes: Uint8Array, signature: Uint8Array): boolean => {
    const peer = this.#peerOf(author)
    return peer !== undefined && verifyNow(peer, bytes, signature)
  }

  #peerOf(id: string): PeerId | undefined {
    const known = this.#peers.get(id)
    if (known !== undefined) return known
    try {
      const peer = peerIdFromString(id)
      if (this.#peers.size >= MAX_PEERS_KEPT) this.#peers.clear()
      this.#peers.set(id, peer)
      return peer
    } catch {
      // Not a peer id.
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
