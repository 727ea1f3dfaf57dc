import { MemoryRecords } from '../../../src/agreement/index.ts'
import { systemClock, systemRandom } from '../../../src/clock/index.ts'
import { Field } from '../../../src/field/index.ts'
import { encodeStatement } from '../../../fba/index.ts'
import { NETWORK_ID, signatureOf, verifyEnvelope, verifyTransactionOf } from './fixture.ts'

/** A field of one validator, in real time. `isAlone: false` names a second one that never speaks. */
export const loneField = async (self: string, { isAlone = true, other = self } = {}): Promise<Field> => {
  const validators = isAlone ? [self] : [self, other].sort()
  const field = new Field(
    {
      clock: systemClock,
      random: systemRandom,
      logger: { info: () => {}, warn: () => {} },
      link: {
        publish: async () => {},
        publishTransactions: async () => {},
        ask: async () => await Promise.reject(new Error('there is nobody to ask')),
        peers: () => []
      },
      records: new MemoryRecords(),
      sign: (bytes) => signatureOf(self, bytes),
      verify: verifyTransactionOf,
      signStatement: (statement) => signatureOf(statement.nodeId, encodeStatement(statement)),
      verifyEnvelope
    },
    {
      self,
      networkId: NETWORK_ID,
      roster: { threshold: validators.length, validators, innerSets: [] }
    }
  )
  await field.start()
  return field
}
