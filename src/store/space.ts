import { StoreError } from './errors.ts'
import { NO_ACCOUNT } from './records.ts'
import type { Accounts } from './accounts.ts'

export interface SpaceInit {
  readonly accounts: Accounts
  readonly quotaBytes: number
  /** Disk space that the store leaves free for others. */
  readonly floorBytes: number
  readonly availableBytes: () => Promise<number>
}

/** The store checks the disk's free space again after this many bytes, since others write to it too. */
const REFRESH_BYTES = 16 * 1024 * 1024

/**
 * Counts bytes against the quota and the disk. A byte is first reserved, then used. Both count as taken, so that uploads
 * in progress cannot use the same room twice.
 */
export class Space {
  readonly #init: SpaceInit
  #usedBytes = 0
  #reservedBytes = 0
  /** Free disk space above the floor at the last check, before deducting reservations. */
  #offeredBytes = 0
  #usedSinceBytes = 0

  constructor(init: SpaceInit) {
    this.#init = init
  }

  get quotaBytes(): number {
    return this.#init.quotaBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Bytes that may still be taken, as of the last `refresh`. */
  get freeBytes(): number {
    return Math.max(0, Math.min(this.#quotaLeft(), this.#diskLeft()))
  }

  async refresh(): Promise<void> {
    this.#offeredBytes = (await this.#init.availableBytes()) - this.#init.floorBytes
    this.#usedSinceBytes = 0
  }

  get accounts(): Accounts {
    return this.#init.accounts
  }

  /**
   * Reserves room for an upload. All of `expectedBytes` must fit now, but only a little is reserved, and more as the
   * upload grows: a reservation costs the peer nothing, so it must not lock others out.
   *
   * @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL', and reserves nothing
   */
  async reserve(expectedBytes: number, account: Uint8Array = NO_ACCOUNT): Promise<Reservation> {
    const reservation = new Reservation(this, account)
    await reservation.expect(expectedBytes)
    return reservation
  }

  /** @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL' */
  async take(bytes: number): Promise<void> {
    if (bytes <= 0) return this.adjust(bytes)
    await this.claim(bytes)
    this.settle(bytes)
  }

  /** Resets all counts before a recount. */
  startOver(): void {
    this.#init.accounts.startOver()
    this.#usedBytes = 0
    this.#usedSinceBytes = 0
  }

  /** Counts bytes without a check: those found on disk at the start, and those that must not be refused. */
  adjust(bytes: number): void {
    this.#usedBytes += bytes
    this.#usedSinceBytes += bytes
  }

  /** For `Reservation`: counts `bytes` as reserved. */
  async claim(bytes: number): Promise<void> {
    this.#checkQuota(bytes)
    if (this.#usedSinceBytes > REFRESH_BYTES || bytes > this.#diskLeft()) {
      await this.refresh()
      this.#checkQuota(bytes)
      if (bytes > this.#diskLeft()) {
        throw new StoreError(
          'DISK_FULL',
          `${bytes} bytes do not fit; the disk has ${this.freeBytes} left for this.`
        )
      }
    }
    this.#reservedBytes += bytes
  }

  /** For `Reservation`: turns reserved bytes into used ones. */
  settle(bytes: number): void {
    this.#reservedBytes -= bytes
    this.adjust(bytes)
  }

  /** For `Reservation`: returns reserved bytes. */
  unclaim(bytes: number): void {
    this.#reservedBytes -= bytes
  }

  #checkQuota(bytes: number): void {
    if (bytes <= this.#quotaLeft()) return
    throw new StoreError(
      'QUOTA_EXCEEDED',
      `${bytes} bytes do not fit; ${Math.max(0, this.#quotaLeft())} of ${this.quotaBytes} are left.`
    )
  }

  #quotaLeft(): number {
    return this.quotaBytes - this.#usedBytes - this.#reservedBytes
  }

  #diskLeft(): number {
    return this.#offeredBytes - this.#usedSinceBytes - this.#reservedBytes
  }
}

/** Bytes reserved for an upload beyond what has arrived. */
const RESERVED_AHEAD_BYTES = 4 * 1024 * 1024

/** The room of one upload; grows as its blocks arrive. */
export class Reservation {
  readonly #space: Space
  readonly #account: Uint8Array
  #reservedBytes = 0
  #usedBytes = 0

  constructor(space: Space, account: Uint8Array) {
    this.#space = space
    this.#account = account
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Checks that `bytes` more fit, and reserves a few of them. @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL' */
  async expect(bytes: number): Promise<void> {
    await this.extend(bytes)
    const excess = Math.max(0, this.#reservedBytes - RESERVED_AHEAD_BYTES)
    this.#space.unclaim(excess)
    this.#reservedBytes -= excess
  }

  async extend(bytes: number): Promise<void> {
    this.#space.accounts.check(this.#account, bytes, this.#space.freeBytes)
    await this.#space.claim(bytes)
    this.#reservedBytes += bytes
  }

  /** @throws StoreError 'QUOTA_EXCEEDED' | 'DISK_FULL', and uses nothing */
  async use(bytes: number): Promise<void> {
    if (bytes > this.#reservedBytes) await this.extend(bytes - this.#reservedBytes)
    this.#reservedBytes -= bytes
    this.#usedBytes += bytes
    this.#space.settle(bytes)
    this.#space.accounts.charge(this.#account, bytes)
  }

  /** Adds bytes that the space and the account already count as used. */
  adopt(bytes: number): void {
    this.#usedBytes += bytes
  }

  /** Turns used bytes, which have been discarded, back into reserved ones. */
  refund(): void {
    this.#space.settle(-this.#usedBytes)
    this.#space.accounts.charge(this.#account, -this.#usedBytes)
    this.#reservedBytes += this.#usedBytes
    this.#usedBytes = 0
  }

  /** Sets the count to the actual bytes on disk. */
  correct(usedBytes: number): void {
    this.#space.adjust(usedBytes - this.#usedBytes)
    this.#space.accounts.charge(this.#account, usedBytes - this.#usedBytes)
    this.#usedBytes = usedBytes
  }

  /** Returns reserved bytes that were not used. */
  release(): void {
    this.#space.unclaim(this.#reservedBytes)
    this.#reservedBytes = 0
  }
}
