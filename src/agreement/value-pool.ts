// One object for each value. The protocol compares values all the time, and they are long: two that are the same object need
// no look at their bytes. With 25 validators and 100 peers an epoch takes a fifth of the
// processor time (npm run sim:scale).
import { toHex } from '../../fba/bytes.ts'
import type { Envelope, Statement } from '../../fba/index.ts'

/** Values kept: every validator may propose one, and a few more come from combining them. */
const MAX_VALUES = 256

export class ValuePool {
  readonly #sha256: (bytes: Uint8Array) => Uint8Array
  readonly #values = new Map<string, Uint8Array>()

  constructor(sha256: (bytes: Uint8Array) => Uint8Array) {
    this.#sha256 = sha256
  }

  /** @returns the object that stands for all values of the same bytes */
  one(value: Uint8Array): Uint8Array {
    const key = toHex(this.#sha256(value))
    const known = this.#values.get(key)
    if (known !== undefined) return known
    if (this.#values.size >= MAX_VALUES) this.#values.clear()
    this.#values.set(key, value)
    return value
  }

  /** The same envelope, its values replaced by those that stand for them. */
  envelope({ statement, signature }: Envelope): Envelope {
    return { statement: this.#statement(statement), signature }
  }

  #statement(statement: Statement): Statement {
    switch (statement.type) {
      case 'nominate':
        return {
          ...statement,
          votes: statement.votes.map((value) => this.one(value)),
          accepted: statement.accepted.map((value) => this.one(value))
        }
      case 'prepare': {
        const { ballot, prepared, preparedPrime } = statement
        return {
          ...statement,
          ballot: this.#ballot(ballot),
          prepared: prepared && this.#ballot(prepared),
          preparedPrime: preparedPrime && this.#ballot(preparedPrime)
        }
      }
      case 'confirm':
        return { ...statement, ballot: this.#ballot(statement.ballot) }
      case 'externalize':
        return { ...statement, commit: this.#ballot(statement.commit) }
    }
  }

  #ballot<B extends { readonly value: Uint8Array }>(ballot: B): B {
    return { ...ballot, value: this.one(ballot.value) }
  }
}
