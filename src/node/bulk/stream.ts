import { AbstractStream } from '@libp2p/utils'
import type { Logger, MessageStreamDirection } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'

/** What a stream needs of its connection. Calls have no effect once the conversation is over. */
export interface StreamCarrier {
  /** @returns whether more may be sent now */
  send: (data: Uint8ArrayList) => boolean
  /** Sends no more in this conversation. */
  end: () => void
  pause: () => void
  resume: () => void
  /** Breaks the connection. */
  destroy: (error: Error) => void
}

export interface BulkStreamInit {
  readonly id: string
  readonly protocol: string
  readonly direction: MessageStreamDirection
}

/** libp2p's streams log every call; the node logs what matters. */
const SILENT: Logger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: () => SILENT
})

/** One conversation on a bulk connection, as libp2p's own stream class shows it. */
export class BulkStream extends AbstractStream {
  readonly #carrier: StreamCarrier

  constructor(carrier: StreamCarrier, init: BulkStreamInit) {
    super({ ...init, log: SILENT })
    this.#carrier = carrier
  }

  override sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean } {
    const sentBytes = data.byteLength
    return { sentBytes, canSendMore: this.#carrier.send(data) }
  }

  override sendReset(error: Error): void {
    this.#carrier.destroy(error)
  }

  override async sendCloseWrite(): Promise<void> {
    this.#carrier.end()
  }

  /** The other end cannot be told; what still comes is discarded. */
  override async sendCloseRead(): Promise<void> {}

  override sendPause(): void {
    this.#carrier.pause()
  }

  override sendResume(): void {
    this.#carrier.resume()
  }
}
