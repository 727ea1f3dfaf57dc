import { gauge, gaugeBy } from './metrics.ts'
import type { Registry } from 'prom-client'
import type { DrainStatus } from '../hologram/index.ts'
import type { Store } from '../store/index.ts'
import type { Module } from './module.ts'

type Notes = ReturnType<Store['notes']>

export interface DrainInit {
  /** Tells peers at once that this node takes nothing any more, or takes something again. */
  readonly report: () => Promise<void>
  readonly drainer: {
    readonly status: DrainStatus
    start: () => void
    stop: () => Promise<void>
  }
}

const KEY = 'draining'

/** Whether this node lends its space. The answer outlives a restart. */
export class DrainSwitch {
  #isOn: boolean
  readonly #notes: Notes

  private constructor(notes: Notes, isOn: boolean) {
    this.#notes = notes
    this.#isOn = isOn
  }

  static async open(notes: Notes): Promise<DrainSwitch> {
    return new DrainSwitch(notes, (await notes.get(KEY)) !== undefined)
  }

  /** The node is being emptied: it takes no shards and is nobody's home. */
  get isOn(): boolean {
    return this.#isOn
  }

  /** Durable when it resolves. */
  async set(isOn: boolean): Promise<void> {
    await this.#notes.write([isOn ? { key: KEY, value: Uint8Array.of(1) } : { key: KEY }])
    this.#isOn = isOn
  }
}

/** Empties the node at the wish of its user, and goes on after a restart. */
export class DrainControl implements Module {
  readonly name = 'drain'
  readonly #switch: DrainSwitch
  readonly #init: DrainInit

  constructor(drainSwitch: DrainSwitch, init: DrainInit) {
    this.#switch = drainSwitch
    this.#init = init
  }

  get progress(): DrainStatus {
    return this.#init.drainer.status
  }

  start(): void {
    if (this.#switch.isOn) this.#init.drainer.start()
  }

  async stop(): Promise<void> {
    await this.#init.drainer.stop()
  }

  /** Idempotent. @throws StoreError when it cannot be noted on the disk */
  async begin(): Promise<DrainStatus> {
    await this.#switch.set(true)
    await this.#init.report()
    this.#init.drainer.start()
    return this.progress
  }

  /** The node lends its space again; what it has brought to others stays there. Idempotent. */
  async cancel(): Promise<DrainStatus> {
    await this.#init.drainer.stop()
    await this.#switch.set(false)
    await this.#init.report()
    return this.progress
  }

  metrics(registry: Registry): void {
    gaugeBy(registry, 'thhe_drain', 'Whether the node is being emptied, by state', 'state', () => {
      const { state } = this.progress
      return { draining: Number(state === 'draining'), drained: Number(state === 'drained') }
    })
    gauge(
      registry,
      'thhe_drain_left_objects',
      'Objects still to be brought to others',
      () => this.progress.left
    )
  }
}
