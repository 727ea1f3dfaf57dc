import type { IncomingMessage } from 'node:http'
import { GatewayError } from './problem.ts'

/** What a request is about (RFC 9112, section 3.2). */
export interface Target {
  /** As it was sent, for messages. */
  readonly path: string
  /** Parts of the path, percent-decoded; undefined for `*`. */
  readonly segments: readonly string[] | undefined
  readonly query: URLSearchParams
  /** Of a target in absolute form; it overrides the Host field. */
  readonly host: string | undefined
}

/** @throws GatewayError 'BAD_REQUEST' for a target of another form, or one that is not percent-encoded */
export const targetOf = ({ url: text = '', method }: Pick<IncomingMessage, 'url' | 'method'>): Target => {
  if (text === '*' && method === 'OPTIONS') {
    return { path: text, segments: undefined, query: new URLSearchParams(), host: undefined }
  }
  const isOrigin = text.startsWith('/')
  if (!isOrigin && !/^http:\/\//i.test(text)) throw badTarget('The target of a request is a path or a URL.')
  const whole = isOrigin ? `http://local${text}` : text
  if (!URL.canParse(whole)) throw badTarget('The target of the request is not a URL.')
  const { pathname, search, searchParams, host } = new URL(whole)
  // URLSearchParams takes a malformed percent-encoding for text, and one that is not UTF-8 for U+FFFD.
  decoded(search)
  return {
    path: pathname,
    segments: pathname.split('/').map(decoded),
    query: searchParams,
    host: isOrigin ? undefined : host
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badTarget(`"${text.slice(0, 100)}" is not percent-encoded UTF-8.`)
  }
}

const badTarget = (message: string): GatewayError => new GatewayError('BAD_REQUEST', message)
