// A host that is no validator: it connects with every peer of a cluster, hears their statements and asks for them.
import { multiaddr } from '@multiformats/multiaddr'
import { systemClock } from '../../src/clock/index.ts'
import { Libp2pAgreementLink } from '../../src/node/agreement/link.ts'
import { silentLogger } from '../../src/node/index.ts'
import { networkId, protocolPrefix } from '../../src/node/network.ts'
import { startLabHost } from '../integration/node/support.ts'
import type { NetworkDescriptor } from '../../src/node/index.ts'
import type { Host } from '../../src/node/host/host.ts'
import type { Statements } from './statements.ts'

const DIAL_MS = 20_000
const ANSWER_MS = 10_000

export class Listener {
  readonly #host: Host
  readonly #link: Libp2pAgreementLink
  readonly #statements: Statements

  private constructor(host: Host, link: Libp2pAgreementLink, statements: Statements) {
    this.#host = host
    this.#link = link
    this.#statements = statements
  }

  static async start(descriptor: NetworkDescriptor, statements: Statements): Promise<Listener> {
    const prefix = protocolPrefix(descriptor)
    const { host, table } = await startLabHost({}, prefix)
    // Peers refuse a host without this protocol as one of another network.
    await host.handle(`${prefix}/peers/1`, (stream) => stream.abort(new Error('only listens')))
    const link = new Libp2pAgreementLink({
      host,
      hearing: { isHearing: true, hearers: () => [] },
      table,
      networkId: networkId(descriptor),
      prefix,
      clock: systemClock,
      logger: silentLogger
    })
    await link.start({
      receive: (envelope) => {
        statements.add(envelope)
        return 'accept'
      },
      answer: () => ({ currentSlot: 0, envelopes: [], quorumSets: [], payloads: [] })
    })
    return new Listener(host, link, statements)
  }

  async connect(addresses: readonly string[]): Promise<void> {
    await this.#host.dial(
      addresses.map((address) => multiaddr(address)),
      { signal: AbortSignal.timeout(DIAL_MS) }
    )
  }

  /** Asks a peer for the statements of all validators from `fromSlot` on. @returns the slot that it works on */
  async ask(peer: string, fromSlot: number): Promise<number> {
    const { envelopes, currentSlot } = await this.#link.ask(
      peer,
      { fromSlot },
      { signal: AbortSignal.timeout(ANSWER_MS) }
    )
    for (const envelope of envelopes) this.#statements.add(envelope)
    return currentSlot
  }

  async stop(): Promise<void> {
    await this.#link.stop()
    await this.#host.stop()
  }
}
