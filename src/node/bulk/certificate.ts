// Certificates of the libp2p TLS handshake (https://github.com/libp2p/specs/blob/master/tls/tls.md): self-signed, with an
// extension in which the peer's identity key signs the certificate's own key.
import { createPublicKey, generateKeyPairSync, randomBytes, sign, verify, X509Certificate } from 'node:crypto'
import { decodePeerId } from '../../../protocols/signed.ts'
import { der, explicit, readDer, TAG } from './der.ts'
import { BulkError } from './errors.ts'
import type { DerElement } from './der.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { KeyObject } from 'node:crypto'

const HOUR_MS = 3_600_000
const YEAR_MS = 8_766 * HOUR_MS
/** Clocks of peers differ; other implementations allow an hour. */
const VALID_BEFORE_MS = 24 * HOUR_MS
/** As other implementations: the certificate ends with the process. */
const VALID_FOR_MS = 100 * YEAR_MS
const MAX_CERTIFICATE_BYTES = 4096

const SIGNED_KEY_OID = der(TAG.oid, Buffer.from('2b0601040183a25a0101', 'hex')) // 1.3.6.1.4.1.53594.1.1
const ED25519_OID = der(TAG.oid, Buffer.from('2b6570', 'hex')) // 1.3.101.112
const COMMON_NAME_OID = der(TAG.oid, Buffer.from('550403', 'hex')) // 2.5.4.3
/** What the identity key signs, before the SubjectPublicKeyInfo of the certificate. */
const DOMAIN = Buffer.from('libp2p-tls-handshake:')
/** libp2p's `PublicKey { type: Ed25519, data: 32 bytes }`, before the key itself. */
const ED25519_KEY_PREFIX = Buffer.from('08011220', 'hex')
/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), before the key itself. */
const ED25519_SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
/** Identity multihash of a 36-byte key: a peer id, before the key in libp2p's form. */
const PEER_ID_PREFIX = Buffer.from('0024', 'hex')

export type Identity = Pick<Ed25519PrivateKey, 'sign' | 'publicKey'>

export interface OwnCertificate {
  /** PEM. */
  readonly cert: string
  /** PEM, PKCS 8. */
  readonly key: string
}

export interface CertificateForm {
  /** The certificate's own Ed25519 key. */
  readonly publicKey: KeyObject
  /** Signs the certificate. */
  readonly privateKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** DER. */
  readonly extensions: readonly Uint8Array[]
}

/** A certificate with a fresh Ed25519 key, signed over by the peer's `identity`. */
export const createCertificate = async (identity: Identity, nowMs: number): Promise<OwnCertificate> => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const cert = encodeCertificate({
    publicKey,
    privateKey,
    notBefore: new Date(nowMs - VALID_BEFORE_MS),
    notAfter: new Date(nowMs + VALID_FOR_MS),
    extensions: [signedKeyExtension(await signedKey(identity, publicKey))]
  })
  return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

/** An X.509 certificate (RFC 5280) as PEM. */
export const encodeCertificate = ({ publicKey, privateKey, ...form }: CertificateForm): string => {
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, COMMON_NAME_OID, der(TAG.utf8String, Buffer.from('thhe'))))
  )
  const algorithm = der(TAG.sequence, ED25519_OID)
  const body = der(
    TAG.sequence,
    der(explicit(0), der(TAG.integer, Buffer.from([2]))), // version 3
    der(TAG.integer, serialNumber()),
    algorithm,
    name,
    der(TAG.sequence, time(form.notBefore), time(form.notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(form.extensions.length === 0 ? [] : [der(explicit(3), der(TAG.sequence, ...form.extensions))])
  )
  const whole = der(TAG.sequence, body, algorithm, bitString(sign(null, body, privateKey)))
  return pem('CERTIFICATE', whole)
}

/** The SignedKey of an identity over the key of a certificate. */
export const signedKey = async (identity: Identity, ofCertificate: KeyObject): Promise<Buffer> => {
  const spki = ofCertificate.export({ type: 'spki', format: 'der' })
  return der(
    TAG.sequence,
    der(TAG.octetString, ED25519_KEY_PREFIX, identity.publicKey.raw),
    der(TAG.octetString, await identity.sign(Buffer.concat([DOMAIN, spki])))
  )
}

export const signedKeyExtension = (value: Uint8Array): Buffer =>
  der(TAG.sequence, SIGNED_KEY_OID, der(TAG.octetString, value))

/**
 * The peer whose identity key vouches for the certificate. TLS itself proves that the other end has the certificate's key.
 *
 * @param certificate - DER
 * @throws {BulkError} 'BAD_CERTIFICATE' | 'EXPIRED' | 'NO_SIGNED_KEY' | 'BAD_SIGNATURE' | 'KEY_TYPE'
 */
export const verifyCertificate = (certificate: Uint8Array, nowMs: number): PeerId => {
  try {
    return peerOf(certificate, nowMs)
  } catch (cause) {
    if (cause instanceof BulkError) throw cause
    // What OpenSSL and `readDer` say of bytes that they cannot read.
    throw new BulkError('BAD_CERTIFICATE', 'The certificate cannot be read.', { cause })
  }
}

const peerOf = (certificate: Uint8Array, nowMs: number): PeerId => {
  if (certificate.byteLength > MAX_CERTIFICATE_BYTES) {
    throw new BulkError('BAD_CERTIFICATE', `The certificate has ${certificate.byteLength} bytes.`)
  }
  const x509 = new X509Certificate(certificate)
  const { validFromDate, validToDate, publicKey } = x509
  if (!(validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime())) {
    throw new BulkError('EXPIRED', `The certificate is valid from ${x509.validFrom} to ${x509.validTo}.`)
  }
  if (!isAllowedKey(publicKey)) {
    throw new BulkError('KEY_TYPE', 'The key of the certificate is not Ed25519 or P-256.')
  }
  if (!isSelfSigned(x509))
    throw new BulkError('BAD_SIGNATURE', 'The certificate is not signed by its own key.')
  const { spki, value } = read(certificate)
  const { identity, signature } = readSignedKey(value)
  const key = createPublicKey({
    key: Buffer.concat([ED25519_SPKI_PREFIX, identity]),
    format: 'der',
    type: 'spki'
  })
  if (!verify(null, Buffer.concat([DOMAIN, spki]), key, signature)) {
    throw new BulkError(
      'BAD_SIGNATURE',
      'The key of the certificate is not signed by the peer that it names.'
    )
  }
  const peer = decodePeerId(Buffer.concat([PEER_ID_PREFIX, ED25519_KEY_PREFIX, identity]))
  if (peer === undefined) throw new BulkError('KEY_TYPE', 'The certificate names no Ed25519 key.')
  return peer
}

const isAllowedKey = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean =>
  asymmetricKeyType === 'ed25519' ||
  (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1')

const isSelfSigned = (x509: X509Certificate): boolean => {
  try {
    return x509.verify(x509.publicKey)
  } catch {
    return false // an algorithm that does not fit the key
  }
}

/** The certificate's own key, and the value of the SignedKey extension. OpenSSL has parsed the certificate before. */
const read = (certificate: Uint8Array): { spki: Uint8Array; value: Uint8Array } => {
  const [whole] = readDer(certificate)
  const [body] = readDer(whole.contents)
  const fields = readDer(body.contents)
  // version, serial number, algorithm, issuer, validity, subject, key; a certificate of version 1 has no version.
  const spki = fields[6]
  const extensions = fields.find(({ tag }) => tag === explicit(3))
  if (spki?.tag !== TAG.sequence || extensions === undefined) throw noSignedKey()
  return { spki: spki.whole, value: signedKeyOf(readDer(readDer(extensions.contents)[0].contents)) }
}

const signedKeyOf = (extensions: readonly DerElement[]): Uint8Array => {
  const values: Uint8Array[] = []
  for (const { contents } of extensions) {
    const [oid, ...rest] = readDer(contents)
    const value = rest.at(-1)
    if (oid !== undefined && value !== undefined && SIGNED_KEY_OID.equals(oid.whole))
      values.push(value.contents)
    // RFC 5280, section 4.2: a critical extension that is not understood invalidates the certificate.
    else if (rest[0]?.tag === TAG.boolean)
      throw new BulkError('BAD_CERTIFICATE', 'An unknown extension is critical.')
  }
  if (values.length !== 1) throw noSignedKey()
  return values[0]
}

const readSignedKey = (value: Uint8Array): { identity: Uint8Array; signature: Uint8Array } => {
  const [sequence, ...after] = readDer(value)
  const [key, signature, ...more] = sequence?.tag === TAG.sequence ? readDer(sequence.contents) : []
  const isWhole = after.length === 0 && more.length === 0
  if (!isWhole || key?.tag !== TAG.octetString || signature?.tag !== TAG.octetString) throw noSignedKey()
  const { contents } = key
  const prefixBytes = ED25519_KEY_PREFIX.byteLength
  if (
    contents.byteLength !== prefixBytes + 32 ||
    !ED25519_KEY_PREFIX.equals(contents.subarray(0, prefixBytes))
  ) {
    throw new BulkError('KEY_TYPE', 'The key of the peer is not Ed25519.')
  }
  return { identity: contents.subarray(prefixBytes), signature: signature.contents }
}

const noSignedKey = (): BulkError =>
  new BulkError('NO_SIGNED_KEY', 'The certificate has no signed key of a peer.')

/** Positive, 64 bits. */
const serialNumber = (): Buffer => {
  const number = randomBytes(8)
  number[0] = (number[0] & 0x7f) | 0x40
  return number
}

/** RFC 5280, section 4.1.2.5: UTCTime up to 2049, GeneralizedTime from 2050 on. */
const time = (date: Date): Buffer => {
  const text = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return date.getUTCFullYear() < 2050
    ? der(TAG.utcTime, Buffer.from(text.slice(2)))
    : der(TAG.generalizedTime, Buffer.from(text))
}

const bitString = (bytes: Uint8Array): Buffer => der(TAG.bitString, Buffer.from([0]), bytes)

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`
