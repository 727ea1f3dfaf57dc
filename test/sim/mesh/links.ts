// Hosts and the links between them: latency from a matrix, up and down rates in which everything queues, partitions,
// hosts that vanish, processes that are killed.

import type { OneWayMicros, VirtualClock } from '../engine/index.ts'

/** TCP gives a connection up when nothing has got through for about this long (RFC 9293, user timeout; shorter here). */
const TCP_TIMEOUT_MICROS = 60_000_000
/** Headers of TCP, IP, noise and yamux for one message. */
const OVERHEAD_BYTES = 100
/** What the system takes from a process before it makes it wait: the send buffers of its sockets. */
const SEND_BUFFER_BYTES = 128 * 1024

export interface HostRates {
  readonly upBytesPerSecond: number
  readonly downBytesPerSecond: number
}

interface HostState extends HostRates {
  isUp: boolean
  /** Its messages wait: a machine that swaps, a process that is stopped. */
  slowdown: number
  side: number
  upFreeMicros: number
  downFreeMicros: number
  sentBytes: number
  receivedBytes: number
}

interface Held {
  readonly from: number
  readonly to: number
  readonly deliver: () => void
  readonly lost: () => void
  readonly sinceMicros: number
}

/** What links two hosts. Messages of one direction arrive in order. */
export class Links {
  readonly #clock: VirtualClock
  readonly #latency: OneWayMicros
  readonly #hosts: HostState[] = []
  /** Messages across a partition: they arrive when it heals in time, as TCP's retransmissions do. */
  #held: Held[] = []

  constructor(clock: VirtualClock, latency: OneWayMicros) {
    this.#clock = clock
    this.#latency = latency
  }

  add({ upBytesPerSecond, downBytesPerSecond }: HostRates): number {
    const host: HostState = {
      upBytesPerSecond,
      downBytesPerSecond,
      isUp: true,
      slowdown: 1,
      side: 0,
      upFreeMicros: 0,
      downFreeMicros: 0,
      sentBytes: 0,
      receivedBytes: 0
    }
    return this.#hosts.push(host) - 1
  }

  oneWayMicros(from: number, to: number): number {
    return this.#latency(from, to) * Math.max(this.#hosts[from].slowdown, this.#hosts[to].slowdown)
  }

  /** Whether a message from one would reach the other now. */
  reaches(from: number, to: number): boolean {
    const [a, b] = [this.#hosts[from], this.#hosts[to]]
    return a.isUp && b.isUp && a.side === b.side
  }

  isUp(host: number): boolean {
    return this.#hosts[host].isUp
  }

  setUp(host: number, isUp: boolean): void {
    this.#hosts[host].isUp = isUp
  }

  /** Makes a host `factor` times slower in everything that it sends and receives. */
  slow(host: number, factor: number): void {
    this.#hosts[host].slowdown = factor
  }

  partition(groups: readonly (readonly number[])[]): void {
    groups.forEach((group, side) => group.forEach((host) => (this.#hosts[host].side = side + 1)))
  }

  heal(): void {
    for (const host of this.#hosts) host.side = 0
    const held = this.#held
    this.#held = []
    for (const { from, to, deliver, lost, sinceMicros } of held) {
      if (this.#clock.nowMicros - sinceMicros > TCP_TIMEOUT_MICROS) lost()
      else this.send(from, to, 0, deliver, lost)
    }
  }

  /**
   * Sends a message. `lost` runs instead of `deliver` when the sender learns that it never arrives.
   */
  send(from: number, to: number, bytes: number, deliver: () => void, lost: () => void): void {
    const sender = this.#hosts[from]
    if (!sender.isUp) return
    const size = bytes + OVERHEAD_BYTES
    const nowMicros = this.#clock.nowMicros
    sender.upFreeMicros = after(
      sender.upFreeMicros,
      nowMicros,
      size,
      sender.upBytesPerSecond,
      sender.slowdown
    )
    sender.sentBytes += size
    const arrivesMicros = sender.upFreeMicros + this.oneWayMicros(from, to)
    this.#clock.after(arrivesMicros - nowMicros, () => this.#arrive(from, to, size, deliver, lost))
  }

  upBytesPerSecond(host: number): number {
    return this.#hosts[host].upBytesPerSecond
  }

  /** Whether a process on the host may write on without waiting. */
  hasRoom(host: number): boolean {
    return this.#backlogMicros(host) * this.#hosts[host].upBytesPerSecond < SEND_BUFFER_BYTES * 1_000_000
  }

  /** Calls `run` when half of what is buffered has been sent. */
  afterBacklog(host: number, run: () => void): void {
    this.#clock.after(Math.max(1, this.#backlogMicros(host) / 2), run)
  }

  #backlogMicros(host: number): number {
    return Math.max(0, this.#hosts[host].upFreeMicros - this.#clock.nowMicros)
  }

  sentBytes(host: number): number {
    return this.#hosts[host].sentBytes
  }

  #arrive(from: number, to: number, size: number, deliver: () => void, lost: () => void): void {
    const receiver = this.#hosts[to]
    if (!this.#hosts[from].isUp) return
    if (!this.reaches(from, to)) {
      const sinceMicros = this.#clock.nowMicros
      this.#held.push({ from, to, deliver, lost, sinceMicros })
      this.#clock.after(TCP_TIMEOUT_MICROS, () => this.#giveUp(deliver))
      return
    }
    const nowMicros = this.#clock.nowMicros
    const { downFreeMicros, downBytesPerSecond, slowdown } = receiver
    receiver.downFreeMicros = after(downFreeMicros, nowMicros, size, downBytesPerSecond, slowdown)
    receiver.receivedBytes += size
    this.#clock.after(receiver.downFreeMicros - nowMicros, () => {
      if (receiver.isUp) deliver()
    })
  }

  #giveUp(deliver: () => void): void {
    const index = this.#held.findIndex((held) => held.deliver === deliver)
    if (index >= 0) this.#held.splice(index, 1)[0].lost()
  }
}

/** When a queue that is free at `freeMicros` has passed `bytes` more. */
function after(
  freeMicros: number,
  nowMicros: number,
  bytes: number,
  bytesPerSecond: number,
  slowdown: number
): number {
  return Math.max(freeMicros, nowMicros) + (bytes / bytesPerSecond) * 1_000_000 * slowdown
}
