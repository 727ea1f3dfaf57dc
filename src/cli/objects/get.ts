import type { Link, SealedForm } from '../../seal/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { download } from './download.ts'
import type { Download } from './download.ts'
import { resolveRange } from './range.ts'
import type { AskedRange } from './range.ts'

/** Plaintext of an object, or of a range of it. */
export interface OpenObject {
  readonly cid: string
  /** The name that travels with the object, as its putter gave it; undefined when it has none. */
  readonly name: string | undefined
  /** Where in the object `bytes` begins. */
  readonly start: number
  /** Bytes that `bytes` will give. */
  readonly length: number
  /** Throws at the first byte that is not the object's; never ends early in silence. */
  readonly bytes: AsyncIterable<Uint8Array>
  close: () => void
}

/**
 * Reads a link for the network of the node, and follows the link of a name.
 *
 * @throws SealError 'BAD_LINK' | 'WRONG_NETWORK' | 'BAD_KEY'; see `followName`
 */
export const readLink = async (client: NodeClient, text: string): Promise<Link> => {
  const [{ parseLink }, { followName }] = await Promise.all([
    import('../../seal/index.ts'),
    import('../names/follow.ts')
  ])
  const network = await client.network()
  return parseLink(Buffer.from(network.id, 'hex'), await followName(client, text))
}

/** Starts to fetch what a link names and to unseal it on the way. */
export const openObject = async (client: NodeClient, link: Link, asked?: AskedRange): Promise<OpenObject> =>
  asked === undefined ? await openWhole(client, link) : await openRange(client, link, asked)

const openWhole = async (client: NodeClient, { cid, key }: Link): Promise<OpenObject> => {
  const { openSealed } = await import('../../seal/index.ts')
  const id = cid.toString()
  const stored = await download(client, id)
  const { objectBytes, close } = stored
  try {
    const sealing = sealingOf(id, stored, key)
    if (sealing === undefined) {
      return { cid: id, name: undefined, start: 0, length: objectBytes, bytes: stored.bytes, close }
    }
    const { form, bytes } = await openSealed(sealing, stored.bytes)
    return { cid: id, name: form.name, start: 0, length: form.plainBytes(objectBytes), bytes, close }
  } catch (error) {
    close()
    throw error
  }
}

const openRange = async (client: NodeClient, { cid, key }: Link, asked: AskedRange): Promise<OpenObject> => {
  const id = cid.toString()
  const { described, form } = await formOf(client, id, key)
  const { objectBytes } = described
  const range = resolveRange(asked, form?.plainBytes(objectBytes) ?? objectBytes)
  const length = range.end - range.start
  const sealed = form?.range(range.start, range.end, objectBytes)
  const { bytes, close } = await download(client, id, sealed ?? range)
  return {
    cid: id,
    name: form?.name,
    start: range.start,
    length,
    bytes: form === undefined || sealed === undefined ? bytes : form.unsealRange(sealed)(bytes),
    close
  }
}

/** What an object is, and how to open it, from its first bytes. `form` is undefined for one that is not sealed. */
const formOf = async (
  client: NodeClient,
  id: string,
  key: Uint8Array | undefined
): Promise<{ described: Pick<Download, 'objectBytes'>; form: SealedForm | undefined }> => {
  const { HEADER_BYTES, sealedForm } = await import('../../seal/index.ts')
  const head = await download(client, id, { start: 0, end: HEADER_BYTES })
  try {
    const sealing = sealingOf(id, head, key)
    if (sealing === undefined) return { described: head, form: undefined }
    const parts: Uint8Array[] = []
    for await (const part of head.bytes) parts.push(part)
    return { described: head, form: await sealedForm(sealing, Buffer.concat(parts)) }
  } finally {
    head.close()
  }
}

/** The key that opens an object as one stream of bytes; undefined when it is not sealed. */
const sealingOf = (
  cid: string,
  { sealed, kind }: Pick<Download, 'sealed' | 'kind'>,
  key: Uint8Array | undefined
): Uint8Array | undefined => {
  if (sealed && kind === 'tensor') {
    // Its layers are sealed one by one.
    throw new CliError('IS_TENSOR', `${cid} is a tensor.`, 'Fetch it with `thhe tensor get`.')
  }
  return keyFor(cid, sealed, key)
}

/**
 * The key to open an object with; undefined for one that is not sealed. A link with a key promises a sealed object:
 * bytes that open under no key could come from anybody, so they are refused.
 *
 * @throws CliError 'BAD_KEY' | 'NOT_SEALED'
 */
export const keyFor = (cid: string, sealed: boolean, key: Uint8Array | undefined): Uint8Array | undefined => {
  if (sealed && key === undefined) {
    throw new CliError(
      'BAD_KEY',
      `${cid} is sealed, and the link has no key.`,
      'Use the whole link that `thhe put` printed, with what stands after #, in quotes.',
      { reason: 'missing' }
    )
  }
  if (!sealed && key !== undefined) {
    throw new CliError(
      'NOT_SEALED',
      `The link has a key, but ${cid} is not sealed: these are not the bytes that the link was made for.`,
      'Ask for the link again. To read the bytes all the same, leave out # and what follows it.'
    )
  }
  return key
}
