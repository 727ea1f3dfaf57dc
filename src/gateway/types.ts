import type { SlotJson } from '../field/index.ts'
import type { MapView, Node, NodeStatus, PeerSummary, RecordedEvent } from '../node/index.ts'
import type { Problem } from './problem.ts'

/** The part of a node that HTTP serves. */
export type GatewayNode = Pick<
  Node,
  | 'objects'
  | 'names'
  | 'field'
  | 'config'
  | 'networkId'
  | 'peerId'
  | 'metrics'
  | 'logger'
  | 'events'
  | 'drain'
  | 'apiToken'
  | 'peers'
  | 'map'
  | 'status'
  | 'collectGarbage'
  | 'scrub'
  | 'uploads'
>

export type Objects = GatewayNode['objects']
export type PutOptions = NonNullable<Parameters<Objects['put']>[1]>
export type PutResult = Awaited<ReturnType<Objects['put']>>
export type PutProgress = Parameters<NonNullable<PutOptions['onProgress']>>[0]
export type ObjectReader = Awaited<ReturnType<Objects['get']>>
export type ObjectStat = Awaited<ReturnType<Objects['stat']>>
type Listed<T> = T extends AsyncIterable<infer U> ? U : never
export type OwnedObject = Listed<ReturnType<Objects['list']>>

// What travels as JSON; src/gateway/openapi.json describes the same and a test holds the two together.

export interface HealthJson {
  readonly ready: boolean
  readonly state: NodeStatus['state']
}

export interface IdentityJson {
  readonly peerId: string
  /** Where the node listens: 'http://127.0.0.1:4780'. */
  readonly address: string
  /** Answer to the challenge of the query (`identityProof`); absent when there was none. */
  readonly proof?: string
}

export interface PutResultJson {
  readonly cid: string
  /** Link without a key: the gateway never knows one. */
  readonly link: string
  readonly sizeBytes: number
  readonly codedBytes: number
  readonly sealed: boolean
  readonly k: number
  readonly n: number
  /** The bytes stand in the manifest, which is replicated; `stored` are its replicas. */
  readonly inline: boolean
  readonly stored: ReadonlyArray<{ readonly shard: number; readonly peer: string }>
  readonly missing: ReadonlyArray<{ readonly shard: number; readonly reason: string }>
  readonly tolerates: number
  readonly warning?: string
}

/** One line of the answer to a put that asked for application/x-ndjson. */
export type PutLine = { progress: PutProgress } | { result: PutResultJson } | { problem: Problem }

/** A put whose bytes come in parts has begun, or was given up. */
export interface BegunPutJson {
  readonly put: string
}

/** A part of a put has been read. */
export interface TakenPartJson {
  /** Where the next part begins. */
  readonly takenBytes: number
  readonly progress: PutProgress
}

export interface OwnedObjectJson {
  readonly cid: string
  readonly link: string
  readonly name: string
  readonly sizeBytes: number
  readonly sealed: boolean
  readonly k: number
  readonly n: number
  readonly createdAtMs: number
  readonly leaseExpiresAtMs: number
  /** Left out when the holders were last asked more than an hour ago. */
  readonly missing?: number
  readonly checkedMs: number
  readonly warning?: string
}

/** One line of the list of objects; `end` is the last line of a complete list. */
export type ListLine = { object: OwnedObjectJson } | { end: { count: number } } | { problem: Problem }

/** What an object is, without asking who holds it. */
export type ManifestJson = Pick<
  StatJson,
  | 'cid'
  | 'link'
  | 'kind'
  | 'sizeBytes'
  | 'sealed'
  | 'inline'
  | 'code'
  | 'k'
  | 'n'
  | 'blockBytes'
  | 'layers'
  | 'tensor'
>

export interface StatJson {
  readonly cid: string
  readonly link: string
  readonly kind: 'blob' | 'tensor'
  readonly sizeBytes: number
  readonly sealed: boolean
  readonly inline: boolean
  readonly code: string
  readonly k: number
  readonly n: number
  readonly blockBytes: number
  readonly layers: ReadonlyArray<{ readonly k: number; readonly length: number }>
  /** Parameters of a tensor, base64url. */
  readonly tensor?: string
  readonly live: number
  /** Live shards with damaged blocks. */
  readonly damaged: number
  readonly spare: number
  /** Peers that may hold something of it, and how many of them answered in time. */
  readonly asked: number
  readonly answered: number
  /** When they were asked, in milliseconds since the Unix epoch. */
  readonly checkedMs: number
  readonly overhead: number
  readonly shards: ReadonlyArray<{
    readonly shard: number
    readonly peer?: string
    readonly live: boolean
    readonly damaged: boolean
  }>
  readonly leases: ObjectStat['leases']
  readonly weakest: ObjectStat['weakest']
  /** Peers that are rebuilding it now, and since when, in milliseconds since the Unix epoch. */
  readonly repairs: ReadonlyArray<{ readonly peer: string; readonly sinceMs: number }>
}

type VerifyReport = Awaited<ReturnType<Objects['verify']>>
type RepairReport = Awaited<ReturnType<Objects['repair']>>
export type CareProgressJson = Parameters<
  NonNullable<NonNullable<Parameters<Objects['verify']>[1]>['onProgress']>
>[0]

export interface VerifyReportJson extends Pick<VerifyReport, 'whole' | 'spare' | 'readBytes'> {
  readonly cid: string
  readonly k: number
  readonly n: number
  readonly inline: boolean
  readonly shards: ReadonlyArray<Omit<VerifyReport['shards'][number], 'peer'> & { readonly peer?: string }>
}

export interface RepairReportJson extends Pick<
  RepairReport,
  'outcome' | 'spareBefore' | 'readBytes' | 'sentBytes'
> {
  readonly cid: string
  readonly rebuilt: ReadonlyArray<{ readonly shard: number; readonly peer: string }>
  /** Peers that were given the manifest, and with it an inline object. */
  readonly manifests: readonly string[]
}

type ReshapeReport = Awaited<ReturnType<Objects['reshape']>>

export interface ReshapeReportJson extends Pick<
  ReshapeReport,
  'before' | 'n' | 'dropped' | 'missing' | 'readBytes' | 'sentBytes'
> {
  readonly cid: string
  readonly added: ReadonlyArray<{ readonly shard: number; readonly peer: string }>
  /** Peers that did not take the new lease. */
  readonly unreachable: readonly string[]
}

export interface RemovedJson {
  readonly confirmed: number
  readonly unreachable: readonly string[]
}

export interface PeersJson {
  readonly peers: readonly PeerSummary[]
}

export type StatusJson = NodeStatus
export type CollectedJson = Awaited<ReturnType<GatewayNode['collectGarbage']>>

export type ScrubReportJson = Awaited<ReturnType<GatewayNode['scrub']>>

/**
 * One line of the answer to a question for events. `end` is the last line, or, when following, a sign of life; `last` is the
 * sequence to ask for next. `missed` events were dropped before they were read.
 */
export type EventLine =
  | { event: RecordedEvent }
  | { end: { readonly last: number; readonly missed: number } }
  | { problem: Problem }

export type DrainJson = GatewayNode['drain']['progress']

export interface UploadsJson {
  /** Those that were touched longest ago first. */
  readonly uploads: ReadonlyArray<Listed<ReturnType<GatewayNode['uploads']>>>
}

export interface HeadJson {
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number
  /** base64url. */
  readonly value: string
  /** The signed head, base64url: whoever reads it can verify it. */
  readonly signed: string
}

export interface ResolvedJson {
  readonly name: string
  /** Several when there is more than one of the highest sequence: two published at the same time. */
  readonly heads: readonly HeadJson[]
  /** Peers that keep the name and have answered, and how many keep it; 0 for a name that is in a slot. */
  readonly answered: number
  readonly keepers: number
  /** The slot in which validators have agreed on it; null for a head that peers keep. */
  readonly slot: NameSlotJson | null
}

export interface NameSlotJson {
  /** PEER/head */
  readonly name: string
  readonly version: number
  /** The round in which it was agreed on. */
  readonly round: number
  /** How long ago it is known to have been the newest, in milliseconds: 0, unless too few validators answer. */
  readonly ageMs: number
}

export interface PublishedJson extends Omit<ResolvedJson, 'answered'> {
  /** Peers that have it on their disks. */
  readonly confirmed: number
}

export type { SlotJson }

export interface SlotsJson {
  readonly slots: readonly SlotJson[]
}

export interface SlotViewJson {
  readonly name: string
  readonly id: string
  /** The last round, and when it was closed. */
  readonly round: number
  readonly closedAtMs: number
  readonly agreed: SlotJson | null
  /** What it may become in the round that is under way, the most accepted first. */
  readonly candidates: ReadonlyArray<{
    readonly slot: SlotJson | null
    /** Share of the validators that have accepted it, 0 to 1. */
    readonly weight: number
    readonly transactions: readonly string[]
  }>
}

/** A change has been made. */
export interface ChangedJson {
  readonly name: string
  /** Of the transaction. */
  readonly id: string
  readonly round: number
  readonly version: number
}

export interface SlotLogJson {
  readonly name: string
  /** Newest first, as far as this node remembers. */
  readonly changes: Awaited<ReturnType<NonNullable<GatewayNode['field']>['log']>>
}

/** One line of a slot that is watched; `alive` is a sign of life. */
export type SlotLine =
  { readonly slot: SlotJson | null; readonly round: number } | { readonly alive: true } | { problem: Problem }

export type SlotChangeJson =
  | {
      readonly type: 'create'
      readonly writers?: SlotJson['writers']
      readonly kind: SlotJson['kind']
      readonly value: SlotJson['value']
    }
  | { readonly type: 'set'; readonly expected: number; readonly value: string }
  | { readonly type: 'add' | 'max'; readonly value: string }
  | { readonly type: 'union'; readonly value: readonly string[] }
  | { readonly type: 'remove'; readonly expected: number }

/** What may be done with one bucket, or with all: '*'. */
export interface S3GrantJson {
  readonly bucket: string
  readonly rights: ReadonlyArray<'read' | 'write' | 'list' | 'own'>
}

export interface S3KeyJson {
  readonly accessKeyId: string
  /** What its user calls it. */
  readonly name: string
  readonly createdAtMs: number
  readonly grants: readonly S3GrantJson[]
}

/** A new key: the secret is told once, here. */
export interface NewS3KeyJson extends S3KeyJson {
  readonly secretAccessKey: string
}

/** What one check of the machine found. */
export interface FindingJson {
  readonly check: string
  /** 'bad' keeps a node from working, 'weak' makes it slower or harder to reach, 'note' is only said. */
  readonly state: 'good' | 'note' | 'weak' | 'bad'
  readonly detail: string
  /** What to do about it; absent when there is nothing to do. */
  readonly advice?: string
}

export interface FindingsJson {
  readonly findings: readonly FindingJson[]
  /** When the machine was looked at, milliseconds since 1970. */
  readonly examinedAtMs: number
}

/** Looks at the machine of the node, given its status. */
export type Examine = (status: StatusJson) => Promise<readonly FindingJson[]>

export interface S3StatusJson {
  /** Where S3 is served: 'http://127.0.0.1:9000'. */
  readonly url: string
  /** Whether the service has found what it keeps in the mesh. */
  readonly ready: boolean
}

export interface S3KeysJson {
  readonly keys: readonly S3KeyJson[]
}

/** The S3 service of a node that has one. */
export interface S3Control {
  readonly status: () => S3StatusJson
  readonly keys: () => Promise<readonly S3KeyJson[]>
  readonly createKey: (key: Pick<S3KeyJson, 'name' | 'grants'>) => Promise<NewS3KeyJson>
  /** @returns whether there was one */
  readonly removeKey: (accessKeyId: string) => Promise<boolean>
}

/** A code that opens one session of the web page. */
export interface WebCodeJson {
  readonly code: string
  readonly expiresAtMs: number
}

/** What the page keeps; the other half of the session is a cookie that it cannot read. */
export interface WebSessionJson {
  readonly secret: string
  readonly expiresAtMs: number
}

/** One setting of the node, as it is in force. */
export interface SettingJson {
  /** '--quota' */
  readonly flag: string
  /** 'THHE_QUOTA' */
  readonly variable: string
  /** As it would be written; '' where nothing is set. */
  readonly value: string
  readonly isDefault: boolean
  readonly group: string
  readonly description: string
}

export interface SettingsJson {
  readonly settings: readonly SettingJson[]
}

/** How the node fared at one moment. */
export interface HistorySampleJson {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number
  readonly usedBytes: number
  /** Load, 0 to 1. */
  readonly heat: number
  readonly livePeers: number
  /** Block bytes taken from peers, and handed to them, since the node started. */
  readonly takenBytes: number
  readonly givenBytes: number
}

export interface HistoryJson {
  readonly everyMs: number
  /** Oldest first, at most an hour of them. */
  readonly samples: readonly HistorySampleJson[]
}

/** Answer of /v1/map. */
export type MapJson = MapView
