import type { AgreementLogger } from '../agreement/index.ts'
import type { FieldLink } from './link.ts'
import { encodeTransactions, MAX_GOSSIP_TRANSACTION_BYTES } from './transaction-gossip.ts'
import type { SignedTransaction } from './types.ts'

export interface TransactionOutboxInit {
  readonly link: Pick<FieldLink, 'publishTransactions'>
  readonly logger: AgreementLogger
  /** Calls `send` in a moment, once for all that is added until then. */
  readonly soon: (send: () => void) => void
}

/** Own transactions on their way to everybody: several in one message, long ones by id. */
export class TransactionOutbox {
  readonly #init: TransactionOutboxInit
  #waiting: SignedTransaction[] = []
  #sent = 0

  constructor(init: TransactionOutboxInit) {
    this.#init = init
  }

  add(signed: SignedTransaction): void {
    if (this.#waiting.length === 0) this.#init.soon(() => this.#send())
    this.#waiting.push(signed)
  }

  #send(): void {
    const { link, logger } = this.#init
    const isShort = ({ bytes }: SignedTransaction): boolean => bytes.length <= MAX_GOSSIP_TRANSACTION_BYTES
    const all = this.#waiting
    this.#waiting = []
    const messages = encodeTransactions(
      {
        transactions: all.filter(isShort).map(({ bytes }) => bytes),
        announced: all.filter((one) => !isShort(one)).map(({ id }) => id)
      },
      this.#sent++
    )
    for (const message of messages) {
      link.publishTransactions(message).catch((error: unknown) => {
        logger.info('a change of the field reached nobody yet', { error })
      })
    }
  }
}
