// Other peers' statements of the shards that they hold of objects whose manifest is stored here. Readers use them as hints
// besides the placement record.
import { changeBytes } from './database.ts'
import { writeAllCounted } from './entries.ts'
import { decodePlacement, encodePlacement, KIND, objectKey, parseObjectKey } from './records.ts'
import type { CID } from 'multiformats/cid'
import type { StoredStatement } from '../hologram/holdings.ts'
import type { StoredEntry } from './database.ts'
import type { StoreParts } from './parts.ts'

/** Keeps the newest statement of each holder. The caller holds the object's lock. @throws StoreError 'QUOTA_EXCEEDED' */
export async function putStatement(
  parts: StoreParts,
  cid: CID,
  { holder, sequence, signed }: StoredStatement,
  maxStatements: number
): Promise<void> {
  const { database } = parts
  if (!(await database.has(objectKey(KIND.manifest, cid)))) return
  const key = Buffer.concat([objectKey(KIND.statement, cid), Buffer.from(holder, 'utf8')])
  const entries = await database.listUnder(objectKey(KIND.statement, cid))
  const current = entries.find((entry) => Buffer.compare(entry.key, key) === 0)
  if (current?.value !== undefined && decodePlacement(current.value).sequence >= sequence) return
  const isFull = current === undefined && entries.length >= maxStatements
  const replaced = isFull ? oldestOf(entries) : current
  const change = { key, value: encodePlacement(sequence, signed) }
  const changes = isFull && replaced !== undefined ? [change, { key: replaced.key }] : [change]
  await writeAllCounted(parts, changes, changeBytes(change) - (replaced?.storedBytes ?? 0))
}

/** The oldest entry; a damaged one counts as the oldest. */
function oldestOf(entries: readonly StoredEntry[]): StoredEntry | undefined {
  const age = ({ value }: StoredEntry): bigint =>
    value === undefined ? -1n : decodePlacement(value).sequence
  return [...entries].sort((a, b) => (age(a) < age(b) ? -1 : 1))[0]
}

export async function statementsOf({ database }: StoreParts, cid: CID): Promise<StoredStatement[]> {
  const entries = await database.listUnder(objectKey(KIND.statement, cid))
  return entries.flatMap(({ key, value }) => {
    // Only a hint: skip a damaged one.
    if (value === undefined) return []
    const { sequence, record } = decodePlacement(value)
    return [{ holder: Buffer.from(parseObjectKey(key).rest).toString('utf8'), sequence, signed: record }]
  })
}
