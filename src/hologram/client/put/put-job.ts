import type { PutOptions } from '../../objects.ts'
import type { ShardHolder } from '../../records/placement-record.ts'
import type { ClientContext } from '../context.ts'
import { ownedRecordOf } from '../keep/owned.ts'
import type { ProgressReport } from './progress.ts'
import type { PutPlan } from './put-plan.ts'
import { tooFewHolders } from './too-few-holders.ts'
import { withdraw } from '../keep/remove.ts'
import type { FinishedObject } from './finished-object.ts'

/** One put, from its options. */
export interface PutJob {
  readonly context: ClientContext
  readonly options: PutOptions
  readonly plan: PutPlan
  readonly leaseMs: number
  readonly progress: ProgressReport
  readonly signal: AbortSignal
}

/** Records that this node keeps the object alive. */
export async function adopt(
  job: PutJob,
  object: FinishedObject,
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
 * Fails a put that too few holders keep. Tells those that do to let go, unless this node had put the object before.
 *
 * @throws HologramError 'NOT_DURABLE' | 'QUOTA'
 */
export async function refuse(
  { context }: PutJob,
  { cid, lease }: FinishedObject,
  what: string,
  {
    holders,
    required,
    reasons,
    noRoom
  }: { holders: readonly ShardHolder[]; required: number; reasons: string[]; noRoom: number }
): Promise<never> {
  if ((await context.holdings.getOwned(cid)) === undefined) {
    const peers = holders.map(({ peer }) => peer)
    context.background.run(
      async (signal) => withdraw(context, cid, lease, peers, signal),
      'withdrawing an object that too few holders keep',
      { cid }
    )
  }
  const acknowledged = holders.length
  throw tooFewHolders(what, { acknowledged, possible: acknowledged, required, reasons, noRoom })
}
