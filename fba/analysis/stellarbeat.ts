// The nodes format of stellarbeat, which fbas_analyzer reads too: a list of
// { publicKey, name?, quorumSet?: { threshold, validators, innerQuorumSets } }; all other fields are ignored.

import { FbaFileError, parseJson, readList, readNodeId, readObject, readQuorumSet } from './file-shape.ts'
import type { FbaNode } from './network.ts'

const MAX_NODES = 20_000

/**
 * @param text a JSON file
 * @returns its nodes, in order; a node whose quorum set is missing or null has none
 * @throws {FbaFileError}
 */
export function parseStellarbeatNodes(text: string): FbaNode[] {
  const places = new Map<string, number>()
  return readList(parseJson(text), 'the top', MAX_NODES).map((value, index) => {
    const path = `[${index}]`
    const { publicKey, name, quorumSet } = readObject(value, path)
    const id = readNodeId(publicKey, `${path}.publicKey`)
    if (places.has(id)) {
      throw new FbaFileError('bad-value', `${path}.publicKey`, `the same as at [${places.get(id)}]`)
    }
    places.set(id, index)
    return {
      id,
      ...(typeof name === 'string' && name !== '' && { name: name.slice(0, 128) }),
      ...(quorumSet != null && {
        quorumSet: readQuorumSet(quorumSet, `${path}.quorumSet`, 'innerQuorumSets')
      })
    }
  })
}
