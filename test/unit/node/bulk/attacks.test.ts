import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { expect } from 'chai'
import fc from 'fast-check'
import { encodeCertificate, signedKey, signedKeyExtension } from '../../../../src/node/bulk/certificate.ts'
import { HANDSHAKE_DEADLINE_MS } from '../../../../src/node/bulk/dial.ts'
import { MAX_HANDSHAKES_PER_SITE } from '../../../../src/node/bulk/listener.ts'
import { MAX_CONNECTIONS_PER_PEER } from '../../../../src/node/bulk/pool.ts'
import { MAX_DATA_BYTES, RECORD, recordHead } from '../../../../src/node/bulk/records.ts'
import { eventually } from '../../../support/eventually.ts'
import { VirtualTime } from '../../../support/virtual-clock.ts'
import { closed, dialPlain, dialTls, ECHO, freshCertificate, TestChannels } from './support.ts'
import type { TLSSocket } from 'node:tls'
import type { CertificateForm, OwnCertificate } from '../../../../src/node/bulk/certificate.ts'
import type { TestChannel } from './support.ts'

const DAY_MS = 86_400_000
const OPEN = Buffer.concat([recordHead(RECORD.open, ECHO.length), Buffer.from(ECHO)])

describe('the listener of the bulk channel, attacked', () => {
  let channels: TestChannels
  let holder: TestChannel
  beforeEach(async () => {
    channels = new TestChannels()
    holder = await channels.start()
  })
  afterEach(async () => {
    await channels.stop()
  })

  /** Every attack ends like this: the attacker is cut off, nothing is left of it, and others are served. */
  const expectRefused = async (socket: TLSSocket, refused: Record<string, number>): Promise<void> => {
    await closed(socket)
    await eventually('the refusal to be counted', () => Object.keys(holder.channel.counts.refused).length > 0)
    expect(holder.channel.counts.refused).to.deep.equal(refused)
    expect(holder.channel.size).to.equal(0)
    await expectServes()
  }
  const expectServes = async (): Promise<void> => {
    holder.channel.handle(ECHO, async (stream) => stream.close())
    const client = await channels.start()
    const stream = await client.channel.open(holder.peer, ECHO, { signal: new AbortController().signal })
    expect(stream).not.to.equal(undefined)
    await stream!.close()
  }
  const flawed = async (form: Partial<CertificateForm>): Promise<OwnCertificate> => {
    const keys = generateKeyPairSync('ed25519')
    const identity = await generateKeyPair('Ed25519')
    const cert = encodeCertificate({
      ...keys,
      notBefore: new Date(Date.now() - 2 * DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      extensions: [signedKeyExtension(await signedKey(identity, keys.publicKey))],
      ...form
    })
    return { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
  }

  it('refuses a peer of another network', async () => {
    const ALPNProtocols = ['thhe/ffffffffffffffffffffffffffffffff/bulk/1']
    await expectRefused(dialTls(holder, await freshCertificate(), { ALPNProtocols }), { BROKEN: 1 })
  })

  it('refuses a client that names no protocol', async () => {
    await expectRefused(dialTls(holder, await freshCertificate(), { ALPNProtocols: undefined }), {
      PROTOCOL: 1
    })
  })

  it('refuses a client without a certificate', async () => {
    await expectRefused(dialTls(holder, {}), { BAD_CERTIFICATE: 1 })
  })

  it('refuses a certificate without the signed key', async () => {
    await expectRefused(dialTls(holder, await flawed({ extensions: [] })), { NO_SIGNED_KEY: 1 })
  })

  it('refuses a certificate whose signed key is nonsense', async () => {
    const extensions = [signedKeyExtension(Buffer.alloc(64, 0xff))]
    await expectRefused(dialTls(holder, await flawed({ extensions })), { BAD_CERTIFICATE: 1 })
  })

  it('refuses an expired certificate', async () => {
    await expectRefused(dialTls(holder, await flawed({ notAfter: new Date(Date.now() - DAY_MS) })), {
      EXPIRED: 1
    })
  })

  it("refuses a certificate with another peer's signed key", async () => {
    const victim = await generateKeyPair('Ed25519')
    const { publicKey } = generateKeyPairSync('ed25519')
    const extensions = [signedKeyExtension(await signedKey(victim, publicKey))]
    await expectRefused(dialTls(holder, await flawed({ extensions })), { BAD_SIGNATURE: 1 })
  })

  it('refuses other versions of TLS', async () => {
    const socket = dialTls(holder, await freshCertificate(), {
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: 'DEFAULT'
    })
    await expectRefused(socket, { BROKEN: 1 })
  })

  it('refuses a peer that is not admitted', async () => {
    const strict = await channels.start({ admits: () => false })
    const client = await channels.start()
    expect(await client.channel.open(strict.peer, ECHO, { signal: new AbortController().signal })).to.equal(
      undefined
    )
    expect(strict.channel.counts.refused).to.deep.equal({ NOT_ADMITTED: 1 })
    expect(strict.channel.size).to.equal(0)
  })

  it('never resumes a session', async () => {
    const certificate = await freshCertificate()
    const first = dialTls(holder, certificate)
    const sessions: Buffer[] = []
    first.on('session', (session) => sessions.push(session))
    await once(first, 'data') // READY comes after what OpenSSL sends of sessions
    first.destroy()
    const second = dialTls(holder, certificate, { session: sessions[0] })
    await once(second, 'secureConnect')
    expect(second.isSessionReused()).to.equal(false)
    second.destroy()
  })

  it('cuts off a handshake that takes too long', async () => {
    const clock = new VirtualTime(Date.now())
    const slow = await channels.start({ clock })
    const socket = await dialPlain(slow)
    socket.write(Buffer.from('160301', 'hex')) // the first bytes of a ClientHello
    await eventually('the holder to see the socket', () => clock.waiting > 0)
    await clock.advance(HANDSHAKE_DEADLINE_MS)
    await closed(socket)
    expect(slow.channel.counts.refused).to.deep.equal({ TIMEOUT: 1 })
  })

  it('bounds the handshakes from one address', async () => {
    const many = await Promise.all(
      Array.from({ length: MAX_HANDSHAKES_PER_SITE + 3 }, async () => await dialPlain(holder))
    )
    await eventually('the surplus to be refused', () => holder.channel.counts.refused.CROWDED === 3)
    for (const socket of many) socket.destroy()
    await eventually('room again', () => holder.channel.handshakes === 0)
    await expectServes()
  })

  it('bounds the connections of one peer', async () => {
    const certificate = await freshCertificate()
    let begun = 0
    holder.channel.handle(ECHO, async () => void begun++)
    const connect = async (): Promise<TLSSocket> => {
      const socket = dialTls(holder, certificate)
      await Promise.race([once(socket, 'data'), closed(socket)])
      return socket
    }
    const sockets: TLSSocket[] = []
    for (let i = 0; i < MAX_CONNECTIONS_PER_PEER; i++) sockets.push(await connect())
    for (const socket of sockets) socket.write(OPEN)
    await eventually('all of them to be busy', () => begun === MAX_CONNECTIONS_PER_PEER)
    const surplus = await connect()
    await closed(surplus)
    expect(holder.channel.counts.refused).to.deep.equal({ NOT_ADMITTED: 1 })
    expect(holder.channel.size).to.equal(MAX_CONNECTIONS_PER_PEER)
    for (const socket of sockets) socket.destroy()
  })

  it('survives noise in place of a handshake', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 2000 }),
        fc.boolean(),
        async (noise, asTls) => {
          const socket = await dialPlain(holder)
          if (asTls) socket.write(Buffer.from('1603010200', 'hex'))
          socket.end(noise)
          await closed(socket)
        }
      ),
      { numRuns: 50 }
    )
    await eventually('the sockets to be gone', () => holder.channel.handshakes === 0)
    await expectServes()
  })

  it('survives noise in place of records', async () => {
    const certificate = await freshCertificate()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 4, maxLength: 200 }), async (noise) => {
        const socket = dialTls(holder, certificate)
        await once(socket, 'data')
        socket.end(noise)
        await closed(socket)
      }),
      { numRuns: 25 }
    )
    await eventually('the connections to be gone', () => holder.channel.size === 0)
    await expectServes()
  })

  it('cuts off a peer whose records break the rules', async () => {
    const certificate = await freshCertificate()
    const end = recordHead(RECORD.end, 0)
    const cases: Array<[what: string, bytes: Buffer]> = [
      ['data before a conversation', Buffer.concat([recordHead(RECORD.data, 1), Buffer.from([1])])],
      ['an end before a conversation', end],
      ['READY from the dialler', recordHead(RECORD.ready, 0)],
      ['a conversation within a conversation', Buffer.concat([OPEN, OPEN])],
      ['two ends', Buffer.concat([OPEN, end, end])],
      ['data after the end', Buffer.concat([OPEN, end, recordHead(RECORD.data, 1), Buffer.from([1])])],
      ['an end with bytes', Buffer.concat([OPEN, recordHead(RECORD.end, 1), Buffer.from([1])])],
      ['data without bytes', Buffer.concat([OPEN, recordHead(RECORD.data, 0)])],
      ['too much data', Buffer.concat([OPEN, recordHead(RECORD.data, MAX_DATA_BYTES + 1)])],
      ['a protocol id that is too long', recordHead(RECORD.open, 129)],
      ['an unknown type', recordHead(9 as never, 0)]
    ]
    holder.channel.handle(ECHO, async () => {})
    for (const [what, bytes] of cases) {
      const socket = dialTls(holder, certificate)
      await once(socket, 'data')
      socket.write(bytes)
      await closed(socket)
      await eventually(`${what} to cost the connection`, () => holder.channel.size === 0)
    }
  })
})
