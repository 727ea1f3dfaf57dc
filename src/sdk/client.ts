import { randomUUID } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { systemRandom } from '../clock/index.ts'
import { NodeClient } from '../cli/client.ts'
import type { ClientInit } from '../cli/client.ts'
import { CliError, usageError } from '../cli/errors.ts'
import { locateNode } from '../cli/find-node.ts'
import { EarlierVersion } from '../cli/folders/earlier.ts'
import { getFolder } from '../cli/folders/get.ts'
import type { FetchedFolder } from '../cli/folders/get.ts'
import { folderEntries } from '../cli/folders/list.ts'
import type { EntryJson } from '../cli/folders/list.ts'
import { putFolder } from '../cli/folders/put.ts'
import type { FolderOutcome } from '../cli/folders/put.ts'
import { findPlace, openPlace, readFolderLink } from '../cli/folders/reader.ts'
import type { Found } from '../cli/folders/reader.ts'
import type { Io } from '../cli/io.ts'
import { cleanName } from '../cli/objects/names.ts'
import { exists, findTarget } from '../cli/objects/target.ts'
import { upload } from '../cli/objects/upload.ts'
import { generateKey, sealedObjectBytes, sealObject } from '../seal/index.ts'
import type {
  CareProgressJson,
  ChangedJson,
  EventLine,
  MapJson,
  NewS3KeyJson,
  OwnedObjectJson,
  PeersJson,
  PutProgress,
  PutResultJson,
  RemovedJson,
  RepairReportJson,
  ReshapeReportJson,
  S3KeyJson,
  SlotChangeJson,
  SlotJson,
  SlotsJson,
  SlotViewJson,
  StatJson,
  StatusJson,
  VerifyReportJson
} from '../gateway/index.ts'

export interface SignalOptions {
  /** Breaks off what is under way. */
  readonly signal?: AbortSignal
}

export interface ConnectOptions extends SignalOptions {
  /** HOST:PORT or URL of the node's HTTP interface. Without it the node is found as the commands find it. */
  readonly api?: string
  /** Data folder of the node. */
  readonly data?: string
  /** File with the token of the node, where the data folder is elsewhere. */
  readonly tokenFile?: string
  /** The token itself. */
  readonly token?: string
  /** Variables THHE_API, THHE_DATA and THHE_TOKEN_FILE, and those that name the folders of a user. @default process.env */
  readonly env?: NodeJS.ProcessEnv
}

/** Bytes, a text in UTF-8, or pieces as they come: a stream of Node.js or of the web is one of these. */
export type PutSource = string | Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>

interface CodeOptions extends SignalOptions {
  /** What `list` and, sealed, the object itself call it. At most 255 bytes. */
  readonly name?: string
  /** Do not seal: whoever has the id can read it. @default false */
  readonly public?: boolean
  /** Shards that suffice to read it. @default that of the node */
  readonly k?: number
  /** Shards in all. @default that of the node */
  readonly n?: number
  /** Shards over k that must be on disks before the put succeeds. @default half of n - k */
  readonly margin?: number
  /** How parity is made: rs8p rebuilds one lost shard from fewer bytes. @default rs8 */
  readonly code?: 'rs8' | 'rs8p'
  /** Make do with fewer shards when there are fewer peers than n. @default false */
  readonly fewer?: boolean
  /** How long to keep it without renewal, e.g. '30d'. @default that of the node */
  readonly lease?: string
}

export interface PutOptions extends CodeOptions {
  /** Exact number of bytes of the source, where it is known before they come. */
  readonly sizeBytes?: number
  readonly onProgress?: (progress: PutProgress) => void
}

export interface PutFolderOptions extends CodeOptions {
  /** Link to an earlier version: files with the same size and time of change are not sent again. */
  readonly update?: string
}

/** What was put. The link is nowhere else: keep it. */
export interface Put extends PutResultJson {
  /** With the key after '#', unless public. */
  readonly link: string
  readonly name: string
}

/** Half-open, in bytes of the file; or so many bytes from its end. */
export type Range = { readonly start: number; readonly end?: number } | { readonly suffix: number }

export interface GetOptions extends SignalOptions {
  readonly range?: Range
}

/** A file, or a range of one, about to be read. */
export interface StoredFile {
  readonly cid: string
  /** As its putter called it; undefined when it has none. */
  readonly name: string | undefined
  /** Where in the file `bytes` begins. */
  readonly start: number
  /** Bytes that `bytes` gives. */
  readonly length: number
  /** To be read once. Throws at the first byte that is not the file's; never ends early in silence. */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Lets go of the connection. Not needed once `bytes` has been read to its end. */
  readonly close: () => void
}

/** Something that the node did by itself, and why. */
export type Event = Extract<EventLine, { event: unknown }>['event']

export interface EventOptions extends SignalOptions {
  /** Only those after this sequence. */
  readonly after?: number
  /** Only those of this room of the node: 'heal', 'audit', 'drain', 'homeostat' and so on. */
  readonly room?: string
  /** Go on with events as they come, until `signal` fires. @default false */
  readonly follow?: boolean
}

export interface ProgressOptions extends SignalOptions {
  readonly onProgress?: (progress: CareProgressJson) => void
}

/**
 * Finds a running node as the commands do: the one that the options or the environment name, the one on the default data
 * folder, or the first live peer of the local cluster.
 *
 * @throws ClientError 'NO_NODE' | 'NODE_SILENT' | 'NODE_UNREACHABLE' | 'BAD_TOKEN_FILE' | 'USAGE'
 */
export const connect = async ({
  signal = never(),
  env = process.env,
  token,
  ...endpoint
}: ConnectOptions = {}): Promise<Client> => {
  const located = await locateNode(endpoint, { env, signal })
  return new Client({ ...located, ...(token !== undefined && { token }) }, env)
}

/**
 * A running node. Nothing stays open between two calls. The token goes only to a node that has proved that it knows it,
 * in each call anew.
 */
export class Client {
  readonly #init: Omit<ClientInit, 'signal'>
  readonly #env: NodeJS.ProcessEnv

  /** Use `connect`. */
  constructor(init: Omit<ClientInit, 'signal'>, env: NodeJS.ProcessEnv) {
    this.#init = init
    this.#env = env
  }

  /** Where the node is: 'http://127.0.0.1:4780'. */
  get url(): string {
    return this.#init.url
  }

  /**
   * Seals the bytes here, unless they are public, and has the node spread them over its peers. Resolves when k and the margin
   * of shards are on as many disks.
   *
   * @throws ClientError 'NOT_ENOUGH_PEERS' and others of the node; whatever the source throws
   */
  async put(source: PutSource, options: PutOptions = {}): Promise<Put> {
    const { public: isPublic = false, k, n, margin, code, fewer, lease, onProgress = () => {} } = options
    const name = cleanName(options.name ?? '')
    const key = isPublic ? undefined : generateKey(systemRandom)
    const plain = piecesOf(source)
    const plainBytes = options.sizeBytes ?? sizeOf(source)
    const sizeBytes =
      key === undefined || plainBytes === undefined ? plainBytes : sealedObjectBytes(plainBytes)
    const query = { k, n, margin, code, fewer, lease, name, sealed: !isPublic }
    const result = await upload(
      this.#client(options.signal),
      key === undefined ? plain : sealObject(key, name)(plain),
      // Nobody else has the key: no later put goes on with this one.
      { query: { ...query, oneShot: true, attempt: randomUUID() }, sizeBytes, onProgress }
    )
    const fragment = key === undefined ? '' : `#${Buffer.from(key).toString('base64url')}`
    return { ...result, link: result.link + fragment, name }
  }

  /**
   * Puts a folder of this machine with all that is in it; small files are packed together.
   *
   * @throws ClientError 'NOT_A_FILE' | 'FILE_CHANGED'; what `put` throws
   */
  async putFolder(path: string, options: PutFolderOptions = {}): Promise<FolderOutcome> {
    const { public: isPublic = false, name, k, n, margin, code, fewer, lease, update, signal } = options
    const client = this.#client(signal)
    const earlier = update === undefined ? undefined : await EarlierVersion.read(client, update, isPublic)
    const put = { name, isPublic, k, n, margin, code, fewer, lease, quiet: true }
    return await putFolder(client, this.#quietIo(signal), put, path, earlier)
  }

  /**
   * Starts to fetch a file. The link may lead through a folder (LINK/path) or a name.
   *
   * @throws ClientError 'IS_FOLDER' | 'IS_SYMLINK' | 'BAD_KEY' | 'NOT_FOUND' | 'NOT_ENOUGH_SHARDS' | 'USAGE' for a range beyond
   *   the end; errors with the codes 'BAD_LINK', 'WRONG_NETWORK', 'BAD_KEY'
   */
  async get(link: string, { range, signal }: GetOptions = {}): Promise<StoredFile> {
    const client = this.#client(signal)
    const found = await findPlace(client, link)
    if (found.type === 'symlink') throw isSymlink(found)
    if (found.type === 'folder') throw isFolder(found.name)
    const file = await openPlace(client, found.place, range)
    if (file.name?.endsWith('/') !== true) return { ...file, name: found.name ?? file.name }
    file.close()
    throw isFolder(file.name)
  }

  /**
   * Fetches a folder into `path`, where nothing may be yet. It appears there when all of it has come.
   *
   * @throws ClientError 'FILE_EXISTS' | 'NO_SUCH_FOLDER' | 'NOT_A_FOLDER'; what `get` throws
   */
  async getFolder(link: string, path: string, { signal }: SignalOptions = {}): Promise<FetchedFolder> {
    const client = this.#client(signal)
    const found = await findPlace(client, link)
    if (found.type === 'symlink') throw isSymlink(found)
    const target = await findTarget(path, false)
    if (target.kind !== 'file') throw exists(path)
    return await getFolder(client, this.#quietIo(signal), found.place, { path: target.realPath, quiet: true })
  }

  /** What is in a folder. @throws what `get` throws; ClientError 'NOT_A_FOLDER' */
  async entries(link: string, { signal }: SignalOptions = {}): Promise<EntryJson[]> {
    return await folderEntries(this.#client(signal), link)
  }

  /** Which peer holds which shard of an object. @param link - or its id */
  async stat(link: string, { signal }: SignalOptions = {}): Promise<StatJson> {
    const client = this.#client(signal)
    return await client.stat(await cidOf(client, link))
  }

  /** Reads every block of every shard of an object at its holders. @param link - or its id */
  async verify(
    link: string,
    { onProgress = () => {}, signal }: ProgressOptions = {}
  ): Promise<VerifyReportJson> {
    const client = this.#client(signal)
    return await client.verify(await cidOf(client, link), onProgress)
  }

  /** Rebuilds now what an object lacks. @param link - or its id */
  async repair(
    link: string,
    { onProgress = () => {}, signal }: ProgressOptions = {}
  ): Promise<RepairReportJson> {
    const client = this.#client(signal)
    return await client.repair(await cidOf(client, link), onProgress)
  }

  /** Changes the number of shards of an object that was put through this node; its link stays. @param link - or its id */
  async reshape(
    link: string,
    n: number,
    { onProgress = () => {}, signal }: ProgressOptions = {}
  ): Promise<ReshapeReportJson> {
    const client = this.#client(signal)
    return await client.reshape(await cidOf(client, link), n, onProgress)
  }

  /** Lets go of an object: its holders drop it unless somebody else leases it. @param link - or its id */
  async remove(link: string, { signal }: SignalOptions = {}): Promise<RemovedJson> {
    const client = this.#client(signal)
    return await client.remove(await cidOf(client, link))
  }

  /** The objects that were put through this node. @param options - `check` has their holders asked now */
  async *list({
    check,
    signal
  }: SignalOptions & { readonly check?: boolean } = {}): AsyncGenerator<OwnedObjectJson> {
    yield* this.#client(signal).list({ check })
  }

  /** What the node did by itself, oldest first. */
  async *events({ signal, ...query }: EventOptions = {}): AsyncGenerator<Event> {
    for await (const line of this.#client(signal).events(query)) if ('event' in line) yield line.event
  }

  async status({ signal }: SignalOptions = {}): Promise<StatusJson> {
    return await this.#client(signal).status()
  }

  /** Every peer that the node knows. */
  async peers({ signal }: SignalOptions = {}): Promise<PeersJson['peers']> {
    return (await this.#client(signal).peers()).peers
  }

  /** The agreed map, and how the agreement stands. */
  async map({ signal }: SignalOptions = {}): Promise<MapJson> {
    return await this.#client(signal).map()
  }

  /** Slots that the network agrees on; of one owner, or of all. @throws ClientError 'NO_FIELD' */
  async slots({ owner, signal }: SignalOptions & { readonly owner?: string } = {}): Promise<
    SlotsJson['slots']
  > {
    return (await this.#client(signal).slots(owner)).slots
  }

  /**
   * A slot as it was agreed last, and what it may become.
   *
   * @param name - PEER/LABEL, or LABEL for a slot of the node
   * @param options - `confidence`, 0 to 1: waits until so large a share of the validators has accepted one outcome
   * @throws ClientError 'NO_SLOT' | 'BAD_SLOT_NAME' | 'NO_FIELD'
   */
  async slot(
    name: string,
    { confidence, signal }: SignalOptions & { readonly confidence?: number } = {}
  ): Promise<SlotViewJson> {
    return await this.#client(signal).slot(name, confidence)
  }

  /**
   * Changes a slot, and waits until the quorum has decided.
   *
   * @throws ClientError 'CHANGE_REFUSED', whose data has `refusal` and, where another change came first, `winner`;
   *   'CHANGE_EXPIRED', when it was not made; 'CHANGE_UNDECIDED', when that is not known
   */
  async changeSlot(
    name: string,
    change: SlotChangeJson,
    { signal }: SignalOptions = {}
  ): Promise<ChangedJson> {
    return await this.#client(signal).changeSlot(name, change)
  }

  /** A slot now and after each change, until `signal` fires; null while there is none. */
  async *watchSlot(name: string, { signal }: SignalOptions = {}): AsyncGenerator<SlotJson | null> {
    yield* this.#client(signal).watchSlot(name)
  }

  /** The access keys of the node's S3 service. @throws ClientError 'S3_OFF' | 'S3_NOT_READY' */
  async s3Keys({ signal }: SignalOptions = {}): Promise<readonly S3KeyJson[]> {
    return (await this.#client(signal).s3Keys()).keys
  }

  /** Makes an access key; its secret is told once, here. @throws as `s3Keys` */
  async createS3Key(
    key: Pick<S3KeyJson, 'name' | 'grants'>,
    { signal }: SignalOptions = {}
  ): Promise<NewS3KeyJson> {
    return await this.#client(signal).createS3Key(key)
  }

  /** @throws as `s3Keys`; ClientError 'NO_KEY' */
  async removeS3Key(accessKeyId: string, { signal }: SignalOptions = {}): Promise<void> {
    await this.#client(signal).removeS3Key(accessKeyId)
  }

  #client(signal: AbortSignal = never()): NodeClient {
    return new NodeClient({ ...this.#init, signal })
  }

  /** Work on folders tells its progress to a terminal; here there is none. */
  #quietIo(signal: AbortSignal = never()): Io {
    return {
      stdin: Readable.from([]),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env: this.#env,
      signal
    }
  }
}

const never = (): AbortSignal => new AbortController().signal

const sizeOf = (source: PutSource): number | undefined =>
  typeof source === 'string'
    ? Buffer.byteLength(source)
    : source instanceof Uint8Array
      ? source.byteLength
      : undefined

async function* piecesOf(source: PutSource): AsyncGenerator<Uint8Array> {
  if (typeof source === 'string') yield Buffer.from(source)
  else if (source instanceof Uint8Array) yield source
  else yield* source
}

/** @throws ClientError 'USAGE' for something in a folder, which has no shards of its own */
const cidOf = async (client: NodeClient, link: string): Promise<string> => {
  const { place, path } = await readFolderLink(client, link)
  if (path.length === 0 && place.slice === undefined) return place.cid.toString()
  throw usageError(
    'Shards belong to whole folders and files.',
    'Name the folder, or the file by its own link.'
  )
}

const isFolder = (name: string | undefined): CliError =>
  new CliError(
    'IS_FOLDER',
    `${name ?? 'This'} is a folder.`,
    'Use `getFolder` or `entries`, or name a file in it.'
  )

const isSymlink = ({ name, target }: Extract<Found, { type: 'symlink' }>): CliError =>
  new CliError('IS_SYMLINK', `${name} is a symbolic link to ${target}.`, 'Ask for what it leads to.')
