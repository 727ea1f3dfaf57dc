import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { systemClock } from '../../../../src/clock/index.ts'
import { BulkChannel } from '../../../../src/node/bulk/index.ts'
import { createCertificate } from '../../../../src/node/bulk/certificate.ts'
import { alpnOf, tlsOptions } from '../../../../src/node/bulk/tls.ts'
import { silentLogger } from '../../../../src/node/index.ts'
import type { Ed25519PrivateKey, PeerId } from '@libp2p/interface'
import type { Socket } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { BulkChannelInit, Endpoint } from '../../../../src/node/bulk/index.ts'
import type { OwnCertificate } from '../../../../src/node/bulk/certificate.ts'

export const HOST = '127.0.0.1'
export const PREFIX = '/thhe/0123456789abcdef0123456789abcdef'
export const ECHO = `${PREFIX}/echo/1`

export interface TestChannel {
  readonly channel: BulkChannel
  readonly identity: Ed25519PrivateKey
  readonly peer: PeerId
}

/** Channels on loopback that know where each other is. */
export class TestChannels {
  readonly all: TestChannel[] = []

  async start(init: Partial<BulkChannelInit> = {}): Promise<TestChannel> {
    const identity = await generateKeyPair('Ed25519')
    const channel = new BulkChannel({
      identity,
      prefix: PREFIX,
      clock: systemClock,
      logger: silentLogger,
      listen: { hosts: [HOST], port: 0, orFree: false },
      maxConnections: 100,
      otherConnections: () => 0,
      endpoints: (peer) => this.endpointsOf(peer),
      admits: () => true,
      siteOf: (host) => host,
      ...init
    })
    await channel.start()
    const started = { channel, identity, peer: peerIdFromPrivateKey(identity) }
    this.all.push(started)
    return started
  }

  endpointsOf(peer: PeerId): Endpoint[] {
    const found = this.all.find((one) => one.peer.equals(peer))
    return found === undefined || found.channel.port === 0 ? [] : [{ host: HOST, port: found.channel.port }]
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map(async ({ channel }) => await channel.stop()))
  }
}

export const freshCertificate = async (): Promise<OwnCertificate> =>
  await createCertificate(await generateKeyPair('Ed25519'), Date.now())

/** A client that may break the rules. Never throws: 'close' tells how it ended. */
export const dialTls = (
  { channel }: TestChannel,
  certificate: Partial<OwnCertificate>,
  options: ConnectionOptions = {}
): TLSSocket => {
  const socket = connect({
    ...tlsOptions(certificate as OwnCertificate),
    host: HOST,
    port: channel.port,
    ALPNProtocols: [alpnOf(PREFIX)],
    rejectUnauthorized: false,
    ...options
  })
  socket.on('error', () => {})
  return socket
}

export const dialPlain = async ({ channel }: TestChannel): Promise<Socket> => {
  const socket = connectTcp(channel.port, HOST)
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Resolves when the socket has closed; what came before is discarded. */
export const closed = async (socket: Socket): Promise<void> => {
  socket.resume()
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
}
