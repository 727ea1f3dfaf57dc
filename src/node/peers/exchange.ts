// peers/1: a joining peer asks the peers that it meets for their known reports, instead of waiting for the next interval.
import { peerIdFromString } from '@libp2p/peer-id'
import { FramedStream } from '../../../protocols/framing/index.ts'
import { ReportsReply, ReportsRequest } from '../../../protocols/generated/report.js'
import { decodePeerId } from '../../../protocols/signed.ts'
import { deadlineIn } from '../../clock/index.ts'
import { MAX_SIGNED_REPORT_BYTES } from './report.ts'
import type { PeerId, Stream } from '@libp2p/interface'
import type { Clock } from '../../clock/index.ts'
import type { Host } from '../host/host.ts'
import type { Logger } from '../logger.ts'

/** Peers whose reports one request may ask for. */
export const MAX_REPORTS_ASKED = 64
/** The network, and ids of at most 64 bytes. */
const MAX_REQUEST_BYTES = 128 + MAX_REPORTS_ASKED * 72
export const MAX_REPLY_BYTES = 1024 * 1024
const MAX_REPORTS = 1024
const DEADLINE_MS = 5_000
const STREAMS_PER_CONNECTION = 2

export interface ReportExchangeInit {
  readonly host: Host
  readonly protocol: string
  readonly networkId: Uint8Array
  /** Reports to hand out, encoded `Signed` messages; all, or those of the peers with these ids. */
  readonly reports: (of?: ReadonlySet<string>) => Uint8Array[]
  /** Takes an unchecked report, and checks it. */
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

  /**
   * Asks `peer` for the reports that it knows, or for those of the peers with the ids `of`, and takes them.
   *
   * @throws if it does not answer correctly in time
   */
  async ask(peer: PeerId, options: { signal: AbortSignal; of?: readonly string[] }): Promise<void> {
    const { host, protocol, networkId, take, clock } = this.#init
    using deadline = deadlineIn(clock, DEADLINE_MS, options.signal)
    const { signal } = deadline
    const stream = await host.dialProtocol(peer, protocol, { signal, runOnLimitedConnection: true })
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_REPLY_BYTES, clock, peer: peer.toString() })
    const wait = { timeoutMs: DEADLINE_MS, signal }
    try {
      const peers = (options.of ?? []).map((id) => Uint8Array.from(peerIdFromString(id).toMultihash().bytes))
      await framed.writeMessage(ReportsRequest, { network: Uint8Array.from(networkId), peers }, wait)
      const reply = await framed.readMessage(ReportsReply, wait)
      if (reply === undefined) throw new Error('the peer closed the stream without an answer')
      await framed.close(wait)
      for (const report of reply.reports) await take(report, peer)
    } catch (error) {
      framed.abort(error as Error)
      throw error
    } finally {
      framed.release()
    }
  }

  async #answer(stream: Stream): Promise<void> {
    const { networkId, reports, clock, logger } = this.#init
    using deadline = deadlineIn(clock, DEADLINE_MS)
    const { signal } = deadline
    const framed = new FramedStream(stream, { maxFrameBytes: MAX_REQUEST_BYTES, clock })
    const wait = { timeoutMs: DEADLINE_MS, signal }
    try {
      const request = await framed.readMessage(ReportsRequest, wait)
      if (request === undefined || !Buffer.from(request.network).equals(networkId))
        throw new Error('no request of this network')
      const ids = request.peers.flatMap((bytes) => decodePeerId(bytes)?.toString() ?? [])
      const of = request.peers.length === 0 ? undefined : new Set(ids)
      await framed.writeMessage(ReportsReply, { reports: fitting(reports(of)) }, wait)
      await framed.close(wait)
    } catch (error) {
      logger.debug('could not answer a request for reports', { error })
      framed.abort(error as Error)
    } finally {
      framed.release()
    }
  }
}

/** As many reports as fit one reply. */
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
