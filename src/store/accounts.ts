import { createHash } from 'node:crypto'
import { StoreError } from './errors.ts'
import { NO_ACCOUNT } from './records.ts'
import type { Putter } from '../hologram/holdings.ts'

/** A peer may hold this many times the space still free; all peers of one network prefix, twice that. */
export const PEER_SHARE = 4
export const NETWORK_SHARE = 8
const HALF_BYTES = 8

/** 8 bytes for the peer and 8 for its network prefix; stored with each shard on disk. */
export function accountOf(putter: Putter | undefined): Uint8Array {
  if (putter === undefined) return NO_ACCOUNT
  return Buffer.concat([half(`peer ${putter.peer}`), half(`network ${putter.network}`)])
}

const half = (text: string): Uint8Array => createHash('sha256').update(text).digest().subarray(0, HALF_BYTES)

/**
 * Bytes held for each peer and network prefix. The rule is the dynamic threshold of Choudhury and Hahne ("Dynamic queue
 * length thresholds for shared-memory packet switches", 1998): a single peer may take four fifths, and later peers still
 * find room.
 */
export class Accounts {
  readonly #bytes = new Map<string, number>()

  /**
   * @param freeBytes - free space before `bytes` are taken
   * @throws StoreError 'QUOTA_EXCEEDED'
   */
  check(account: Uint8Array, bytes: number, freeBytes: number): void {
    if (bytes <= 0 || isNobody(account)) return
    const leftBytes = freeBytes - bytes
    for (const [name, share, what] of [
      [peerOf(account), PEER_SHARE, 'peer'],
      [networkOf(account), NETWORK_SHARE, 'network']
    ] as const) {
      const takenBytes = (this.#bytes.get(name) ?? 0) + bytes
      if (takenBytes <= share * leftBytes) continue
      throw new StoreError(
        'QUOTA_EXCEEDED',
        `This ${what} has its share of the quota: ${takenBytes} bytes where ${leftBytes} would be left for others.`
      )
    }
  }

  /** @param bytes - negative to give bytes back */
  charge(account: Uint8Array, bytes: number): void {
    if (isNobody(account)) return
    for (const name of [peerOf(account), networkOf(account)]) {
      const total = (this.#bytes.get(name) ?? 0) + bytes
      if (total > 0) this.#bytes.set(name, total)
      else this.#bytes.delete(name)
    }
  }

  /** Resets all counts before a recount. */
  startOver(): void {
    this.#bytes.clear()
  }
}

const isNobody = (account: Uint8Array): boolean => account.every((byte) => byte === 0)
const peerOf = (account: Uint8Array): string =>
  `p${Buffer.from(account.subarray(0, HALF_BYTES)).toString('hex')}`
const networkOf = (account: Uint8Array): string =>
  `n${Buffer.from(account.subarray(HALF_BYTES)).toString('hex')}`
