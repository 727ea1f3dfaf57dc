import type { MatrixError } from '../manifold/simulation/index.ts'
import type { TensorErrorCode } from '../../encoder/tensor/index.ts'
import type { FbaFileError } from '../../fba/analysis/index.ts'
import type { FieldErrorCode } from '../field/index.ts'
import type { FolderErrorCode } from '../folders/index.ts'
import type { HeadErrorCode } from '../heads/index.ts'
import type { ProblemCode } from '../gateway/index.ts'
import type { ConfigError } from '../node/config/index.ts'
import type { HologramErrorCode, NodeErrorCode, StoreErrorCode } from '../node/errors.ts'
import type { NetworkDescriptorError } from '../node/network.ts'
import type { SealErrorCode } from '../seal/index.ts'
import type { SystemCode } from '../node/system-errors.ts'

/** What the process ends with; docs/reference/cli.md lists them from here. */
export const EXIT_CODES = {
  ok: [0, 'done'],
  unexpected: [1, 'a fault of thhe or of the system'],
  usage: [2, 'the command line, a setting or a local file is not right'],
  notFound: [3, 'no peer that answered knows the object'],
  notEnough: [4, 'too few shards or peers are left or up'],
  noNode: [5, 'no node runs here, or it does not answer, or it refuses us'],
  link: [6, 'the link is malformed or of another network, or its key is missing or wrong'],
  noRoom: [7, 'a quota or a disk is full'],
  damaged: [8, 'bytes are damaged: from peers, or on the disk'],
  tryLater: [9, 'peers did not answer in time'],
  quorumsSplit: [10, '`thhe fba`: there are two quorums that share no node, or there is no quorum'],
  quorumsUndecided: [11, '`thhe fba`: the question was not decided within the limit'],
  interrupted: [130, 'broken off by Ctrl-C (143 by SIGTERM, 129 by SIGHUP)'],
  brokenPipe: [141, 'the program that read our output ended']
} as const satisfies Record<string, readonly [code: number, meaning: string]>

export type ExitReason = keyof typeof EXIT_CODES

/** Failures that the command line finds by itself. */
type CliCode =
  | 'BAD_KEY'
  | 'BAD_PROOF'
  | 'BAD_TOKEN_FILE'
  | 'CLUSTER_FAILED'
  | 'CLUSTER_STATE'
  | 'DEMO_FAILED'
  | 'FILE_CHANGED'
  | 'FILE_EXISTS'
  | 'IS_DIRECTORY'
  | 'NAME_CONFLICT'
  | 'NO_SUCH_NAME'
  | 'IS_FOLDER'
  | 'IS_SYMLINK'
  | 'IS_TENSOR'
  | 'NODE_GONE'
  | 'NODE_SILENT'
  | 'NODE_UNREACHABLE'
  | 'NOT_A_FILE'
  | 'NOT_A_NODE'
  | 'NOT_A_TENSOR'
  | 'NOT_HEALTHY'
  | 'NOT_SEALED'
  | 'NO_NODE'
  | 'NO_SUCH_FILE'
  | 'USAGE'
  | 'WRONG_NODE'
  | 'NO_SUCH_FOLDER'

/** Every code that may reach the user; a new one does not compile before it has a line in the table. */
export type KnownCode =
  | CliCode
  | ConfigError['code']
  | FbaFileError['code']
  | FieldErrorCode
  | FolderErrorCode
  | HeadErrorCode
  | HologramErrorCode
  | MatrixError['code']
  | NetworkDescriptorError['code']
  | NodeErrorCode
  | ProblemCode
  | SealErrorCode
  | StoreErrorCode
  | SystemCode
  | TensorErrorCode

const FREE_SPACE = 'Free space: `thhe rm`, then `thhe gc`, or lend more with --quota.'
const CHECK_PATH = 'Check the path.'
const OTHER_PATH = 'Choose another path.'
const START_NODE = 'Start one with `thhe node`, or a local cluster with `thhe cluster up`.'
const REPORT = 'This is a fault of thhe: please report it. THHE_DEBUG=1 prints where it happened.'
const PEERS_LATER = 'Try again when more peers are up: `thhe peers` lists them.'

/**
 * The exit code and the next step of every code. The next step is '' where the message or the place that throws
 * says it already.
 */
export const CODES = {
  // The command line itself
  USAGE: ['usage', 'Add --help to see the options.'],
  BAD_TOKEN_FILE: [
    'usage',
    'Run as the user who runs the node, or name a copy of its api-token with --token-file.'
  ],
  NO_SUCH_FILE: ['usage', CHECK_PATH],
  IS_DIRECTORY: ['usage', ''],
  IS_FOLDER: ['usage', 'Fetch it with `thhe get`, or see what is in it with `thhe ls`.'],
  IS_SYMLINK: ['usage', ''],
  NOT_A_FOLDER: ['usage', 'See what is in the folder with `thhe ls`.'],
  NOT_IN_FOLDER: ['notFound', 'See what is in the folder with `thhe ls`.'],
  FOLDER_TOO_LARGE: ['usage', ''],
  BAD_FOLDER: [
    'damaged',
    'Ask for the link again; whoever made this folder used other software, or a broken one.'
  ],
  NOT_A_FILE: ['usage', ''],
  FILE_EXISTS: ['usage', 'Choose another name with -o, or replace it with --force.'],
  FILE_CHANGED: ['usage', ''],
  IS_TENSOR: ['usage', 'Fetch it with `thhe tensor get`.'],
  NOT_A_TENSOR: ['usage', 'Fetch it with `thhe get`.'],
  CLUSTER_STATE: ['usage', ''],
  CLUSTER_FAILED: ['unexpected', ''],
  DEMO_FAILED: ['unexpected', ''],
  NOT_HEALTHY: ['unexpected', ''],
  NAME_TOO_LONG: ['usage', 'Give a shorter --name.'],
  NO_SUCH_NAME: ['usage', '`thhe name new` makes a name, `thhe name ls` lists those that are here.'],
  NAME_CONFLICT: [
    'damaged',
    '`thhe name resolve` shows all of them; `thhe name publish` with one of them ends the conflict.'
  ],
  BAD_HEAD: ['damaged', 'The peers that keep this name, or whoever published it, use other software or lie.'],
  STALE_HEAD: [
    'tryLater',
    'Somebody else has just published under this name. Look at it, then publish again.'
  ],
  NO_HEAD: [
    'notFound',
    'Check the link. Whoever has the name may not have published yet, or not for longer than it lasts.'
  ],
  NO_MAJORITY: ['notEnough', PEERS_LATER],
  REFUSED: ['tryLater', 'Try again later.'],
  BAD_PROOF: ['damaged', 'Ask for another proof, from another peer.'],
  NO_FIELD: ['usage', 'Use a network with validators: `thhe network create --validators`.'],
  NO_SLOT: ['notFound', '`thhe field ls --all` lists the slots there are.'],
  BAD_SLOT_NAME: ['usage', ''],
  BAD_SLOT_VALUE: ['usage', ''],
  CHANGE_REFUSED: ['tryLater', 'Look at it with `thhe field get`, and try again if it still makes sense.'],
  CHANGE_EXPIRED: ['tryLater', 'Run the command again.'],
  CHANGE_UNDECIDED: [
    'tryLater',
    '`thhe field get` shows whether it was made; `thhe fba status` which validators are missing.'
  ],
  NO_QUORUM: ['notEnough', '`thhe fba status` shows which validators are missing.'],
  FIELD_BUSY: ['tryLater', 'Try again in a moment.'],
  FIELD_STOPPED: ['noNode', 'The node is stopping. Try again when it is back.'],
  BAD_RECORD: ['damaged', 'Check the disk: `thhe doctor`.'],
  NO_SUCH_FOLDER: ['usage', 'Make the folder first, or choose another name with -o.'],
  NO_NODE: ['noNode', START_NODE],
  NODE_UNREACHABLE: ['noNode', START_NODE],
  NODE_SILENT: ['noNode', 'It may hang: see its log, or stop it and start it again.'],
  NODE_GONE: ['noNode', '`thhe status` says whether it runs. Then run the command again.'],
  WRONG_NODE: ['noNode', 'Check --api, --data and --token-file.'],
  NOT_A_NODE: ['noNode', 'Check --api, THHE_API or --data.'],

  // Settings and local files
  UNKNOWN_KEY: ['usage', ''],
  BAD_VALUE: ['usage', 'docs/reference/config.md lists the settings.'],
  CONFLICT: ['usage', ''],
  BAD_FILE: ['usage', ''],
  BAD_DESCRIPTOR: ['usage', 'Make a descriptor with `thhe network create`.'],
  BAD_NETWORK_FILE: ['usage', ''],
  OTHER_NETWORK: ['usage', ''],
  DATA_FOLDER_IN_USE: ['usage', ''],
  BAD_DATA_FOLDER: ['usage', ''],
  UNSAFE_FILE_MODE: ['usage', ''],
  BAD_KEY_FILE: ['usage', ''],
  CANNOT_LISTEN: ['usage', ''],
  BAD_STATE: ['unexpected', REPORT],
  NOT_PROVIDED: ['tryLater', PEERS_LATER],

  // What a node cannot do
  BAD_REQUEST: ['usage', 'Add --help to see the options.'],
  UNAUTHORIZED: [
    'noNode',
    'Name the token of the node with --token-file: it is the file api-token in its data folder.'
  ],
  FOREIGN_HOST: ['noNode', 'Name the node by its IP address or as localhost with --api.'],
  FOREIGN_ORIGIN: ['noNode', 'Name the node by its IP address or as localhost with --api.'],
  BAD_CODE: ['noNode', 'Run `thhe web` again.'],
  NO_PAGE: ['noNode', 'Install the package again; in a checkout, run `npm ci`.'],
  METHOD_UNKNOWN: ['usage', 'Use one of the methods that OPTIONS names.'],
  EXPECTATION_FAILED: ['usage', 'This command line expects nothing of the kind: tell us how it came about.'],
  NO_DOCTOR: ['usage', 'Look at the machine with `thhe doctor`.'],
  S3_OFF: ['usage', 'Start the node with --s3 HOST:PORT.'],
  NO_PUT: ['tryLater', 'Put it again: the node had given it up.'],
  PUTS_FULL: ['tryLater', 'Try again when another put has ended.'],
  NO_KEY: ['notFound', '`thhe s3 key ls` lists the keys there are.'],
  S3_NOT_READY: ['tryLater', 'Try again: the peers that keep the service may not be in sight yet.'],
  NO_ROUTE: ['noNode', 'The node is of another version: `thhe status` shows it.'],
  METHOD_NOT_ALLOWED: ['noNode', 'The node is of another version: `thhe status` shows it.'],
  BODY_NOT_EXPECTED: ['unexpected', REPORT],
  PRECONDITION_FAILED: ['unexpected', REPORT],
  UNSUPPORTED_ENCODING: ['unexpected', REPORT],
  REQUEST_TIMEOUT: ['tryLater', 'Run the command again.'],
  HEAD_TOO_LARGE: ['usage', 'Give shorter names.'],
  UNSATISFIABLE_RANGE: ['usage', 'The first byte is byte 0.'],
  INTERNAL: ['unexpected', 'This is a fault of the node: its log says more.'],
  NOT_FOUND: [
    'notFound',
    'Check the link. The object may have been removed, its lease may have run out, or its holders may be away: `thhe peers`.'
  ],
  NOT_ENOUGH_SHARDS: [
    'notEnough',
    'Too many holders are away or have damaged blocks. Bring peers back, or try again later; `thhe stat` shows which shards are missing.'
  ],
  NOT_OWNED: [
    'usage',
    'Run it on the node through which the object was put: `thhe ls` lists what was put here.'
  ],
  NOT_ENOUGH_PEERS: ['notEnough', 'Start more peers: `thhe peers` lists those that lend space.'],
  NOT_DURABLE: [
    'notEnough',
    'Run it again: it goes on where it stopped. `thhe peers` shows which peers are away; a smaller --margin asks for less.'
  ],
  BAD_CODE_PARAMETERS: ['usage', 'Choose 1 <= k <= n <= 256 and k + margin <= n.'],
  BAD_LEASE: ['usage', 'Choose another --lease.'],
  BAD_LINK: ['link', 'Copy the whole link as `thhe put` printed it.'],
  WRONG_NETWORK: ['link', 'Use a node of the network that the link names.'],
  BAD_KEY: ['link', 'Copy the whole link as `thhe put` printed it, in quotes.'],
  WRONG_KEY: ['link', 'Copy the whole link as `thhe put` printed it, in quotes.'],
  BAD_RANGE: ['usage', 'The first byte is byte 0.'],
  BAD_MANIFEST: ['damaged', 'Its writer or a holder is at fault. Try again through another node.'],
  BAD_PLACEMENT: ['damaged', PEERS_LATER],
  CORRUPT: ['damaged', PEERS_LATER],
  TRUNCATED: ['damaged', PEERS_LATER],
  NOT_SEALED: [
    'damaged',
    'The link has a key, so the object must be sealed: the node, or a holder, is at fault.'
  ],
  PROTOCOL: ['damaged', 'A peer broke the protocol. Try again, and compare versions with `thhe peers`.'],
  REMOTE: ['tryLater', 'Try again later.'],
  UNREACHABLE: ['tryLater', 'Check the connection with `thhe peers` and `thhe doctor`.'],
  TIMEOUT: ['tryLater', 'Try again; `thhe peers` shows which peers are slow.'],
  QUOTA: ['noRoom', FREE_SPACE],
  QUOTA_EXCEEDED: ['noRoom', FREE_SPACE],
  DISK_FULL: ['noRoom', 'Free space on the disk of the data folder.'],
  ABORTED: ['noNode', 'The node is stopping. Try again when it is back.'],

  // The store of a node that starts
  UPLOAD_BUSY: ['tryLater', 'Try again later.'],
  LOCKED: ['usage', 'Stop the other node, or choose another folder with --data.'],
  FORMAT_UNKNOWN: ['usage', 'Use the version of thhe that wrote it, or choose another folder with --data.'],
  CLOSED: ['noNode', 'The node is stopping. Try again when it is back.'],
  WRITE_FAILED: ['damaged', 'Check the disk: `thhe doctor`.'],
  FAILED: ['damaged', 'Check the disk (`thhe doctor`), then start the node again.'],

  // Files of numbers and of quorum sets
  BAD_TENSOR: ['usage', ''],
  BAD_PRIORITIES: ['usage', ''],
  BAD_MATRIX: ['usage', ''],
  UNSUPPORTED: ['usage', ''],
  TOO_LARGE: ['usage', ''],
  'too-large': ['usage', CHECK_PATH],
  'not-json': ['usage', 'Give it JSON: for `thhe fba`, a list of nodes in the stellarbeat format.'],
  'bad-value': ['usage', CHECK_PATH],

  // The operating system
  EACCES: ['usage', 'Run as a user who may, or choose another path.'],
  EPERM: ['usage', 'Run as a user who may, or choose another path.'],
  EADDRINUSE: ['usage', 'Choose another address with --api, or stop the program that has it.'],
  EADDRNOTAVAIL: ['usage', 'Choose an address of this machine.'],
  EAFNOSUPPORT: ['usage', 'Choose an address of this machine.'],
  EAGAIN: ['tryLater', 'Try again later.'],
  EAI_AGAIN: ['noNode', 'Check the network connection.'],
  EBADF: ['unexpected', REPORT],
  EBUSY: ['usage', 'Stop the program that uses it.'],
  ECONNABORTED: ['noNode', START_NODE],
  ECONNREFUSED: ['noNode', START_NODE],
  ECONNRESET: ['noNode', '`thhe status` says whether the node runs. Then run the command again.'],
  EDQUOT: ['noRoom', 'Free space, or choose another disk.'],
  EEXIST: ['usage', OTHER_PATH],
  EFBIG: ['noRoom', 'Choose another disk.'],
  EHOSTUNREACH: ['noNode', 'Check the network connection.'],
  EINVAL: ['usage', OTHER_PATH],
  EIO: ['damaged', 'Check the disk.'],
  EISDIR: ['usage', 'Name a file.'],
  ELOOP: ['usage', CHECK_PATH],
  EMFILE: ['unexpected', 'Raise the limit: ulimit -n 4096'],
  EMLINK: ['usage', OTHER_PATH],
  ENAMETOOLONG: ['usage', 'Choose a shorter name.'],
  ENETUNREACH: ['noNode', 'Check the network connection.'],
  ENFILE: ['unexpected', 'Close other programs.'],
  ENODEV: ['usage', CHECK_PATH],
  ENOENT: ['usage', CHECK_PATH],
  ENOMEM: ['unexpected', 'Close other programs.'],
  ENOSPC: ['noRoom', 'Free space, or choose another disk.'],
  ENOTDIR: ['usage', CHECK_PATH],
  ENOTEMPTY: ['usage', OTHER_PATH],
  ENOTFOUND: ['noNode', 'Check the name after --api.'],
  ENOTSUP: ['usage', OTHER_PATH],
  ENXIO: ['usage', CHECK_PATH],
  EPIPE: ['brokenPipe', ''],
  EROFS: ['usage', 'Choose a path on a disk that can be written.'],
  ESPIPE: ['usage', 'Name a file.'],
  ESTALE: ['usage', 'Mount the disk again.'],
  ETIMEDOUT: ['noNode', 'Check the network connection.'],
  ETXTBSY: ['usage', OTHER_PATH],
  EXDEV: ['usage', OTHER_PATH]
} as const satisfies Record<KnownCode, readonly [ExitReason, hint: string]>
