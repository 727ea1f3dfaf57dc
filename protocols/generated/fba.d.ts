import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface ScpEnvelope {
    statement: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
    value?: Uint8Array<ArrayBuffer>;
}
export declare namespace ScpEnvelope {
    const codec: () => Codec<ScpEnvelope>;
    interface ScpEnvelopeStatementFieldEvent {
        field: '$.statement';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpEnvelopeSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpEnvelopeValueFieldEvent {
        field: '$.value';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ScpEnvelope>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpEnvelope>): ScpEnvelope;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpEnvelope>): Generator<ScpEnvelopeStatementFieldEvent | ScpEnvelopeSignatureFieldEvent | ScpEnvelopeValueFieldEvent>;
}
export interface ScpRequest {
    network: Uint8Array<ArrayBuffer>;
    fromSlot?: bigint;
    quorumSetHashes: Uint8Array<ArrayBuffer>[];
    payloadHashes: Uint8Array<ArrayBuffer>[];
    proofOfSlot?: bigint;
    mapHash?: Uint8Array<ArrayBuffer>;
    knownMapHash?: Uint8Array<ArrayBuffer>;
}
export declare namespace ScpRequest {
    const codec: () => Codec<ScpRequest>;
    interface ScpRequestNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpRequestFromSlotFieldEvent {
        field: '$.fromSlot';
        value: bigint;
    }
    interface ScpRequestQuorumSetHashesFieldEvent {
        field: '$.quorumSetHashes[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpRequestPayloadHashesFieldEvent {
        field: '$.payloadHashes[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpRequestProofOfSlotFieldEvent {
        field: '$.proofOfSlot';
        value: bigint;
    }
    interface ScpRequestMapHashFieldEvent {
        field: '$.mapHash';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpRequestKnownMapHashFieldEvent {
        field: '$.knownMapHash';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ScpRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpRequest>): ScpRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpRequest>): Generator<ScpRequestNetworkFieldEvent | ScpRequestFromSlotFieldEvent | ScpRequestQuorumSetHashesFieldEvent | ScpRequestPayloadHashesFieldEvent | ScpRequestProofOfSlotFieldEvent | ScpRequestMapHashFieldEvent | ScpRequestKnownMapHashFieldEvent>;
}
export interface ScpReply {
    currentSlot: bigint;
    envelopes: ScpEnvelope[];
    quorumSets: Uint8Array<ArrayBuffer>[];
    payloads: Uint8Array<ArrayBuffer>[];
    mapDelta?: Uint8Array<ArrayBuffer>;
}
export declare namespace ScpReply {
    const codec: () => Codec<ScpReply>;
    interface ScpReplyCurrentSlotFieldEvent {
        field: '$.currentSlot';
        value: bigint;
    }
    interface ScpReplyEnvelopesStatementFieldEvent {
        field: '$.envelopes[].statement';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ScpReplyEnvelopesSignatureFieldEvent {
        field: '$.envelopes[].signature';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ScpReplyEnvelopesValueFieldEvent {
        field: '$.envelopes[].value';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ScpReplyQuorumSetsFieldEvent {
        field: '$.quorumSets[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpReplyPayloadsFieldEvent {
        field: '$.payloads[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ScpReplyMapDeltaFieldEvent {
        field: '$.mapDelta';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ScpReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpReply>): ScpReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ScpReply>): Generator<ScpReplyCurrentSlotFieldEvent | ScpReplyEnvelopesStatementFieldEvent | ScpReplyEnvelopesSignatureFieldEvent | ScpReplyEnvelopesValueFieldEvent | ScpReplyQuorumSetsFieldEvent | ScpReplyPayloadsFieldEvent | ScpReplyMapDeltaFieldEvent>;
}
