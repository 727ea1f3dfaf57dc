import type { Clock } from '../clock/index.ts'
import { FieldError } from './errors.ts'
import { FIELD_LIMITS } from './limits.ts'
import type { Outcome, SignedTransaction } from './types.ts'

interface Waiting {
  readonly signed: SignedTransaction
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** Transactions of this node that somebody waits for. Each is told once what became of it. */
export class OwnTransactions {
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #waiting = new Map<string, Waiting>()

  constructor(clock: Pick<Clock, 'nowMs'>) {
    this.#clock = clock
  }

  /** @throws FieldError 'CHANGE_EXPIRED' | 'CHANGE_UNDECIDED' | 'FIELD_STOPPED', or the signal's reason: the transaction goes on without */
  async wait(signed: SignedTransaction, signal?: AbortSignal): Promise<Outcome> {
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    this.#waiting.set(signed.id, { signed, resolve, reject })
    const onAbort = (): void => {
      this.#waiting.delete(signed.id)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  waiting(): SignedTransaction[] {
    return [...this.#waiting.values()].map(({ signed }) => signed)
  }

  isWaitingFor(id: string): boolean {
    return this.#waiting.has(id)
  }

  settle(outcome: Outcome): void {
    this.#waiting.get(outcome.id)?.resolve(outcome)
    this.#waiting.delete(outcome.id)
  }

  /** A round was closed at `closedAtMs`: no later one takes what had expired then. @returns ids */
  expired(closedAtMs: number): string[] {
    return this.#rejectWhere(
      ({ transaction }) => transaction.expiresAtMs <= closedAtMs,
      () =>
        new FieldError(
          'CHANGE_EXPIRED',
          'No round took the change in time. It was not made, and never will be: try again.'
        )
    )
  }

  /** Rounds have been passed over: what was tried in one of them has an outcome that this node does not know. */
  passedOver(wasTried: (id: string) => boolean): void {
    this.#rejectWhere(
      ({ id }) => wasTried(id),
      () =>
        new FieldError(
          'CHANGE_UNDECIDED',
          'The change was decided on while this node was away; look at the slot to see how.'
        )
    )
  }

  /** Nothing was decided for longer than the transactions live. */
  giveUp(): void {
    const nowMs = this.#clock.nowMs()
    this.#rejectWhere(
      ({ transaction }) => transaction.expiresAtMs + FIELD_LIMITS.clockAheadMs <= nowMs,
      () =>
        new FieldError(
          'CHANGE_UNDECIDED',
          'The validators have not decided in time. Whether the change was made is not known: look at the slot later.'
        )
    )
  }

  stop(reason: FieldError): void {
    this.#rejectWhere(
      () => true,
      () => reason
    )
  }

  #rejectWhere(matches: (signed: SignedTransaction) => boolean, error: () => FieldError): string[] {
    const found = [...this.#waiting.values()].filter(({ signed }) => matches(signed))
    for (const { signed, reject } of found) {
      this.#waiting.delete(signed.id)
      reject(error())
    }
    return found.map(({ signed }) => signed.id)
  }
}
