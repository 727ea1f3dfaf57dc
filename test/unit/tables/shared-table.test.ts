import { expect } from 'chai'
import { SharedTable, type TableSettings, type TableView } from '../../../src/tables/index.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'
import { FakeMesh, NETWORK, seeded } from './fake-store.ts'

const SECRET = new Uint8Array(32).fill(3)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value)

interface World {
  readonly clock: VirtualTime
  readonly mesh: FakeMesh
  readonly gateway: (settings?: Partial<TableSettings>) => { table: SharedTable; cut: () => void }
}

const world = (seed = 1): World => {
  const clock = new VirtualTime()
  const random = seeded(seed)
  const mesh = new FakeMesh(clock, random)
  return {
    clock,
    mesh,
    gateway: (settings = {}) => {
      const { store, cut } = mesh.connect()
      const logger = { debug: () => {}, warn: () => {} }
      const components = { store, clock, random, logger, networkId: NETWORK }
      return { table: new SharedTable(components, SECRET, { createKeepers: 7, ...settings }), cut }
    }
  }
}

const put = async (table: SharedTable, key: string, value: string): Promise<void> =>
  await table.transact(() => ({ changes: [[key, bytes(value)]], result: undefined }))

const entries = (view: TableView): Array<[string, string]> =>
  [...view.range()].map(([key, value]) => [key, text(value)!])

describe('tables: one writer', () => {
  it('reads back what it wrote, also after it was opened again', async () => {
    const { clock, gateway } = world()
    const { table } = gateway()
    await clock.during(table.start())
    await clock.during(put(table, 'b', '2'))
    await clock.during(Promise.all([put(table, 'a', '1'), put(table, 'c', '3')]))
    expect(entries(await clock.during(table.view()))).to.deep.equal([
      ['a', '1'],
      ['b', '2'],
      ['c', '3']
    ])
    await clock.during(table.transact(() => ({ changes: [['b', undefined]], result: undefined })))
    await clock.during(table.close())
    const again = gateway({ createKeepers: Infinity }).table
    await clock.during(again.start())
    expect(entries(await clock.during(again.view()))).to.deep.equal([
      ['a', '1'],
      ['c', '3']
    ])
  })

  it('does not take a table of which nothing is kept for an empty one', async () => {
    const { clock, gateway } = world()
    const { table } = gateway({ createKeepers: Infinity })
    const error = await clock.during(table.start().catch((error: unknown) => error))
    expect(error).to.have.property('code', 'NO_TABLE')
  })

  it('rejects with what the decision throws, and changes nothing', async () => {
    const { clock, gateway } = world()
    const { table } = gateway()
    await clock.during(table.start())
    const refused = new Error('no')
    const decide = (): never => {
      throw refused
    }
    expect(await clock.during(table.transact(decide).catch((error: unknown) => error))).to.equal(refused)
    expect(entries(await clock.during(table.view()))).to.deep.equal([])
  })

  it('merges its log, writes pages, frees what they replace, and can be read by another gateway at any time', async () => {
    const { clock, mesh, gateway } = world()
    const { table } = gateway({ pageBytes: 2048, mergeAfter: 3, checkpointShare: 0.1, garbageGraceMs: 1000 })
    await clock.during(table.start())
    const other = gateway().table
    await clock.during(other.start())
    const expected = new Map<string, string>()
    const random = seeded(5)
    for (let round = 0; round < 60; round++) {
      await clock.during(
        Promise.all(
          Array.from({ length: 20 }, async () => {
            const key = `key-${Math.floor(random.unit() * 2000)}`
            const value = 'x'.repeat(Math.floor(random.unit() * 4000))
            expected.set(key, value)
            await put(table, key, value)
          })
        )
      )
      await clock.advance(500)
      await clock.during(table.collectGarbage())
      if (round % 7 !== 0) continue
      const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(entries(await clock.during(other.view({ maxAgeMs: 0 })))).to.deep.equal(sorted)
      const fresh = gateway({ createKeepers: Infinity }).table
      await clock.during(fresh.start())
      expect(entries(await clock.during(fresh.view()))).to.deep.equal(sorted)
      await clock.during(fresh.close())
    }
    await clock.advance(5000)
    await clock.during(table.collectGarbage())
    await clock.advance(5000)
    await clock.during(table.collectGarbage())
    expect(mesh.objects.size).to.equal(table.references().length)
  })
})

/** Adds one to a counter. @returns its new value */
const addOne = async (table: SharedTable): Promise<number> =>
  await table.transact((view) => {
    const value = Number(text(view.get('counter')) ?? 0) + 1
    return { changes: [['counter', bytes(String(value))]], result: value }
  })

interface Trial {
  readonly loss: number
  readonly crashes: boolean
  /** Keepers that are out of reach for a while, one after the other. */
  readonly outages: boolean
}

/**
 * Three gateways that create the same keys, count, and read. Checks that each key is created once, that no acknowledged addition is
 * lost or made twice, and that a read sees all that was acknowledged before it began.
 */
const trial = async (seed: number, { loss, crashes, outages }: Trial): Promise<void> => {
  const { clock, mesh, gateway } = world(seed)
  const random = seeded(seed + 1000)
  mesh.weather = { loss, maxDelayMs: 20 }
  const settings = { mergeAfter: 4, backoffMs: 20, decideTimeoutMs: loss > 0 ? 3000 : 60_000 }
  const winners = new Map<string, string[]>()
  const counted: number[] = []
  let unknown = 0
  let most = 0
  let isOver = false
  const readAll = async (table: SharedTable): Promise<void> => {
    const least = most
    const view = await table.view({ maxAgeMs: 0 })
    const value = Number(text(view.get('counter')) ?? 0)
    expect(value, `a read of seed ${seed}`).to.be.at.least(least)
    most = Math.max(most, value)
  }
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      expect(error, `seed ${seed}`).to.have.property('code', 'UNAVAILABLE')
    }
  }
  const live = async (me: string): Promise<void> => {
    const { table, cut } = gateway(settings)
    for (let isStarted = false; !isStarted;) {
      await attempt(async () => {
        await table.start()
        isStarted = true
      })
      await clock.sleep(20)
    }
    if (crashes) clock.after(random.unit() * 2500, cut)
    for (let i = 0; i < 10; i++) {
      const key = `key-${i}`
      await attempt(async () => {
        const isMine = await table.transact((view) => {
          const isFree = view.get(key) === undefined
          return { changes: isFree ? [[key, bytes(me)]] : [], result: isFree }
        })
        if (isMine) winners.set(key, [...(winners.get(key) ?? []), me])
      })
      unknown++
      await attempt(async () => {
        const value = await addOne(table)
        unknown--
        counted.push(value)
        most = Math.max(most, value)
      })
      if (random.unit() < 0.3) await attempt(async () => await readAll(table))
    }
    await table.close()
  }
  const disturb = async (): Promise<void> => {
    while (outages && !isOver) {
      mesh.down.clear()
      for (let i = 0; i < 3; i++) mesh.down.add(Math.floor(random.unit() * 7))
      await clock.sleep(random.unit() * 400)
    }
  }
  const gateways = ['a', 'b', 'c'].map(async (name) => {
    for (let life = 0; life < (crashes ? 3 : 1); life++) await live(`${name}-${life}`)
  })
  const disturbing = disturb()
  await clock.during(Promise.all(gateways))
  isOver = true
  await clock.during(disturbing)
  mesh.down.clear()
  mesh.weather = { loss: 0, maxDelayMs: 5 }
  const { table } = gateway()
  await clock.during(table.start())
  const view = await clock.during(table.view())
  for (const [key, names] of winners) {
    expect(names, `winners of ${key}, seed ${seed}`).to.have.length(1)
    expect(text(view.get(key)), `${key}, seed ${seed}`).to.equal(names[0])
  }
  expect(new Set(counted).size, `values of the counter, seed ${seed}`).to.equal(counted.length)
  const total = Number(text(view.get('counter')) ?? 0)
  expect(total, `additions of seed ${seed}`).to.be.within(counted.length, counted.length + unknown)
  if (loss === 0) expect([winners.size, counted.length], `seed ${seed}`).to.deep.equal([10, 30])
}

describe('tables: several writers', () => {
  const seeds = Number(process.env.THHE_TEST_SEEDS ?? 15)
  const trials: ReadonlyArray<[title: string, Trial]> = [
    ['all is well', { loss: 0, crashes: false, outages: false }],
    ['messages are lost', { loss: 0.15, crashes: false, outages: false }],
    ['messages are lost and gateways crash', { loss: 0.15, crashes: true, outages: false }],
    ['messages are lost, gateways crash and keepers come and go', { loss: 0.1, crashes: true, outages: true }]
  ]
  for (const [title, conditions] of trials) {
    it(`loses no acknowledged change, and creates each key once, where ${title}`, async function () {
      this.timeout(0)
      for (let seed = 1; seed <= seeds; seed++) await trial(seed, conditions)
    })
  }
})
