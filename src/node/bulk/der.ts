// The Distinguished Encoding Rules of ASN.1 (X.690), as far as a certificate needs them.

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18
} as const

/** A context-specific, constructed tag: `[number] EXPLICIT`. */
export const explicit = (number: number): number => 0xa0 | number

/** An element: tag, length, contents. */
export const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const length = contents.reduce((sum, part) => sum + part.byteLength, 0)
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(length)]), ...contents])
}

const lengthBytes = (length: number): number[] => {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

export interface DerElement {
  readonly tag: number
  /** Without tag and length. */
  readonly contents: Uint8Array
  /** With tag and length. */
  readonly whole: Uint8Array
}

/** The elements that `bytes` consists of. @throws RangeError if it is not a series of whole elements in DER */
export const readDer = (bytes: Uint8Array): DerElement[] => {
  const elements: DerElement[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const { start, end } = extentOf(bytes, at)
    elements.push({ tag: bytes[at], contents: bytes.subarray(start, end), whole: bytes.subarray(at, end) })
    at = end
  }
  return elements
}

const extentOf = (bytes: Uint8Array, at: number): { start: number; end: number } => {
  // Tags above 30 take several bytes; no certificate has one.
  if ((bytes[at] & 0x1f) === 0x1f) throw new RangeError('a tag of several bytes')
  const first = bytes[at + 1] ?? NaN
  let start = at + 2
  let length = first
  if (first >= 0x80) {
    const width = first & 0x7f
    if (width < 1 || width > 3) throw new RangeError('a length of a form that DER does not have here')
    length = 0
    for (let i = 0; i < width; i++) length = length * 256 + (bytes[start + i] ?? NaN)
    start += width
    if (length < 0x80 || length < 256 ** (width - 1))
      throw new RangeError('a length not in its shortest form')
  }
  const end = start + length
  if (!(end <= bytes.byteLength)) throw new RangeError('an element is cut off')
  return { start, end }
}
