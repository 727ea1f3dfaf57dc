import { CID } from 'multiformats/cid'
import type { TableStore } from '../tables/index.ts'
import { agreedSlots } from '../node/index.ts'
import type { S3Node } from './service.ts'
import { TableError } from '../tables/index.ts'

const LEASE_MS = 399 * 86_400_000
/** Last part of the name of a slot that is the head of a table. */
const TABLE_LABEL = 'table'

/**
 * Keeps tables in the mesh of a node: their parts as objects, their heads in slots where the network has validators, else as
 * named heads.
 *
 * @param objectName - by which the node's user sees the parts in `thhe ls`
 */
export const meshStore = (
  { objects, heads, field }: Pick<S3Node, 'objects' | 'heads' | 'field'>,
  objectName: string
): TableStore => ({
  put: async (bytes, signal) => {
    const source = (async function* () {
      yield bytes
    })()
    const { cid } = await objects.put(source, {
      name: objectName,
      sealed: true,
      leaseMs: LEASE_MS,
      oneShot: true,
      allowFewerShards: true,
      sizeHint: bytes.byteLength,
      signal
    })
    return cid.bytes
  },
  get: async (reference, maxBytes, signal) => {
    const object = await objects.open(CID.decode(reference), { signal })
    if (object.manifest.size > maxBytes)
      throw new TableError('DAMAGED', 'A part of a table is too large to be one.')
    const parts: Uint8Array[] = []
    for await (const part of object.read()) parts.push(Uint8Array.from(part))
    return Buffer.concat(parts)
  },
  remove: async (reference, signal) => {
    await objects.remove(CID.decode(reference), { signal })
  },
  publish: async (name, signed, signal) => await heads.publish(name, signed, signal),
  resolve: async (name, signal) => await heads.resolve(name, signal),
  slots: field && agreedSlots(field, TABLE_LABEL)
})
