import { S3Error } from './errors.ts'

/** What a request is about. */
export interface S3Target {
  /** '' for the service itself. */
  readonly bucket: string
  /** '' for the bucket itself. */
  readonly key: string
  readonly query: S3Query
}

/** Parameters of a query by name; of a repeated one the first counts. */
export type S3Query = ReadonlyMap<string, string>

/**
 * Reads the target of a request, in path style (/bucket/key) or, where the host is a name under `domain`, in virtual-host
 * style (bucket.domain/key). Paths are not normalised: `a//b` and `a/../b` are keys of their own.
 *
 * @param rawTarget - path and query as they were sent
 * @param host - the Host field
 * @throws S3Error 'InvalidURI'
 */
export const parseTarget = (
  rawTarget: string,
  host: string | undefined,
  domain: string | undefined
): S3Target => {
  const questionMark = rawTarget.indexOf('?')
  const rawPath = questionMark < 0 ? rawTarget : rawTarget.slice(0, questionMark)
  if (!rawPath.startsWith('/'))
    throw new S3Error('InvalidURI', 'The target of a request begins with a slash.')
  const path = decoded(rawPath.slice(1))
  const query = parseQuery(questionMark < 0 ? '' : rawTarget.slice(questionMark + 1))
  const hosted = hostedBucket(host, domain)
  if (hosted !== undefined) return { bucket: hosted, key: path, query }
  const slash = path.indexOf('/')
  return slash < 0
    ? { bucket: path, key: '', query }
    : { bucket: path.slice(0, slash), key: path.slice(slash + 1), query }
}

/** The bucket that a host names: what stands before '.domain'. */
const hostedBucket = (host: string | undefined, domain: string | undefined): string | undefined => {
  if (host === undefined || domain === undefined) return undefined
  const name = host.replace(/:\d+$/, '').toLowerCase()
  const suffix = `.${domain.toLowerCase()}`
  return name.endsWith(suffix) && name.length > suffix.length ? name.slice(0, -suffix.length) : undefined
}

const parseQuery = (text: string): S3Query => {
  const query = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    const key = decoded(name.replaceAll('+', ' '))
    if (!query.has(key)) query.set(key, decoded(value.replaceAll('+', ' ')))
  }
  return query
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new S3Error('InvalidURI', "Couldn't parse the specified URI: it is not percent-encoded UTF-8.")
  }
}
