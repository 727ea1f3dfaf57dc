// A yardstick of `npm run bench`: one TLS 1.3 socket of node:tls between two processes, 256 KiB writes from memory, nothing
// else. Run as a child it is the receiver, or the sender that has one.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { createCertificate } from '../src/node/bulk/certificate.ts'
import { tlsOptions } from '../src/node/bulk/tls.ts'
import { tuneHeap } from '../src/node/heap.ts'

const HOST = '127.0.0.1'
const WRITE_BYTES = 262_144
const WARM_UP_BYTES = 64 * 2 ** 20

const start = (role: string, totalBytes: number): ChildProcess =>
  fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_TLS_ROLE: role, BENCH_TLS_BYTES: String(totalBytes) }
  })

const options = async (): Promise<ReturnType<typeof tlsOptions>> =>
  tlsOptions(await createCertificate(await generateKeyPair('Ed25519'), Date.now()))

/** Takes in whatever comes and answers with the number of bytes when the sender has closed its end. */
const receive = async (): Promise<void> => {
  const server = createServer({ ...(await options()), allowHalfOpen: true }, (socket) => {
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.byteLength
    })
    socket.on('end', () => socket.end(String(bytes)))
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  process.send?.({ port: (server.address() as AddressInfo).port })
}

const send = async (totalBytes: number): Promise<void> => {
  const child = start('receiver', totalBytes)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  const block = new Uint8Array(WRITE_BYTES).fill(7)
  const common = await options()
  const transfer = async (bytes: number): Promise<number> => {
    const socket = connect({ ...common, host: HOST, port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const started = performance.now()
    for (let sent = 0; sent < bytes; sent += WRITE_BYTES) {
      if (!socket.write(block)) await once(socket, 'drain')
    }
    socket.end()
    const [answer] = (await once(socket, 'data')) as [Buffer]
    if (Number(answer) !== bytes) throw new Error(`sent ${bytes}, received ${answer}`)
    return bytes / ((performance.now() - started) / 1000)
  }
  await transfer(WARM_UP_BYTES)
  process.send?.({ bytesPerSecond: await transfer(Math.ceil(totalBytes / WRITE_BYTES) * WRITE_BYTES) })
  child.kill()
}

/** Bytes per second of one TLS connection that carries `totalBytes`, from the first write to the receiver's word. */
export const measureRawTls = async (totalBytes: number): Promise<number> => {
  const child = start('sender', totalBytes)
  const [{ bytesPerSecond }] = (await once(child, 'message')) as [{ bytesPerSecond: number }]
  child.disconnect()
  await once(child, 'exit')
  return bytesPerSecond
}

const { BENCH_TLS_ROLE, BENCH_TLS_BYTES } = process.env
if (BENCH_TLS_ROLE !== undefined && BENCH_TLS_BYTES !== undefined) {
  tuneHeap()
  await (BENCH_TLS_ROLE === 'sender' ? send(Number(BENCH_TLS_BYTES)) : receive())
}
