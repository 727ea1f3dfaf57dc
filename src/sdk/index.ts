// `thhe/client`: what a program needs that talks to a running node over HTTP. Seals before it sends, and opens what comes.
// May not enter: libp2p, the store, the mesh; it shares the client of the command line (src/cli/client.ts).
export { Client, connect } from './client.ts'
export type {
  ConnectOptions,
  Event,
  EventOptions,
  GetOptions,
  ProgressOptions,
  Put,
  PutFolderOptions,
  PutOptions,
  PutSource,
  Range,
  SignalOptions,
  StoredFile
} from './client.ts'
export { ClientError, isClientError } from './errors.ts'
export type { FetchedFolder } from '../cli/folders/get.ts'
export type { FolderOutcome as FolderPut } from '../cli/folders/put.ts'
export type { EntryJson as FolderEntry } from '../cli/folders/list.ts'
export type {
  MapJson as AgreedMap,
  NewS3KeyJson as NewS3Key,
  OwnedObjectJson as OwnedObject,
  PeersJson as Peers,
  PutProgress,
  RemovedJson as Removed,
  RepairReportJson as RepairReport,
  ReshapeReportJson as ReshapeReport,
  S3GrantJson as S3Grant,
  S3KeyJson as S3Key,
  ChangedJson as Changed,
  SlotChangeJson as SlotChange,
  SlotJson as Slot,
  SlotViewJson as SlotView,
  StatJson as Stat,
  StatusJson as Status,
  VerifyReportJson as VerifyReport
} from '../gateway/index.ts'
