import { CHALLENGE_BYTES, identityProof } from './identity-proof.ts'
import { readQuery } from './query.ts'
import { sendJson } from './respond.ts'
import type { Exchange } from './router.ts'
import type { IdentityJson } from './types.ts'

const CHALLENGE = /^[\w-]{43}$/

/** GET /v1/identity: a client proves who answers before it sends the token. */
export const identity = ({ node, address, query, response }: Exchange): void => {
  const { challenge } = readQuery(query, { challenge: challengeText })
  const peerId = node.peerId.toString()
  const body: IdentityJson = {
    peerId,
    address,
    ...(challenge !== undefined && {
      proof: identityProof(node.apiToken, { address, peerId, challenge })
    })
  }
  sendJson(response, 200, body)
}

const challengeText = (text: string): string => {
  if (CHALLENGE.test(text)) return text
  throw new Error(`expected ${CHALLENGE_BYTES} bytes in base64url`)
}
