// The tail of the `.leaves` file of a complete shard, after the leaf records: a copy of each record with a checksum, the
// roots of the subtrees of the shard's Merkle tree, and the shard's object and manifest. So a damaged record can be
// replaced, a small request does not need the whole tree, and a lost index can be rebuilt from the files.
// docs/reference/disk.md has the layout byte by byte. Shards written by version 0.1 have no tail.
import { crc32 } from 'node:zlib'
import { CID } from 'multiformats/cid'
import { HASH_BYTES, MerkleTree } from '../../encoder/merkle/merkle.ts'
import { LEAF_RECORD_BYTES, leavesOf, type BlockEntry } from './leaf-file.ts'
import type { DiskFile } from './disk.ts'

/** Leaves of each subtree whose root is in the tail. A power of two, so that subtrees are nodes of the tree. */
export const SUBTREE_LEAVES = 1024
const COPY_BYTES = LEAF_RECORD_BYTES + 4
const FOOTER_BYTES = 84
const MAGIC = Buffer.from('THHESLT2', 'latin1')
const MAX_CID_BYTES = 128
/** More than any manifest takes; a footer that states more is damaged. */
const MAX_MANIFEST_BYTES = 2 ** 20

/** The description of a shard in its own files. */
export interface SlotLabel {
  readonly cid: CID
  readonly shard: number
  readonly manifest: Uint8Array
  readonly blocks: number
  readonly dataBytes: number
  /** SHA-256 over the leaf hashes. */
  readonly leavesDigest: Uint8Array
  /** Account that is charged for the shard (accounts.ts), 16 bytes. */
  readonly account: Uint8Array
}

/** Bytes that `writeTail` will write. */
export const tailBytesOf = ({
  cid,
  manifest,
  blocks
}: Pick<SlotLabel, 'cid' | 'manifest' | 'blocks'>): number =>
  blocks * COPY_BYTES + subtreesOf(blocks) * HASH_BYTES + cid.bytes.length + manifest.length + FOOTER_BYTES

const subtreesOf = (blocks: number): number => Math.ceil(blocks / SUBTREE_LEAVES)

/** Writes the tail after the records, which must be complete. The caller syncs the file. */
export async function writeTail(file: DiskFile, label: SlotLabel): Promise<void> {
  const { cid, manifest, blocks, dataBytes, leavesDigest, shard, account } = label
  const roots: Uint8Array[] = []
  const copiesAt = blocks * LEAF_RECORD_BYTES
  for (let first = 0; first < blocks; first += SUBTREE_LEAVES) {
    const count = Math.min(SUBTREE_LEAVES, blocks - first)
    const records = Buffer.alloc(count * LEAF_RECORD_BYTES)
    await file.read(records, first * LEAF_RECORD_BYTES)
    await file.write(copiesOf(records), copiesAt + first * COPY_BYTES)
    roots.push(new MerkleTree(leavesOf(records)).root)
  }
  const footer = Buffer.alloc(FOOTER_BYTES)
  footer.writeBigUInt64BE(BigInt(blocks), 0)
  footer.writeBigUInt64BE(BigInt(dataBytes), 8)
  footer.set(leavesDigest, 16)
  footer.writeUInt16BE(shard, 48)
  footer.writeUInt16BE(cid.bytes.length, 50)
  footer.writeUInt32BE(manifest.length, 52)
  footer.set(account, 56)
  footer.set(MAGIC, 76)
  const body = Buffer.concat([...roots, cid.bytes, manifest])
  footer.writeUInt32BE(crc32(footer.subarray(0, 72), crc32(body)), 72)
  const bodyAt = copiesAt + blocks * COPY_BYTES
  await file.write(Buffer.concat([body, footer]), bodyAt)
  // A refused commit may have left a longer tail.
  await file.truncate(bodyAt + body.length + FOOTER_BYTES)
}

function copiesOf(records: Buffer): Uint8Array {
  const count = records.length / LEAF_RECORD_BYTES
  const copies = Buffer.alloc(count * COPY_BYTES)
  for (let i = 0; i < count; i++) {
    const record = records.subarray(i * LEAF_RECORD_BYTES, (i + 1) * LEAF_RECORD_BYTES)
    copies.set(record, i * COPY_BYTES)
    copies.writeUInt32BE(crc32(record), i * COPY_BYTES + LEAF_RECORD_BYTES)
  }
  return copies
}

/** A tail that has been read. */
export interface Tail {
  readonly label: SlotLabel
  /** Roots of the subtrees of 1,024 leaves, 32 bytes each. */
  readonly subtreeRoots: Uint8Array
}

/** Undefined if the file has no tail or a damaged one. */
export async function readTail(file: DiskFile): Promise<Tail | undefined> {
  const size = await file.size()
  const footer = Buffer.alloc(FOOTER_BYTES)
  if (size < FOOTER_BYTES || (await file.read(footer, size - FOOTER_BYTES)) < FOOTER_BYTES) return undefined
  if (!footer.subarray(76).equals(MAGIC)) return undefined
  const blocks = Number(footer.readBigUInt64BE(0))
  const [cidBytes, manifestBytes] = [footer.readUInt16BE(50), footer.readUInt32BE(52)]
  if (cidBytes > MAX_CID_BYTES || manifestBytes > MAX_MANIFEST_BYTES) return undefined
  const rootsBytes = subtreesOf(blocks) * HASH_BYTES
  const bodyBytes = rootsBytes + cidBytes + manifestBytes
  const bodyAt = blocks * (LEAF_RECORD_BYTES + COPY_BYTES)
  if (size !== bodyAt + bodyBytes + FOOTER_BYTES) return undefined
  const body = Buffer.alloc(bodyBytes)
  if ((await file.read(body, bodyAt)) < bodyBytes) return undefined
  if (crc32(footer.subarray(0, 72), crc32(body)) !== footer.readUInt32BE(72)) return undefined
  return {
    subtreeRoots: new Uint8Array(body.subarray(0, rootsBytes)),
    label: {
      cid: CID.decode(body.subarray(rootsBytes, rootsBytes + cidBytes)),
      manifest: new Uint8Array(body.subarray(rootsBytes + cidBytes)),
      shard: footer.readUInt16BE(48),
      blocks,
      dataBytes: Number(footer.readBigUInt64BE(8)),
      leavesDigest: new Uint8Array(footer.subarray(16, 48)),
      account: new Uint8Array(footer.subarray(56, 72))
    }
  }
}

/**
 * The second copies of records.
 *
 * @param blocks - number of records in the file
 * @returns records of 40 bytes; undefined where the copy is damaged or was never written
 */
export async function readCopies(
  file: DiskFile,
  blocks: number,
  first: number,
  count: number
): Promise<Array<Buffer | undefined>> {
  const copies = Buffer.alloc(count * COPY_BYTES)
  const length = await file.read(copies, blocks * LEAF_RECORD_BYTES + first * COPY_BYTES)
  return Array.from({ length: count }, (_, i) => {
    const copy = copies.subarray(i * COPY_BYTES, (i + 1) * COPY_BYTES)
    if ((i + 1) * COPY_BYTES > length) return undefined
    const record = copy.subarray(0, LEAF_RECORD_BYTES)
    return crc32(record) === copy.readUInt32BE(LEAF_RECORD_BYTES) ? record : undefined
  })
}

/** The entry of a block from the second copies of the records; undefined if they are damaged. */
export async function copiedEntry(
  file: DiskFile,
  blocks: number,
  index: number
): Promise<BlockEntry | undefined> {
  const first = Math.max(0, index - 1)
  const copies = await readCopies(file, blocks, first, index - first + 1)
  const [record, before] = [copies.at(-1), index === 0 ? undefined : copies[0]]
  if (record === undefined || (index > 0 && before === undefined)) return undefined
  const endOf = (one: Buffer): number => Number(one.readBigUInt64BE(HASH_BYTES))
  return {
    leaf: record.subarray(0, HASH_BYTES),
    start: before === undefined ? 0 : endOf(before),
    end: endOf(record)
  }
}
