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
    bulkPort: number;
    bulkPublicPort: number;
    draining: boolean;
    sights: Sight[];
    coordinate?: NetworkCoordinate;
    heatPpm: number;
    bandwidth?: Bandwidth;
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
    interface ReportBulkPortFieldEvent {
        field: '$.bulkPort';
        value: number;
    }
    interface ReportBulkPublicPortFieldEvent {
        field: '$.bulkPublicPort';
        value: number;
    }
    interface ReportDrainingFieldEvent {
        field: '$.draining';
        value: boolean;
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
    interface ReportSightsServiceMicrosFieldEvent {
        field: '$.sights[].serviceMicros';
        value: number;
        index: number;
    }
    interface ReportSightsKibPerSecondFieldEvent {
        field: '$.sights[].kibPerSecond';
        value: number;
        index: number;
    }
    interface ReportSightsDomainFieldEvent {
        field: '$.sights[].domain';
        value: string;
        index: number;
    }
    interface ReportCoordinatePositionMicrosFieldEvent {
        field: '$.coordinate.positionMicros[]';
        index: number;
        value: number;
    }
    interface ReportCoordinateHeightMicrosFieldEvent {
        field: '$.coordinate.heightMicros';
        value: number;
    }
    interface ReportCoordinateErrorPpmFieldEvent {
        field: '$.coordinate.errorPpm';
        value: number;
    }
    interface ReportHeatPpmFieldEvent {
        field: '$.heatPpm';
        value: number;
    }
    interface ReportBandwidthUpKibPerSecondFieldEvent {
        field: '$.bandwidth.upKibPerSecond';
        value: number;
    }
    interface ReportBandwidthDownKibPerSecondFieldEvent {
        field: '$.bandwidth.downKibPerSecond';
        value: number;
    }
    function encode(obj: Partial<Report>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Report>): Report;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Report>): Generator<ReportNetworkFieldEvent | ReportPeerFieldEvent | ReportSequenceFieldEvent | ReportIssuedAtMsFieldEvent | ReportCapacityBytesFieldEvent | ReportFreeBytesFieldEvent | ReportVersionFieldEvent | ReportUptimeSecondsFieldEvent | ReportDomainFieldEvent | ReportMultiaddrsFieldEvent | ReportIntervalMsFieldEvent | ReportBulkPortFieldEvent | ReportBulkPublicPortFieldEvent | ReportDrainingFieldEvent | ReportSightsPeerFieldEvent | ReportSightsRttMicrosFieldEvent | ReportSightsFailuresPpmFieldEvent | ReportSightsServiceMicrosFieldEvent | ReportSightsKibPerSecondFieldEvent | ReportSightsDomainFieldEvent | ReportCoordinatePositionMicrosFieldEvent | ReportCoordinateHeightMicrosFieldEvent | ReportCoordinateErrorPpmFieldEvent | ReportHeatPpmFieldEvent | ReportBandwidthUpKibPerSecondFieldEvent | ReportBandwidthDownKibPerSecondFieldEvent>;
}
export interface Sight {
    peer: Uint8Array<ArrayBuffer>;
    rttMicros: number;
    failuresPpm: number;
    serviceMicros: number;
    kibPerSecond: number;
    domain: string;
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
    interface SightServiceMicrosFieldEvent {
        field: '$.serviceMicros';
        value: number;
    }
    interface SightKibPerSecondFieldEvent {
        field: '$.kibPerSecond';
        value: number;
    }
    interface SightDomainFieldEvent {
        field: '$.domain';
        value: string;
    }
    function encode(obj: Partial<Sight>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sight>): Sight;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sight>): Generator<SightPeerFieldEvent | SightRttMicrosFieldEvent | SightFailuresPpmFieldEvent | SightServiceMicrosFieldEvent | SightKibPerSecondFieldEvent | SightDomainFieldEvent>;
}
export interface NetworkCoordinate {
    positionMicros: number[];
    heightMicros: number;
    errorPpm: number;
}
export declare namespace NetworkCoordinate {
    const codec: () => Codec<NetworkCoordinate>;
    interface NetworkCoordinatePositionMicrosFieldEvent {
        field: '$.positionMicros[]';
        index: number;
        value: number;
    }
    interface NetworkCoordinateHeightMicrosFieldEvent {
        field: '$.heightMicros';
        value: number;
    }
    interface NetworkCoordinateErrorPpmFieldEvent {
        field: '$.errorPpm';
        value: number;
    }
    function encode(obj: Partial<NetworkCoordinate>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NetworkCoordinate>): NetworkCoordinate;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NetworkCoordinate>): Generator<NetworkCoordinatePositionMicrosFieldEvent | NetworkCoordinateHeightMicrosFieldEvent | NetworkCoordinateErrorPpmFieldEvent>;
}
export interface Bandwidth {
    upKibPerSecond: number;
    downKibPerSecond: number;
}
export declare namespace Bandwidth {
    const codec: () => Codec<Bandwidth>;
    interface BandwidthUpKibPerSecondFieldEvent {
        field: '$.upKibPerSecond';
        value: number;
    }
    interface BandwidthDownKibPerSecondFieldEvent {
        field: '$.downKibPerSecond';
        value: number;
    }
    function encode(obj: Partial<Bandwidth>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Bandwidth>): Bandwidth;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Bandwidth>): Generator<BandwidthUpKibPerSecondFieldEvent | BandwidthDownKibPerSecondFieldEvent>;
}
export interface ProbeRequest {
    network: Uint8Array<ArrayBuffer>;
    nonce: Uint8Array<ArrayBuffer>;
}
export declare namespace ProbeRequest {
    const codec: () => Codec<ProbeRequest>;
    interface ProbeRequestNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ProbeRequestNonceFieldEvent {
        field: '$.nonce';
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ProbeRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProbeRequest>): ProbeRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProbeRequest>): Generator<ProbeRequestNetworkFieldEvent | ProbeRequestNonceFieldEvent>;
}
export interface ProbeReply {
    nonce: Uint8Array<ArrayBuffer>;
    coordinate?: NetworkCoordinate;
    near: Uint8Array<ArrayBuffer>[];
}
export declare namespace ProbeReply {
    const codec: () => Codec<ProbeReply>;
    interface ProbeReplyNonceFieldEvent {
        field: '$.nonce';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ProbeReplyCoordinatePositionMicrosFieldEvent {
        field: '$.coordinate.positionMicros[]';
        index: number;
        value: number;
    }
    interface ProbeReplyCoordinateHeightMicrosFieldEvent {
        field: '$.coordinate.heightMicros';
        value: number;
    }
    interface ProbeReplyCoordinateErrorPpmFieldEvent {
        field: '$.coordinate.errorPpm';
        value: number;
    }
    interface ProbeReplyNearFieldEvent {
        field: '$.near[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ProbeReply>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProbeReply>): ProbeReply;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ProbeReply>): Generator<ProbeReplyNonceFieldEvent | ProbeReplyCoordinatePositionMicrosFieldEvent | ProbeReplyCoordinateHeightMicrosFieldEvent | ProbeReplyCoordinateErrorPpmFieldEvent | ProbeReplyNearFieldEvent>;
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
    peers: Uint8Array<ArrayBuffer>[];
}
export declare namespace ReportsRequest {
    const codec: () => Codec<ReportsRequest>;
    interface ReportsRequestNetworkFieldEvent {
        field: '$.network';
        value: Uint8Array<ArrayBuffer>;
    }
    interface ReportsRequestPeersFieldEvent {
        field: '$.peers[]';
        index: number;
        value: Uint8Array<ArrayBuffer>;
    }
    function encode(obj: Partial<ReportsRequest>): Uint8Array<ArrayBuffer>;
    function decode(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsRequest>): ReportsRequest;
    function stream(buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ReportsRequest>): Generator<ReportsRequestNetworkFieldEvent | ReportsRequestPeersFieldEvent>;
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
