import type { Registry } from 'prom-client'
import type { NodeStatus } from './types.ts'

/** A room that lives in the node. The room's own factory makes it; `create-node.ts` lists it. */
export interface Module {
  /** For the log. */
  readonly name: string
  /** Leave it out when the module is already open. A module whose start fails must clean up after itself. */
  start?: () => void | Promise<void>
  /** Called once: when `start` has resolved, or in any case where there is no `start`. */
  stop?: () => void | Promise<void>
  /** Registers the module's metrics. Called once, when the module is added. */
  metrics?: (registry: Registry) => void
  /** The fields of the node's status that this module owns. */
  status?: () => Partial<NodeStatus> | Promise<Partial<NodeStatus>>
}

/** Modules in the order in which they start. They stop in the reverse order. */
export class ModuleList {
  readonly #registry: Registry
  readonly #modules: Module[] = []
  /** What `stop` must stop, the newest last. */
  readonly #open: Module[] = []
  /** The start in progress. */
  #starting: Promise<void> | undefined
  #isStopping = false

  /** @param registry - receives the metrics of the modules */
  constructor(registry: Registry) {
    this.#registry = registry
  }

  add(...modules: readonly Module[]): void {
    for (const module of modules) {
      this.#modules.push(module)
      if (module.start === undefined) this.#open.push(module)
      module.metrics?.(this.#registry)
    }
  }

  /** Starts the modules one after another. Ends early when `stop` is called. @throws what a module throws */
  async start(): Promise<void> {
    for (const module of this.#modules) {
      if (this.#isStopping) return
      this.#starting = this.#startOne(module)
      await this.#starting
    }
  }

  async #startOne(module: Module): Promise<void> {
    if (module.start === undefined) return
    await module.start()
    this.#open.push(module)
  }

  /**
   * Stops every open module, the last first. Goes on when a module fails to stop.
   *
   * @returns milliseconds that each module took, by name
   */
  async stop(onError: (name: string, error: unknown) => void): Promise<Record<string, number>> {
    this.#isStopping = true
    const tookMs: Record<string, number> = {}
    // A module that is still starting would otherwise use what is already closed. `start` reports its failure.
    await this.#starting?.catch(() => {})
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      const startedMs = performance.now()
      try {
        await last.stop?.()
      } catch (error) {
        onError(last.name, error)
      }
      tookMs[last.name] = Math.round(performance.now() - startedMs)
    }
    return tookMs
  }

  /** The fields that the modules own, merged. */
  async status(): Promise<Partial<NodeStatus>> {
    const fields = await Promise.all(this.#modules.map(async (module) => await module.status?.()))
    return Object.assign({}, ...fields) as Partial<NodeStatus>
  }
}
