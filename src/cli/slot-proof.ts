// Proofs of slots, checked here against the validators in a network descriptor: no node is believed.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type * as Field from '../field/index.ts'
import type { ProvenSlot, SlotName } from '../field/index.ts'
import type { SlotJson, SlotLogJson } from '../gateway/index.ts'
import { aboutPath } from './errors.ts'

/** @throws CliError about the path */
export const readOrTell = async (path: string): Promise<Buffer> => {
  try {
    return await readFile(path)
  } catch (error) {
    throw aboutPath(path, error)
  }
}

export interface ProvenSlotJson {
  /** PEER/LABEL */
  readonly name: string
  /** The round after which the slot was so, and when that was closed. */
  readonly round: number
  readonly closedAtMs: number
  /** Null: there was no such slot. */
  readonly slot: SlotJson | null
  /** Its changes, oldest first, where the proof is one of a log; `isWhole`: from the first on. */
  readonly log?: {
    readonly changes: ReadonlyArray<SlotLogJson['changes'][number]>
    readonly isWhole: boolean
  }
}

/**
 * @param descriptor - text of a network descriptor, whose validators are believed
 * @returns undefined for what is no proof, or none by these validators
 */
export const provenBy = async (
  bytes: Uint8Array,
  descriptor: string
): Promise<ProvenSlotJson | undefined> => {
  const [field, node, { EncodingError }] = await Promise.all([
    import('../field/index.ts'),
    import('../node/index.ts'),
    import('../../fba/index.ts')
  ])
  const { quorumSet, ...network } = node.parseDescriptor(descriptor)
  if (quorumSet === undefined) return undefined
  const { verifyEnvelope } = new node.StatementVerifier(
    node.fieldDomain(node.networkId({ ...network, quorumSet }))
  )
  const sha256 = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()
  const verifier = { sha256, verify: verifyEnvelope }
  try {
    if (!field.isLogProof(bytes)) {
      const { name, proof } = field.decodeSlotProof(bytes)
      return provenJson(field, name, field.verifySlotProof(name, proof, quorumSet, verifier))
    }
    const { name, proof } = field.decodeLogProof(bytes)
    const proven = field.verifyLogProof(name, proof, quorumSet, verifier)
    const json = provenJson(field, name, proven)
    return json && { ...json, log: { changes: proven!.changes, isWhole: proven!.isWhole } }
  } catch (error) {
    if (error instanceof EncodingError) return undefined
    throw error
  }
}

const provenJson = (
  { slotJson, slotNameText }: Pick<typeof Field, 'slotJson' | 'slotNameText'>,
  name: SlotName,
  proven: ProvenSlot | undefined
): ProvenSlotJson | undefined => {
  if (proven === undefined) return undefined
  const { round, closedAtMs, entry } = proven
  return { name: slotNameText(name), round, closedAtMs, slot: entry === undefined ? null : slotJson(entry) }
}
