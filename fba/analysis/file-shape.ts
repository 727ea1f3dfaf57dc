// Reads untrusted JSON: checks each value as it is read, and names the place in the file in errors.

import type { NodeId, QuorumSet } from '../types.ts'

/** Maximum characters of a file; the file of the whole Stellar network has one million. */
const MAX_FILE_LENGTH = 64 * 1024 * 1024
/** Maximum levels of a quorum set: more than the protocol allows, so that the analysis can call its node dead. */
const MAX_READ_DEPTH = 8
const MAX_LIST_LENGTH = 1000

/** A file that does not have the expected form. `path` is the first wrong place, as in `[3].quorumSet`. */
export class FbaFileError extends Error {
  override readonly name = 'FbaFileError'
  readonly code: 'too-large' | 'not-json' | 'bad-value'
  readonly path: string

  constructor(code: FbaFileError['code'], path: string, problem: string) {
    super(path === '' ? `The file ${problem}.` : `The file, at ${path}: ${problem}.`)
    this.code = code
    this.path = path
  }
}

/** @throws {FbaFileError} */
export function parseJson(text: string): unknown {
  if (text.length > MAX_FILE_LENGTH) throw new FbaFileError('too-large', '', 'is larger than 64 MiB')
  try {
    return JSON.parse(text)
  } catch {
    throw new FbaFileError('not-json', '', 'is not JSON')
  }
}

export function readList(value: unknown, path: string, maxLength = MAX_LIST_LENGTH): unknown[] {
  if (!Array.isArray(value)) throw new FbaFileError('bad-value', path, 'expected a list')
  if (value.length <= maxLength) return value
  throw new FbaFileError('bad-value', path, `expected at most ${maxLength} entries, found ${value.length}`)
}

export function readObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new FbaFileError('bad-value', path, 'expected an object')
}

/** A name of 1 to 128 characters of any alphabet: other networks name their nodes differently. */
export function readNodeId(value: unknown, path: string): NodeId {
  if (typeof value === 'string' && value.length >= 1 && value.length <= 128) return value
  throw new FbaFileError('bad-value', path, 'expected the name of a node, 1 to 128 characters')
}

/**
 * A quorum set whose inner sets are under the key `innerKey`. Empty lists may be missing. Does not check whether the set
 * is sane.
 */
export function readQuorumSet(value: unknown, path: string, innerKey: string, depth = 1): QuorumSet {
  if (depth > MAX_READ_DEPTH)
    throw new FbaFileError('bad-value', path, `nested deeper than ${MAX_READ_DEPTH} levels`)
  const { threshold, validators = [], [innerKey]: innerSets = [] } = readObject(value, path)
  if (typeof threshold !== 'number')
    throw new FbaFileError('bad-value', `${path}.threshold`, 'expected a number')
  return {
    threshold,
    validators: readList(validators, `${path}.validators`).map((id, index) =>
      readNodeId(id, `${path}.validators[${index}]`)
    ),
    innerSets: readList(innerSets, `${path}.${innerKey}`).map((inner, index) =>
      readQuorumSet(inner, `${path}.${innerKey}[${index}]`, innerKey, depth + 1)
    )
  }
}
