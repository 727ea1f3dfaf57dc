import { openHead } from '../../heads/index.ts'
import { openNameValue } from '../../seal/index.ts'
import type { NodeClient } from '../client.ts'
import { CliError } from '../errors.ts'
import { count } from '../format.ts'
import { printable } from '../printable.ts'
import { provenBy, readOrTell } from '../slot-proof.ts'
import { isNameLink, parseNameLink, withPath } from './link.ts'
import type { NameLink } from './link.ts'

/** A target longer than this is no link. */
const MAX_LINK_CHARACTERS = 2048

/** One thing that was published under a name. */
export interface Target {
  readonly sequence: number
  readonly expiresAtMs: number
  readonly link: string
}

/**
 * Replaces the link of a name by the link that was published under it, with the path behind it; any other link stays.
 *
 * @throws CliError 'NAME_CONFLICT' | 'NO_HEAD' | 'NO_MAJORITY'; SealError; HeadError 'BAD_HEAD'
 */
export const followName = async (client: NodeClient, text: string): Promise<string> => {
  if (!isNameLink(text)) return text
  const link = parseNameLink(await networkId(client), text)!
  const targets = await targetsOf(client, link)
  if (targets.length > 1) {
    throw new CliError(
      'NAME_CONFLICT',
      `${count(targets.length, 'link')} were published under this name at the same time.`
    )
  }
  return withPath(targets[0].link, link.path)
}

/** All that is published under a name with the highest sequence. The signatures are checked here again. */
export const targetsOf = async (client: NodeClient, { name, text, key }: NameLink): Promise<Target[]> => {
  const id = await networkId(client)
  const { heads } = await client.resolveName(text)
  return await Promise.all(heads.map(async ({ signed }) => await targetOf(id, signed, name, key)))
}

/**
 * What was published under a name, by the validators in a network descriptor; the node is not believed.
 *
 * @param descriptor - path of the file
 * @throws CliError 'BAD_PROOF' | 'NO_HEAD'; as `targetsOf`
 */
export const provenTarget = async (
  client: NodeClient,
  { name, key }: NameLink,
  descriptor: string
): Promise<Target & { readonly provenAtMs: number }> => {
  const slot = `${name.toString()}/head`
  const [proof, text, id] = await Promise.all([
    client.slotProof(slot),
    readOrTell(descriptor),
    networkId(client)
  ])
  const proven = await provenBy(proof, text.toString('utf8'))
  if (proven === undefined || proven.name !== slot) {
    throw new CliError('BAD_PROOF', `The node gave no proof by the validators in ${descriptor}.`)
  }
  if (proven.slot?.kind !== 'bytes') throw new CliError('NO_HEAD', 'Nothing is published under this name.')
  const target = await targetOf(id, String(proven.slot.value), name, key)
  return { ...target, provenAtMs: proven.closedAtMs }
}

const targetOf = async (
  network: Uint8Array,
  signed: string,
  expected: NameLink['name'],
  key: Uint8Array | undefined
): Promise<Target> => {
  const bytes = Uint8Array.from(Buffer.from(signed, 'base64url'))
  const { name, value, sequence, expiresAtMs } = await openHead(network, bytes, Date.now())
  if (!name.equals(expected))
    throw new CliError('BAD_HEAD', 'The node answered with the head of another name.')
  const link = await openNameValue(value, key)
  // It goes on as if the user had typed it.
  if (link.length > MAX_LINK_CHARACTERS || printable(link) !== link || isNameLink(link)) {
    throw new CliError('BAD_HEAD', 'What is published under this name is not a link to a file or folder.')
  }
  return { sequence, expiresAtMs, link }
}

export const networkId = async (client: NodeClient): Promise<Uint8Array> =>
  Buffer.from((await client.network()).id, 'hex')
