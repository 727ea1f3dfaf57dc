import type { Codec, DecodeOptions } from 'protons-runtime';
import type { Uint8ArrayList } from 'uint8arraylist';
export interface Report {
    network: Uint8Array<ArrayBuffer>;
    peer: Uint8Array<ArrayBuffer>;
    sequence: bigint;
    issuedAtMs: bigint;
    capacityBytes: number;
    freeBytes: number;
    version: string;
    uptimeSeconds: bigint;
    domain: string;
    multiaddrs: Uint8Array<ArrayBuffer>[];
    intervalMs: number;
    sights: Sight[];
}
export declare namespace Report {
    const codec: () => Codec<Report>;
    interface ReportNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ReportPeerFieldEvent {
        field: '$.peer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ReportSequenceFieldEvent {
        field: '$.sequence';
        value: bigint;
    }
    interface ReportIssuedAtMsFieldEvent {
        field: '$.issuedAtMs';
        value: bigint;
    }
    interface ReportCapacityBytesFieldEvent {
        field: '$.capacityBytes';
        value: number;
    }
    interface ReportFreeBytesFieldEvent {
        field: '$.freeBytes';
        value: number;
    }
    interface ReportVersionFieldEvent {
        field: '$.version';
        value: string;
    }
    interface ReportUptimeSecondsFieldEvent {
        field: '$.uptimeSeconds';
        value: bigint;
    }
    interface ReportDomainFieldEvent {
        field: '$.domain';
        value: string;
    }
    interface ReportMultiaddrsFieldEvent {
        field: '$.multiaddrs[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    interface ReportIntervalMsFieldEvent {
        field: '$.intervalMs';
        value: number;
    }
    interface ReportSightsPeerFieldEvent {
        field: '$.sights[].peer';
        value: Uint8Array<ArrayBuffer>;
        index: number;
    }
    interface ReportSightsRttMicrosFieldEvent {
        field: '$.sights[].rttMicros';
        value: number;
        index: number;
    }
    interface ReportSightsFailuresPpmFieldEvent {
        field: '$.sights[].failuresPpm';
        value: number;
        index: number;
    }
    function encode(obj: Partial<Report>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Report>): Report;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Report>): Generator<ReportNetworkFieldEvent | ReportPeerFieldEvent | ReportSequenceFieldEvent | ReportIssuedAtMsFieldEvent | ReportCapacityBytesFieldEvent | ReportFreeBytesFieldEvent | ReportVersionFieldEvent | ReportUptimeSecondsFieldEvent | ReportDomainFieldEvent | ReportMultiaddrsFieldEvent | ReportIntervalMsFieldEvent | ReportSightsPeerFieldEvent | ReportSightsRttMicrosFieldEvent | ReportSightsFailuresPpmFieldEvent>;
}
export interface Sight {
    peer: Uint8Array<ArrayBuffer>;
    rttMicros: number;
    failuresPpm: number;
}
export declare namespace Sight {
    const codec: () => Codec<Sight>;
    interface SightPeerFieldEvent {
        field: '$.peer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SightRttMicrosFieldEvent {
        field: '$.rttMicros';
        value: number;
    }
    interface SightFailuresPpmFieldEvent {
        field: '$.failuresPpm';
        value: number;
    }
    function encode(obj: Partial<Sight>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sight>): Sight;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sight>): Generator<SightPeerFieldEvent | SightRttMicrosFieldEvent | SightFailuresPpmFieldEvent>;
}
export interface Signed {
    signer: Uint8Array<ArrayBuffer>;
    payload: Uint8Array<ArrayBuffer>;
    signature: Uint8Array<ArrayBuffer>;
}
export declare namespace Signed {
    const codec: () => Codec<Signed>;
    interface SignedSignerFieldEvent {
        field: '$.signer';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SignedPayloadFieldEvent {
        field: '$.payload';
        value: Uint8Array<ArrayBuffer>;
    }
    interface SignedSignatureFieldEvent {
        field: '$.signature';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<Signed>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Signed>): Signed;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Signed>): Generator<SignedSignerFieldEvent | SignedPayloadFieldEvent | SignedSignatureFieldEvent>;
}
export interface ReportsRequest {
    network: Uint8Array<ArrayBuffer>;
}
export declare namespace ReportsRequest {
    const codec: () => Codec<ReportsRequest>;
    interface ReportsRequestNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ReportsRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsRequest>): ReportsRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsRequest>): Generator<ReportsRequestNetworkFieldEvent>;
}
export interface ReportsReply {
    reports: Uint8Array<ArrayBuffer>[];
}
export declare namespace ReportsReply {
    const codec: () => Codec<ReportsReply>;
    interface ReportsReplyReportsFieldEvent {
        field: '$.reports[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ReportsReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsReply>): ReportsReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsReply>): Generator<ReportsReplyReportsFieldEvent>;
}
