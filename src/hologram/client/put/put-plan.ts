import { MAX_SHARDS } from '../../../../protocols/limits.ts'
import { HologramError } from '../../errors.ts'
import { BLOCK_ALIGNMENT_BYTES, MAX_CODED_SEGMENT_BYTES } from '../../records/layout.ts'
import type { CodeName } from '../../records/manifest.ts'
import type { PutOptions } from '../../objects.ts'
import { checkForm } from './form.ts'
import type { ClientSettings } from '../settings.ts'

/** The code of a put, and how many shards must be acknowledged. */
export interface PutPlan {
  readonly code: CodeName
  readonly k: number
  readonly n: number
  /** Shards over k that must be acknowledged. */
  readonly margin: number
  /** Bytes of a full block. */
  readonly blockBytes: number
}

/**
 * @throws HologramError 'BAD_CODE_PARAMETERS' unless 1 <= k <= n <= 256 and 0 <= margin <= n - k, and a tensor's layers
 *   ascend to k
 */
export function planPut(
  options: PutOptions,
  settings: Pick<ClientSettings, 'k' | 'n' | 'blockBytes'>
): PutPlan {
  const { tensor } = options
  if (tensor !== undefined) checkForm(tensor)
  const finest = tensor?.layers.at(-1)?.k
  const { k = finest ?? settings.k, n = settings.n, code = 'rs8' } = options
  if (finest !== undefined && finest !== k) throw bad('k', k, `must be that of the finest layer, ${finest}`)
  if (!isWhole(n, 1, MAX_SHARDS)) throw bad('n', n, `must be 1 to ${MAX_SHARDS} shards`)
  if (!isWhole(k, 1, n)) throw bad('k', k, `must be 1 to n, which is ${n}`)
  const margin = options.margin ?? Math.ceil((n - k) / 2)
  if (!isWhole(margin, 0, n - k)) throw bad('margin', margin, `must be 0 to n - k, which is ${n - k}`)
  return { code, k, n, margin, blockBytes: Math.min(settings.blockBytes, largestBlockOf(n)) }
}

/** @throws HologramError 'NOT_ENOUGH_PEERS' naming how many there are and how many are needed */
export function checkPeers(
  { k, n, margin }: Pick<PutPlan, 'k' | 'n' | 'margin'>,
  available: number,
  allowFewerShards: boolean
): void {
  const needed = allowFewerShards ? k + margin : n
  if (available >= needed) return
  const why = allowFewerShards ? `at least k + margin = ${needed}` : `n = ${needed}`
  throw new HologramError('NOT_ENOUGH_PEERS', `${why} peers are needed, ${available} lend storage`, {
    needed,
    available
  })
}

function largestBlockOf(n: number): number {
  return Math.floor(MAX_CODED_SEGMENT_BYTES / n / BLOCK_ALIGNMENT_BYTES) * BLOCK_ALIGNMENT_BYTES
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most
}

function bad(parameter: string, value: number, rule: string): HologramError<'BAD_CODE_PARAMETERS'> {
  return new HologramError('BAD_CODE_PARAMETERS', `${parameter} is ${value}, but ${rule}`, {
    parameter,
    value
  })
}
