import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export declare enum HeadStatus {
    HEAD_OK = "HEAD_OK",
    HEAD_BUSY = "HEAD_BUSY",
    HEAD_FULL = "HEAD_FULL",
    HEAD_REFUSED = "HEAD_REFUSED",
    HEAD_FAILED = "HEAD_FAILED"
}
export declare namespace HeadStatus {
    const codec: () => Codec<HeadStatus>;
}
export interface HeadRequest {
    get?: Uint8Array<ArrayBuffer>;
    put?: Uint8Array<ArrayBuffer>;
}
export declare namespace HeadRequest {
    const codec: () => Codec<HeadRequest>;
    interface HeadRequestGetFieldEvent {
        field: '$.get';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HeadRequestPutFieldEvent {
        field: '$.put';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<HeadRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadRequest>): HeadRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadRequest>): Generator<HeadRequestGetFieldEvent | HeadRequestPutFieldEvent>;
}
export interface HeadReply {
    status: HeadStatus;
    message: string;
    heads: Uint8Array<ArrayBuffer>[];
}
export declare namespace HeadReply {
    const codec: () => Codec<HeadReply>;
    interface HeadReplyStatusFieldEvent {
        field: '$.status';
        value: HeadStatus;
    }
    interface HeadReplyMessageFieldEvent {
        field: '$.message';
        value: string;
    }
    interface HeadReplyHeadsFieldEvent {
        field: '$.heads[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<HeadReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadReply>): HeadReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadReply>): Generator<HeadReplyStatusFieldEvent | HeadReplyMessageFieldEvent | HeadReplyHeadsFieldEvent>;
}
export interface Head {
    network: Uint8Array<ArrayBuffer>;
    sequence: number;
    expiresAtMs: number;
    value: Uint8Array<ArrayBuffer>;
}
export declare namespace Head {
    const codec: () => Codec<Head>;
    interface HeadNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface HeadSequenceFieldEvent {
        field: '$.sequence';
        value: number;
    }
    interface HeadExpiresAtMsFieldEvent {
        field: '$.expiresAtMs';
        value: number;
    }
    interface HeadValueFieldEvent {
        field: '$.value';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Head>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Head>): Head;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Head>): Generator<HeadNetworkFieldEvent | HeadSequenceFieldEvent | HeadExpiresAtMsFieldEvent | HeadValueFieldEvent>;
}
export interface KeptHeads {
    heads: Uint8Array<ArrayBuffer>[];
    broughtBy: string;
}
export declare namespace KeptHeads {
    const codec: () => Codec<KeptHeads>;
    interface KeptHeadsHeadsFieldEvent {
        field: '$.heads[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface KeptHeadsBroughtByFieldEvent {
        field: '$.broughtBy';
        value: string;
    }
    function encode(obj: Partial<KeptHeads>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeptHeads>): KeptHeads;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeptHeads>): Generator<KeptHeadsHeadsFieldEvent | KeptHeadsBroughtByFieldEvent>;
}
