import { readFile } from 'node:fs/promises'
import { NodeError } from '../errors.ts'
import { systemReason } from '../system-errors.ts'
import { formatDescriptor, networkId, networkIdText, parseDescriptor, PUBLIC_TESTNET } from '../network.ts'
import { readIfThere, replaceFile } from './files.ts'
import type { NetworkDescriptor } from '../network.ts'

/**
 * The network of a data folder: the requested one, else the folder's own, else the public testnet. A folder never changes
 * its network, since its shards and leases are meaningless in another.
 *
 * @param path - the folder's own copy of the descriptor
 * @throws {NodeError} 'OTHER_NETWORK' | 'BAD_NETWORK_FILE'
 * @throws {NetworkDescriptorError}
 */
export const openNetwork = async (path: string, asked: string | undefined): Promise<NetworkDescriptor> => {
  const keptText = await readIfThere(path)
  const kept = keptText === undefined ? undefined : parseDescriptor(keptText)
  if (asked === undefined) {
    const network = kept ?? PUBLIC_TESTNET
    if (kept === undefined) await replaceFile(path, formatDescriptor(network), 0o600)
    return network
  }
  const network = parseDescriptor(await readAsked(asked))
  if (kept !== undefined && idOf(kept) !== idOf(network)) {
    throw new NodeError(
      'OTHER_NETWORK',
      `The data folder belongs to network "${kept.name}" (${idOf(kept).slice(0, 16)}), and ${asked} describes ` +
        `"${network.name}" (${idOf(network).slice(0, 16)}). Choose another folder with --data.`,
      { kept: idOf(kept), asked: idOf(network) }
    )
  }
  // The same network with other bootstrap peers: keep the newer list.
  if (formatDescriptor(network) !== keptText) await replaceFile(path, formatDescriptor(network), 0o600)
  return network
}

const idOf = (network: NetworkDescriptor): string => networkIdText(networkId(network))

const readAsked = async (path: string): Promise<string> =>
  await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new NodeError(
      'BAD_NETWORK_FILE',
      `Cannot read the network descriptor ${path}: ${systemReason(cause) ?? (cause as Error).message}. ` +
        'Make one with `thhe network create`, or get it from somebody in the network.',
      { path },
      { cause }
    )
  })
