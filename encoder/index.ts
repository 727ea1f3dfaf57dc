// The encoder: bytes and tensors to shards and back. Pure: no clock, no randomness, no I/O, nothing of src, fba or
// protocols; only backends/ may load WebAssembly, threads or a GPU, and nothing above it knows which.

export { EncoderError } from './errors.ts'
export type { EncoderErrorCode, EncoderErrorData } from './errors.ts'
export { MAX_BLOCK_BYTES, MAX_ROWS, checkShape } from './shape.ts'
export type { SegmentShape } from './shape.ts'
export { PlanCache, codeFamily, rs8 } from './plan.ts'
export type { CodeFamily, RowPlan } from './plan.ts'
export { RowCodec } from './codec.ts'
export type { ConsistencyReport } from './consistency.ts'
export { HASH_BYTES, MerkleRootBuilder, MerkleTree, leafHash, verifyAuditPath } from './merkle.ts'
export { BACKEND_NAMES } from './backends/backend.ts'
export type { Backend, BackendName, SyncBackend } from './backends/backend.ts'
export { createScalarBackend } from './backends/scalar.ts'
export { createWasmBackend } from './backends/wasm/index.ts'
export type { WasmBackend, WasmBackendInit } from './backends/wasm/index.ts'
export type { BackendEvent, FallbackEvent } from './backends/open.ts'
export { createSegmentCodec } from './backends/pool/codec.ts'
export type {
  CodecEvent,
  EncodeOptions,
  JobOptions,
  SegmentCodec,
  SegmentCodecInit,
  WorkerLostEvent
} from './backends/pool/codec.ts'
export type { EncodedSegment } from './backends/pool/messages.ts'
