import type { Link } from '../../node/client.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { download, head } from './download.ts'
import { resolveRange } from './range.ts'
import type { AskedRange } from './range.ts'

/** Plaintext of an object, or of a range of it. */
export interface OpenObject {
  readonly cid: string
  /** Bytes that `bytes` will give. */
  readonly length: number
  /** Throws at the first byte that is not the object's; never ends early in silence. */
  readonly bytes: AsyncIterable<Uint8Array>
  close: () => void
}

/** Reads a link for the network of the node. @throws HologramError 'BAD_LINK' | 'WRONG_NETWORK' | 'BAD_KEY' */
export const readLink = async (client: NodeClient, text: string): Promise<Link> => {
  const { parseLink } = await import('../../node/client.ts')
  const { network } = await client.status()
  return parseLink(Buffer.from(network.id, 'hex'), text)
}

/** Starts to fetch what a link names and to unseal it on the way. */
export const openObject = async (client: NodeClient, link: Link, asked?: AskedRange): Promise<OpenObject> =>
  asked === undefined ? await openWhole(client, link) : await openRange(client, link, asked)

const openWhole = async (client: NodeClient, { cid, key }: Link): Promise<OpenObject> => {
  const { unseal, unsealedSize } = await import('../../node/client.ts')
  const { objectBytes, sealed, kind, bytes, close } = await download(client, cid.toString())
  try {
    refuseSealedTensor(cid.toString(), sealed, kind)
    if (!sealed) return { cid: cid.toString(), length: objectBytes, bytes, close }
    const opened = unseal(needKey(cid.toString(), key))(bytes)
    return { cid: cid.toString(), length: unsealedSize(objectBytes), bytes: opened, close }
  } catch (error) {
    close()
    throw error
  }
}

const openRange = async (client: NodeClient, { cid, key }: Link, asked: AskedRange): Promise<OpenObject> => {
  const { sealedRange, unsealedSize, unsealRange } = await import('../../node/client.ts')
  const id = cid.toString()
  const { objectBytes, sealed, kind } = await head(client, id)
  refuseSealedTensor(id, sealed, kind)
  if (!sealed) {
    const range = resolveRange(asked, objectBytes)
    const { bytes, close } = await download(client, id, range)
    return { cid: id, length: range.end - range.start, bytes, close }
  }
  const unsealing = needKey(id, key)
  const { start, end } = resolveRange(asked, unsealedSize(objectBytes))
  const range = sealedRange(start, end, objectBytes)
  const { bytes, close } = await download(client, id, range)
  return { cid: id, length: end - start, bytes: unsealRange(unsealing, range)(bytes), close }
}

/** The layers of a tensor are sealed one by one: as one stream of bytes they cannot be opened. */
const refuseSealedTensor = (cid: string, sealed: boolean, kind: 'blob' | 'tensor'): void => {
  if (!sealed || kind !== 'tensor') return
  throw new CliError('IS_TENSOR', `${cid} is a tensor.`, 'Fetch it with `thhe tensor get`.')
}

export const needKey = (cid: string, key: Uint8Array | undefined): Uint8Array => {
  if (key !== undefined) return key
  throw new CliError(
    'BAD_KEY',
    `${cid} is sealed, and the link has no key.`,
    'Use the whole link that `thhe put` printed, with what stands after #, in quotes.',
    { reason: 'missing' }
  )
}
