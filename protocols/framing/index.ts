// Length-prefixed messages over libp2p streams, the one framing of all protocols that are not libp2p's own.
// May not enter: what a message means, and who may send it.
export { ByteBudget, type BudgetShare, type ByteBudgetInit } from './byte-budget.ts'
export { FramingError, isFramingError, type FramingErrorCode, type FramingErrorData } from './errors.ts'
export {
  FramedStream,
  type DeadlineClock,
  type FramedStreamInit,
  type MessageCodec,
  type WaitOptions
} from './framed-stream.ts'
