import type { Place } from '../../folders/index.ts'
import type { NodeClient } from '../client.ts'
import { usageError } from '../errors.ts'
import { folderReader, findPlace } from './reader.ts'
import type { ScannedFile } from './scan.ts'

interface KnownFile {
  readonly bytes: number
  readonly mtimeMs: number
  readonly place: Place
}

/** A version of a folder that was put earlier: its unchanged files need not be put again. */
export class EarlierVersion {
  readonly #files = new Map<string, KnownFile>()
  /** Of the folder: new files are sealed under it too. */
  readonly key: Uint8Array | undefined

  private constructor(key: Uint8Array | undefined) {
    this.key = key
  }

  /**
   * Reads all nodes of the earlier version. Files count only where this node leases the objects that they lie in: nobody
   * else keeps them for us.
   *
   * @throws CliError 'USAGE' when one of the two is public and the other sealed; what reading a folder throws
   */
  static async read(client: NodeClient, link: string, isPublic: boolean): Promise<EarlierVersion> {
    const found = await findPlace(client, link)
    if (found.type !== 'folder') throw usageError('The link of --update is not a link to a folder.')
    const { key } = found.place
    if ((key === undefined) !== isPublic) {
      throw usageError(
        isPublic
          ? 'The folder of --update is sealed, and this put is public: nothing of it can be used again.'
          : 'The folder of --update is public, and this put is sealed: nothing of it can be used again.',
        isPublic ? 'Leave out --public or --update.' : 'Add --public, or leave out --update.'
      )
    }
    const owned = new Set<string>()
    for await (const { cid } of client.list()) owned.add(cid)
    const version = new EarlierVersion(key)
    await version.#read(client, found.place, '', owned)
    return version
  }

  /** Where the file lies, if the earlier version has it with the same size and time of change. */
  placeOf({ inside, bytes, mtimeMs }: ScannedFile): Place | undefined {
    const known = this.#files.get(inside)
    return known?.bytes === bytes && known.mtimeMs === mtimeMs ? known.place : undefined
  }

  async #read(client: NodeClient, place: Place, inside: string, owned: ReadonlySet<string>): Promise<void> {
    for await (const entry of folderReader(client).entries(place)) {
      const path = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.type === 'folder') await this.#read(client, entry.place, path, owned)
      if (entry.type !== 'file' || !owned.has(entry.place.cid.toString())) continue
      const { bytes, mtimeMs, place: at } = entry
      this.#files.set(path, { bytes, mtimeMs, place: at })
    }
  }
}
