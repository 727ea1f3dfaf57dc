import { HeadError } from '../../../src/heads/index.ts'
import { agreedSlots } from '../../../src/node/field/agreed-slots.ts'
import { SharedTable, type TableSettings, type TableStore } from '../../../src/tables/index.ts'
import { randomSource } from '../../sim/engine/index.ts'
import { FieldWorld, NETWORK_ID, type FieldNode, type WorldInit } from '../field/fixture.ts'

const SECRET = new Uint8Array(32).fill(3)
const logger = { debug: () => {}, warn: () => {} }

/** Tables whose heads are slots: validators and followers in virtual time, and objects that arrive after a while. */
export class SlotWorld {
  readonly world: FieldWorld
  readonly objects = new Map<string, Uint8Array>()
  #nextId = 1

  constructor(world: FieldWorld) {
    this.world = world
  }

  static async started(init: WorldInit): Promise<SlotWorld> {
    return new SlotWorld(await FieldWorld.started(init))
  }

  /** A gateway on a node, which is killed with it. */
  gateway(
    node: FieldNode,
    settings: Partial<TableSettings> = {},
    keepers: Partial<TableStore> = {}
  ): SharedTable {
    const { clock } = node
    const store: TableStore = {
      put: async (bytes) => {
        await clock.sleep(30 * (0.5 + this.world.prng.unit()))
        const reference = new TextEncoder().encode(`object-${this.#nextId++}`)
        this.objects.set(String(reference), Uint8Array.from(bytes))
        return reference
      },
      get: async (reference) => {
        await clock.sleep(20 * (0.5 + this.world.prng.unit()))
        const bytes = this.objects.get(String(reference))
        if (bytes === undefined) throw new Error(`there is no object ${String(reference)}`)
        return bytes
      },
      remove: async (reference) => void this.objects.delete(String(reference)),
      publish: async () => await Promise.reject(new HeadError('NO_MAJORITY', 'There are no keepers.')),
      resolve: async () => await Promise.reject(new HeadError('NO_HEAD', 'Nothing is kept.', { keepers: 7 })),
      slots: agreedSlots(node.field!, 'table'),
      ...keepers
    }
    const random = randomSource(this.world.prng.fork())
    const components = { store, clock, random, logger, networkId: NETWORK_ID }
    return new SharedTable(components, SECRET, { createKeepers: 7, ...settings })
  }
}
