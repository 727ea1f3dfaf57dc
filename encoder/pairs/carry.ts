// Which rows of a pair's second segment carry which blocks of its first one. docs/explain/encoder.md, "Pairs".

/** For each row below n. */
export interface CarryTable {
  /** The rows of the first segment whose blocks are added to the row of the second one. */
  readonly carried: ReadonlyArray<readonly number[]>
  /** The row of the second segment to which the row of the first one is added, if there is one. */
  readonly carriers: ReadonlyArray<number | undefined>
}

/**
 * Deals the rows of the first segment to the parity rows of the second one, except row k: each to the row that carries the
 * fewest so far, the lowest of equals.
 *
 * Data rows come first, at most half of k (rounded up) to a row: beyond that a block more costs the others of the row what
 * it saves itself. Parity rows follow while their row still carries at most 3k/10, so that a data row is never rebuilt from
 * more than 0.65 k blocks for their sake. A row does not carry itself.
 */
export function carryTable(k: number, n: number): CarryTable {
  const carried: number[][] = Array.from({ length: n }, () => [])
  const carriers: Array<number | undefined> = Array.from({ length: n })
  for (let row = 0; row < n && k > 1; row++) {
    const most = row < k ? Math.ceil(k / 2) : Math.floor((3 * k) / 10)
    const carrier = lightest(carried, k + 1, row)
    if (carrier === undefined || carried[carrier].length >= most) continue
    carried[carrier].push(row)
    carriers[row] = carrier
  }
  return { carried, carriers }
}

function lightest(carried: readonly number[][], first: number, except: number): number | undefined {
  let found: number | undefined
  for (let row = first; row < carried.length; row++) {
    const isLighter = found === undefined || carried[row].length < carried[found].length
    if (row !== except && isLighter) found = row
  }
  return found
}
