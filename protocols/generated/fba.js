import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var ScpEnvelope;
(function (ScpEnvelope) {
    let _codec;
    ScpEnvelope.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.statement != null && obj.statement.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.statement);
                }
                if ((obj.signature != null && obj.signature.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.signature);
                }
                if (obj.value != null) {
                    w.uint32(26);
                    w.bytes(obj.value);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    statement: uint8ArrayAlloc(0),
                    signature: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.statement = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.signature = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.value = reader.bytes();
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
                                field: `${prefix}.statement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.signature`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.value`,
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
        return encodeMessage(obj, ScpEnvelope.codec());
    }
    ScpEnvelope.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ScpEnvelope.codec(), opts);
    }
    ScpEnvelope.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ScpEnvelope.codec(), opts);
    }
    ScpEnvelope.stream = stream;
})(ScpEnvelope || (ScpEnvelope = {}));
export var ScpRequest;
(function (ScpRequest) {
    let _codec;
    ScpRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if (obj.fromSlot != null) {
                    w.uint32(16);
                    w.uint64(obj.fromSlot);
                }
                if (obj.quorumSetHashes != null && obj.quorumSetHashes.length > 0) {
                    for (const value of obj.quorumSetHashes) {
                        w.uint32(26);
                        w.bytes(value);
                    }
                }
                if (obj.payloadHashes != null && obj.payloadHashes.length > 0) {
                    for (const value of obj.payloadHashes) {
                        w.uint32(34);
                        w.bytes(value);
                    }
                }
                if (obj.proofOfSlot != null) {
                    w.uint32(40);
                    w.uint64(obj.proofOfSlot);
                }
                if (obj.mapHash != null) {
                    w.uint32(50);
                    w.bytes(obj.mapHash);
                }
                if (obj.knownMapHash != null) {
                    w.uint32(58);
                    w.bytes(obj.knownMapHash);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    quorumSetHashes: [],
                    payloadHashes: []
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
                            obj.fromSlot = reader.uint64();
                            break;
                        }
                        case 3: {
                            if (opts.limits?.quorumSetHashes != null && obj.quorumSetHashes.length === opts.limits.quorumSetHashes) {
                                throw new MaxLengthError('Decode error - repeated field "quorumSetHashes" had too many elements');
                            }
                            if (obj.quorumSetHashes.length === 8) {
                                throw new MaxLengthError('Decode error - repeated field "quorumSetHashes" had too many elements');
                            }
                            obj.quorumSetHashes.push(reader.bytes());
                            break;
                        }
                        case 4: {
                            if (opts.limits?.payloadHashes != null && obj.payloadHashes.length === opts.limits.payloadHashes) {
                                throw new MaxLengthError('Decode error - repeated field "payloadHashes" had too many elements');
                            }
                            if (obj.payloadHashes.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "payloadHashes" had too many elements');
                            }
                            obj.payloadHashes.push(reader.bytes());
                            break;
                        }
                        case 5: {
                            obj.proofOfSlot = reader.uint64();
                            break;
                        }
                        case 6: {
                            obj.mapHash = reader.bytes();
                            break;
                        }
                        case 7: {
                            obj.knownMapHash = reader.bytes();
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
                    quorumSetHashes: 8,
                    payloadHashes: 32
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
                                field: `${prefix}.fromSlot`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 3: {
                            if (opts.limits?.quorumSetHashes != null && obj.quorumSetHashes === opts.limits.quorumSetHashes) {
                                throw new MaxLengthError('Streaming decode error - repeated field "quorumSetHashes" had too many elements');
                            }
                            if (obj.quorumSetHashes === 8) {
                                throw new MaxLengthError('Streaming decode error - repeated field "quorumSetHashes" had too many elements');
                            }
                            yield {
                                field: `${prefix}.quorumSetHashes[]`,
                                index: obj.quorumSetHashes,
                                value: reader.bytes()
                            };
                            obj.quorumSetHashes++;
                            break;
                        }
                        case 4: {
                            if (opts.limits?.payloadHashes != null && obj.payloadHashes === opts.limits.payloadHashes) {
                                throw new MaxLengthError('Streaming decode error - repeated field "payloadHashes" had too many elements');
                            }
                            if (obj.payloadHashes === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "payloadHashes" had too many elements');
                            }
                            yield {
                                field: `${prefix}.payloadHashes[]`,
                                index: obj.payloadHashes,
                                value: reader.bytes()
                            };
                            obj.payloadHashes++;
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.proofOfSlot`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.mapHash`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.knownMapHash`,
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
        return encodeMessage(obj, ScpRequest.codec());
    }
    ScpRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ScpRequest.codec(), opts);
    }
    ScpRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ScpRequest.codec(), opts);
    }
    ScpRequest.stream = stream;
})(ScpRequest || (ScpRequest = {}));
export var ScpReply;
(function (ScpReply) {
    let _codec;
    ScpReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.currentSlot != null && obj.currentSlot !== 0n)) {
                    w.uint32(8);
                    w.uint64(obj.currentSlot);
                }
                if (obj.envelopes != null && obj.envelopes.length > 0) {
                    for (const value of obj.envelopes) {
                        w.uint32(18);
                        ScpEnvelope.codec().encode(value, w);
                    }
                }
                if (obj.quorumSets != null && obj.quorumSets.length > 0) {
                    for (const value of obj.quorumSets) {
                        w.uint32(26);
                        w.bytes(value);
                    }
                }
                if (obj.payloads != null && obj.payloads.length > 0) {
                    for (const value of obj.payloads) {
                        w.uint32(34);
                        w.bytes(value);
                    }
                }
                if (obj.mapDelta != null) {
                    w.uint32(42);
                    w.bytes(obj.mapDelta);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    currentSlot: 0n,
                    envelopes: [],
                    quorumSets: [],
                    payloads: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.currentSlot = reader.uint64();
                            break;
                        }
                        case 2: {
                            if (opts.limits?.envelopes != null && obj.envelopes.length === opts.limits.envelopes) {
                                throw new MaxLengthError('Decode error - repeated field "envelopes" had too many elements');
                            }
                            if (obj.envelopes.length === 4096) {
                                throw new MaxLengthError('Decode error - repeated field "envelopes" had too many elements');
                            }
                            obj.envelopes.push(ScpEnvelope.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.envelopes$
                            }));
                            break;
                        }
                        case 3: {
                            if (opts.limits?.quorumSets != null && obj.quorumSets.length === opts.limits.quorumSets) {
                                throw new MaxLengthError('Decode error - repeated field "quorumSets" had too many elements');
                            }
                            if (obj.quorumSets.length === 1024) {
                                throw new MaxLengthError('Decode error - repeated field "quorumSets" had too many elements');
                            }
                            obj.quorumSets.push(reader.bytes());
                            break;
                        }
                        case 4: {
                            if (opts.limits?.payloads != null && obj.payloads.length === opts.limits.payloads) {
                                throw new MaxLengthError('Decode error - repeated field "payloads" had too many elements');
                            }
                            if (obj.payloads.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "payloads" had too many elements');
                            }
                            obj.payloads.push(reader.bytes());
                            break;
                        }
                        case 5: {
                            obj.mapDelta = reader.bytes();
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
                    envelopes: 4096,
                    quorumSets: 1024,
                    payloads: 32
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.currentSlot`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 2: {
                            if (opts.limits?.envelopes != null && obj.envelopes === opts.limits.envelopes) {
                                throw new MaxLengthError('Streaming decode error - repeated field "envelopes" had too many elements');
                            }
                            if (obj.envelopes === 4096) {
                                throw new MaxLengthError('Streaming decode error - repeated field "envelopes" had too many elements');
                            }
                            for (const evt of ScpEnvelope.codec().stream(reader, reader.uint32(), `${prefix}.envelopes[]`, {
                                limits: opts.limits?.envelopes$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.envelopes
                                };
                            }
                            obj.envelopes++;
                            break;
                        }
                        case 3: {
                            if (opts.limits?.quorumSets != null && obj.quorumSets === opts.limits.quorumSets) {
                                throw new MaxLengthError('Streaming decode error - repeated field "quorumSets" had too many elements');
                            }
                            if (obj.quorumSets === 1024) {
                                throw new MaxLengthError('Streaming decode error - repeated field "quorumSets" had too many elements');
                            }
                            yield {
                                field: `${prefix}.quorumSets[]`,
                                index: obj.quorumSets,
                                value: reader.bytes()
                            };
                            obj.quorumSets++;
                            break;
                        }
                        case 4: {
                            if (opts.limits?.payloads != null && obj.payloads === opts.limits.payloads) {
                                throw new MaxLengthError('Streaming decode error - repeated field "payloads" had too many elements');
                            }
                            if (obj.payloads === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "payloads" had too many elements');
                            }
                            yield {
                                field: `${prefix}.payloads[]`,
                                index: obj.payloads,
                                value: reader.bytes()
                            };
                            obj.payloads++;
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.mapDelta`,
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
        return encodeMessage(obj, ScpReply.codec());
    }
    ScpReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ScpReply.codec(), opts);
    }
    ScpReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ScpReply.codec(), opts);
    }
    ScpReply.stream = stream;
})(ScpReply || (ScpReply = {}));
