import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export declare enum Status {
    OK = "OK",
    NOT_FOUND = "NOT_FOUND",
    BUSY = "BUSY",
    QUOTA = "QUOTA",
    REFUSED = "REFUSED",
    WRONG_NETWORK = "WRONG_NETWORK",
    FAILED = "FAILED",
    CORRUPT = "CORRUPT"
}
export declare namespace Status {
    const codec: () => Codec<Status>;
}
export interface PutFrame {
    open?: PutOpen;
    block?: Block;
    commit?: PutCommit;
    abandon?: boolean;
}
export declare namespace PutFrame {
    const codec: () => Codec<PutFrame>;
    interface PutFrameOpenSeedFieldEvent {
        field: '$.open.seed';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutFrameOpenShardFieldEvent {
        field: '$.open.shard';
        value: number;
    }
    interface PutFrameOpenExpectedBytesFieldEvent {
        field: '$.open.expectedBytes';
        value: number;
    }
    interface PutFrameOpenOneShotFieldEvent {
        field: '$.open.oneShot';
        value: boolean;
    }
    interface PutFrameOpenCopyFieldEvent {
        field: '$.open.copy';
        value: boolean;
    }
    interface PutFrameOpenFillFieldEvent {
        field: '$.open.fill';
        value: boolean;
    }
    interface PutFrameBlockIndexFieldEvent {
        field: '$.block.index';
        value: number;
    }
    interface PutFrameBlockDataFieldEvent {
        field: '$.block.data';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutFrameBlockPathFieldEvent {
        field: '$.block.path';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutFrameCommitManifestFieldEvent {
        field: '$.commit.manifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutFrameCommitLeaseFieldEvent {
        field: '$.commit.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutFrameAbandonFieldEvent {
        field: '$.abandon';
        value: boolean;
    }
    function encode(obj: Partial<PutFrame>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutFrame>): PutFrame;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutFrame>): Generator<PutFrameOpenSeedFieldEvent | PutFrameOpenShardFieldEvent | PutFrameOpenExpectedBytesFieldEvent | PutFrameOpenOneShotFieldEvent | PutFrameOpenCopyFieldEvent | PutFrameOpenFillFieldEvent | PutFrameBlockIndexFieldEvent | PutFrameBlockDataFieldEvent | PutFrameBlockPathFieldEvent | PutFrameCommitManifestFieldEvent | PutFrameCommitLeaseFieldEvent | PutFrameAbandonFieldEvent>;
}
export interface PutOpen {
    seed: Uint8Array<ArrayBuffer>;
    shard: number;
    expectedBytes: number;
    oneShot?: boolean;
    copy?: boolean;
    fill?: boolean;
}
export declare namespace PutOpen {
    const codec: () => Codec<PutOpen>;
    interface PutOpenSeedFieldEvent {
        field: '$.seed';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutOpenShardFieldEvent {
        field: '$.shard';
        value: number;
    }
    interface PutOpenExpectedBytesFieldEvent {
        field: '$.expectedBytes';
        value: number;
    }
    interface PutOpenOneShotFieldEvent {
        field: '$.oneShot';
        value: boolean;
    }
    interface PutOpenCopyFieldEvent {
        field: '$.copy';
        value: boolean;
    }
    interface PutOpenFillFieldEvent {
        field: '$.fill';
        value: boolean;
    }
    function encode(obj: Partial<PutOpen>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutOpen>): PutOpen;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutOpen>): Generator<PutOpenSeedFieldEvent | PutOpenShardFieldEvent | PutOpenExpectedBytesFieldEvent | PutOpenOneShotFieldEvent | PutOpenCopyFieldEvent | PutOpenFillFieldEvent>;
}
export interface Block {
    index: number;
    data: Uint8Array<ArrayBuffer>;
    path: Uint8Array<ArrayBuffer>;
}
export declare namespace Block {
    const codec: () => Codec<Block>;
    interface BlockIndexFieldEvent {
        field: '$.index';
        value: number;
    }
    interface BlockDataFieldEvent {
        field: '$.data';
        value: Uint8Array<ArrayBuffer>;
    }
    interface BlockPathFieldEvent {
        field: '$.path';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Block>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Block>): Block;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Block>): Generator<BlockIndexFieldEvent | BlockDataFieldEvent | BlockPathFieldEvent>;
}
export interface PutCommit {
    manifest: Uint8Array<ArrayBuffer>;
    lease: Uint8Array<ArrayBuffer>;
}
export declare namespace PutCommit {
    const codec: () => Codec<PutCommit>;
    interface PutCommitManifestFieldEvent {
        field: '$.manifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutCommitLeaseFieldEvent {
        field: '$.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<PutCommit>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutCommit>): PutCommit;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutCommit>): Generator<PutCommitManifestFieldEvent | PutCommitLeaseFieldEvent>;
}
export interface PutReply {
    status: Status;
    message: string;
    retryAfterMs: number;
    blocksHeld: number;
    heldDigest: Uint8Array<ArrayBuffer>;
    lease: Uint8Array<ArrayBuffer>;
}
export declare namespace PutReply {
    const codec: () => Codec<PutReply>;
    interface PutReplyStatusFieldEvent {
        field: '$.status';
        value: Status;
    }
    interface PutReplyMessageFieldEvent {
        field: '$.message';
        value: string;
    }
    interface PutReplyRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    interface PutReplyBlocksHeldFieldEvent {
        field: '$.blocksHeld';
        value: number;
    }
    interface PutReplyHeldDigestFieldEvent {
        field: '$.heldDigest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutReplyLeaseFieldEvent {
        field: '$.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<PutReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutReply>): PutReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutReply>): Generator<PutReplyStatusFieldEvent | PutReplyMessageFieldEvent | PutReplyRetryAfterMsFieldEvent | PutReplyBlocksHeldFieldEvent | PutReplyHeldDigestFieldEvent | PutReplyLeaseFieldEvent>;
}
export interface GetRequest {
    cid: Uint8Array<ArrayBuffer>;
    shard: number;
    first: number;
    count: number;
    background: boolean;
}
export declare namespace GetRequest {
    const codec: () => Codec<GetRequest>;
    interface GetRequestCidFieldEvent {
        field: '$.cid';
        value: Uint8Array<ArrayBuffer>;
    }
    interface GetRequestShardFieldEvent {
        field: '$.shard';
        value: number;
    }
    interface GetRequestFirstFieldEvent {
        field: '$.first';
        value: number;
    }
    interface GetRequestCountFieldEvent {
        field: '$.count';
        value: number;
    }
    interface GetRequestBackgroundFieldEvent {
        field: '$.background';
        value: boolean;
    }
    function encode(obj: Partial<GetRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<GetRequest>): GetRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<GetRequest>): Generator<GetRequestCidFieldEvent | GetRequestShardFieldEvent | GetRequestFirstFieldEvent | GetRequestCountFieldEvent | GetRequestBackgroundFieldEvent>;
}
export interface GetReply {
    status: Status;
    message: string;
    retryAfterMs: number;
    block?: Block;
}
export declare namespace GetReply {
    const codec: () => Codec<GetReply>;
    interface GetReplyStatusFieldEvent {
        field: '$.status';
        value: Status;
    }
    interface GetReplyMessageFieldEvent {
        field: '$.message';
        value: string;
    }
    interface GetReplyRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    interface GetReplyBlockIndexFieldEvent {
        field: '$.block.index';
        value: number;
    }
    interface GetReplyBlockDataFieldEvent {
        field: '$.block.data';
        value: Uint8Array<ArrayBuffer>;
    }
    interface GetReplyBlockPathFieldEvent {
        field: '$.block.path';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<GetReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<GetReply>): GetReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<GetReply>): Generator<GetReplyStatusFieldEvent | GetReplyMessageFieldEvent | GetReplyRetryAfterMsFieldEvent | GetReplyBlockIndexFieldEvent | GetReplyBlockDataFieldEvent | GetReplyBlockPathFieldEvent>;
}
export interface ObjectRequest {
    getManifest?: Uint8Array<ArrayBuffer>;
    putManifest?: PutManifest;
    putLease?: Uint8Array<ArrayBuffer>;
    status?: Uint8Array<ArrayBuffer>;
    getStatement?: Uint8Array<ArrayBuffer>;
    getLeases?: Uint8Array<ArrayBuffer>;
    putManifests?: PutManifests;
}
export declare namespace ObjectRequest {
    const codec: () => Codec<ObjectRequest>;
    interface ObjectRequestGetManifestFieldEvent {
        field: '$.getManifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutManifestManifestFieldEvent {
        field: '$.putManifest.manifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutManifestLeaseFieldEvent {
        field: '$.putManifest.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutManifestPlacementFieldEvent {
        field: '$.putManifest.placement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutManifestQuietFieldEvent {
        field: '$.putManifest.quiet';
        value: boolean;
    }
    interface ObjectRequestPutManifestStatementsFieldEvent {
        field: '$.putManifest.statements[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutLeaseFieldEvent {
        field: '$.putLease';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestStatusFieldEvent {
        field: '$.status';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestGetStatementFieldEvent {
        field: '$.getStatement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestGetLeasesFieldEvent {
        field: '$.getLeases';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectRequestPutManifestsObjectsManifestFieldEvent {
        field: '$.putManifests.objects[].manifest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ObjectRequestPutManifestsObjectsLeaseFieldEvent {
        field: '$.putManifests.objects[].lease';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ObjectRequestPutManifestsObjectsPlacementFieldEvent {
        field: '$.putManifests.objects[].placement';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ObjectRequestPutManifestsObjectsQuietFieldEvent {
        field: '$.putManifests.objects[].quiet';
        value: boolean;
        index: number;
    }
    interface ObjectRequestPutManifestsObjectsStatementsFieldEvent {
        field: '$.putManifests.objects[].statements[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ObjectRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ObjectRequest>): ObjectRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ObjectRequest>): Generator<ObjectRequestGetManifestFieldEvent | ObjectRequestPutManifestManifestFieldEvent | ObjectRequestPutManifestLeaseFieldEvent | ObjectRequestPutManifestPlacementFieldEvent | ObjectRequestPutManifestQuietFieldEvent | ObjectRequestPutManifestStatementsFieldEvent | ObjectRequestPutLeaseFieldEvent | ObjectRequestStatusFieldEvent | ObjectRequestGetStatementFieldEvent | ObjectRequestGetLeasesFieldEvent | ObjectRequestPutManifestsObjectsManifestFieldEvent | ObjectRequestPutManifestsObjectsLeaseFieldEvent | ObjectRequestPutManifestsObjectsPlacementFieldEvent | ObjectRequestPutManifestsObjectsQuietFieldEvent | ObjectRequestPutManifestsObjectsStatementsFieldEvent>;
}
export interface PutManifest {
    manifest: Uint8Array<ArrayBuffer>;
    lease: Uint8Array<ArrayBuffer>;
    placement: Uint8Array<ArrayBuffer>;
    quiet: boolean;
    statements: Uint8Array<ArrayBuffer>[];
}
export declare namespace PutManifest {
    const codec: () => Codec<PutManifest>;
    interface PutManifestManifestFieldEvent {
        field: '$.manifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutManifestLeaseFieldEvent {
        field: '$.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutManifestPlacementFieldEvent {
        field: '$.placement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PutManifestQuietFieldEvent {
        field: '$.quiet';
        value: boolean;
    }
    interface PutManifestStatementsFieldEvent {
        field: '$.statements[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<PutManifest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutManifest>): PutManifest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutManifest>): Generator<PutManifestManifestFieldEvent | PutManifestLeaseFieldEvent | PutManifestPlacementFieldEvent | PutManifestQuietFieldEvent | PutManifestStatementsFieldEvent>;
}
export interface PutManifests {
    objects: PutManifest[];
}
export declare namespace PutManifests {
    const codec: () => Codec<PutManifests>;
    interface PutManifestsObjectsManifestFieldEvent {
        field: '$.objects[].manifest';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface PutManifestsObjectsLeaseFieldEvent {
        field: '$.objects[].lease';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface PutManifestsObjectsPlacementFieldEvent {
        field: '$.objects[].placement';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface PutManifestsObjectsQuietFieldEvent {
        field: '$.objects[].quiet';
        value: boolean;
        index: number;
    }
    interface PutManifestsObjectsStatementsFieldEvent {
        field: '$.objects[].statements[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<PutManifests>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutManifests>): PutManifests;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PutManifests>): Generator<PutManifestsObjectsManifestFieldEvent | PutManifestsObjectsLeaseFieldEvent | PutManifestsObjectsPlacementFieldEvent | PutManifestsObjectsQuietFieldEvent | PutManifestsObjectsStatementsFieldEvent>;
}
export interface ManifestReply {
    status: Status;
    message: string;
    retryAfterMs: number;
    lease: Uint8Array<ArrayBuffer>;
}
export declare namespace ManifestReply {
    const codec: () => Codec<ManifestReply>;
    interface ManifestReplyStatusFieldEvent {
        field: '$.status';
        value: Status;
    }
    interface ManifestReplyMessageFieldEvent {
        field: '$.message';
        value: string;
    }
    interface ManifestReplyRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    interface ManifestReplyLeaseFieldEvent {
        field: '$.lease';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ManifestReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ManifestReply>): ManifestReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ManifestReply>): Generator<ManifestReplyStatusFieldEvent | ManifestReplyMessageFieldEvent | ManifestReplyRetryAfterMsFieldEvent | ManifestReplyLeaseFieldEvent>;
}
export interface ObjectReply {
    status: Status;
    message: string;
    retryAfterMs: number;
    manifest: Uint8Array<ArrayBuffer>;
    placement: Uint8Array<ArrayBuffer>;
    shards: number[];
    leases: Uint8Array<ArrayBuffer>[];
    badBlocks: number[];
    statements: Uint8Array<ArrayBuffer>[];
    replies: ManifestReply[];
    repairingMs: number;
}
export declare namespace ObjectReply {
    const codec: () => Codec<ObjectReply>;
    interface ObjectReplyStatusFieldEvent {
        field: '$.status';
        value: Status;
    }
    interface ObjectReplyMessageFieldEvent {
        field: '$.message';
        value: string;
    }
    interface ObjectReplyRetryAfterMsFieldEvent {
        field: '$.retryAfterMs';
        value: number;
    }
    interface ObjectReplyManifestFieldEvent {
        field: '$.manifest';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectReplyPlacementFieldEvent {
        field: '$.placement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectReplyShardsFieldEvent {
        field: '$.shards[]';
        index: number;
        value: number;
    }
    interface ObjectReplyLeasesFieldEvent {
        field: '$.leases[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectReplyBadBlocksFieldEvent {
        field: '$.badBlocks[]';
        index: number;
        value: number;
    }
    interface ObjectReplyStatementsFieldEvent {
        field: '$.statements[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ObjectReplyRepliesStatusFieldEvent {
        field: '$.replies[].status';
        value: Status;
        index: number;
    }
    interface ObjectReplyRepliesMessageFieldEvent {
        field: '$.replies[].message';
        value: string;
        index: number;
    }
    interface ObjectReplyRepliesRetryAfterMsFieldEvent {
        field: '$.replies[].retryAfterMs';
        value: number;
        index: number;
    }
    interface ObjectReplyRepliesLeaseFieldEvent {
        field: '$.replies[].lease';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ObjectReplyRepairingMsFieldEvent {
        field: '$.repairingMs';
        value: number;
    }
    function encode(obj: Partial<ObjectReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ObjectReply>): ObjectReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ObjectReply>): Generator<ObjectReplyStatusFieldEvent | ObjectReplyMessageFieldEvent | ObjectReplyRetryAfterMsFieldEvent | ObjectReplyManifestFieldEvent | ObjectReplyPlacementFieldEvent | ObjectReplyShardsFieldEvent | ObjectReplyLeasesFieldEvent | ObjectReplyBadBlocksFieldEvent | ObjectReplyStatementsFieldEvent | ObjectReplyRepliesStatusFieldEvent | ObjectReplyRepliesMessageFieldEvent | ObjectReplyRepliesRetryAfterMsFieldEvent | ObjectReplyRepliesLeaseFieldEvent | ObjectReplyRepairingMsFieldEvent>;
}
export interface Lease {
    network: Uint8Array<ArrayBuffer>;
    cid: Uint8Array<ArrayBuffer>;
    lessee: Uint8Array<ArrayBuffer>;
    sequence: bigint;
    expiresAtMs: number;
    tombstone: boolean;
    shards: number;
    roots: Uint8Array<ArrayBuffer>[];
}
export declare namespace Lease {
    const codec: () => Codec<Lease>;
    interface LeaseNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LeaseCidFieldEvent {
        field: '$.cid';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LeaseLesseeFieldEvent {
        field: '$.lessee';
        value: Uint8Array<ArrayBuffer>;
    }
    interface LeaseSequenceFieldEvent {
        field: '$.sequence';
        value: bigint;
    }
    interface LeaseExpiresAtMsFieldEvent {
        field: '$.expiresAtMs';
        value: number;
    }
    interface LeaseTombstoneFieldEvent {
        field: '$.tombstone';
        value: boolean;
    }
    interface LeaseShardsFieldEvent {
        field: '$.shards';
        value: number;
    }
    interface LeaseRootsFieldEvent {
        field: '$.roots[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Lease>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Lease>): Lease;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Lease>): Generator<LeaseNetworkFieldEvent | LeaseCidFieldEvent | LeaseLesseeFieldEvent | LeaseSequenceFieldEvent | LeaseExpiresAtMsFieldEvent | LeaseTombstoneFieldEvent | LeaseShardsFieldEvent | LeaseRootsFieldEvent>;
}
export interface Placement {
    network: Uint8Array<ArrayBuffer>;
    cid: Uint8Array<ArrayBuffer>;
    sequence: bigint;
    holders: Holder[];
}
export declare namespace Placement {
    const codec: () => Codec<Placement>;
    interface PlacementNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PlacementCidFieldEvent {
        field: '$.cid';
        value: Uint8Array<ArrayBuffer>;
    }
    interface PlacementSequenceFieldEvent {
        field: '$.sequence';
        value: bigint;
    }
    interface PlacementHoldersShardFieldEvent {
        field: '$.holders[].shard';
        value: number;
        index: number;
    }
    interface PlacementHoldersPeerFieldEvent {
        field: '$.holders[].peer';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    function encode(obj: Partial<Placement>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Placement>): Placement;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Placement>): Generator<PlacementNetworkFieldEvent | PlacementCidFieldEvent | PlacementSequenceFieldEvent | PlacementHoldersShardFieldEvent | PlacementHoldersPeerFieldEvent>;
}
export interface Holder {
    shard: number;
    peer: Uint8Array<ArrayBuffer>;
}
export declare namespace Holder {
    const codec: () => Codec<Holder>;
    interface HolderShardFieldEvent {
        field: '$.shard';
        value: number;
    }
    interface HolderPeerFieldEvent {
        field: '$.peer';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Holder>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Holder>): Holder;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Holder>): Generator<HolderShardFieldEvent | HolderPeerFieldEvent>;
}
export interface HolderStatement {
    network: Uint8Array<ArrayBuffer>;
    cid: Uint8Array<ArrayBuffer>;
    sequence: bigint;
    shards: number[];
}
export declare namespace HolderStatement {
    const codec: () => Codec<HolderStatement>;
    interface HolderStatementNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HolderStatementCidFieldEvent {
        field: '$.cid';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HolderStatementSequenceFieldEvent {
        field: '$.sequence';
        value: bigint;
    }
    interface HolderStatementShardsFieldEvent {
        field: '$.shards[]';
        index: number;
        value: number;
    }
    function encode(obj: Partial<HolderStatement>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolderStatement>): HolderStatement;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HolderStatement>): Generator<HolderStatementNetworkFieldEvent | HolderStatementCidFieldEvent | HolderStatementSequenceFieldEvent | HolderStatementShardsFieldEvent>;
}
