import { multiply } from '../gf256.ts'
import type { RowPlan } from '../plan.ts'
import { checkBuffers } from './backend.ts'
import type { SyncBackend } from './backend.ts'

/** The plain matrix product, one byte at a time: every other backend must give the same bytes. */
export function createScalarBackend(): SyncBackend {
  const products = new Map<number, Uint8Array>()
  /** All 256 products with one coefficient. */
  const productsWith = (coefficient: number): Uint8Array => {
    let table = products.get(coefficient)
    if (table === undefined) {
      table = Uint8Array.from({ length: 256 }, (_, value) => multiply(coefficient, value))
      products.set(coefficient, table)
    }
    return table
  }

  return {
    name: 'scalar',
    detail: 'JavaScript',
    compute(plan: RowPlan, sources, targets) {
      checkBuffers(plan, sources, targets)
      targets.forEach((target, row) => {
        target.fill(0)
        sources.forEach((source, column) => {
          const coefficient = plan.matrix[row * sources.length + column]
          if (coefficient !== 0) addProducts(target, source, productsWith(coefficient))
        })
      })
    },
    close() {}
  }
}

function addProducts(target: Uint8Array, source: Uint8Array, table: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] ^= table[source[i]]
}
