import { XMLBuilder, XMLParser } from 'fast-xml-parser'
import { S3Error } from './errors.ts'

/** An element by name: text, an element with more in it, or one element for each of a list. */
export type XmlValue = string | number | boolean | undefined | XmlElement | readonly XmlValue[]
export interface XmlElement {
  readonly [name: string]: XmlValue
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
/** Longest document that is read: 1,000 keys of 1,024 bytes, each escaped, and 10,000 parts fit. */
export const MAX_XML_BYTES = 8 * 2 ** 20
const MAX_DEPTH = 10

const builder = new XMLBuilder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  suppressEmptyNode: false
})

const parser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  trimValues: false,
  // A document type could define entities that expand without end: none is read.
  processEntities: {
    enabled: true,
    maxTotalExpansions: Number.MAX_SAFE_INTEGER,
    maxExpandedLength: MAX_XML_BYTES
  },
  // Numbered characters, such as &#10; in a key.
  htmlEntities: true,
  maxNestedTags: MAX_DEPTH
})

/** A document with one root element in S3's namespace. Characters that XML 1.0 cannot carry become U+FFFD. */
export const toXml = (root: string, content: XmlElement, namespace = true): string => {
  const attributes = namespace ? { '@xmlns': NAMESPACE } : {}
  const body = builder.build({ [root]: { ...attributes, ...cleaned(content) } }) as string
  // A parser would read a bare carriage return as a line feed (XML 1.0, section 2.11).
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body.replaceAll('\r', '&#13;')}`
}

/**
 * The content of the root element of a document.
 *
 * @throws S3Error 'MalformedXML'
 */
export const fromXml = (text: string, root: string): XmlReader => {
  if (/<!DOCTYPE/i.test(text)) throw malformed()
  let document: unknown
  try {
    document = parser.parse(text, true)
  } catch {
    throw malformed()
  }
  if (typeof document !== 'object' || document === null || !(root in document)) throw malformed()
  return new XmlReader((document as Record<string, unknown>)[root])
}

/** Reads one element, and complains where it is not as expected. */
export class XmlReader {
  readonly #value: unknown

  constructor(value: unknown) {
    this.#value = value
  }

  /** The elements of a name under this one, in order. */
  all(name: string): XmlReader[] {
    const value = this.#child(name)
    if (value === undefined) return []
    return (Array.isArray(value) ? value : [value]).map((one) => new XmlReader(one))
  }

  /** The one element of a name under this one. @throws S3Error 'MalformedXML' if there are several */
  one(name: string): XmlReader | undefined {
    const found = this.all(name)
    if (found.length > 1) throw malformed()
    return found[0]
  }

  /** The text of the one element of a name. @throws S3Error 'MalformedXML' */
  text(name: string): string | undefined {
    return this.one(name)?.content()
  }

  /** The text of this element. @throws S3Error 'MalformedXML' if there are elements in it */
  content(): string {
    if (typeof this.#value !== 'string') throw malformed()
    return this.#value
  }

  /** Names of the elements under this one. */
  names(): string[] {
    return typeof this.#value === 'object' && this.#value !== null
      ? Object.keys(this.#value).filter((name) => name !== '#text')
      : []
  }

  #child(name: string): unknown {
    return typeof this.#value === 'object' && this.#value !== null && Object.hasOwn(this.#value, name)
      ? (this.#value as Record<string, unknown>)[name]
      : undefined
  }
}

export const malformed = (): S3Error =>
  new S3Error(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.'
  )

const NOT_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu

function cleaned(content: XmlElement): XmlElement {
  const clean = (value: XmlValue): XmlValue => {
    if (typeof value === 'string') return value.replace(NOT_XML, '\u{FFFD}')
    if (Array.isArray(value)) return value.map(clean)
    return typeof value === 'object' ? cleaned(value as XmlElement) : value
  }
  return Object.fromEntries(
    Object.entries(content)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, clean(value)])
  )
}
