import type { Gateway, UPnPNAT } from '@achingbrain/nat-port-mapper'
import type { Logger } from '../logger.ts'

/** For one gateway to answer. */
const FORWARD_DEADLINE_MS = 10_000

type Finder = Pick<UPnPNAT, 'findGateways' | 'getGateway'>
type Router = Pick<Gateway, 'id' | 'family' | 'mapAll'>

/**
 * Has routers forward the port of the bulk channel. libp2p's UPnP service looks for the routers, forwards its own ports, and
 * ends all of them when it stops; this adds one port to each router that it finds.
 */
export class PortForwarder {
  readonly #logger: Logger
  readonly #routers = new Map<string, Router>()
  #port = 0
  #publicPort = 0

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** The port that a router forwards; 0 for none, or while it is the same. */
  get publicPort(): number {
    return this.#publicPort === this.#port ? 0 : this.#publicPort
  }

  /** The same search, whose results this forwarder sees. */
  watch(finder: Finder): Finder {
    const found = (router: Router): void => this.#onRouter(router)
    return {
      getGateway: async (...args) => await finder.getGateway(...args),
      findGateways: async function* (options) {
        for await (const router of finder.findGateways(options)) {
          found(router)
          yield router
        }
      }
    }
  }

  /** Forwards `port` on the routers known now and found later. Resolves when those known now have answered. */
  async forward(port: number): Promise<void> {
    this.#port = port
    await Promise.all([...this.#routers.values()].map(async (router) => await this.#ask(router)))
  }

  #onRouter(router: Router): void {
    const key = `${router.id} ${router.family}`
    if (this.#routers.has(key)) return
    this.#routers.set(key, router)
    void this.#ask(router)
  }

  async #ask(router: Router): Promise<void> {
    if (this.#port === 0) return
    const signal = AbortSignal.timeout(FORWARD_DEADLINE_MS)
    try {
      for await (const { externalPort } of router.mapAll(this.#port, { protocol: 'tcp', signal })) {
        this.#publicPort = externalPort
        this.#logger.info('a router forwards the port of the bulk channel', {
          port: this.#port,
          externalPort
        })
      }
    } catch (error) {
      this.#logger.debug('a router does not forward the port of the bulk channel', {
        router: router.id,
        error
      })
    }
  }
}
