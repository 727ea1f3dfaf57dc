// peers/1: a peer that joins asks those it meets for the reports they know, instead of waiting for the next round.
import { lpStream } from '@libp2p/utils'
import { ReportsReply, ReportsRequest } from '../../../protocols/generated/report.js'
import { deadlineIn } from '../../clock/index.ts'
import { MAX_SIGNED_REPORT_BYTES } from './report.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'

const MAX_REQUEST_BYTES = 128
export const MAX_REPLY_BYTES = 1024 * 1024
const MAX_REPORTS = 1024
const DEADLINE_MS = 5_000
const STREAMS_PER_CONNECTION = 2

export interface ReportExchangeInit {
  readonly host: Host
  readonly protocol: string
  readonly networkId: Uint8Array
  /** Reports to hand out, encoded `Signed` messages. */
  readonly reports: () => Uint8Array[]
  /** Takes a report as it came; judges it by itself. */
  readonly take: (signed: Uint8Array, from: PeerId) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

export class ReportExchange {
  readonly #init: ReportExchangeInit

  constructor(init: ReportExchangeInit) {
    this.#init = init
  }

  async start(): Promise<void> {
    const { host, protocol } = this.#init
    await host.handle(protocol, (stream) => this.#answer(stream), {
      maxInboundStreams: STREAMS_PER_CONNECTION,
      maxOutboundStreams: STREAMS_PER_CONNECTION,
      runOnLimitedConnection: true
    })
  }

  async stop(): Promise<void> {
    await this.#init.host.unhandle(this.#init.protocol)
  }

  /** Asks `peer` for the reports it knows and takes them. @throws when it does not answer in time or not properly */
  async ask(peer: PeerId, options: { signal: AbortSignal }): Promise<void> {
    const { host, protocol, networkId, take, clock } = this.#init
    using deadline = deadlineIn(clock, DEADLINE_MS, options.signal)
    const { signal } = deadline
    const stream = await host.dialProtocol(peer, protocol, { signal, runOnLimitedConnection: true })
    try {
      const messages = lpStream(stream, { maxDataLength: MAX_REPLY_BYTES })
      await messages.write(ReportsRequest.encode({ network: Uint8Array.from(networkId) }), { signal })
      const { reports } = ReportsReply.decode((await messages.read({ signal })).subarray())
      await stream.close({ signal })
      for (const report of reports) await take(report, peer)
    } catch (error) {
      stream.abort(error as Error)
      throw error
    }
  }

  async #answer(stream: Stream): Promise<void> {
    const { networkId, reports, clock, logger } = this.#init
    using deadline = deadlineIn(clock, DEADLINE_MS)
    const { signal } = deadline
    try {
      const messages = lpStream(stream, { maxDataLength: MAX_REQUEST_BYTES })
      const { network } = ReportsRequest.decode((await messages.read({ signal })).subarray())
      if (!Buffer.from(network).equals(networkId)) throw new Error('request of another network')
      await messages.write(ReportsReply.encode({ reports: fitting(reports()) }), { signal })
      await stream.close({ signal })
    } catch (error) {
      logger.debug('could not answer a request for reports', { error })
      stream.abort(error as Error)
    }
  }
}

/** As many as one reply may hold. */
const fitting = (reports: Uint8Array[]): Uint8Array<ArrayBuffer>[] => {
  const taken: Uint8Array<ArrayBuffer>[] = []
  let room = MAX_REPLY_BYTES - MAX_SIGNED_REPORT_BYTES
  for (const report of reports) {
    room -= report.byteLength + 8
    if (room < 0 || taken.length === MAX_REPORTS) break
    taken.push(Uint8Array.from(report))
  }
  return taken
}
