import { createHmac } from 'node:crypto'

export const CHALLENGE_BYTES = 32

export interface IdentityClaim {
  /** 'http://127.0.0.1:4780': where the node itself says that it listens. */
  readonly address: string
  readonly peerId: string
  /** 32 fresh random bytes of the client, base64url. */
  readonly challenge: string
}

/**
 * What only a holder of the token can answer: HMAC-SHA256 of the claim under the token, base64url. The address stands
 * in it, so that a program on the port of a node that has ended cannot pass a challenge on to another node.
 */
export const identityProof = (token: string, { address, peerId, challenge }: IdentityClaim): string =>
  createHmac('sha256', token)
    .update(`thhe/identity/1\0${address}\0${peerId}\0${challenge}`)
    .digest('base64url')
