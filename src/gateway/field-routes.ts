import {
  encodeLogProof,
  encodeSlotProof,
  FIELD_LIMITS,
  FieldError,
  parseSlotName,
  slotJson,
  slotNameText
} from '../field/index.ts'
import type { Change, SlotKind, SlotName, SlotValue, SlotView, Writers } from '../field/index.ts'
import { GatewayError } from './problem.ts'
import { readQuery, text } from './query.ts'
import { finish, sendBytes, sendJson, startLines } from './respond.ts'
import { readSmallBody } from './small-body.ts'
import type { Reader } from './query.ts'
import type { Exchange, Route } from './router.ts'
import type { ChangedJson, SlotLine, SlotLogJson, SlotsJson, SlotViewJson } from './types.ts'

/** A value of the maximum length in base64, and what stands around it. */
const MAX_BODY_BYTES = 2 * FIELD_LIMITS.valueBytes
/** How often a waiting reader looks at the statements that have come. */
const LOOK_MS = 20
/** A follower hears this often that the node is there. */
const SIGN_OF_LIFE_MS = 30_000
const MAX_OWNER_BYTES = 64
/** A round that commits to the state follows the last change within a second or two. */
const PROOF_PATIENCE_MS = 10_000

type NodeField = NonNullable<Exchange['node']['field']>

/** @throws GatewayError 'NO_FIELD' */
const fieldOf = ({ node }: Exchange): NodeField => {
  if (node.field !== undefined) return node.field
  throw new GatewayError('NO_FIELD', 'This network has no validators, so it cannot agree on anything.')
}

const nameOf = ({ cid, node }: Exchange): SlotName => parseSlotName(cid, node.peerId.toString())

const list = (exchange: Exchange): void => {
  const { owner } = readQuery(exchange.query, { owner: text(MAX_OWNER_BYTES) })
  const body: SlotsJson = { slots: fieldOf(exchange).list(owner).map(slotJson) }
  sendJson(exchange.response, 200, body)
}

const share: Reader<number> = (value) => {
  const number = Number(value)
  if (/^[01](\.\d{1,6})?$/.test(value) && number <= 1) return number
  throw new Error('expected a number from 0 to 1')
}

/** What is agreed, and what is under way; with `confidence`, waits until one outcome has been accepted by that share. */
const read = async (exchange: Exchange): Promise<void> => {
  const { confidence } = readQuery(exchange.query, { confidence: share })
  const field = fieldOf(exchange)
  const name = nameOf(exchange)
  let view = field.view(name)
  while (confidence !== undefined && !isSure(view, confidence)) {
    await pause(LOOK_MS, exchange.signal)
    view = field.view(name)
  }
  if (view.entry === undefined && view.candidates.length === 0) throw noSlot(name)
  sendJson(exchange.response, 200, viewJson(view))
}

const isSure = ({ candidates }: SlotView, confidence: number): boolean =>
  candidates.length === 0 || (confidence < 1 && candidates[0].weight >= confidence)

const change = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const field = fieldOf(exchange)
  const name = nameOf(exchange)
  const wanted = readChange(await readSmallBody(exchange.request, MAX_BODY_BYTES, exchange.signal))
  const { id, round, version } = await field.submit(name, wanted, { signal: exchange.signal })
  const body: ChangedJson = { name: slotNameText(name), id, round, version }
  sendJson(exchange.response, 200, body)
}

const log = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const name = nameOf(exchange)
  const body: SlotLogJson = { name: slotNameText(name), changes: await fieldOf(exchange).log(name) }
  sendJson(exchange.response, 200, body)
}

/** As `prove`, with the changes of the slot that this node remembers; also of a slot that was removed not long ago. */
const proveLog = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const name = nameOf(exchange)
  const field = fieldOf(exchange)
  const { stored } = field.view(name)
  if (stored === undefined) throw noSlot(name)
  await untilProven(exchange, async () => {
    const proof = await field.proveLog(name)
    const isNew = proof !== undefined && proof.slot.decision.slotIndex > stored.changedRound
    return isNew ? encodeLogProof(name, proof) : undefined
  })
}

/** What shows others, who believe only their own quorum set, what is agreed: waits until a round commits to it. */
const prove = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const field = fieldOf(exchange)
  const name = nameOf(exchange)
  const { entry } = field.view(name)
  if (entry === undefined) throw noSlot(name)
  await untilProven(exchange, async () => {
    const proof = field.prove(name)
    const isNew = proof !== undefined && proof.decision.slotIndex > entry.changedRound
    return isNew ? encodeSlotProof(name, proof) : undefined
  })
}

/** A round that commits to the newest state follows soon; until then there is no proof of it. */
const untilProven = async (
  exchange: Exchange,
  prove: () => Promise<Uint8Array | undefined>
): Promise<void> => {
  const patience = AbortSignal.timeout(PROOF_PATIENCE_MS)
  for (;;) {
    const proof = await prove()
    if (proof !== undefined) return sendBytes(exchange.response, 200, proof)
    if (patience.aborted) {
      throw new FieldError('FIELD_BUSY', 'No round since the start of this node commits to the slot yet.')
    }
    await pause(LOOK_MS, exchange.signal)
  }
}

/** The slot now, and again after each change of it. */
const watch = async (exchange: Exchange): Promise<void> => {
  readQuery(exchange.query, {})
  const field = fieldOf(exchange)
  const name = nameOf(exchange)
  const { response, signal } = exchange
  const changes = new Changes()
  const stop = field.onRound((_, changed) => changes.note(changed.has(field.view(name).id)))
  try {
    const { line } = startLines<SlotLine>(response)
    let told = -1
    while (!signal.aborted) {
      const { entry, round } = field.view(name)
      if ((entry?.version ?? 0) !== told) {
        told = entry?.version ?? 0
        await line({ slot: entry === undefined ? null : slotJson(entry), round }, signal)
      }
      if (!(await changes.next(SIGN_OF_LIFE_MS, signal))) await line({ alive: true }, signal)
    }
  } finally {
    stop()
  }
  finish(response)
}

/** Remembers a change that comes while nobody waits for one. */
class Changes {
  #isDue = false
  #wake: (() => void) | undefined

  note(isOurs: boolean): void {
    if (!isOurs) return
    this.#isDue = true
    this.#wake?.()
  }

  /** @returns whether there was a change; false when `patienceMs` have passed without @throws the signal's reason */
  async next(patienceMs: number, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted()
    if (!this.#isDue) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, patienceMs)
        const end = (run: () => void) => (): void => {
          clearTimeout(timer)
          signal.removeEventListener('abort', abort)
          run()
        }
        const abort = end(() => reject(signal.reason as Error))
        this.#wake = end(resolve)
        signal.addEventListener('abort', abort, { once: true })
      })
    }
    this.#wake = undefined
    const wasDue = this.#isDue
    this.#isDue = false
    return wasDue
  }
}

const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  await new Promise<void>((resolve) => setTimeout(resolve, ms))
}

const noSlot = (name: SlotName): GatewayError =>
  new GatewayError('NO_SLOT', `There is no slot ${slotNameText(name)}.`, { name: slotNameText(name) })

const viewJson = ({ name, id, entry, round, closedAtMs, candidates }: SlotView): SlotViewJson => ({
  name: slotNameText(name),
  id,
  round,
  closedAtMs,
  agreed: entry === undefined ? null : slotJson(entry),
  candidates: candidates.map((candidate) => ({
    slot: candidate.entry === undefined ? null : slotJson(candidate.entry),
    weight: candidate.weight,
    transactions: candidate.transactions
  }))
})

/** @throws GatewayError 'BAD_REQUEST' for a body that is no change */
const readChange = (body: string): Change => {
  const { type, value, writers, kind, expected } = parsed(body)
  switch (type) {
    case 'create':
      return { type, writers: writersOf(writers), value: valueOf(kind, value) }
    case 'set':
      return { type, expected: versionOf(expected), bytes: bytesOf(value) }
    case 'add':
      return { type, delta: integerOf(value) }
    case 'max':
      return { type, integer: integerOf(value) }
    case 'union':
      return { type, items: itemsOf(value) }
    case 'remove':
      return { type, expected: versionOf(expected) }
    default:
      throw bad('"type" is create, set, add, max, union or remove.')
  }
}

const versionOf = (expected: unknown): number => {
  if (Number.isSafeInteger(expected) && Number(expected) >= 0) return Number(expected)
  throw bad('"expected" is the version that the slot has now.')
}

const parsed = (body: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Told below.
  }
  throw bad('The body is a JSON object with "type" and "value".')
}

const writersOf = (writers: unknown): Writers => {
  if (writers === 'anyone') return 'anyone'
  if (writers === undefined) return []
  const isList = Array.isArray(writers) && writers.every((one) => typeof one === 'string')
  if (isList) return [...new Set(writers as string[])].sort()
  throw bad('"writers" is "anyone", or a list of peer ids beside the owner.')
}

const KINDS: readonly SlotKind[] = ['bytes', 'integer', 'set']

const valueOf = (kind: unknown, value: unknown): SlotValue => {
  switch (kind) {
    case 'bytes':
      return { kind, bytes: bytesOf(value) }
    case 'integer':
      return { kind, integer: integerOf(value) }
    case 'set':
      return { kind, items: itemsOf(value) }
    default:
      throw bad(`"kind" is ${KINDS.join(', ')}.`)
  }
}

const bytesOf = (value: unknown): Uint8Array => {
  if (typeof value === 'string' && /^[\w-]*$/.test(value))
    return Uint8Array.from(Buffer.from(value, 'base64url'))
  throw bad('Bytes are written in base64url.')
}

const integerOf = (value: unknown): bigint => {
  const isInteger = typeof value === 'string' && /^-?\d{1,19}$/.test(value)
  const integer = isInteger ? BigInt(value) : undefined
  if (integer !== undefined && BigInt.asIntN(64, integer) === integer) return integer
  throw bad('An integer is a text of decimal digits, of 64 bits with sign.')
}

const itemsOf = (value: unknown): Uint8Array[] => {
  if (!Array.isArray(value)) throw bad('The items of a set are a list of texts in base64url.')
  const items = value.map(bytesOf).sort(Buffer.compare)
  return items.filter((item, i) => i === 0 || Buffer.compare(items[i - 1], item) !== 0)
}

const bad = (message: string): GatewayError => new GatewayError('BAD_REQUEST', message)

const route = (method: string, path: string, handle: Route['handle']): Route => ({
  methods: [method],
  path,
  needsToken: true,
  takesBody: method === 'POST',
  handle
})

export const fieldRoutes: readonly Route[] = [
  route('GET', '/v1/field', list),
  route('GET', '/v1/field/{name}', read),
  route('POST', '/v1/field/{name}', change),
  route('GET', '/v1/field/{name}/log', log),
  route('GET', '/v1/field/{name}/log/proof', proveLog),
  route('GET', '/v1/field/{name}/proof', prove),
  route('GET', '/v1/field/{name}/watch', watch)
]
