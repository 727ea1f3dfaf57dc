/** How every failure looks to a client, before the first byte of an answer or within a stream of lines. */
export interface Problem {
  /** What to act on; stable. */
  readonly code: string
  /** What happened, for a person. */
  readonly message: string
  /** The figures that belong to the code. */
  readonly data: Readonly<Record<string, unknown>>
  /** What to do next. */
  readonly hint: string
}

/** A refusal of the gateway itself, as opposed to what the node could not do. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: GatewayErrorCode
  readonly data: Readonly<Record<string, unknown>>

  constructor(code: GatewayErrorCode, message: string, data: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.code = code
    this.data = data
  }
}

/** HTTP status and next step of each code that has one of its own. */
const CODES = {
  BAD_REQUEST: [400, 'See /openapi.json for the parameters and their limits.'],
  UNAUTHORIZED: [401, 'Send "Authorization: Bearer TOKEN" with the token from api-token in the data folder.'],
  FOREIGN_HOST: [403, 'Address the node by its IP address or as localhost.'],
  FOREIGN_ORIGIN: [403, 'Web pages of other origins may not use this interface.'],
  BAD_CODE: [403, 'Ask for a new one: a code works once, within two minutes.'],
  NO_PAGE: [503, 'In a checkout, run `npm ci` once: the page is bundled from source.'],
  NO_DOCTOR: [404, 'Ask a node that runs as a program of its own.'],
  S3_OFF: [404, 'The node was started without an address for S3.'],
  NO_KEY: [404, 'GET /v1/s3/keys lists the keys there are.'],
  S3_NOT_READY: [503, 'Try again: the peers that keep the service may not be in sight yet.'],
  NO_FIELD: [404, 'Use a network that has validators.'],
  NO_SLOT: [404, 'GET /v1/field lists the slots there are.'],
  BAD_SLOT_NAME: [400, 'Write PEER/LABEL, percent-encoded, or LABEL for a slot of this node.'],
  BAD_SLOT_VALUE: [400, 'See docs/reference/protocols.md, Agreed slots, for the limits.'],
  CHANGE_REFUSED: [409, 'Read the slot again; `refusal` says why.'],
  CHANGE_EXPIRED: [503, 'Send the change again.'],
  CHANGE_UNDECIDED: [
    504,
    'Read the slot again before you repeat the change: /v1/map shows which validators are missing.'
  ],
  NO_QUORUM: [503, 'Try again when more validators answer: /v1/map shows which are missing.'],
  FIELD_BUSY: [503, 'Try again in a moment.'],
  FIELD_STOPPED: [503, 'The node is stopping; try again when it is back.'],
  NO_PUT: [404, 'Begin again: a put that hears nothing of its client for minutes is given up.'],
  PUTS_FULL: [503, 'Try again when another one has ended.'],
  NO_ROUTE: [404, 'See /openapi.json for what is served.'],
  METHOD_UNKNOWN: [501, 'See the Allow header that OPTIONS gives.'],
  EXPECTATION_FAILED: [417, 'Leave the Expect header out, or send 100-continue.'],
  METHOD_NOT_ALLOWED: [405, 'See the Allow header.'],
  PRECONDITION_FAILED: [412, 'Ask for the object again, or leave the condition out.'],
  BODY_NOT_EXPECTED: [413, 'Send this request without a body.'],
  REQUEST_TIMEOUT: [408, 'Send the whole head of the request at once.'],
  UNSUPPORTED_ENCODING: [415, 'Send the bytes as they are, without Content-Encoding.'],
  UNSATISFIABLE_RANGE: [416, 'Ask for bytes within the size that Content-Range names.'],
  HEAD_TOO_LARGE: [431, 'Send a head of at most 16 KiB.'],
  INTERNAL: [500, 'This is a fault of the node: its log says more.'],

  NOT_FOUND: [
    404,
    'Check the id. The object may have been removed, its lease may have run out, or its holders may be away (/v1/peers).'
  ],
  NOT_OWNED: [409, 'Ask the node through which the object was put.'],
  NOT_ENOUGH_SHARDS: [
    503,
    'Too many holders are away. Bring peers back, or try again later; /v1/objects/{cid}/stat shows which shards are missing.'
  ],
  NOT_ENOUGH_PEERS: [
    503,
    'Wait for more peers (/v1/peers), choose a smaller n and k, or accept fewer shards with fewer=true.'
  ],
  NOT_DURABLE: [
    503,
    'Send it again: it goes on where it stopped. /v1/peers shows which peers are away; a smaller margin asks for less.'
  ],
  BAD_CODE_PARAMETERS: [400, 'Choose 1 <= k <= n <= 256 and k + margin <= n.'],
  BAD_LEASE: [400, 'Choose another lease.'],
  BAD_LINK: [400, 'Send the id of an object, or a whole link without its key.'],
  WRONG_NETWORK: [400, 'Use a node of the network that the link names.'],
  BAD_HEAD: [400, 'Sign a head for this network that has not expired; see docs/reference/protocols.md.'],
  STALE_HEAD: [409, 'Read the newest head, and publish with a higher sequence.'],
  NO_HEAD: [404, 'Publish something under the name first, or publish it again when it has expired.'],
  NO_MAJORITY: [503, 'Try again when more peers are up: /v1/peers shows which are away.'],
  REFUSED: [502, 'Try again later.'],
  BAD_RANGE: [416, 'Ask for bytes within the object.'],
  BAD_MANIFEST: [502, 'Its writer or a holder is at fault; try again through another node.'],
  CORRUPT: [502, 'Holders sent damaged bytes and no good copy was found; try again when more peers are up.'],
  TRUNCATED: [502, 'Try again when more peers are up.'],
  BAD_PLACEMENT: [502, 'Try again when more peers are up.'],
  PROTOCOL: [502, 'A peer broke the protocol. Try again, and compare versions (/v1/peers).'],
  REMOTE: [502, 'Try again later.'],
  UNREACHABLE: [502, 'Check the connection: /v1/peers shows which peers are away.'],
  TIMEOUT: [504, 'Try again; /v1/peers shows which peers are slow.'],
  QUOTA: [507, 'Free space by removing objects, or lend more: a larger quota, or more peers.'],
  QUOTA_EXCEEDED: [507, 'Free space by removing objects, or lend more: a larger quota, or more peers.'],
  DISK_FULL: [507, 'Make room on the disk.'],
  ABORTED: [503, 'The node is stopping; try again when it is back.']
} as const satisfies Record<string, readonly [status: number, hint: string]>

export type ProblemCode = keyof typeof CODES
export type GatewayErrorCode = Extract<
  ProblemCode,
  | 'BAD_CODE'
  | 'BAD_REQUEST'
  | 'NO_PAGE'
  | 'UNAUTHORIZED'
  | 'FOREIGN_HOST'
  | 'FOREIGN_ORIGIN'
  | 'NO_FIELD'
  | 'NO_KEY'
  | 'NO_PUT'
  | 'NO_ROUTE'
  | 'NO_SLOT'
  | 'S3_NOT_READY'
  | 'S3_OFF'
  | 'NO_DOCTOR'
  | 'METHOD_UNKNOWN'
  | 'EXPECTATION_FAILED'
  | 'METHOD_NOT_ALLOWED'
  | 'PUTS_FULL'
  | 'PRECONDITION_FAILED'
  | 'BODY_NOT_EXPECTED'
  | 'UNSUPPORTED_ENCODING'
  | 'UNSATISFIABLE_RANGE'
  | 'REQUEST_TIMEOUT'
  | 'HEAD_TOO_LARGE'
>

/** Whether a client may hope for something better from the code than 'INTERNAL'. */
export const isProblemCode = (code: unknown): code is ProblemCode =>
  typeof code === 'string' && Object.hasOwn(CODES, code)

/** Turns whatever was thrown into a problem; what is not a coded error becomes 'INTERNAL'. */
export const toProblem = (error: unknown): Problem => {
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown }
  const known = isProblemCode(code) ? code : 'INTERNAL'
  return {
    code: known,
    message: typeof message === 'string' && message !== '' ? message : 'Something unexpected was thrown.',
    data: typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {},
    hint: CODES[known][1]
  }
}

export const statusOf = ({ code }: Pick<Problem, 'code'>): number =>
  isProblemCode(code) ? CODES[code][0] : 500
