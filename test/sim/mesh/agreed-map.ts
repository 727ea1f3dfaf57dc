// The agreed map of a simulated network: the program's own rules over what the simulated peers see of each other. That validators
// agree on it is simulated elsewhere (test/unit/agreement, test/sim/fba).

import { buildMap } from '../../../src/manifold/map/index.ts'
import type { AgreedMap, MapReport, Sight } from '../../../src/manifold/map/index.ts'
import type { SimNode } from './node.ts'
import type { World } from './world.ts'

const EPOCH_SECONDS = 5
const NEIGHBOURS = 32

export class SimAgreedMap {
  readonly #world: World
  #map: AgreedMap | undefined

  readonly #reports: (node: SimNode) => boolean

  /** @param reports - whose reports reach the validators. @default all */
  constructor(world: World, reports: (node: SimNode) => boolean = () => true) {
    this.#world = world
    this.#reports = reports
  }

  get current(): AgreedMap | undefined {
    return this.#map
  }

  /** Agrees on a map in every epoch from now on. */
  start(): void {
    this.#world.clock.after(EPOCH_SECONDS * 1_000_000, () => {
      this.#agree()
      this.start()
    })
  }

  #agree(): void {
    const running = this.#world.nodes.filter((node) => node.isRunning && this.#reports(node))
    if (running.length === 0) return
    const slot = (this.#map?.slot ?? 0) + 1
    const era = this.#map?.era
    const closedAtMs = running[0].clock.nowMs()
    this.#map = buildMap(
      this.#map,
      { slot, closedAtMs },
      running.map((node) => this.#report(node, slot, closedAtMs))
    )
    if (this.#map.era !== era) this.#world.trace('era', this.#map.era)
  }

  #report(node: SimNode, sequence: number, issuedAtMs: number): MapReport {
    return {
      ...{ peer: node.id.toString(), sequence, issuedAtMs, domain: '', isLeaving: false },
      // Other weights than in the tables, so that peers with the map and peers without it compute different homes.
      capacityBytes: node.capacityBytes * (1 + (node.host % 4)),
      freeBytes: node.freeBytes,
      ...{ coordinate: undefined, heatPpm: 0, upKibPerSecond: 0, downKibPerSecond: 0 },
      sights: this.#sights(node)
    }
  }

  /** The next hosts in the order of their numbers, as far as they seem to be there. */
  #sights({ host }: SimNode): Sight[] {
    const { nodes, links } = this.#world
    const others = [...nodes.slice(host + 1), ...nodes.slice(0, host)].slice(0, NEIGHBOURS)
    return others
      .filter((other) => this.#world.seems(host, other.host))
      .map((other) => ({
        peer: other.id.toString(),
        rttMicros: Math.round(links.oneWayMicros(host, other.host) + links.oneWayMicros(other.host, host)),
        ...{ failuresPpm: 0, serviceMicros: 0, kibPerSecond: 0 },
        domain: other.domain
      }))
  }
}
