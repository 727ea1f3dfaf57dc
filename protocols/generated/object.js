import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime';
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc';
export var Status;
(function (Status) {
    Status["OK"] = "OK";
    Status["NOT_FOUND"] = "NOT_FOUND";
    Status["BUSY"] = "BUSY";
    Status["QUOTA"] = "QUOTA";
    Status["REFUSED"] = "REFUSED";
    Status["WRONG_NETWORK"] = "WRONG_NETWORK";
    Status["FAILED"] = "FAILED";
    Status["CORRUPT"] = "CORRUPT";
})(Status || (Status = {}));
var __StatusValues;
(function (__StatusValues) {
    __StatusValues[__StatusValues["OK"] = 0] = "OK";
    __StatusValues[__StatusValues["NOT_FOUND"] = 1] = "NOT_FOUND";
    __StatusValues[__StatusValues["BUSY"] = 2] = "BUSY";
    __StatusValues[__StatusValues["QUOTA"] = 3] = "QUOTA";
    __StatusValues[__StatusValues["REFUSED"] = 4] = "REFUSED";
    __StatusValues[__StatusValues["WRONG_NETWORK"] = 5] = "WRONG_NETWORK";
    __StatusValues[__StatusValues["FAILED"] = 6] = "FAILED";
    __StatusValues[__StatusValues["CORRUPT"] = 7] = "CORRUPT";
})(__StatusValues || (__StatusValues = {}));
(function (Status) {
    Status.codec = () => {
        return enumeration(__StatusValues);
    };
})(Status || (Status = {}));
export var PutFrame;
(function (PutFrame) {
    let _codec;
    PutFrame.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.abandon != null) {
                    obj.commit = undefined;
                    obj.block = undefined;
                    obj.open = undefined;
                }
                if (obj.commit != null) {
                    obj.abandon = undefined;
                    obj.block = undefined;
                    obj.open = undefined;
                }
                if (obj.block != null) {
                    obj.abandon = undefined;
                    obj.commit = undefined;
                    obj.open = undefined;
                }
                if (obj.open != null) {
                    obj.abandon = undefined;
                    obj.commit = undefined;
                    obj.block = undefined;
                }
                if (obj.open != null) {
                    w.uint32(10);
                    PutOpen.codec().encode(obj.open, w);
                }
                if (obj.block != null) {
                    w.uint32(18);
                    Block.codec().encode(obj.block, w);
                }
                if (obj.commit != null) {
                    w.uint32(26);
                    PutCommit.codec().encode(obj.commit, w);
                }
                if (obj.abandon != null) {
                    w.uint32(32);
                    w.bool(obj.abandon);
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
                            obj.open = PutOpen.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.open
                            });
                            break;
                        }
                        case 2: {
                            obj.block = Block.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.block
                            });
                            break;
                        }
                        case 3: {
                            obj.commit = PutCommit.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.commit
                            });
                            break;
                        }
                        case 4: {
                            obj.abandon = reader.bool();
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.abandon != null) {
                    delete obj.commit;
                    delete obj.block;
                    delete obj.open;
                }
                if (obj.commit != null) {
                    delete obj.abandon;
                    delete obj.block;
                    delete obj.open;
                }
                if (obj.block != null) {
                    delete obj.abandon;
                    delete obj.commit;
                    delete obj.open;
                }
                if (obj.open != null) {
                    delete obj.abandon;
                    delete obj.commit;
                    delete obj.block;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield* PutOpen.codec().stream(reader, reader.uint32(), `${prefix}.open`, {
                                limits: opts.limits?.open
                            });
                            break;
                        }
                        case 2: {
                            yield* Block.codec().stream(reader, reader.uint32(), `${prefix}.block`, {
                                limits: opts.limits?.block
                            });
                            break;
                        }
                        case 3: {
                            yield* PutCommit.codec().stream(reader, reader.uint32(), `${prefix}.commit`, {
                                limits: opts.limits?.commit
                            });
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.abandon`,
                                value: reader.bool()
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
        return encodeMessage(obj, PutFrame.codec());
    }
    PutFrame.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutFrame.codec(), opts);
    }
    PutFrame.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutFrame.codec(), opts);
    }
    PutFrame.stream = stream;
})(PutFrame || (PutFrame = {}));
export var PutOpen;
(function (PutOpen) {
    let _codec;
    PutOpen.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.seed != null && obj.seed.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.seed);
                }
                if ((obj.shard != null && obj.shard !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.shard);
                }
                if ((obj.expectedBytes != null && obj.expectedBytes !== 0)) {
                    w.uint32(24);
                    w.uint64Number(obj.expectedBytes);
                }
                if (obj.oneShot != null) {
                    w.uint32(32);
                    w.bool(obj.oneShot);
                }
                if (obj.copy != null) {
                    w.uint32(40);
                    w.bool(obj.copy);
                }
                if (obj.fill != null) {
                    w.uint32(48);
                    w.bool(obj.fill);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    seed: uint8ArrayAlloc(0),
                    shard: 0,
                    expectedBytes: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.seed = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.shard = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.expectedBytes = reader.uint64Number();
                            break;
                        }
                        case 4: {
                            obj.oneShot = reader.bool();
                            break;
                        }
                        case 5: {
                            obj.copy = reader.bool();
                            break;
                        }
                        case 6: {
                            obj.fill = reader.bool();
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
                                field: `${prefix}.seed`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.shard`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.expectedBytes`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.oneShot`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.copy`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.fill`,
                                value: reader.bool()
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
        return encodeMessage(obj, PutOpen.codec());
    }
    PutOpen.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutOpen.codec(), opts);
    }
    PutOpen.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutOpen.codec(), opts);
    }
    PutOpen.stream = stream;
})(PutOpen || (PutOpen = {}));
export var Block;
(function (Block) {
    let _codec;
    Block.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.index != null && obj.index !== 0)) {
                    w.uint32(8);
                    w.uint64Number(obj.index);
                }
                if ((obj.data != null && obj.data.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.data);
                }
                if ((obj.path != null && obj.path.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.path);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    index: 0,
                    data: uint8ArrayAlloc(0),
                    path: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.index = reader.uint64Number();
                            break;
                        }
                        case 2: {
                            obj.data = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.path = reader.bytes();
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
                                field: `${prefix}.index`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.data`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.path`,
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
        return encodeMessage(obj, Block.codec());
    }
    Block.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Block.codec(), opts);
    }
    Block.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Block.codec(), opts);
    }
    Block.stream = stream;
})(Block || (Block = {}));
export var PutCommit;
(function (PutCommit) {
    let _codec;
    PutCommit.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.manifest != null && obj.manifest.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.manifest);
                }
                if ((obj.lease != null && obj.lease.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.lease);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    manifest: uint8ArrayAlloc(0),
                    lease: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.manifest = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.lease = reader.bytes();
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
                                field: `${prefix}.manifest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.lease`,
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
        return encodeMessage(obj, PutCommit.codec());
    }
    PutCommit.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutCommit.codec(), opts);
    }
    PutCommit.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutCommit.codec(), opts);
    }
    PutCommit.stream = stream;
})(PutCommit || (PutCommit = {}));
export var PutReply;
(function (PutReply) {
    let _codec;
    PutReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.status != null && __StatusValues[obj.status] !== 0) {
                    w.uint32(8);
                    Status.codec().encode(obj.status, w);
                }
                if ((obj.message != null && obj.message !== '')) {
                    w.uint32(18);
                    w.string(obj.message);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if ((obj.blocksHeld != null && obj.blocksHeld !== 0)) {
                    w.uint32(32);
                    w.uint64Number(obj.blocksHeld);
                }
                if ((obj.heldDigest != null && obj.heldDigest.byteLength > 0)) {
                    w.uint32(42);
                    w.bytes(obj.heldDigest);
                }
                if ((obj.lease != null && obj.lease.byteLength > 0)) {
                    w.uint32(50);
                    w.bytes(obj.lease);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    status: Status.OK,
                    message: '',
                    retryAfterMs: 0,
                    blocksHeld: 0,
                    heldDigest: uint8ArrayAlloc(0),
                    lease: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.status = Status.codec().decode(reader);
                            break;
                        }
                        case 2: {
                            obj.message = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.blocksHeld = reader.uint64Number();
                            break;
                        }
                        case 5: {
                            obj.heldDigest = reader.bytes();
                            break;
                        }
                        case 6: {
                            obj.lease = reader.bytes();
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
                                field: `${prefix}.status`,
                                value: Status.codec().decode(reader)
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
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.blocksHeld`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.heldDigest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.lease`,
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
        return encodeMessage(obj, PutReply.codec());
    }
    PutReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutReply.codec(), opts);
    }
    PutReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutReply.codec(), opts);
    }
    PutReply.stream = stream;
})(PutReply || (PutReply = {}));
export var GetRequest;
(function (GetRequest) {
    let _codec;
    GetRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.cid != null && obj.cid.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.cid);
                }
                if ((obj.shard != null && obj.shard !== 0)) {
                    w.uint32(16);
                    w.uint32(obj.shard);
                }
                if ((obj.first != null && obj.first !== 0)) {
                    w.uint32(24);
                    w.uint64Number(obj.first);
                }
                if ((obj.count != null && obj.count !== 0)) {
                    w.uint32(32);
                    w.uint32(obj.count);
                }
                if ((obj.background != null && obj.background !== false)) {
                    w.uint32(40);
                    w.bool(obj.background);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    cid: uint8ArrayAlloc(0),
                    shard: 0,
                    first: 0,
                    count: 0,
                    background: false
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.cid = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.shard = reader.uint32();
                            break;
                        }
                        case 3: {
                            obj.first = reader.uint64Number();
                            break;
                        }
                        case 4: {
                            obj.count = reader.uint32();
                            break;
                        }
                        case 5: {
                            obj.background = reader.bool();
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
                                field: `${prefix}.cid`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.shard`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.first`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.count`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.background`,
                                value: reader.bool()
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
        return encodeMessage(obj, GetRequest.codec());
    }
    GetRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, GetRequest.codec(), opts);
    }
    GetRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, GetRequest.codec(), opts);
    }
    GetRequest.stream = stream;
})(GetRequest || (GetRequest = {}));
export var GetReply;
(function (GetReply) {
    let _codec;
    GetReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.status != null && __StatusValues[obj.status] !== 0) {
                    w.uint32(8);
                    Status.codec().encode(obj.status, w);
                }
                if ((obj.message != null && obj.message !== '')) {
                    w.uint32(18);
                    w.string(obj.message);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if (obj.block != null) {
                    w.uint32(34);
                    Block.codec().encode(obj.block, w);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    status: Status.OK,
                    message: '',
                    retryAfterMs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.status = Status.codec().decode(reader);
                            break;
                        }
                        case 2: {
                            obj.message = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.block = Block.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.block
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
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.status`,
                                value: Status.codec().decode(reader)
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
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield* Block.codec().stream(reader, reader.uint32(), `${prefix}.block`, {
                                limits: opts.limits?.block
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
        return encodeMessage(obj, GetReply.codec());
    }
    GetReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, GetReply.codec(), opts);
    }
    GetReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, GetReply.codec(), opts);
    }
    GetReply.stream = stream;
})(GetReply || (GetReply = {}));
export var ObjectRequest;
(function (ObjectRequest) {
    let _codec;
    ObjectRequest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                obj = { ...obj };
                if (obj.putManifests != null) {
                    obj.getLeases = undefined;
                    obj.getStatement = undefined;
                    obj.status = undefined;
                    obj.putLease = undefined;
                    obj.putManifest = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.getLeases != null) {
                    obj.putManifests = undefined;
                    obj.getStatement = undefined;
                    obj.status = undefined;
                    obj.putLease = undefined;
                    obj.putManifest = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.getStatement != null) {
                    obj.putManifests = undefined;
                    obj.getLeases = undefined;
                    obj.status = undefined;
                    obj.putLease = undefined;
                    obj.putManifest = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.status != null) {
                    obj.putManifests = undefined;
                    obj.getLeases = undefined;
                    obj.getStatement = undefined;
                    obj.putLease = undefined;
                    obj.putManifest = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.putLease != null) {
                    obj.putManifests = undefined;
                    obj.getLeases = undefined;
                    obj.getStatement = undefined;
                    obj.status = undefined;
                    obj.putManifest = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.putManifest != null) {
                    obj.putManifests = undefined;
                    obj.getLeases = undefined;
                    obj.getStatement = undefined;
                    obj.status = undefined;
                    obj.putLease = undefined;
                    obj.getManifest = undefined;
                }
                if (obj.getManifest != null) {
                    obj.putManifests = undefined;
                    obj.getLeases = undefined;
                    obj.getStatement = undefined;
                    obj.status = undefined;
                    obj.putLease = undefined;
                    obj.putManifest = undefined;
                }
                if (obj.getManifest != null) {
                    w.uint32(10);
                    w.bytes(obj.getManifest);
                }
                if (obj.putManifest != null) {
                    w.uint32(18);
                    PutManifest.codec().encode(obj.putManifest, w);
                }
                if (obj.putLease != null) {
                    w.uint32(26);
                    w.bytes(obj.putLease);
                }
                if (obj.status != null) {
                    w.uint32(42);
                    w.bytes(obj.status);
                }
                if (obj.getStatement != null) {
                    w.uint32(50);
                    w.bytes(obj.getStatement);
                }
                if (obj.getLeases != null) {
                    w.uint32(58);
                    w.bytes(obj.getLeases);
                }
                if (obj.putManifests != null) {
                    w.uint32(66);
                    PutManifests.codec().encode(obj.putManifests, w);
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
                            obj.getManifest = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.putManifest = PutManifest.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.putManifest
                            });
                            break;
                        }
                        case 3: {
                            obj.putLease = reader.bytes();
                            break;
                        }
                        case 5: {
                            obj.status = reader.bytes();
                            break;
                        }
                        case 6: {
                            obj.getStatement = reader.bytes();
                            break;
                        }
                        case 7: {
                            obj.getLeases = reader.bytes();
                            break;
                        }
                        case 8: {
                            obj.putManifests = PutManifests.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.putManifests
                            });
                            break;
                        }
                        default: {
                            reader.skipType(tag & 7);
                            break;
                        }
                    }
                }
                if (obj.putManifests != null) {
                    delete obj.getLeases;
                    delete obj.getStatement;
                    delete obj.status;
                    delete obj.putLease;
                    delete obj.putManifest;
                    delete obj.getManifest;
                }
                if (obj.getLeases != null) {
                    delete obj.putManifests;
                    delete obj.getStatement;
                    delete obj.status;
                    delete obj.putLease;
                    delete obj.putManifest;
                    delete obj.getManifest;
                }
                if (obj.getStatement != null) {
                    delete obj.putManifests;
                    delete obj.getLeases;
                    delete obj.status;
                    delete obj.putLease;
                    delete obj.putManifest;
                    delete obj.getManifest;
                }
                if (obj.status != null) {
                    delete obj.putManifests;
                    delete obj.getLeases;
                    delete obj.getStatement;
                    delete obj.putLease;
                    delete obj.putManifest;
                    delete obj.getManifest;
                }
                if (obj.putLease != null) {
                    delete obj.putManifests;
                    delete obj.getLeases;
                    delete obj.getStatement;
                    delete obj.status;
                    delete obj.putManifest;
                    delete obj.getManifest;
                }
                if (obj.putManifest != null) {
                    delete obj.putManifests;
                    delete obj.getLeases;
                    delete obj.getStatement;
                    delete obj.status;
                    delete obj.putLease;
                    delete obj.getManifest;
                }
                if (obj.getManifest != null) {
                    delete obj.putManifests;
                    delete obj.getLeases;
                    delete obj.getStatement;
                    delete obj.status;
                    delete obj.putLease;
                    delete obj.putManifest;
                }
                return obj;
            }, function* (reader, length, prefix, opts = {}) {
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.getManifest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield* PutManifest.codec().stream(reader, reader.uint32(), `${prefix}.putManifest`, {
                                limits: opts.limits?.putManifest
                            });
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.putLease`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.status`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.getStatement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.getLeases`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 8: {
                            yield* PutManifests.codec().stream(reader, reader.uint32(), `${prefix}.putManifests`, {
                                limits: opts.limits?.putManifests
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
        return encodeMessage(obj, ObjectRequest.codec());
    }
    ObjectRequest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ObjectRequest.codec(), opts);
    }
    ObjectRequest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ObjectRequest.codec(), opts);
    }
    ObjectRequest.stream = stream;
})(ObjectRequest || (ObjectRequest = {}));
export var PutManifest;
(function (PutManifest) {
    let _codec;
    PutManifest.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.manifest != null && obj.manifest.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.manifest);
                }
                if ((obj.lease != null && obj.lease.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.lease);
                }
                if ((obj.placement != null && obj.placement.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.placement);
                }
                if ((obj.quiet != null && obj.quiet !== false)) {
                    w.uint32(32);
                    w.bool(obj.quiet);
                }
                if (obj.statements != null && obj.statements.length > 0) {
                    for (const value of obj.statements) {
                        w.uint32(42);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    manifest: uint8ArrayAlloc(0),
                    lease: uint8ArrayAlloc(0),
                    placement: uint8ArrayAlloc(0),
                    quiet: false,
                    statements: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.manifest = reader.bytes();
                            break;
                        }
                        case 2: {
                            obj.lease = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.placement = reader.bytes();
                            break;
                        }
                        case 4: {
                            obj.quiet = reader.bool();
                            break;
                        }
                        case 5: {
                            if (opts.limits?.statements != null && obj.statements.length === opts.limits.statements) {
                                throw new MaxLengthError('Decode error - repeated field "statements" had too many elements');
                            }
                            if (obj.statements.length === 64) {
                                throw new MaxLengthError('Decode error - repeated field "statements" had too many elements');
                            }
                            obj.statements.push(reader.bytes());
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
                    statements: 64
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.manifest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 2: {
                            yield {
                                field: `${prefix}.lease`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.placement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.quiet`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 5: {
                            if (opts.limits?.statements != null && obj.statements === opts.limits.statements) {
                                throw new MaxLengthError('Streaming decode error - repeated field "statements" had too many elements');
                            }
                            if (obj.statements === 64) {
                                throw new MaxLengthError('Streaming decode error - repeated field "statements" had too many elements');
                            }
                            yield {
                                field: `${prefix}.statements[]`,
                                index: obj.statements,
                                value: reader.bytes()
                            };
                            obj.statements++;
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
        return encodeMessage(obj, PutManifest.codec());
    }
    PutManifest.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutManifest.codec(), opts);
    }
    PutManifest.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutManifest.codec(), opts);
    }
    PutManifest.stream = stream;
})(PutManifest || (PutManifest = {}));
export var PutManifests;
(function (PutManifests) {
    let _codec;
    PutManifests.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.objects != null && obj.objects.length > 0) {
                    for (const value of obj.objects) {
                        w.uint32(10);
                        PutManifest.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    objects: []
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.objects != null && obj.objects.length === opts.limits.objects) {
                                throw new MaxLengthError('Decode error - repeated field "objects" had too many elements');
                            }
                            if (obj.objects.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "objects" had too many elements');
                            }
                            obj.objects.push(PutManifest.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.objects$
                            }));
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
                    objects: 32
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            if (opts.limits?.objects != null && obj.objects === opts.limits.objects) {
                                throw new MaxLengthError('Streaming decode error - repeated field "objects" had too many elements');
                            }
                            if (obj.objects === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "objects" had too many elements');
                            }
                            for (const evt of PutManifest.codec().stream(reader, reader.uint32(), `${prefix}.objects[]`, {
                                limits: opts.limits?.objects$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.objects
                                };
                            }
                            obj.objects++;
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
        return encodeMessage(obj, PutManifests.codec());
    }
    PutManifests.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, PutManifests.codec(), opts);
    }
    PutManifests.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, PutManifests.codec(), opts);
    }
    PutManifests.stream = stream;
})(PutManifests || (PutManifests = {}));
export var ManifestReply;
(function (ManifestReply) {
    let _codec;
    ManifestReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.status != null && __StatusValues[obj.status] !== 0) {
                    w.uint32(8);
                    Status.codec().encode(obj.status, w);
                }
                if ((obj.message != null && obj.message !== '')) {
                    w.uint32(18);
                    w.string(obj.message);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if ((obj.lease != null && obj.lease.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.lease);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    status: Status.OK,
                    message: '',
                    retryAfterMs: 0,
                    lease: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.status = Status.codec().decode(reader);
                            break;
                        }
                        case 2: {
                            obj.message = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.lease = reader.bytes();
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
                                field: `${prefix}.status`,
                                value: Status.codec().decode(reader)
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
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.lease`,
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
        return encodeMessage(obj, ManifestReply.codec());
    }
    ManifestReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ManifestReply.codec(), opts);
    }
    ManifestReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ManifestReply.codec(), opts);
    }
    ManifestReply.stream = stream;
})(ManifestReply || (ManifestReply = {}));
export var ObjectReply;
(function (ObjectReply) {
    let _codec;
    ObjectReply.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if (obj.status != null && __StatusValues[obj.status] !== 0) {
                    w.uint32(8);
                    Status.codec().encode(obj.status, w);
                }
                if ((obj.message != null && obj.message !== '')) {
                    w.uint32(18);
                    w.string(obj.message);
                }
                if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
                    w.uint32(24);
                    w.uint32(obj.retryAfterMs);
                }
                if ((obj.manifest != null && obj.manifest.byteLength > 0)) {
                    w.uint32(34);
                    w.bytes(obj.manifest);
                }
                if ((obj.placement != null && obj.placement.byteLength > 0)) {
                    w.uint32(42);
                    w.bytes(obj.placement);
                }
                if (obj.shards != null && obj.shards.length > 0) {
                    for (const value of obj.shards) {
                        w.uint32(48);
                        w.uint32(value);
                    }
                }
                if (obj.leases != null && obj.leases.length > 0) {
                    for (const value of obj.leases) {
                        w.uint32(58);
                        w.bytes(value);
                    }
                }
                if (obj.badBlocks != null && obj.badBlocks.length > 0) {
                    for (const value of obj.badBlocks) {
                        w.uint32(64);
                        w.uint32(value);
                    }
                }
                if (obj.statements != null && obj.statements.length > 0) {
                    for (const value of obj.statements) {
                        w.uint32(74);
                        w.bytes(value);
                    }
                }
                if (obj.replies != null && obj.replies.length > 0) {
                    for (const value of obj.replies) {
                        w.uint32(90);
                        ManifestReply.codec().encode(value, w);
                    }
                }
                if ((obj.repairingMs != null && obj.repairingMs !== 0)) {
                    w.uint32(80);
                    w.uint32(obj.repairingMs);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    status: Status.OK,
                    message: '',
                    retryAfterMs: 0,
                    manifest: uint8ArrayAlloc(0),
                    placement: uint8ArrayAlloc(0),
                    shards: [],
                    leases: [],
                    badBlocks: [],
                    statements: [],
                    replies: [],
                    repairingMs: 0
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.status = Status.codec().decode(reader);
                            break;
                        }
                        case 2: {
                            obj.message = reader.string();
                            break;
                        }
                        case 3: {
                            obj.retryAfterMs = reader.uint32();
                            break;
                        }
                        case 4: {
                            obj.manifest = reader.bytes();
                            break;
                        }
                        case 5: {
                            obj.placement = reader.bytes();
                            break;
                        }
                        case 6: {
                            if (opts.limits?.shards != null && obj.shards.length === opts.limits.shards) {
                                throw new MaxLengthError('Decode error - repeated field "shards" had too many elements');
                            }
                            if (obj.shards.length === 256) {
                                throw new MaxLengthError('Decode error - repeated field "shards" had too many elements');
                            }
                            obj.shards.push(reader.uint32());
                            break;
                        }
                        case 7: {
                            if (opts.limits?.leases != null && obj.leases.length === opts.limits.leases) {
                                throw new MaxLengthError('Decode error - repeated field "leases" had too many elements');
                            }
                            if (obj.leases.length === 64) {
                                throw new MaxLengthError('Decode error - repeated field "leases" had too many elements');
                            }
                            obj.leases.push(reader.bytes());
                            break;
                        }
                        case 8: {
                            if (opts.limits?.badBlocks != null && obj.badBlocks.length === opts.limits.badBlocks) {
                                throw new MaxLengthError('Decode error - repeated field "badBlocks" had too many elements');
                            }
                            if (obj.badBlocks.length === 256) {
                                throw new MaxLengthError('Decode error - repeated field "badBlocks" had too many elements');
                            }
                            obj.badBlocks.push(reader.uint32());
                            break;
                        }
                        case 9: {
                            if (opts.limits?.statements != null && obj.statements.length === opts.limits.statements) {
                                throw new MaxLengthError('Decode error - repeated field "statements" had too many elements');
                            }
                            if (obj.statements.length === 64) {
                                throw new MaxLengthError('Decode error - repeated field "statements" had too many elements');
                            }
                            obj.statements.push(reader.bytes());
                            break;
                        }
                        case 11: {
                            if (opts.limits?.replies != null && obj.replies.length === opts.limits.replies) {
                                throw new MaxLengthError('Decode error - repeated field "replies" had too many elements');
                            }
                            if (obj.replies.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "replies" had too many elements');
                            }
                            obj.replies.push(ManifestReply.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.replies$
                            }));
                            break;
                        }
                        case 10: {
                            obj.repairingMs = reader.uint32();
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
                    shards: 256,
                    leases: 64,
                    badBlocks: 256,
                    statements: 64,
                    replies: 32
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            yield {
                                field: `${prefix}.status`,
                                value: Status.codec().decode(reader)
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
                            yield {
                                field: `${prefix}.retryAfterMs`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.manifest`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.placement`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 6: {
                            if (opts.limits?.shards != null && obj.shards === opts.limits.shards) {
                                throw new MaxLengthError('Streaming decode error - repeated field "shards" had too many elements');
                            }
                            if (obj.shards === 256) {
                                throw new MaxLengthError('Streaming decode error - repeated field "shards" had too many elements');
                            }
                            yield {
                                field: `${prefix}.shards[]`,
                                index: obj.shards,
                                value: reader.uint32()
                            };
                            obj.shards++;
                            break;
                        }
                        case 7: {
                            if (opts.limits?.leases != null && obj.leases === opts.limits.leases) {
                                throw new MaxLengthError('Streaming decode error - repeated field "leases" had too many elements');
                            }
                            if (obj.leases === 64) {
                                throw new MaxLengthError('Streaming decode error - repeated field "leases" had too many elements');
                            }
                            yield {
                                field: `${prefix}.leases[]`,
                                index: obj.leases,
                                value: reader.bytes()
                            };
                            obj.leases++;
                            break;
                        }
                        case 8: {
                            if (opts.limits?.badBlocks != null && obj.badBlocks === opts.limits.badBlocks) {
                                throw new MaxLengthError('Streaming decode error - repeated field "badBlocks" had too many elements');
                            }
                            if (obj.badBlocks === 256) {
                                throw new MaxLengthError('Streaming decode error - repeated field "badBlocks" had too many elements');
                            }
                            yield {
                                field: `${prefix}.badBlocks[]`,
                                index: obj.badBlocks,
                                value: reader.uint32()
                            };
                            obj.badBlocks++;
                            break;
                        }
                        case 9: {
                            if (opts.limits?.statements != null && obj.statements === opts.limits.statements) {
                                throw new MaxLengthError('Streaming decode error - repeated field "statements" had too many elements');
                            }
                            if (obj.statements === 64) {
                                throw new MaxLengthError('Streaming decode error - repeated field "statements" had too many elements');
                            }
                            yield {
                                field: `${prefix}.statements[]`,
                                index: obj.statements,
                                value: reader.bytes()
                            };
                            obj.statements++;
                            break;
                        }
                        case 11: {
                            if (opts.limits?.replies != null && obj.replies === opts.limits.replies) {
                                throw new MaxLengthError('Streaming decode error - repeated field "replies" had too many elements');
                            }
                            if (obj.replies === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "replies" had too many elements');
                            }
                            for (const evt of ManifestReply.codec().stream(reader, reader.uint32(), `${prefix}.replies[]`, {
                                limits: opts.limits?.replies$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.replies
                                };
                            }
                            obj.replies++;
                            break;
                        }
                        case 10: {
                            yield {
                                field: `${prefix}.repairingMs`,
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
        return encodeMessage(obj, ObjectReply.codec());
    }
    ObjectReply.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, ObjectReply.codec(), opts);
    }
    ObjectReply.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, ObjectReply.codec(), opts);
    }
    ObjectReply.stream = stream;
})(ObjectReply || (ObjectReply = {}));
export var Lease;
(function (Lease) {
    let _codec;
    Lease.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.cid != null && obj.cid.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.cid);
                }
                if ((obj.lessee != null && obj.lessee.byteLength > 0)) {
                    w.uint32(26);
                    w.bytes(obj.lessee);
                }
                if ((obj.sequence != null && obj.sequence !== 0n)) {
                    w.uint32(32);
                    w.uint64(obj.sequence);
                }
                if ((obj.expiresAtMs != null && obj.expiresAtMs !== 0)) {
                    w.uint32(40);
                    w.uint64Number(obj.expiresAtMs);
                }
                if ((obj.tombstone != null && obj.tombstone !== false)) {
                    w.uint32(48);
                    w.bool(obj.tombstone);
                }
                if ((obj.shards != null && obj.shards !== 0)) {
                    w.uint32(56);
                    w.uint32(obj.shards);
                }
                if (obj.roots != null && obj.roots.length > 0) {
                    for (const value of obj.roots) {
                        w.uint32(66);
                        w.bytes(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    cid: uint8ArrayAlloc(0),
                    lessee: uint8ArrayAlloc(0),
                    sequence: 0n,
                    expiresAtMs: 0,
                    tombstone: false,
                    shards: 0,
                    roots: []
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
                            obj.cid = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.lessee = reader.bytes();
                            break;
                        }
                        case 4: {
                            obj.sequence = reader.uint64();
                            break;
                        }
                        case 5: {
                            obj.expiresAtMs = reader.uint64Number();
                            break;
                        }
                        case 6: {
                            obj.tombstone = reader.bool();
                            break;
                        }
                        case 7: {
                            obj.shards = reader.uint32();
                            break;
                        }
                        case 8: {
                            if (opts.limits?.roots != null && obj.roots.length === opts.limits.roots) {
                                throw new MaxLengthError('Decode error - repeated field "roots" had too many elements');
                            }
                            if (obj.roots.length === 64) {
                                throw new MaxLengthError('Decode error - repeated field "roots" had too many elements');
                            }
                            obj.roots.push(reader.bytes());
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
                    roots: 64
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
                                field: `${prefix}.cid`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 3: {
                            yield {
                                field: `${prefix}.lessee`,
                                value: reader.bytes()
                            };
                            break;
                        }
                        case 4: {
                            yield {
                                field: `${prefix}.sequence`,
                                value: reader.uint64()
                            };
                            break;
                        }
                        case 5: {
                            yield {
                                field: `${prefix}.expiresAtMs`,
                                value: reader.uint64Number()
                            };
                            break;
                        }
                        case 6: {
                            yield {
                                field: `${prefix}.tombstone`,
                                value: reader.bool()
                            };
                            break;
                        }
                        case 7: {
                            yield {
                                field: `${prefix}.shards`,
                                value: reader.uint32()
                            };
                            break;
                        }
                        case 8: {
                            if (opts.limits?.roots != null && obj.roots === opts.limits.roots) {
                                throw new MaxLengthError('Streaming decode error - repeated field "roots" had too many elements');
                            }
                            if (obj.roots === 64) {
                                throw new MaxLengthError('Streaming decode error - repeated field "roots" had too many elements');
                            }
                            yield {
                                field: `${prefix}.roots[]`,
                                index: obj.roots,
                                value: reader.bytes()
                            };
                            obj.roots++;
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
        return encodeMessage(obj, Lease.codec());
    }
    Lease.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Lease.codec(), opts);
    }
    Lease.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Lease.codec(), opts);
    }
    Lease.stream = stream;
})(Lease || (Lease = {}));
export var Placement;
(function (Placement) {
    let _codec;
    Placement.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.cid != null && obj.cid.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.cid);
                }
                if ((obj.sequence != null && obj.sequence !== 0n)) {
                    w.uint32(24);
                    w.uint64(obj.sequence);
                }
                if (obj.holders != null && obj.holders.length > 0) {
                    for (const value of obj.holders) {
                        w.uint32(34);
                        Holder.codec().encode(value, w);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    cid: uint8ArrayAlloc(0),
                    sequence: 0n,
                    holders: []
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
                            obj.cid = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.sequence = reader.uint64();
                            break;
                        }
                        case 4: {
                            if (opts.limits?.holders != null && obj.holders.length === opts.limits.holders) {
                                throw new MaxLengthError('Decode error - repeated field "holders" had too many elements');
                            }
                            if (obj.holders.length === 512) {
                                throw new MaxLengthError('Decode error - repeated field "holders" had too many elements');
                            }
                            obj.holders.push(Holder.codec().decode(reader, reader.uint32(), {
                                limits: opts.limits?.holders$
                            }));
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
                    holders: 512
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
                                field: `${prefix}.cid`,
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
                            if (opts.limits?.holders != null && obj.holders === opts.limits.holders) {
                                throw new MaxLengthError('Streaming decode error - repeated field "holders" had too many elements');
                            }
                            if (obj.holders === 512) {
                                throw new MaxLengthError('Streaming decode error - repeated field "holders" had too many elements');
                            }
                            for (const evt of Holder.codec().stream(reader, reader.uint32(), `${prefix}.holders[]`, {
                                limits: opts.limits?.holders$
                            })) {
                                yield {
                                    ...evt,
                                    index: obj.holders
                                };
                            }
                            obj.holders++;
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
        return encodeMessage(obj, Placement.codec());
    }
    Placement.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Placement.codec(), opts);
    }
    Placement.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Placement.codec(), opts);
    }
    Placement.stream = stream;
})(Placement || (Placement = {}));
export var Holder;
(function (Holder) {
    let _codec;
    Holder.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.shard != null && obj.shard !== 0)) {
                    w.uint32(8);
                    w.uint32(obj.shard);
                }
                if ((obj.peer != null && obj.peer.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.peer);
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    shard: 0,
                    peer: uint8ArrayAlloc(0)
                };
                const end = length == null ? reader.len : reader.pos + length;
                while (reader.pos < end) {
                    const tag = reader.uint32();
                    switch (tag >>> 3) {
                        case 1: {
                            obj.shard = reader.uint32();
                            break;
                        }
                        case 2: {
                            obj.peer = reader.bytes();
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
                                field: `${prefix}.shard`,
                                value: reader.uint32()
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
        return encodeMessage(obj, Holder.codec());
    }
    Holder.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, Holder.codec(), opts);
    }
    Holder.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, Holder.codec(), opts);
    }
    Holder.stream = stream;
})(Holder || (Holder = {}));
export var HolderStatement;
(function (HolderStatement) {
    let _codec;
    HolderStatement.codec = () => {
        if (_codec == null) {
            _codec = message((obj, w, opts = {}) => {
                if (opts.lengthDelimited !== false) {
                    w.fork();
                }
                if ((obj.network != null && obj.network.byteLength > 0)) {
                    w.uint32(10);
                    w.bytes(obj.network);
                }
                if ((obj.cid != null && obj.cid.byteLength > 0)) {
                    w.uint32(18);
                    w.bytes(obj.cid);
                }
                if ((obj.sequence != null && obj.sequence !== 0n)) {
                    w.uint32(24);
                    w.uint64(obj.sequence);
                }
                if (obj.shards != null && obj.shards.length > 0) {
                    for (const value of obj.shards) {
                        w.uint32(32);
                        w.uint32(value);
                    }
                }
                if (opts.lengthDelimited !== false) {
                    w.ldelim();
                }
            }, (reader, length, opts = {}) => {
                const obj = {
                    network: uint8ArrayAlloc(0),
                    cid: uint8ArrayAlloc(0),
                    sequence: 0n,
                    shards: []
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
                            obj.cid = reader.bytes();
                            break;
                        }
                        case 3: {
                            obj.sequence = reader.uint64();
                            break;
                        }
                        case 4: {
                            if (opts.limits?.shards != null && obj.shards.length === opts.limits.shards) {
                                throw new MaxLengthError('Decode error - repeated field "shards" had too many elements');
                            }
                            if (obj.shards.length === 32) {
                                throw new MaxLengthError('Decode error - repeated field "shards" had too many elements');
                            }
                            obj.shards.push(reader.uint32());
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
                    shards: 32
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
                                field: `${prefix}.cid`,
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
                            if (opts.limits?.shards != null && obj.shards === opts.limits.shards) {
                                throw new MaxLengthError('Streaming decode error - repeated field "shards" had too many elements');
                            }
                            if (obj.shards === 32) {
                                throw new MaxLengthError('Streaming decode error - repeated field "shards" had too many elements');
                            }
                            yield {
                                field: `${prefix}.shards[]`,
                                index: obj.shards,
                                value: reader.uint32()
                            };
                            obj.shards++;
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
        return encodeMessage(obj, HolderStatement.codec());
    }
    HolderStatement.encode = encode;
    function decode(buf, opts) {
        return decodeMessage(buf, HolderStatement.codec(), opts);
    }
    HolderStatement.decode = decode;
    function stream(buf, opts) {
        return streamMessage(buf, HolderStatement.codec(), opts);
    }
    HolderStatement.stream = stream;
})(HolderStatement || (HolderStatement = {}));
