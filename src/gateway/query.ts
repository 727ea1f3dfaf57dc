import { GatewayError } from './problem.ts'

/** Reads one query parameter; throws a plain Error whose message says what was expected. */
export type Reader<T> = (text: string) => T

/**
 * Reads the query of a request by name. Unknown and repeated parameters are refused: a misspelt `margin` must not
 * silently mean the default.
 *
 * @throws GatewayError 'BAD_REQUEST'
 */
export const readQuery = <T extends Record<string, Reader<unknown>>>(
  query: URLSearchParams,
  readers: T
): { -readonly [K in keyof T]?: ReturnType<T[K]> } => {
  const values: Record<string, unknown> = {}
  for (const [name, text] of query) {
    if (!Object.hasOwn(readers, name)) throw bad(name, 'there is no such parameter')
    if (Object.hasOwn(values, name)) throw bad(name, 'it is given twice')
    try {
      values[name] = readers[name](text)
    } catch (error) {
      throw bad(name, (error as Error).message)
    }
  }
  return values as { -readonly [K in keyof T]?: ReturnType<T[K]> }
}

export const integer =
  (min: number, max: number): Reader<number> =>
  (text) => {
    const value = Number(text)
    if (/^\d{1,16}$/.test(text) && value >= min && value <= max) return value
    throw new Error(`expected a whole number from ${min} to ${max}`)
  }

/** One of some words. */
export const oneOf =
  <T extends string>(...words: readonly T[]): Reader<T> =>
  (text) => {
    const found = words.find((word) => word === text)
    if (found === undefined) throw new Error(`expected ${words.join(' or ')}`)
    return found
  }

export const boolean: Reader<boolean> = (text) => {
  if (text === 'true' || text === '1' || text === '') return true
  if (text === 'false' || text === '0') return false
  throw new Error('expected true or false')
}

/** Text without control characters, of at most `maxBytes` of UTF-8. */
export const text =
  (maxBytes: number): Reader<string> =>
  (value) => {
    if (/[\u0000-\u001f\u007f]/.test(value)) throw new Error('control characters are not allowed')
    if (Buffer.byteLength(value) > maxBytes) throw new Error(`expected at most ${maxBytes} bytes`)
    return value
  }

/** Bytes in base64url without padding, at most `maxBytes` of them. */
export const base64url =
  (maxBytes: number): Reader<Uint8Array> =>
  (value) => {
    if (!/^[\w-]+$/.test(value)) throw new Error('expected base64url')
    const bytes = new Uint8Array(Buffer.from(value, 'base64url'))
    if (bytes.byteLength > maxBytes) throw new Error(`expected at most ${maxBytes} bytes`)
    return bytes
  }

/** Layers as K:LENGTH, separated by commas, coarse to fine. */
export const layerList: Reader<ReadonlyArray<{ k: number; length: number }>> = (value) => {
  if (!/^\d{1,3}:\d{1,16}(,\d{1,3}:\d{1,16}){0,63}$/.test(value)) {
    throw new Error('expected up to 64 times K:LENGTH')
  }
  return value.split(',').map((layer) => {
    const [k, length] = layer.split(':').map(Number)
    return { k, length }
  })
}

const bad = (parameter: string, problem: string): GatewayError =>
  new GatewayError('BAD_REQUEST', `Query parameter ${parameter}: ${problem}.`, { parameter, problem })
