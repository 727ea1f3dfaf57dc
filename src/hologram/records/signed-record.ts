import { equals } from 'uint8arrays/equals'
import { toString } from 'uint8arrays/to-string'
import { decodeSigned, SignedError, verifySigned, type SignedType } from '../../../protocols/signed.ts'
import { HologramError } from '../errors.ts'
import type { PeerId } from '@libp2p/interface'

interface RecordCodec<T> {
  decode(bytes: Uint8Array): T
}

interface RecordRules {
  readonly maxPayloadBytes: number
  /** Makes the error of this kind of record. */
  readonly bad: (reason: string, cause?: unknown) => HologramError
}

/**
 * Opens a signed message that names its network. The network is compared before the signature is checked, so that a
 * record of another network is called by its name; the rest of the message is the caller's to check.
 *
 * @throws HologramError 'WRONG_NETWORK', or what `rules.bad` makes
 */
export async function openRecord<T extends { network: Uint8Array }>(
  type: SignedType,
  codec: RecordCodec<T>,
  networkId: Uint8Array,
  signed: Uint8Array,
  rules: RecordRules
): Promise<{ signer: PeerId; message: T }> {
  try {
    const opened = decodeSigned(type, signed, rules.maxPayloadBytes)
    const message = decode(codec, opened.payload, rules)
    checkNetwork(type, networkId, message.network)
    await verifySigned(type, networkId, opened)
    return { signer: opened.signer, message }
  } catch (error) {
    if (error instanceof SignedError) throw rules.bad(`is not properly signed (${error.code})`, error)
    throw error
  }
}

function decode<T>(codec: RecordCodec<T>, payload: Uint8Array, { bad }: RecordRules): T {
  try {
    return codec.decode(payload)
  } catch (cause) {
    throw bad('cannot be decoded', cause)
  }
}

function checkNetwork(type: SignedType, expected: Uint8Array, found: Uint8Array): void {
  if (equals(expected, found)) return
  throw new HologramError('WRONG_NETWORK', `the ${type} belongs to another network`, {
    expected: toString(expected, 'base16'),
    found: toString(found.subarray(0, 32), 'base16')
  })
}
