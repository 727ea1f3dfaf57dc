// `npm run sim:placement -- --peers 1000 --objects 2000`
// Compares placement by rendezvous hashing, each object at its own peers, with peers dealt into groups: what is lost when many
// peers fail at once, how even it is, how many peers help to rebuild one, and what moves when a peer joins.

import { parseArgs } from 'node:util'
import { renderTable } from '../../src/cli/table.ts'
import { grouped, independent, movedByJoins, peersOf, shapeOf } from './placement/compare.ts'
import { anyChance, lossChance } from './placement/loss.ts'

const { values: flags } = parseArgs({
  options: {
    peers: { type: 'string', default: '1000' },
    domains: { type: 'string', default: '100' },
    objects: { type: 'string', default: '2000' },
    stored: { type: 'string', default: '1e6' }
  }
})

const [peers, domains, objects, stored] = [flags.peers, flags.domains, flags.objects, flags.stored].map(
  Number
)
const CODES = [
  { k: 1, n: 3 },
  { k: 4, n: 8 },
  { k: 4, n: 12 },
  { k: 8, n: 20 }
]
const short = (value: number): string =>
  value === 0 ? '0' : value < 0.01 ? value.toExponential(1) : value.toFixed(2)

const losses = CODES.flatMap((code) =>
  [0.01, 0.05, 0.1, 0.3].map((share) => {
    const chance = lossChance(code, { peers, failing: Math.round(share * peers) })
    const groups = Math.floor(peers / code.n)
    return {
      code: `${code.k}/${code.n}`,
      share: `${share * 100} %`,
      lost: short(chance * stored),
      own: short(anyChance(chance, stored)),
      grouped: short(anyChance(chance, groups)),
      atOnce: Math.round(stored / groups)
    }
  })
)
console.log(
  renderTable(losses, [
    { head: 'CODE', cell: ({ code }) => code },
    { head: 'FAIL AT ONCE', align: 'right', cell: ({ share }) => share },
    { head: 'LOST, EXPECTED', align: 'right', cell: ({ lost }) => lost },
    { head: 'ANY LOST, OWN SETS', align: 'right', cell: ({ own }) => own },
    { head: 'ANY LOST, GROUPS', align: 'right', cell: ({ grouped: chance }) => chance },
    { head: 'LOST WITH A GROUP', align: 'right', cell: ({ atOnce }) => atOnce }
  ])
)
const shapes = [independent, grouped].map((place) => {
  const setting = { peers, domains, objects, k: 4, n: 8 }
  const shape = shapeOf(place(setting, peersOf(setting)), setting)
  return { name: place.name, ...shape, moved: movedByJoins(place, setting, setting.n) }
})
console.log(
  renderTable(shapes, [
    { head: '4/8', cell: ({ name }) => name },
    { head: 'FULLEST / MEAN', align: 'right', cell: ({ fullestOverMean }) => fullestOverMean.toFixed(2) },
    { head: 'HELPERS', align: 'right', cell: ({ helpers }) => helpers.toFixed(0) },
    { head: 'MOVED BY 8 JOINS', align: 'right', cell: ({ moved }) => `${(100 * moved).toFixed(2)} %` }
  ])
)
