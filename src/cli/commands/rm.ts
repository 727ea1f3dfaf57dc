import type { CommandModule } from 'yargs'
import type { NodeClient } from '../client.ts'
import { defineCommand } from '../command.ts'
import { connect, withEndpoint } from '../endpoint.ts'
import type { EndpointOptions } from '../endpoint.ts'
import { usageError } from '../errors.ts'
import { count } from '../format.ts'
import type { Globals } from '../globals.ts'
import type { Io } from '../io.ts'
import { LinksBook } from '../links-book.ts'
import { linkText, withLink } from '../link-input.ts'
import type { LinkFlags } from '../link-input.ts'
import { printJson, remark } from '../output.ts'

interface RmFlags extends EndpointOptions, LinkFlags {
  readonly keep?: string
}

export const rmCommand = (io: Io): CommandModule =>
  defineCommand<RmFlags>({
    command: 'rm [link]',
    describe: 'Let go of a file or folder: its holders drop it unless somebody else leases it',
    builder: (yargs) =>
      withLink(withEndpoint(yargs)).option('keep', {
        type: 'string',
        requiresArg: true,
        describe: 'Link to another version of the folder: what it shares with this one stays'
      }),
    handler: async (flags) => {
      const [{ readFolderLink }, { isNameLink }] = await Promise.all([
        import('../folders/reader.ts'),
        import('../names/link.ts')
      ])
      const text = await linkText(flags, io)
      if (isNameLink(text)) {
        throw usageError(
          'This is a name: what it leads to may be wanted still.',
          '`thhe name resolve` shows the link of what it leads to now.'
        )
      }
      const client = await connect(flags, io)
      const { place, isFolder, path } = await readFolderLink(client, text)
      if (path.length > 0 || place.slice !== undefined) {
        throw usageError(
          'What is in a folder cannot be let go of alone.',
          'Put the folder again without it (--update), then let go of the old one with --keep and the new link.'
        )
      }
      if (isFolder) return await removeFolder(io, flags, client, text)
      if (flags.keep !== undefined) throw usageError('--keep is for folders.')
      const id = place.cid.toString()
      const isOurs = await wasPutThrough(client, id)
      const removed = await client.remove(id)
      if (client.dataFolder !== undefined) await new LinksBook(client.dataFolder).remove(id)
      if (flags.json) {
        await printJson(io, { cid: id, ours: isOurs, ...removed })
        return
      }
      if (flags.quiet) return
      if (!isOurs) {
        remark(io, `${id} was not put through this node. Its holders keep it for the nodes that lease it.`)
        return
      }
      const away = removed.unreachable.length
      const later =
        away === 0 ? '' : ` ${count(away, 'holder')} did not answer and will drop it when the lease runs out.`
      remark(io, `Let go of ${id}: ${count(removed.confirmed, 'holder')} confirmed.${later}`)
    }
  })

/** Lets go of all objects of a folder that this node leases: the topmost node last, so that a second try finds the rest. */
const removeFolder = async (
  io: Io,
  flags: RmFlags & Globals,
  client: NodeClient,
  text: string
): Promise<void> => {
  const { folderObjects } = await import('../folders/objects.ts')
  const { root, objects } = await folderObjects(client, text, io.signal)
  const kept = flags.keep === undefined ? [] : (await folderObjects(client, flags.keep, io.signal)).objects
  const owned = new Set<string>()
  for await (const { cid } of client.list()) owned.add(cid)
  const others = new Set(kept)
  const ours = [...objects].filter((cid) => cid !== root && owned.has(cid) && !others.has(cid))
  if (owned.has(root) && !others.has(root)) ours.push(root)
  const unreachable = new Set<string>()
  for (const cid of ours) for (const peer of (await client.remove(cid)).unreachable) unreachable.add(peer)
  if (client.dataFolder !== undefined) await new LinksBook(client.dataFolder).remove(root)
  if (flags.json) {
    await printJson(io, { cid: root, removed: ours, unreachable: [...unreachable] })
    return
  }
  if (flags.quiet) return
  const later =
    unreachable.size === 0
      ? ''
      : ` ${count(unreachable.size, 'holder')} did not answer and will drop theirs when the lease runs out.`
  remark(
    io,
    ours.length === 0
      ? 'Nothing of the folder was put through this node. Its holders keep it for the nodes that lease it.'
      : `Let go of the ${count(ours.length, 'object')} of the folder.${later}`
  )
}

/** Whether this node leases the object: nobody can end the leases of other nodes. */
const wasPutThrough = async (client: NodeClient, cid: string): Promise<boolean> => {
  for await (const object of client.list()) if (object.cid === cid) return true
  return false
}
