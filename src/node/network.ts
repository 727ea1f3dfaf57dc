// The network descriptor: what defines a network, independent of its current peers.
import { createHash, randomBytes } from 'node:crypto'
import { encode } from '@ipld/dag-cbor'
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import { normalizeQuorumSet, quorumSetNodes, quorumSetProblem } from '../../fba/quorum-set.ts'
import type { QuorumSet } from '../../fba/types.ts'

const FORMAT = 'thhe-network/1'
const MAX_BOOTSTRAP = 64
const MAX_FILE_BYTES = 1 << 20

/** Erasure code of the network's objects unless the putter chooses another. */
export interface DefaultCode {
  /** Shards needed to read. */
  readonly k: number
  /** Total shards, 256 at most. */
  readonly n: number
  /** Bytes of a full block: a multiple of 64, at most 1 MiB. */
  readonly blockBytes: number
}

export interface NetworkDescriptor {
  readonly format: typeof FORMAT
  readonly name: string
  /** First part of every protocol id and topic, e.g. '/thhe'. */
  readonly protocolPrefix: string
  /** 32 hex digits; distinguishes networks of the same name. */
  readonly salt: string
  readonly code: DefaultCode
  /** The validators that decide agreed state; absent if the network has none. */
  readonly quorumSet?: QuorumSet
  /** Bootstrap peers, each ending in /p2p/PEER-ID. Not part of the network id, since they change. */
  readonly bootstrap: readonly string[]
}

/** A descriptor that cannot be used; `field` is the first part that is wrong. */
export class NetworkDescriptorError extends Error {
  override readonly name = 'NetworkDescriptorError'
  readonly code = 'BAD_DESCRIPTOR'
  readonly field: string

  constructor(field: string, problem: string) {
    super(`Network descriptor, ${field}: ${problem}.`)
    this.field = field
  }
}

export interface CreateDescriptorInit {
  readonly name: string
  readonly code?: Partial<DefaultCode>
  readonly quorumSet?: QuorumSet
  readonly bootstrap?: readonly string[]
}

/**
 * 64 KiB blocks cost two thirds more processor time per byte in put and get. With 1 MiB blocks, a reader behind a slow
 * uplink waits long for its first byte (docs/bench/benchmarks.md, "Block size").
 */
const DEFAULT_BLOCK_BYTES = 262_144

/** A new network with a random salt. @throws {NetworkDescriptorError} */
export const createDescriptor = (init: CreateDescriptorInit): NetworkDescriptor =>
  checkDescriptor({
    format: FORMAT,
    name: init.name,
    protocolPrefix: '/thhe',
    salt: randomBytes(16).toString('hex'),
    code: { k: 6, n: 12, blockBytes: DEFAULT_BLOCK_BYTES, ...init.code },
    ...(init.quorumSet !== undefined && { quorumSet: init.quorumSet }),
    bootstrap: init.bootstrap ?? []
  })

/** Maximum peers of a network in which every peer validates: with more, agreement costs more than it gives. */
export const MAX_EVERYBODY_VALIDATES = 25

/**
 * The quorum set of equal validators: n - f of n, where n >= 3f + 1, which tolerates f that fail or lie.
 *
 * @param validators - peer ids
 */
export const flatQuorumSet = (validators: readonly string[]): QuorumSet => ({
  threshold: validators.length - Math.floor((validators.length - 1) / 3),
  validators: [...validators].sort(),
  innerSets: []
})

/**
 * SHA-256 of the dag-cbor form of the descriptor without its bootstrap list, the quorum set in normal form.
 *
 * @returns 32 bytes
 */
export const networkId = ({ bootstrap: _, ...identity }: NetworkDescriptor): Uint8Array => {
  const { quorumSet } = identity
  const canonical =
    quorumSet === undefined ? identity : { ...identity, quorumSet: normalizeQuorumSet(quorumSet) }
  return createHash('sha256').update(encode(canonical)).digest()
}

/** The id as text: 64 hex digits. */
export const networkIdText = (id: Uint8Array): string => Buffer.from(id).toString('hex')

/** Start of every protocol id and topic of the network: its prefix and the first 128 bits of its id. */
export const protocolPrefix = (descriptor: NetworkDescriptor): string =>
  `${descriptor.protocolPrefix}/${networkIdText(networkId(descriptor)).slice(0, 32)}`

/** @throws {NetworkDescriptorError} */
export const parseDescriptor = (json: string): NetworkDescriptor => {
  if (json.length > MAX_FILE_BYTES) throw new NetworkDescriptorError('file', 'it is larger than 1 MiB')
  try {
    return checkDescriptor(JSON.parse(json))
  } catch (error) {
    if (error instanceof SyntaxError) throw new NetworkDescriptorError('file', 'it is not JSON')
    throw error
  }
}

/** The text of a descriptor file. */
export const formatDescriptor = (descriptor: NetworkDescriptor): string =>
  `${JSON.stringify(descriptor, null, 2)}\n`

/** @throws {NetworkDescriptorError} naming the first field that is wrong */
export const checkDescriptor = (value: unknown): NetworkDescriptor => {
  const fields = record(value, 'file', [
    'format',
    'name',
    'protocolPrefix',
    'salt',
    'code',
    'quorumSet',
    'bootstrap'
  ])
  if (fields.format !== FORMAT) throw new NetworkDescriptorError('format', `expected "${FORMAT}"`)
  return {
    format: FORMAT,
    name: matching(
      fields.name,
      'name',
      /^[\w][\w .:-]{0,63}$/,
      'expected 1 to 64 letters, digits and .:_- or blanks'
    ),
    protocolPrefix: matching(
      fields.protocolPrefix,
      'protocolPrefix',
      /^(\/[a-z0-9][a-z0-9.-]{0,31}){1,4}$/,
      'expected a path such as /thhe'
    ),
    salt: matching(fields.salt, 'salt', /^[0-9a-f]{32}$/, 'expected 32 hex digits'),
    code: checkCode(fields.code),
    ...(fields.quorumSet !== undefined && { quorumSet: checkQuorumSet(fields.quorumSet) }),
    bootstrap: checkBootstrap(fields.bootstrap)
  }
}

const checkCode = (value: unknown): DefaultCode => {
  const { k, n, blockBytes } = record(value, 'code', ['k', 'n', 'blockBytes'])
  return {
    n: whole(n, 'code.n', 1, 256),
    k: whole(k, 'code.k', 1, n as number),
    blockBytes: whole(blockBytes, 'code.blockBytes', 64, 1_048_576, 64)
  }
}

const checkQuorumSet = (value: unknown): QuorumSet => {
  const set = quorumSetShape(value, 'quorumSet', 1)
  const problem = quorumSetProblem(set)
  if (problem !== undefined)
    throw new NetworkDescriptorError('quorumSet', `${problem.code} (${problem.detail})`)
  for (const node of quorumSetNodes(set)) {
    try {
      peerIdFromString(node)
    } catch {
      throw new NetworkDescriptorError('quorumSet', `${node} is not a peer id`)
    }
  }
  return set
}

/** Checks only the types; `fba` checks whether the quorum set is sane. Bounds the depth before it recurses. */
const quorumSetShape = (value: unknown, field: string, depth: number): QuorumSet => {
  if (depth > 8) throw new NetworkDescriptorError(field, 'it is nested too deeply')
  const { threshold, validators, innerSets } = record(value, field, ['threshold', 'validators', 'innerSets'])
  if (typeof threshold !== 'number')
    throw new NetworkDescriptorError(`${field}.threshold`, 'expected a number')
  return {
    threshold,
    validators: array(validators, `${field}.validators`, 1000).map((node) => {
      if (typeof node === 'string') return node
      throw new NetworkDescriptorError(`${field}.validators`, 'expected peer ids')
    }),
    innerSets: array(innerSets ?? [], `${field}.innerSets`, 1000).map((set) =>
      quorumSetShape(set, `${field}.innerSets`, depth + 1)
    )
  }
}

const checkBootstrap = (value: unknown): string[] =>
  array(value ?? [], 'bootstrap', MAX_BOOTSTRAP).map((address) => {
    try {
      const parsed = multiaddr(address as string)
      if (parsed.getComponents().at(-1)?.code === CODE_P2P) return parsed.toString()
    } catch {
      // Falls through to the common error message for unusable addresses.
    }
    throw new NetworkDescriptorError(
      'bootstrap',
      `${JSON.stringify(address)} is not a multiaddr ending in /p2p/PEER-ID`
    )
  })

const record = (value: unknown, field: string, keys: string[]): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new NetworkDescriptorError(field, 'expected a JSON object')
  }
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw new NetworkDescriptorError(field, `unknown key ${JSON.stringify(unknown)}`)
  return value as Record<string, unknown>
}

const array = (value: unknown, field: string, max: number): unknown[] => {
  if (Array.isArray(value) && value.length <= max) return value
  throw new NetworkDescriptorError(field, `expected a list of at most ${max}`)
}

const matching = (value: unknown, field: string, pattern: RegExp, problem: string): string => {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new NetworkDescriptorError(field, problem)
}

const whole = (value: unknown, field: string, min: number, max: number, step = 1): number => {
  const good = Number.isInteger(value) && (value as number) >= min && (value as number) <= max
  if (good && (value as number) % step === 0) return value as number
  const multiple = step === 1 ? '' : `, a multiple of ${step}`
  throw new NetworkDescriptorError(field, `expected a whole number from ${min} to ${max}${multiple}`)
}

/** The network that a node joins by default. */
export const PUBLIC_TESTNET: NetworkDescriptor = checkDescriptor({
  format: FORMAT,
  name: 'thhe-testnet',
  protocolPrefix: '/thhe',
  salt: 'd3f6a1c07b5e4e92a8c41f0b6d27935e',
  code: { k: 6, n: 12, blockBytes: DEFAULT_BLOCK_BYTES },
  bootstrap: []
})
