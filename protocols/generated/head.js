import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var HeadStatus;
(function (HeadStatus) {
    HeadStatus["HEAD_OK"] = "HEAD_OK";
    HeadStatus["HEAD_BUSY"] = "HEAD_BUSY";
    HeadStatus["HEAD_FULL"] = "HEAD_FULL";
    HeadStatus["HEAD_REFUSED"] = "HEAD_REFUSED";
    HeadStatus["HEAD_FAILED"] = "HEAD_FAILED";
})(HeadStatus || (HeadStatus = {}));
var __HeadStatusValues;
(function (__HeadStatusValues) {
    __HeadStatusValues[__HeadStatusValues["HEAD_OK"] = 0] = "HEAD_OK";
    __HeadStatusValues[__HeadStatusValues["HEAD_BUSY"] = 1] = "HEAD_BUSY";
    __HeadStatusValues[__HeadStatusValues["HEAD_FULL"] = 2] = "HEAD_FULL";
    __HeadStatusValues[__HeadStatusValues["HEAD_REFUSED"] = 3] = "HEAD_REFUSED";
    __HeadStatusValues[__HeadStatusValues["HEAD_FAILED"] = 4] = "HEAD_FAILED";
})(__HeadStatusValues || (__HeadStatusValues = {}));
(function (HeadStatus) {
    HeadStatus.codec = () => {
        return enumeration(__HeadStatusValues);
    };
})(HeadStatus || (HeadStatus = {}));
export var HeadRequest;
(function (HeadRequest) {
    let _codec;
    HeadRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.put != null) {
                    obj.get = undefined;
                }
                if (obj.get != null) {
                    obj.put = undefined;
                }
                if (obj.get != null) {
                    w.uint32(10);
                    w.bytes(obj.get);
                }
                if (obj.put != null) {
                    w.uint32(18);
                    w.bytes(obj.put);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {};
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.get = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.put = reader.bytes();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.put != null) {
                    delete obj.get;
                }
                if (obj.get != null) {
                    delete obj.put;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.get`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.put`,
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
        return encodeMessage(obj, HeadRequest.codec());
    }
    HeadRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, HeadRequest.codec(), opts);
    }
    HeadRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, HeadRequest.codec(), opts);
    }
    HeadRequest.stream = stream;
})(HeadRequest || (HeadRequest = {}));
export var HeadReply;
(function (HeadReply) {
    let _codec;
    HeadReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.status != null && __HeadStatusValues[obj.status] !== 0) {
                    w.uint32(8);
                    HeadStatus.codec().encode(obj.status, w);
                }
                if ((obj.message != null && obj.message !== '')) {
                    w.uint32(18);
                    w.string(obj.message);
                }
                if (obj.heads != null && obj.heads.length > 0) {
                    for (const value of obj.heads) {
                        w.uint32(26);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    status: HeadStatus.HEAD_OK,
                    message: '',
                    heads: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.status = HeadStatus.codec().decode(reader);
                            break;
                        }
                        case 2: {
                            obj.message = reader.string();
                            break;
                        }
                        case 3: {
                            if (opts.limits?.heads != null && obj.heads.length === opts.limits.heads) {
                                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements');
                            }
                            if (obj.heads.length === 4) {
                                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements');
                            }
                            obj.heads.push(reader.bytes());
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
                    heads: 4
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.status`,
                                value: HeadStatus.codec().decode(reader)
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.message`,
                                value: reader.string()
                            };
                            break;
                        }
                        case 3: {
                            if (opts.limits?.heads != null && obj.heads === opts.limits.heads) {
                                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements');
                            }
                            if (obj.heads === 4) {
                                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements');
                            }
                            yield {
                                field: `${prefix}.heads[]`,
                                index: obj.heads,
                                value: reader.bytes()
                            };
                            obj.heads++;
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
        return encodeMessage(obj, HeadReply.codec());
    }
    HeadReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, HeadReply.codec(), opts);
    }
    HeadReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, HeadReply.codec(), opts);
    }
    HeadReply.stream = stream;
})(HeadReply || (HeadReply = {}));
export var Head;
(function (Head) {
    let _codec;
    Head.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.sequence != null && obj.sequence !== 0)) {
                    w.uint32(16);
                    w.uint64Number(obj.sequence);
                }
                if ((obj.expiresAtMs != null && obj.expiresAtMs !== 0)) {
                    w.uint32(24);
                    w.uint64Number(obj.expiresAtMs);
                }
                if ((obj.value != null && obj.value.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.value);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    sequence: 0,
                    expiresAtMs: 0,
                    value: uint8ArrayAlloc(0)
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
                            obj.sequence = reader.uint64Number();
                            break;
                        }
                        case 3: {
                            obj.expiresAtMs = reader.uint64Number();
                            break;
                        }
                        case 4: {
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
                                field: `${prefix}.network`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.sequence`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.expiresAtMs`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 4: {
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
        return encodeMessage(obj, Head.codec());
    }
    Head.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Head.codec(), opts);
    }
    Head.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Head.codec(), opts);
    }
    Head.stream = stream;
})(Head || (Head = {}));
export var KeptHeads;
(function (KeptHeads) {
    let _codec;
    KeptHeads.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.heads != null && obj.heads.length > 0) {
                    for (const value of obj.heads) {
                        w.uint32(10);
                        w.bytes(value);
                    }
                }
                if ((obj.broughtBy != null && obj.broughtBy !== '')) {
                    w.uint32(18);
                    w.string(obj.broughtBy);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    heads: [],
                    broughtBy: ''
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.heads != null && obj.heads.length === opts.limits.heads) {
                                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements');
                            }
                            if (obj.heads.length === 4) {
                                throw new MaxLengthError('Decode error - repeated field "heads" had too many elements');
                            }
                            obj.heads.push(reader.bytes());
                            break;
                        }
                        case 2: {
                            obj.broughtBy = reader.string();
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
                    heads: 4
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.heads != null && obj.heads === opts.limits.heads) {
                                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements');
                            }
                            if (obj.heads === 4) {
                                throw new MaxLengthError('Streaming decode error - repeated field "heads" had too many elements');
                            }
                            yield {
                                field: `${prefix}.heads[]`,
                                index: obj.heads,
                                value: reader.bytes()
                            };
                            obj.heads++;
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.broughtBy`,
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
        return encodeMessage(obj, KeptHeads.codec());
    }
    KeptHeads.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, KeptHeads.codec(), opts);
    }
    KeptHeads.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, KeptHeads.codec(), opts);
    }
    KeptHeads.stream = stream;
})(KeptHeads || (KeptHeads = {}));
