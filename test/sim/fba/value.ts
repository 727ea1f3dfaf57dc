// What simulated nodes agree on: a proposal with its proposer's number, and random bits to tell proposals apart.

import type { Value } from '../../../fba/index.ts'
import type { Prng } from '../engine/index.ts'

const MARK = 0x56
const LENGTH = 13

export function makeValue(proposer: number, prng: Prng): Value {
  const value = new Uint8Array(LENGTH)
  value[0] = MARK
  // Random bits come first in the order, so that combining candidates favours no node.
  value.set(prng.bytes(8), 1)
  new DataView(value.buffer).setUint32(9, proposer)
  return value
}

export function isValidValue(value: Value): boolean {
  return value.length === LENGTH && value[0] === MARK
}

/** A value that every honest node refuses. */
export function makeInvalidValue(prng: Prng): Value {
  return Uint8Array.of(0, ...prng.bytes(LENGTH - 1))
}

export function proposerOf(value: Value): number {
  return new DataView(value.buffer, value.byteOffset).getUint32(9)
}
