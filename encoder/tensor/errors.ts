/** What a TensorError is about. */
export type TensorErrorCode =
  /** A file is not what its name or its first bytes promise. */
  | 'BAD_FILE'
  /** A file or tensor of a kind that is not taken: the message says which, and what to do instead. */
  | 'UNSUPPORTED'
  /** Shape, element type and bytes do not belong together. */
  | 'BAD_TENSOR'
  /** More bytes than MAX_TENSOR_BYTES. */
  | 'TOO_LARGE'
  /** Layers or parameters that no encoder wrote. */
  | 'CORRUPT'
  /** n, k, lengths or fidelities between which no priorities can be chosen. */
  | 'BAD_PRIORITIES'

/** Every refusal of this room: a code, a sentence and the figures it is about. */
export class TensorError extends Error {
  override readonly name = 'TensorError'
  readonly code: TensorErrorCode
  readonly data: Readonly<Record<string, number | string>>

  constructor(code: TensorErrorCode, message: string, data: Readonly<Record<string, number | string>> = {}) {
    super(message)
    this.code = code
    this.data = data
  }
}
