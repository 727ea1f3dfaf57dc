import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Report;
(function (Report) {
    let _codec;
    Report.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.peer != null && obj.peer.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.peer);
                }
                if ((obj.sequence != null && obj.sequence !== 0n)) {
                    w.uint32(24);
                    w.uint64(obj.sequence);
                }
                if ((obj.issuedAtMs != null && obj.issuedAtMs !== 0n)) {
                    w.uint32(32);
                    w.uint64(obj.issuedAtMs);
                }
                if ((obj.capacityBytes != null && obj.capacityBytes !== 0)) {
                    w.uint32(40);
                    w.uint64Number(obj.capacityBytes);
                }
                if ((obj.freeBytes != null && obj.freeBytes !== 0)) {
                    w.uint32(48);
                    w.uint64Number(obj.freeBytes);
                }
                if ((obj.version != null && obj.version !== '')) {
                    w.uint32(58);
                    w.string(obj.version);
                }
                if ((obj.uptimeSeconds != null && obj.uptimeSeconds !== 0n)) {
                    w.uint32(64);
                    w.uint64(obj.uptimeSeconds);
                }
                if ((obj.domain != null && obj.domain !== '')) {
                    w.uint32(74);
                    w.string(obj.domain);
                }
                if (obj.multiaddrs != null && obj.multiaddrs.length > 0) {
                    for (const value of obj.multiaddrs) {
                        w.uint32(82);
                        w.bytes(value);
                    }
                }
                if ((obj.intervalMs != null && obj.intervalMs !== 0)) {
                    w.uint32(88);
                    w.uint32(obj.intervalMs);
                }
                if ((obj.bulkPort != null && obj.bulkPort !== 0)) {
                    w.uint32(96);
                    w.uint32(obj.bulkPort);
                }
                if ((obj.bulkPublicPort != null && obj.bulkPublicPort !== 0)) {
                    w.uint32(104);
                    w.uint32(obj.bulkPublicPort);
                }
                if ((obj.draining != null && obj.draining !== false)) {
                    w.uint32(112);
                    w.bool(obj.draining);
                }
                if (obj.sights != null && obj.sights.length > 0) {
                    for (const value of obj.sights) {
                        w.uint32(162);
                        Sight.codec().encode(value, w);
                    }
                }
                if (obj.coordinate != null) {
                    w.uint32(170);
                    NetworkCoordinate.codec().encode(obj.coordinate, w);
                }
                if ((obj.heatPpm != null && obj.heatPpm !== 0)) {
                    w.uint32(176);
                    w.uint32(obj.heatPpm);
                }
                if (obj.bandwidth != null) {
                    w.uint32(186);
                    Bandwidth.codec().encode(obj.bandwidth, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    peer: uint8ArrayAlloc(0),
                    sequence: 0n,
                    issuedAtMs: 0n,
                    capacityBytes: 0,
                    freeBytes: 0,
                    version: '',
                    uptimeSeconds: 0n,
                    domain: '',
                    multiaddrs: [],
                    intervalMs: 0,
                    bulkPort: 0,
                    bulkPublicPort: 0,
                    draining: false,
                    sights: [],
                    heatPpm: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.network = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.peer = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.sequence = reader.uint64();
                            break;
                        }
                        case 4: {
                            obj.issuedAtMs = reader.uint64();
                            break;
                        }
                        case 5: {
                            obj.capacityBytes = reader.uint64Number();
                            break;
                        }
                        case 6: {
                            obj.freeBytes = reader.uint64Number();
                            break;
                        }
                        case 7: {
                            obj.version = reader.string();
                            break;
                        }
                        case 8: {
                            obj.uptimeSeconds = reader.uint64();
                            break;
                        }
                        case 9: {
                            obj.domain = reader.string();
                            break;
                        }
                        case 10: {
                            if (opts.limits?.multiaddrs != null && obj.multiaddrs.length === opts.limits.multiaddrs) {
                                throw new MaxLengthError('Decode error - repeated field "multiaddrs" had too many elements');
                            }
                            if (obj.multiaddrs.length === 16) {
                                throw new MaxLengthError('Decode error - repeated field "multiaddrs" had too many elements');
                            }
                            obj.multiaddrs.push(reader.bytes());
                            break;
                        }
                        case 11: {
                            obj.intervalMs = reader.uint32();
                            break;
                        }
                        case 12: {
                            obj.bulkPort = reader.uint32();
                            break;
                        }
                        case 13: {
                            obj.bulkPublicPort = reader.uint32();
                            break;
                        }
                        case 14: {
                            obj.draining = reader.bool();
                            break;
                        }
                        case 20: {
                            if (opts.limits?.sights != null && obj.sights.length === opts.limits.sights) {
                                throw new MaxLengthError('Decode error - repeated field "sights" had too many elements');
                            }
                            if (obj.sights.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "sights" had too many elements');
                            }
                            obj.sights.push(Sight.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.sights$
                            }));
                            break;
                        }
                        case 21: {
                            obj.coordinate = NetworkCoordinate.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.coordinate
                            });
                            break;
                        }
                        case 22: {
                            obj.heatPpm = reader.uint32();
                            break;
                        }
                        case 23: {
                            obj.bandwidth = Bandwidth.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.bandwidth
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    multiaddrs: 16,
                    sights: 32
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.network`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.peer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.sequence`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.issuedAtMs`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.capacityBytes`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.freeBytes`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.version`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 8: {
                            yield {
                                field: `${prefix}.uptimeSeconds`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 9: {
                            yield {
                                field: `${prefix}.domain`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 10: {
                            if (opts.limits?.multiaddrs != null && obj.multiaddrs === opts.limits.multiaddrs) {
                                throw new MaxLengthError('Streaming decode error - repeated field "multiaddrs" had too many elements');
                            }
                            if (obj.multiaddrs === 16) {
                                throw new MaxLengthError('Streaming decode error - repeated field "multiaddrs" had too many elements');
                            }
                            yield {
                                field: `${prefix}.multiaddrs[]`,
                                index: obj.multiaddrs,
                                value: reader.bytes()
                            };
                            obj.multiaddrs++;
                            break;
                        }
                        case 11: {
                            yield {
                                field: `${prefix}.intervalMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 12: {
                            yield {
                                field: `${prefix}.bulkPort`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 13: {
                            yield {
                                field: `${prefix}.bulkPublicPort`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 14: {
                            yield {
                                field: `${prefix}.draining`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 20: {
                            if (opts.limits?.sights != null && obj.sights === opts.limits.sights) {
                                throw new MaxLengthError('Streaming decode error - repeated field "sights" had too many elements');
                            }
                            if (obj.sights === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "sights" had too many elements');
                            }
                            for (const evt of Sight.codec().stream(reader, reader.uint32(), `${prefix}.sights[]`, {
                                limits: opts.limits?.sights$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.sights
                                };
                            }
                            obj.sights++;
                            break;
                        }
                        case 21: {
                            yield* NetworkCoordinate.codec().stream(reader, reader.uint32(), `${prefix}.coordinate`, {
                                limits: opts.limits?.coordinate
                            });
                            break;
                        }
                        case 22: {
                            yield {
                                field: `${prefix}.heatPpm`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 23: {
                            yield* Bandwidth.codec().stream(reader, reader.uint32(), `${prefix}.bandwidth`, {
                                limits: opts.limits?.bandwidth
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Report.codec());
    }
    Report.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Report.codec(), opts);
    }
    Report.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Report.codec(), opts);
    }
    Report.stream = stream;
})(Report || (Report = {}));
export var Sight;
(function (Sight) {
    let _codec;
    Sight.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.peer != null && obj.peer.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.peer);
                }
                if ((obj.rttMicros != null && obj.rttMicros !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.rttMicros);
                }
                if ((obj.failuresPpm != null && obj.failuresPpm !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.failuresPpm);
                }
                if ((obj.serviceMicros != null && obj.serviceMicros !== 0)) {
                    w.uint32(32);
                    w.uint32(obj.serviceMicros);
                }
                if ((obj.kibPerSecond != null && obj.kibPerSecond !== 0)) {
                    w.uint32(40);
                    w.uint32(obj.kibPerSecond);
                }
                if ((obj.domain != null && obj.domain !== '')) {
                    w.uint32(50);
                    w.string(obj.domain);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    peer: uint8ArrayAlloc(0),
                    rttMicros: 0,
                    failuresPpm: 0,
                    serviceMicros: 0,
                    kibPerSecond: 0,
                    domain: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.peer = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.rttMicros = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.failuresPpm = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.serviceMicros = reader.uint32();
                            break;
                        }
                        case 5: {
                            obj.kibPerSecond = reader.uint32();
                            break;
                        }
                        case 6: {
                            obj.domain = reader.string();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.peer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.rttMicros`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.failuresPpm`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.serviceMicros`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.kibPerSecond`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.domain`,
                                value: reader.string()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Sight.codec());
    }
    Sight.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Sight.codec(), opts);
    }
    Sight.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Sight.codec(), opts);
    }
    Sight.stream = stream;
})(Sight || (Sight = {}));
export var NetworkCoordinate;
(function (NetworkCoordinate) {
    let _codec;
    NetworkCoordinate.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.positionMicros != null && obj.positionMicros.length > 0) {
                    for (const value of obj.positionMicros) {
                        w.uint32(8);
                        w.sint32(value);
                    }
                }
                if ((obj.heightMicros != null && obj.heightMicros !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.heightMicros);
                }
                if ((obj.errorPpm != null && obj.errorPpm !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.errorPpm);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    positionMicros: [],
                    heightMicros: 0,
                    errorPpm: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.positionMicros != null && obj.positionMicros.length === opts.limits.positionMicros) {
                                throw new MaxLengthError('Decode error - repeated field "positionMicros" had too many elements');
                            }
                            if (obj.positionMicros.length === 8) {
                                throw new MaxLengthError('Decode error - repeated field "positionMicros" had too many elements');
                            }
                            obj.positionMicros.push(reader.sint32());
                            break;
                        }
                        case 2: {
                            obj.heightMicros = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.errorPpm = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    positionMicros: 8
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.positionMicros != null && obj.positionMicros === opts.limits.positionMicros) {
                                throw new MaxLengthError('Streaming decode error - repeated field "positionMicros" had too many elements');
                            }
                            if (obj.positionMicros === 8) {
                                throw new MaxLengthError('Streaming decode error - repeated field "positionMicros" had too many elements');
                            }
                            yield {
                                field: `${prefix}.positionMicros[]`,
                                index: obj.positionMicros,
                                value: reader.sint32()
                            };
                            obj.positionMicros++;
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.heightMicros`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.errorPpm`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, NetworkCoordinate.codec());
    }
    NetworkCoordinate.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, NetworkCoordinate.codec(), opts);
    }
    NetworkCoordinate.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, NetworkCoordinate.codec(), opts);
    }
    NetworkCoordinate.stream = stream;
})(NetworkCoordinate || (NetworkCoordinate = {}));
export var Bandwidth;
(function (Bandwidth) {
    let _codec;
    Bandwidth.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.upKibPerSecond != null && obj.upKibPerSecond !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.upKibPerSecond);
                }
                if ((obj.downKibPerSecond != null && obj.downKibPerSecond !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.downKibPerSecond);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    upKibPerSecond: 0,
                    downKibPerSecond: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.upKibPerSecond = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.downKibPerSecond = reader.uint32();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.upKibPerSecond`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.downKibPerSecond`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Bandwidth.codec());
    }
    Bandwidth.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Bandwidth.codec(), opts);
    }
    Bandwidth.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Bandwidth.codec(), opts);
    }
    Bandwidth.stream = stream;
})(Bandwidth || (Bandwidth = {}));
export var ProbeRequest;
(function (ProbeRequest) {
    let _codec;
    ProbeRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.nonce);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    nonce: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.network = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.nonce = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.network`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.nonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, ProbeRequest.codec());
    }
    ProbeRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ProbeRequest.codec(), opts);
    }
    ProbeRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ProbeRequest.codec(), opts);
    }
    ProbeRequest.stream = stream;
})(ProbeRequest || (ProbeRequest = {}));
export var ProbeReply;
(function (ProbeReply) {
    let _codec;
    ProbeReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.nonce != null && obj.nonce.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.nonce);
                }
                if (obj.coordinate != null) {
                    w.uint32(18);
                    NetworkCoordinate.codec().encode(obj.coordinate, w);
                }
                if (obj.near != null && obj.near.length > 0) {
                    for (const value of obj.near) {
                        w.uint32(26);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    nonce: uint8ArrayAlloc(0),
                    near: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.nonce = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.coordinate = NetworkCoordinate.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.coordinate
                            });
                            break;
                        }
                        case 3: {
                            if (opts.limits?.near != null && obj.near.length === opts.limits.near) {
                                throw new MaxLengthError('Decode error - repeated field "near" had too many elements');
                            }
                            if (obj.near.length === 4) {
                                throw new MaxLengthError('Decode error - repeated field "near" had too many elements');
                            }
                            obj.near.push(reader.bytes());
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    near: 4
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.nonce`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield* NetworkCoordinate.codec().stream(reader, reader.uint32(), `${prefix}.coordinate`, {
                                limits: opts.limits?.coordinate
                            });
                            break;
                        }
                        case 3: {
                            if (opts.limits?.near != null && obj.near === opts.limits.near) {
                                throw new MaxLengthError('Streaming decode error - repeated field "near" had too many elements');
                            }
                            if (obj.near === 4) {
                                throw new MaxLengthError('Streaming decode error - repeated field "near" had too many elements');
                            }
                            yield {
                                field: `${prefix}.near[]`,
                                index: obj.near,
                                value: reader.bytes()
                            };
                            obj.near++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, ProbeReply.codec());
    }
    ProbeReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ProbeReply.codec(), opts);
    }
    ProbeReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ProbeReply.codec(), opts);
    }
    ProbeReply.stream = stream;
})(ProbeReply || (ProbeReply = {}));
export var Signed;
(function (Signed) {
    let _codec;
    Signed.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.signer != null && obj.signer.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.signer);
                }
                if ((obj.payload != null && obj.payload.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.payload);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.signature);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    signer: uint8ArrayAlloc(0),
                    payload: uint8ArrayAlloc(0),
                    signature: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.signer = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.payload = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.signer`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.payload`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, Signed.codec());
    }
    Signed.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Signed.codec(), opts);
    }
    Signed.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Signed.codec(), opts);
    }
    Signed.stream = stream;
})(Signed || (Signed = {}));
export var ReportsRequest;
(function (ReportsRequest) {
    let _codec;
    ReportsRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if (obj.peers != null && obj.peers.length > 0) {
                    for (const value of obj.peers) {
                        w.uint32(18);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    peers: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.network = reader.bytes();
                            break;
                        }
                        case 2: {
                            if (opts.limits?.peers != null && obj.peers.length === opts.limits.peers) {
                                throw new MaxLengthError('Decode error - repeated field "peers" had too many elements');
                            }
                            if (obj.peers.length === 64) {
                                throw new MaxLengthError('Decode error - repeated field "peers" had too many elements');
                            }
                            obj.peers.push(reader.bytes());
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    peers: 64
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.network`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            if (opts.limits?.peers != null && obj.peers === opts.limits.peers) {
                                throw new MaxLengthError('Streaming decode error - repeated field "peers" had too many elements');
                            }
                            if (obj.peers === 64) {
                                throw new MaxLengthError('Streaming decode error - repeated field "peers" had too many elements');
                            }
                            yield {
                                field: `${prefix}.peers[]`,
                                index: obj.peers,
                                value: reader.bytes()
                            };
                            obj.peers++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, ReportsRequest.codec());
    }
    ReportsRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ReportsRequest.codec(), opts);
    }
    ReportsRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ReportsRequest.codec(), opts);
    }
    ReportsRequest.stream = stream;
})(ReportsRequest || (ReportsRequest = {}));
export var ReportsReply;
(function (ReportsReply) {
    let _codec;
    ReportsReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.reports != null && obj.reports.length > 0) {
                    for (const value of obj.reports) {
                        w.uint32(10);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    reports: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.reports != null && obj.reports.length === opts.limits.reports) {
                                throw new MaxLengthError('Decode error - repeated field "reports" had too many elements');
                            }
                            if (obj.reports.length === 1024) {
                                throw new MaxLengthError('Decode error - repeated field "reports" had too many elements');
                            }
                            obj.reports.push(reader.bytes());
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const obj = {
                    reports: 1024
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.reports != null && obj.reports === opts.limits.reports) {
                                throw new MaxLengthError('Streaming decode error - repeated field "reports" had too many elements');
                            }
                            if (obj.reports === 1024) {
                                throw new MaxLengthError('Streaming decode error - repeated field "reports" had too many elements');
                            }
                            yield {
                                field: `${prefix}.reports[]`,
                                index: obj.reports,
                                value: reader.bytes()
                            };
                            obj.reports++;
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
            });
        }
        return _codec;
    };
    function encode(obj) {
        return encodeMessage(obj, ReportsReply.codec());
    }
    ReportsReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ReportsReply.codec(), opts);
    }
    ReportsReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ReportsReply.codec(), opts);
    }
    ReportsReply.stream = stream;
})(ReportsReply || (ReportsReply = {}));
