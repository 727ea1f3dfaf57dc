import { HologramError } from '../../errors.ts'
import type { PutOptions } from '../../objects.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { ClientContext } from '../context.ts'
import { ownedRecordOf } from '../keep/owned.ts'
import type { ProgressReport } from './progress.ts'
import type { PutPlan } from './put-plan.ts'
import { withdraw } from '../keep/remove.ts'
import type { SealedObject } from './finished-object.ts'

/** One put, from its options. */
export interface PutJob {
  readonly context: ClientContext
  readonly options: PutOptions
  readonly plan: PutPlan
  readonly leaseMs: number
  readonly progress: ProgressReport
  readonly signal: AbortSignal
}

/** Writes down that this node keeps the object alive. The manifest's holders announce it in the DHT. */
export async function adopt(
  job: PutJob,
  object: SealedObject,
  holders: readonly ShardHolder[]
): Promise<void> {
  const { context, options, leaseMs } = job
  const { cid, manifest, lease } = object
  const record = ownedRecordOf(manifest, {
    name: options.name ?? '',
    createdAtMs: context.clock.nowMs(),
    leaseMs,
    leaseSequence: lease.sequence,
    leaseExpiresAtMs: lease.expiresAtMs,
    holders
  })
  await context.owned.write(cid, record)
}

/**
 * Ends a put that too few holders keep. Those that do are told to let go, unless the object was this node's before.
 *
 * @throws HologramError 'NOT_DURABLE'
 */
export async function refuse(
  { context }: PutJob,
  { cid, lease }: SealedObject,
  what: string,
  { holders, required, reasons }: { holders: readonly ShardHolder[]; required: number; reasons: string[] }
): Promise<never> {
  if ((await context.holdings.getOwned(cid)) === undefined) {
    const peers = holders.map(({ peer }) => peer)
    context.background.run(
      async (signal) => withdraw(context, cid, lease, peers, signal),
      'withdrawing an object that too few holders keep',
      { cid }
    )
  }
  throw new HologramError(
    'NOT_DURABLE',
    `${holders.length} peers keep ${what} where ${required} must${reasons.map((reason) => `\n  ${reason}`).join('')}`,
    { acknowledged: holders.length, required, reasons }
  )
}
