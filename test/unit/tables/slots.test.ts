import { expect } from 'chai'
import { isTableError, type SharedTable } from '../../../src/tables/index.ts'
import { unhandledDuring } from '../../support/rejections.ts'
import type { FieldNode } from '../field/fixture.ts'
import { FakeMesh, seeded } from './fake-store.ts'
import { SlotWorld } from './slot-world.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value)

const put = async (table: SharedTable, key: string, value: string): Promise<void> =>
  await table.transact(() => ({ changes: [[key, bytes(value)]], result: undefined }))

const addOne = async (table: SharedTable): Promise<number> =>
  await table.transact((view) => {
    const value = Number(text(view.get('counter')) ?? 0) + 1
    return { changes: [['counter', bytes(String(value))]], result: value }
  })

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'done',
    (error: unknown) => (isTableError(error) ? error.code : String(error))
  )

const RACES = Number(process.env.THHE_TEST_RACES ?? 150)
const SEEDS = Number(process.env.THHE_TEST_SEEDS ?? 1)
const LANES = 16

/** Whoever creates the key writes its own name; tried again until it is decided, as clients of S3 do. */
const race = async (table: SharedTable, key: string, me: string): Promise<'won' | 'lost'> => {
  let isFirst = true
  for (;;) {
    try {
      return await table.transact((view) => {
        const there = text(view.get(key))
        if (there === undefined) return { changes: [[key, bytes(me)]], result: 'won' as const }
        // One that could not tell whether it was made finds its own.
        return { changes: [], result: !isFirst && there === me ? ('won' as const) : ('lost' as const) }
      })
    } catch (error) {
      if (!isTableError(error, 'UNAVAILABLE')) throw error
      isFirst = false
    }
  }
}

interface RaceOutcome {
  readonly winners: ReadonlyMap<string, readonly string[]>
  readonly kills: number
  readonly values: ReadonlyMap<string, string | undefined>
}

/** Eight gateways, four of them on validators, race for names; one node after the other is killed and comes back. */
const races = async (seed: number, killEverySeconds: number): Promise<RaceOutcome> => {
  const slots = await SlotWorld.started({ seed, validators: 4, observers: 4, delayMs: 5 })
  const { world } = slots
  const tables = new Map<FieldNode, SharedTable>()
  /** Resolves what a killed gateway would never answer. */
  const killed = new Map<FieldNode, PromiseWithResolvers<'killed'>>()
  const open = async (node: FieldNode): Promise<void> => {
    const table = slots.gateway(node)
    for (;;) if ((await codeOf(table.start())) === 'done') break
    killed.set(node, Promise.withResolvers())
    tables.set(node, table)
  }
  for (const node of world.nodes) await world.until(open(node))
  const winners = new Map<string, string[]>()
  let next = 0
  let kills = 0
  let isOver = false
  const lane = async (): Promise<void> => {
    for (let i = next++; i < RACES; i = next++) {
      const key = `name-${i}`
      await Promise.all(
        [...tables].map(async ([node, table]) => {
          const outcome = await Promise.race([race(table, key, node.id), killed.get(node)!.promise])
          if (outcome === 'won') winners.set(key, [...(winners.get(key) ?? []), node.id])
        })
      )
    }
  }
  const disturb = async (): Promise<void> => {
    const { clock } = world.nodes.at(-1)!
    while (killEverySeconds > 0 && !isOver) {
      await clock.sleep(killEverySeconds * 1000)
      const node = world.nodes[Math.floor(world.prng.unit() * (world.nodes.length - 1))]
      tables.delete(node)
      node.kill()
      killed.get(node)!.resolve('killed')
      kills++
      await clock.sleep(200 + world.prng.unit() * 1000)
      await node.start()
      await open(node)
    }
  }
  const disturbing = disturb()
  await world.until(Promise.all(Array.from({ length: LANES }, lane)), 10_000)
  isOver = true
  await world.until(disturbing)
  const view = await world.until([...tables.values()][0].view({ maxAgeMs: 0 }))
  const names = Array.from({ length: RACES }, (_, i) => `name-${i}`)
  return { winners, kills, values: new Map(names.map((name) => [name, text(view.get(name))])) }
}

describe('tables: heads in slots', () => {
  for (const [title, killEverySeconds] of [
    ['all is well', 0],
    ['nodes are killed', 1]
  ] as const) {
    it(`have one winner of each name where eight gateways race and ${title}`, async function () {
      this.timeout(0)
      const { winners, kills, values } = await races(1, killEverySeconds)
      if (killEverySeconds > 0) expect(kills).to.be.above(0)
      for (const [name, value] of values) {
        const won = winners.get(name) ?? []
        expect(won.length, `winners of ${name}`).to.be.at.most(1)
        expect(value, name).to.not.equal(undefined)
        if (won.length === 1) expect(value, name).to.equal(won[0])
        // The winner was killed before it was told.
        else expect(kills, name).to.be.above(0)
      }
    })
  }

  it('lose no addition, and show every reader what was acknowledged before, where messages are lost', async function () {
    this.timeout(0)
    for (let seed = 1; seed <= SEEDS; seed++) {
      const slots = await SlotWorld.started({ seed, validators: 4, observers: 2, loss: 0.15 })
      const { world } = slots
      const tables = world.nodes.map((node) =>
        slots.gateway(node, { mergeAfter: 4, decideTimeoutMs: 300_000 })
      )
      for (const table of tables) await world.until(table.start())
      const counted: number[] = []
      let most = 0
      const live = async (table: SharedTable): Promise<void> => {
        for (let i = 0; i < 5; i++) {
          const value = await addOne(table)
          counted.push(value)
          most = Math.max(most, value)
          const least = most
          const reader = tables[Math.floor(world.prng.unit() * tables.length)]
          const view = await reader.view({ maxAgeMs: 0 })
          if (reader.staleMs === undefined)
            expect(Number(text(view.get('counter')))).to.be.at.least(least, `seed ${seed}`)
        }
      }
      await world.until(Promise.all(tables.map(live)), 2_000)
      expect([...counted].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 30 }, (_, i) => i + 1))
    }
  })

  it('without a quorum: writes fail after a while, reads go on and say how old they are, and all goes on afterwards', async () => {
    const slots = await SlotWorld.started({ validators: 4, observers: 1 })
    const { world } = slots
    const node = world.nodes[4]
    const table = slots.gateway(node)
    await world.until(table.start())
    await world.until(put(table, 'a', '1'))
    expect(table.staleMs).to.equal(undefined)
    for (const validator of world.nodes.slice(0, 2)) validator.isConnected = false
    const startedMs = node.clock.monotonicMs()
    const writing = codeOf(put(table, 'b', '2'))
    await world.pass(5)
    const view = await world.until(table.view({ maxAgeMs: 0 }))
    expect(text(view.get('a'))).to.equal('1')
    expect(table.staleMs).to.be.within(4_000, 10_000)
    // Whoever reads again does not wait for answers that do not come.
    const readMs = node.clock.monotonicMs()
    await world.until(table.view({ maxAgeMs: 0 }))
    expect(node.clock.monotonicMs() - readMs).to.be.below(100)
    expect(await world.until(writing)).to.equal('UNAVAILABLE')
    expect(node.clock.monotonicMs() - startedMs).to.be.within(25_000, 50_000)
    const late = slots.gateway(node, { createKeepers: Infinity })
    await world.until(late.start())
    expect(text((await world.until(late.view())).get('a'))).to.equal('1')
    for (const validator of world.nodes.slice(0, 2)) validator.isConnected = true
    await world.pass(30)
    await world.until(put(table, 'c', '3'))
    expect(text((await world.until(late.view({ maxAgeMs: 0 }))).get('c'))).to.equal('3')
    expect(late.staleMs).to.equal(undefined)
  })

  it('keeps what a write of unknown outcome names, until that write can no longer be made', async () => {
    const slots = await SlotWorld.started({ validators: 4, observers: 1 })
    const { world } = slots
    const [node, other] = [world.nodes[4], world.nodes[3]]
    const table = slots.gateway(node, { garbageGraceMs: 1_000 })
    await world.until(table.start())
    await world.until(put(table, 'a', '1'))
    for (const validator of world.nodes.slice(0, 2)) validator.isConnected = false
    expect(await world.until(codeOf(put(table, 'b', '2')))).to.equal('UNAVAILABLE')
    for (let i = 0; i < 5; i++) {
      await world.until(table.collectGarbage())
      await world.pass(1)
    }
    for (const validator of world.nodes.slice(0, 2)) validator.isConnected = true
    await world.pass(20)
    // Made after all, or never: in both cases everybody can read the table.
    const reader = slots.gateway(other, { createKeepers: Infinity })
    await world.until(reader.start())
    expect(text((await world.until(reader.view())).get('b'))).to.be.oneOf(['2', undefined])
    await world.until(put(table, 'c', '3'))
    for (let i = 0; i < 5; i++) {
      await world.until(table.collectGarbage())
      await world.pass(1)
    }
    await world.until(reader.view({ maxAgeMs: 0 }))
    expect(slots.objects.size).to.equal(table.references().length)
  })

  it('leave no failure to nobody where whoever reads has gone before it asks', async () => {
    const slots = await SlotWorld.started({ validators: 4, observers: 1 })
    const { world } = slots
    const table = slots.gateway(world.nodes[4])
    await world.until(table.start())
    const signal = AbortSignal.abort(new Error('gone'))
    const left = await unhandledDuring(async () => {
      expect(await codeOf(table.view({ maxAgeMs: 0, signal }))).to.equal('Error: gone')
      await table.close()
    })
    expect(left).to.deep.equal([])
  })

  it('take no table that is not there for an empty one, nor one that nobody can be asked about', async () => {
    const slots = await SlotWorld.started({ validators: 4, observers: 1 })
    const { world } = slots
    const [node] = world.nodes
    expect(await world.until(codeOf(slots.gateway(node, { createKeepers: Infinity }).start()))).to.equal(
      'NO_TABLE'
    )
    node.isConnected = false
    expect(await world.until(codeOf(slots.gateway(node).start()))).to.equal('UNAVAILABLE')
  })

  it('leave a table with its keepers that was begun there, and use no keepers for one that was not', async () => {
    const slots = await SlotWorld.started({ validators: 4, observers: 1 })
    const { world } = slots
    const [node] = world.nodes
    const mesh = new FakeMesh(node.clock, seeded(1))
    const { publish, resolve, put: putObject, get } = mesh.connect().store
    const keepers = { publish, resolve, put: putObject, get }
    // A gateway of an earlier version knows no slots.
    const old = slots.gateway(node, {}, { ...keepers, slots: undefined })
    await world.until(old.start())
    await world.until(put(old, 'a', '1'))
    const table = slots.gateway(node, { createKeepers: Infinity }, keepers)
    await world.until(table.start())
    expect(text((await world.until(table.view())).get('a'))).to.equal('1')
    await world.until(put(table, 'b', '2'))
    expect(text((await world.until(old.view({ maxAgeMs: 0 }))).get('b'))).to.equal('2')
    expect(node.field!.list()).to.deep.equal([])
  })
})
