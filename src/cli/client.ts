import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { json } from 'node:stream/consumers'
import { systemRandom } from '../clock/index.ts'
import type {
  IdentityJson,
  ListLine,
  ManifestJson,
  OwnedObjectJson,
  PeersJson,
  Problem,
  RemovedJson,
  StatJson,
  StatusJson
} from '../gateway/index.ts'
import { CHALLENGE_BYTES, identityProof } from '../gateway/identity-proof.ts'
import { PROBLEM_FIELD } from '../gateway/media-types.ts'
import { CliError } from './errors.ts'

/** Nothing moved on a connection for so long: longer than the node's own deadlines, so that its answer wins. */
const IDLE_TIMEOUT_MS = 150_000

export interface ClientInit {
  /** 'http://127.0.0.1:4780'. */
  readonly url: string
  /** Absent: what needs it will be refused. It goes only to a node that has proved that it knows it. */
  readonly token?: string
  /**
   * Where the node that wrote the token says that it listens (api.json). Without it a program that passes our
   * challenge on to the node is not told from the node.
   */
  readonly address?: string
  readonly signal: AbortSignal
}

export interface RequestInit {
  readonly headers?: OutgoingHttpHeaders
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
}

/** The node's HTTP interface (src/gateway/openapi.json) as a program sees it. Failures are `CliError`s. */
export class NodeClient {
  readonly url: string
  readonly #token: string | undefined
  readonly #address: string | undefined
  readonly #signal: AbortSignal
  #proof: Promise<void> | undefined

  constructor({ url, token, address, signal }: ClientInit) {
    this.url = url.replace(/\/+$/, '')
    this.#token = token
    this.#address = address
    this.#signal = signal
  }

  status = async (): Promise<StatusJson> => await this.#json('GET', '/v1/status')
  peers = async (): Promise<PeersJson> => await this.#json('GET', '/v1/peers')
  stat = async (cid: string): Promise<StatJson> => await this.#json('GET', `/v1/objects/${cid}/stat`)
  manifest = async (cid: string): Promise<ManifestJson> =>
    await this.#json('GET', `/v1/objects/${cid}/manifest`)
  remove = async (cid: string): Promise<RemovedJson> =>
    await this.#body(await this.openWithToken('DELETE', `/v1/objects/${cid}`))

  async *list(): AsyncGenerator<OwnedObjectJson> {
    const response = await this.send(await this.openWithToken('GET', '/v1/objects'))
    for await (const line of linesOf<ListLine>(response)) {
      if ('object' in line) yield line.object
      if ('problem' in line) throw problemError(line.problem)
      if ('end' in line) return
    }
    throw nodeGone(this.url)
  }

  /** Starts a request; the caller ends it. */
  open(method: string, path: string, { headers, query }: RequestInit = {}): ClientRequest {
    const url = new URL(this.url + path)
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const request = httpRequest(url, {
      method,
      headers,
      agent: false,
      signal: this.#signal,
      timeout: IDLE_TIMEOUT_MS
    })
    request.on('timeout', () => request.destroy(idle(this.url)))
    return request
  }

  /**
   * Starts a request that bears the token, once the node has proved that it is the one that the token is of.
   *
   * @throws CliError 'WRONG_NODE'
   */
  async openWithToken(method: string, path: string, init: RequestInit = {}): Promise<ClientRequest> {
    if (this.#token === undefined) return this.open(method, path, init)
    this.#proof ??= this.#prove(this.#token)
    await this.#proof
    const headers = { authorization: `Bearer ${this.#token}`, ...init.headers }
    return this.open(method, path, { ...init, headers })
  }

  /** Ends the request and waits for the head of a good answer; any other becomes the error that it tells of. */
  async send(request: ClientRequest): Promise<IncomingMessage> {
    const response = this.answerTo(request)
    request.end()
    return await response
  }

  async answerTo(request: ClientRequest): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once('response', resolve)
      request.once('error', (error) => reject(this.#connectionError(error)))
    })
    // From here on a break of the connection shows as an error of the response.
    request.on('error', () => {})
    if ((response.statusCode ?? 0) < 400) return response
    throw await this.#refusal(response)
  }

  /** Why we broke off ourselves; undefined when we did not. */
  aborted(): unknown {
    return this.#signal.aborted ? this.#signal.reason : undefined
  }

  /** What a broken connection means: our own end, or the node's. */
  #connectionError(error: Error): unknown {
    if (this.#signal.aborted) return this.#signal.reason
    return error instanceof CliError ? error : unreachable(this.url, error)
  }

  /** A node that was killed leaves its address and its token behind: anybody may listen there by now. */
  async #prove(token: string): Promise<void> {
    const challenge = Buffer.from(systemRandom.bytes(CHALLENGE_BYTES)).toString('base64url')
    const { address, peerId, proof } = await this.#body<IdentityJson>(
      this.open('GET', '/v1/identity', { query: { challenge } })
    )
    const isItself = this.#address === undefined || this.#address === address
    if (isItself && proof === identityProof(token, { address, peerId, challenge })) return
    throw new CliError(
      'WRONG_NODE',
      `What answers at ${this.url} is not the node that the token belongs to; it has not been sent.`,
      'Check --api, --data and --token-file: another node, or another program, may listen there by now.'
    )
  }

  async #json<T>(method: string, path: string): Promise<T> {
    return await this.#body(this.open(method, path))
  }

  async #body<T>(request: ClientRequest): Promise<T> {
    const response = await this.send(request)
    try {
      return (await json(response)) as T
    } catch (error) {
      if (this.#signal.aborted) throw this.#signal.reason
      throw error instanceof SyntaxError ? notANode(this.url) : nodeGone(this.url)
    }
  }

  async #refusal(response: IncomingMessage): Promise<unknown> {
    const header = response.headers[PROBLEM_FIELD]
    const problem =
      typeof header === 'string'
        ? (JSON.parse(decodeURIComponent(header)) as unknown)
        : await json(response).catch(() => undefined)
    return isProblem(problem) ? problemError(problem) : notANode(this.url)
  }
}

/** Parses an answer of JSON lines. @throws CliError 'NODE_GONE' when it breaks off */
export async function* linesOf<T>(response: IncomingMessage): AsyncGenerator<T> {
  let rest = ''
  try {
    for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + part).split('\n')
      rest = lines.pop() as string
      for (const line of lines) yield JSON.parse(line) as T
    }
  } catch (error) {
    throw error instanceof SyntaxError ? notANode(hostOf(response)) : nodeGone(hostOf(response))
  }
}

/** A problem that the node told of, as our own kind of error. */
export const problemError = ({ code, message, hint, data }: Problem): CliError =>
  new CliError(code, message, hint, data)

/** The connection ended before the answer did. */
export const nodeGone = (url: string): CliError =>
  new CliError(
    'NODE_GONE',
    `The node at ${url} broke off in the middle of its answer.`,
    'It may have been stopped or killed: `thhe status` says whether it runs. Then run the command again.'
  )

const hostOf = ({ socket }: IncomingMessage): string => `${socket.remoteAddress}:${socket.remotePort}`

const unreachable = (url: string, cause: Error): CliError =>
  new CliError(
    'NODE_UNREACHABLE',
    `No node answers at ${url} (${cause.message || (cause as NodeJS.ErrnoException).code}).`,
    'Start one with `thhe node`, or a local cluster with `thhe cluster up`, or name another with --api.'
  )

const idle = (url: string): CliError =>
  new CliError(
    'NODE_GONE',
    `The node at ${url} has been silent for ${IDLE_TIMEOUT_MS / 1000} s.`,
    'It may hang or be overloaded: see its log, and `thhe status`.'
  )

const notANode = (url: string): CliError =>
  new CliError('NOT_A_NODE', `What answers at ${url} is not a THHE node.`, 'Check --api, THHE_API or --data.')

const isProblem = (value: unknown): value is Problem => {
  const { code, message, hint } = (value ?? {}) as Partial<Problem>
  return [code, message, hint].every((part) => typeof part === 'string')
}
