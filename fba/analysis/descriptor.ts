// Reads the quorum sets of a network descriptor.

import { quorumSetNodes, quorumSetProblem } from '../quorum-set.ts'
import type { NodeId, QuorumSet } from '../types.ts'
import { FbaFileError, parseJson, readNodeId, readObject, readQuorumSet } from './file-shape.ts'
import type { FbaNode } from './network.ts'

export interface DescribedTrust {
  /** All named nodes, each with its quorum set. */
  readonly nodes: FbaNode[]
  /** The innermost inner sets of the network's own quorum set. */
  readonly organisations: NodeId[][]
  /** The quorum set of the network, then those of nodes that have their own. */
  readonly quorumSets: QuorumSet[]
}

/**
 * Reads `quorumSet`, which all nodes named in it use, and `validators`, an optional object from a node to the quorum set
 * that it uses instead. Ignores all other fields.
 * @param text a JSON file
 * @throws {FbaFileError} also for a quorum set that is not sane
 */
export function parseDescribedTrust(text: string): DescribedTrust {
  const fields = readObject(parseJson(text), 'the top')
  if (fields.quorumSet === undefined) {
    throw new FbaFileError('bad-value', 'quorumSet', 'missing: in this network nobody agrees on anything')
  }
  const shared = readSane(fields.quorumSet, 'quorumSet')
  const own = new Map(
    Object.entries(readObject(fields.validators ?? {}, 'validators')).map(([id, value]) => {
      const path = `validators[${JSON.stringify(id)}]`
      return [readNodeId(id, path), readSane(value, path)]
    })
  )
  const followers = new Set([...quorumSetNodes(shared), ...own.keys()])
  return {
    nodes: [...followers].map((id) => ({ id, quorumSet: own.get(id) ?? shared })),
    organisations: innermostSets(shared),
    quorumSets: [shared, ...own.values()]
  }
}

function readSane(value: unknown, path: string): QuorumSet {
  const set = readQuorumSet(value, path, 'innerSets')
  const problem = quorumSetProblem(set)
  if (problem !== undefined) throw new FbaFileError('bad-value', path, `${problem.code} (${problem.detail})`)
  return set
}

function innermostSets(set: QuorumSet): NodeId[][] {
  return set.innerSets.flatMap((inner) =>
    inner.innerSets.length === 0 ? [[...inner.validators]] : innermostSets(inner)
  )
}
