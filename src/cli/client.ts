import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { json } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { systemRandom } from '../clock/index.ts'
import type {
  CareProgressJson,
  CollectedJson,
  DrainJson,
  EventLine,
  IdentityJson,
  ListLine,
  ManifestJson,
  OwnedObjectJson,
  MapJson,
  NewS3KeyJson,
  PeersJson,
  Problem,
  PublishedJson,
  RemovedJson,
  RepairReportJson,
  ReshapeReportJson,
  ResolvedJson,
  S3KeyJson,
  S3KeysJson,
  ChangedJson,
  SlotChangeJson,
  SlotJson,
  SlotLine,
  SlotLogJson,
  SlotsJson,
  SlotViewJson,
  S3StatusJson,
  VerifyReportJson,
  ScrubReportJson,
  StatJson,
  StatusJson,
  UploadsJson,
  WebCodeJson
} from '../gateway/index.ts'
import { CHALLENGE_BYTES, identityProof } from '../gateway/identity-proof.ts'
import { PROBLEM_FIELD } from '../gateway/media-types.ts'
import { optionText } from './option-text.ts'
import { systemReason } from '../node/system-errors.ts'
import { processState } from '../node/data/lock.ts'
import { codeFor } from './cluster/code.ts'
import { CliError, isKnownCode, sentence } from './errors.ts'
import { count } from './format.ts'

/** A node answers from memory in a few ms: one that has not begun to after so long hangs or was stopped. */
const ANSWER_TIMEOUT_MS = 2_000
/** A node that wants to run and gets no processor may take so long. */
const BUSY_TIMEOUT_MS = 15_000
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
  /** Process of the node, where it runs on this machine: tells a node that hangs from one on a busy machine. */
  readonly pid?: number
  /** The network of the node, where it has been asked for already. */
  readonly network?: StatusJson['network']
  /** Where the node keeps its data, when it was found by its folder. */
  readonly dataFolder?: string
}

export interface RequestInit {
  readonly headers?: OutgoingHttpHeaders
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
}

/** The node's HTTP interface (src/gateway/openapi.json) as a program sees it. Failures are `CliError`s. */
export class NodeClient {
  readonly url: string
  readonly dataFolder: string | undefined
  readonly #token: string | undefined
  readonly #address: string | undefined
  readonly #signal: AbortSignal
  readonly #pid: number | undefined
  #proof: Promise<void> | undefined
  #network: Promise<StatusJson['network']> | undefined

  constructor({ url, token, address, signal, pid, network, dataFolder }: ClientInit) {
    this.url = url.replace(/\/+$/, '')
    this.dataFolder = dataFolder
    this.#token = token
    this.#address = address
    this.#signal = signal
    this.#pid = pid
    if (network !== undefined) this.#network = Promise.resolve(network)
  }

  /** @throws CliError 'NODE_SILENT' when the node does not begin to answer within 2 s; 'NOT_A_NODE' */
  status = async (): Promise<StatusJson> => {
    const status = await this.claims()
    if (!isStatus(status)) throw notANode(this.url)
    return status
  }

  /**
   * The status as it was sent. Any program can send these two fields: they prove nothing.
   *
   * @throws CliError 'NODE_SILENT' when the node does not begin to answer within 2 s
   */
  claims = async (): Promise<Pick<StatusJson, 'peerId' | 'network'>> => {
    const claims = this.#prompt<Pick<StatusJson, 'peerId' | 'network'>>('/v1/status')
    this.#network = claims.then(({ network }) => network)
    // The caller gets the failure; without this it would also count as unhandled.
    this.#network.catch(() => {})
    return await claims
  }

  /** The network of the node, which never changes: asked for once. */
  network = async (): Promise<StatusJson['network']> => {
    if (this.#network === undefined) await this.claims()
    return await (this.#network as Promise<StatusJson['network']>)
  }

  /** @throws CliError 'NODE_SILENT' */
  map = async (): Promise<MapJson> => await this.#prompt('/v1/map')
  peers = async (): Promise<PeersJson> => await this.#prompt('/v1/peers')
  stat = async (cid: string): Promise<StatJson> => await this.#json('GET', `/v1/objects/${cid}/stat`)
  manifest = async (cid: string): Promise<ManifestJson> =>
    await this.#json('GET', `/v1/objects/${cid}/manifest`)
  collectGarbage = async (): Promise<CollectedJson> =>
    await this.#body(await this.openWithToken('DELETE', '/v1/garbage'))
  /** Makes the node read everything that it keeps. @param onProgress - what has been read and found so far */
  async scrub(onProgress: (progress: ScrubReportJson) => void): Promise<ScrubReportJson> {
    return await this.#follow('/v1/scrub', onProgress)
  }
  /** Makes the node read every block of an object's shards. */
  async verify(cid: string, onProgress: (progress: CareProgressJson) => void): Promise<VerifyReportJson> {
    return await this.#follow(`/v1/objects/${cid}/verify`, onProgress)
  }
  /** Makes the node rebuild what an object lacks. */
  async repair(cid: string, onProgress: (progress: CareProgressJson) => void): Promise<RepairReportJson> {
    return await this.#follow(`/v1/objects/${cid}/repair`, onProgress)
  }
  /** Makes the node change the number of shards of an object. */
  async reshape(
    cid: string,
    n: number,
    onProgress: (progress: CareProgressJson) => void
  ): Promise<ReshapeReportJson> {
    return await this.#follow(`/v1/objects/${cid}/reshape`, onProgress, { n })
  }
  /** Events after a sequence, as they are told; ends with the newest unless `follow` is set. */
  async *events(query: { after?: number; room?: string; follow?: boolean }): AsyncGenerator<EventLine> {
    const response = await this.send(await this.openWithToken('GET', '/v1/events', { query }))
    for await (const line of linesOf<EventLine>(response, this.url)) {
      if ('problem' in line) throw problemError(line.problem)
      yield line
      if ('end' in line && query.follow !== true) return
    }
    throw nodeGone(this.url)
  }
  drain = async (method: 'GET' | 'POST' | 'DELETE'): Promise<DrainJson> =>
    await this.#body(await this.openWithToken(method, '/v1/drain'))
  s3 = async (): Promise<S3StatusJson> => await this.#body(await this.openWithToken('GET', '/v1/s3'))
  s3Keys = async (): Promise<S3KeysJson> => await this.#body(await this.openWithToken('GET', '/v1/s3/keys'))
  createS3Key = async (key: Pick<S3KeyJson, 'name' | 'grants'>): Promise<NewS3KeyJson> => {
    const body = Buffer.from(JSON.stringify(key))
    const headers = { 'content-type': 'application/json', 'content-length': body.byteLength }
    const request = await this.openWithToken('POST', '/v1/s3/keys', { headers })
    request.write(body)
    return await this.#body(request)
  }
  /** A code that opens the web page once. */
  createWebCode = async (): Promise<WebCodeJson> =>
    await this.#body(await this.openWithToken('POST', '/v1/web/codes'))
  removeS3Key = async (accessKeyId: string): Promise<void> =>
    await this.#body(await this.openWithToken('DELETE', `/v1/s3/keys/${encodeURIComponent(accessKeyId)}`))
  uploads = async (): Promise<UploadsJson> => await this.#body(await this.openWithToken('GET', '/v1/uploads'))
  /** @param name - as it stands in links: k51… */
  resolveName = async (name: string): Promise<ResolvedJson> =>
    await this.#body(await this.openWithToken('GET', `/v1/names/${name}`))
  publishName = async (name: string, signed: Uint8Array): Promise<PublishedJson> =>
    await this.#sendName('PUT', name, signed)
  /** @param change - of the slot of the name, signed by its key */
  publishNameInSlot = async (name: string, change: Uint8Array): Promise<PublishedJson> =>
    await this.#sendName('POST', name, change)
  #sendName = async (method: string, name: string, body: Uint8Array): Promise<PublishedJson> => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': body.byteLength }
    const request = await this.openWithToken(method, `/v1/names/${name}`, { headers })
    request.write(body)
    return await this.#body(request)
  }
  slots = async (owner?: string): Promise<SlotsJson> =>
    await this.#body(await this.openWithToken('GET', '/v1/field', { query: { owner } }))
  /** @param confidence - waits until so large a share of the validators has accepted one outcome */
  slot = async (name: string, confidence?: number): Promise<SlotViewJson> =>
    await this.#body(await this.openWithToken('GET', slotPath(name), { query: { confidence } }))
  changeSlot = async (name: string, change: SlotChangeJson): Promise<ChangedJson> => {
    const body = Buffer.from(JSON.stringify(change))
    const headers = { 'content-type': 'application/json', 'content-length': body.byteLength }
    const request = await this.openWithToken('POST', slotPath(name), { headers })
    request.write(body)
    return await this.#body(request)
  }
  slotLog = async (name: string): Promise<SlotLogJson> =>
    await this.#body(await this.openWithToken('GET', `${slotPath(name)}/log`))
  /** Bytes of `encodeSlotProof`. */
  slotProof = async (name: string): Promise<Uint8Array> => await this.#bytes(`${slotPath(name)}/proof`)
  /** Bytes of `encodeLogProof`. */
  slotLogProof = async (name: string): Promise<Uint8Array> => await this.#bytes(`${slotPath(name)}/log/proof`)
  #bytes = async (path: string): Promise<Uint8Array> => {
    const response = await this.send(await this.openWithToken('GET', path))
    const parts: Uint8Array[] = []
    for await (const part of response as AsyncIterable<Uint8Array>) parts.push(part)
    return Buffer.concat(parts)
  }
  /** The slot now, and again after each change of it. Ends with an error only. */
  async *watchSlot(name: string): AsyncGenerator<SlotJson | null> {
    const response = await this.send(await this.openWithToken('GET', `${slotPath(name)}/watch`))
    for await (const line of linesOf<SlotLine>(response, this.url)) {
      if ('problem' in line) throw problemError(line.problem)
      if ('slot' in line) yield line.slot
    }
    throw nodeGone(this.url)
  }
  remove = async (cid: string): Promise<RemovedJson> =>
    await this.#body(await this.openWithToken('DELETE', `/v1/objects/${cid}`))

  /** The put of this attempt, which failed or is failing, will not be resumed: its holders may free what they have. */
  async abandonPut(attempt: string): Promise<void> {
    await this.#body(await this.openWithToken('DELETE', `/v1/attempts/${attempt}`))
  }

  async *list({ check }: { check?: boolean } = {}): AsyncGenerator<OwnedObjectJson> {
    const query = { check: check === true ? true : undefined }
    const response = await this.send(await this.openWithToken('GET', '/v1/objects', { query }))
    for await (const line of linesOf<ListLine>(response, this.url)) {
      if ('object' in line) yield line.object
      if ('problem' in line) throw problemError(line.problem)
      if ('end' in line) return
    }
    throw nodeGone(this.url)
  }

  /** Long work that answers with lines of progress. */
  async #follow<P, R>(
    path: string,
    onProgress: (progress: P) => void,
    query: RequestInit['query'] = {}
  ): Promise<R> {
    const response = await this.send(await this.openWithToken('POST', path, { query }))
    type Line = { progress: P } | { result: R } | { problem: Problem }
    for await (const line of linesOf<Line>(response, this.url)) {
      if ('progress' in line) onProgress(line.progress)
      if ('problem' in line) throw problemError(line.problem)
      if ('result' in line) return line.result
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
    if (error instanceof CliError) return error
    // llhttp could make nothing of the answer.
    if (String((error as NodeJS.ErrnoException).code).startsWith('HPE_')) return notANode(this.url)
    return unreachable(this.url, error)
  }

  /** What the node knows by heart. */
  async #prompt<T>(path: string, query?: RequestInit['query']): Promise<T> {
    const request = this.open('GET', path, { query })
    const patience = new AbortController()
    void this.#watch(request, patience.signal)
    try {
      return await this.#body<T>(request)
    } finally {
      patience.abort()
    }
  }

  /** Gives a request up when its node hangs. */
  async #watch(request: ClientRequest, answered: AbortSignal): Promise<void> {
    const startedMs = performance.now()
    while (!answered.aborted) {
      await delay(ANSWER_TIMEOUT_MS, undefined, { signal: answered, ref: false }).catch(() => {})
      if (answered.aborted) return
      const state = this.#pid === undefined ? undefined : await processState(this.#pid)
      const busy = state === 'R' || state === 'D'
      if (busy && performance.now() - startedMs < BUSY_TIMEOUT_MS) continue
      request.destroy(silent(this.url, state === 'T' ? this.#pid : undefined))
      return
    }
  }

  /** A node that was killed leaves its address and its token behind: anybody may listen there by now. */
  async #prove(token: string): Promise<void> {
    const challenge = Buffer.from(systemRandom.bytes(CHALLENGE_BYTES)).toString('base64url')
    const { address, peerId, proof } = await this.#prompt<IdentityJson>('/v1/identity', { challenge })
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
export async function* linesOf<T>(response: IncomingMessage, url: string): AsyncGenerator<T> {
  let rest = ''
  try {
    for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + part).split('\n')
      rest = lines.pop() as string
      for (const line of lines) yield JSON.parse(line) as T
    }
  } catch (error) {
    throw error instanceof SyntaxError ? notANode(url) : nodeGone(url)
  }
}

/**
 * A problem that the node told of, as our own kind of error. The hint of the node is for programs that speak HTTP; a
 * code that is new to us keeps it.
 */
export const problemError = ({ code, message, hint, data }: Problem): CliError =>
  new CliError(
    code,
    inOurWords(message, data),
    hintFor(code, data) ?? (isKnownCode(code) ? undefined : hint),
    detailed(data, message)
  )

/** What a message says beyond its first line, one reason a line. */
const detailed = (data: Problem['data'], message: string): Problem['data'] => {
  const log = message.split('\n').slice(1)
  return log.length === 0 ? data : { ...data, log: log.map((line) => line.trim()) }
}

/** With too few peers for the code that was asked for, one that fits those there are. */
const hintFor = (code: string, { available }: Problem['data']): string | undefined => {
  if (code !== 'NOT_ENOUGH_PEERS' || typeof available !== 'number' || !(available >= 1)) return undefined
  const { k, n } = codeFor(available)
  return `Put with -k ${k} -n ${n}, which fits ${count(available, 'peer')}, or start more: \`thhe peers\` lists them.`
}

/** A parameter of the query, or of a code, is an option here. */
const inOurWords = (message: string, { parameter, problem }: Problem['data']): string => {
  const [first] = message.split('\n')
  if (typeof parameter !== 'string') return sentence(first)
  if (typeof problem === 'string') return `${optionText(parameter)}: ${problem}`
  return first.startsWith(`${parameter} `)
    ? `${optionText(parameter)}${first.slice(parameter.length)}`
    : sentence(first)
}

/** The connection ended before the answer did. */
export const nodeGone = (url: string): CliError =>
  new CliError('NODE_GONE', `The node at ${url} broke off in the middle of its answer.`)

const unreachable = (url: string, cause: Error): CliError => {
  const why = systemReason(cause) ?? (cause.message || (cause as NodeJS.ErrnoException).code)
  return new CliError(
    'NODE_UNREACHABLE',
    `No node answers at ${url}: ${why}.`,
    'Start one with `thhe node`, or a local cluster with `thhe cluster up`, or name another with --api.'
  )
}

/** @param stopped - the process of the node when the system says that somebody has stopped it */
export const silent = (url: string, stopped?: number): CliError =>
  stopped === undefined
    ? new CliError('NODE_SILENT', `The node at ${url} does not answer.`)
    : new CliError(
        'NODE_SILENT',
        `The node at ${url} does not answer: its process ${stopped} has been stopped.`,
        `Let it go on with \`kill -CONT ${stopped}\`.`,
        { stopped }
      )

const idle = (url: string): CliError =>
  new CliError(
    'NODE_GONE',
    `The node at ${url} has been silent for ${IDLE_TIMEOUT_MS / 1000} s.`,
    'It may hang or be overloaded: see its log, and `thhe status`.'
  )

export const notANode = (url: string): CliError =>
  new CliError('NOT_A_NODE', `What answers at ${url} is not a THHE node.`)

/** Whether the answer has the parts of a status that this command line shows. */
const isStatus = (value: object): value is StatusJson => {
  const { network, peers, usage, damage, map, multiaddrs } = value as Partial<StatusJson>
  return [network, peers, usage, damage, map].every(isObject) && Array.isArray(multiaddrs)
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null

const isProblem = (value: unknown): value is Problem => {
  const { code, message, hint } = (value ?? {}) as Partial<Problem>
  return [code, message, hint].every((part) => typeof part === 'string')
}

const slotPath = (name: string): string => `/v1/field/${encodeURIComponent(name)}`
