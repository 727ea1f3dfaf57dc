// The yardstick of `npm run bench`: one libp2p stream (TCP, noise, yamux) between two processes, 64 KiB writes
// from memory, nothing else. Run as a child it is the receiver, or the sender that has one.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from 'libp2p'
// alone: the rest of a node would make the collector's work in these processes harder than libp2p does
import { tuneHeap } from '../src/node/heap.ts'

const PROTOCOL = '/bench/sink/1'
const WRITE_BYTES = 65_536
const WARM_UP_BYTES = 64 * 2 ** 20

export interface RawStreamInit {
  readonly totalBytes: number
  /** Whether both processes have the heap limits of a node; else they are as libp2p finds them. */
  readonly tuned: boolean
}

const host = async (listen: string[]): Promise<Libp2p> =>
  createLibp2p({
    addresses: { listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()]
  })

const start = (role: string, init: RawStreamInit): ChildProcess =>
  fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, BENCH_ROLE: role, BENCH_INIT: JSON.stringify(init) }
  })

/** Takes in whatever comes and reports to the parent when the sender has closed its end. */
const receive = async (): Promise<void> => {
  const receiver = await host(['/ip4/127.0.0.1/tcp/0'])
  await receiver.handle(PROTOCOL, async (stream) => {
    let bytes = 0
    for await (const chunk of stream) bytes += chunk.byteLength
    process.send?.({ bytes })
    await stream.close()
  })
  process.send?.({ address: receiver.getMultiaddrs()[0].toString() })
}

const send = async (init: RawStreamInit): Promise<void> => {
  const child = start('receiver', init)
  const sender = await host([])
  try {
    const [{ address }] = (await once(child, 'message')) as [{ address: string }]
    const connection = await sender.dial(multiaddr(address))
    const block = new Uint8Array(WRITE_BYTES).fill(7)
    const transfer = async (bytes: number): Promise<number> => {
      const stream = await connection.newStream(PROTOCOL)
      const started = performance.now()
      const done = once(child, 'message') as Promise<[{ bytes: number }]>
      for (let sent = 0; sent < bytes; sent += WRITE_BYTES) {
        if (!stream.send(block)) await stream.onDrain()
      }
      await stream.close()
      const [report] = await done
      if (report.bytes !== bytes) throw new Error(`sent ${bytes}, received ${report.bytes}`)
      return bytes / ((performance.now() - started) / 1000)
    }
    await transfer(WARM_UP_BYTES) // compilers warm, window grown
    const bytesPerSecond = await transfer(Math.ceil(init.totalBytes / WRITE_BYTES) * WRITE_BYTES)
    process.send?.({ bytesPerSecond })
  } finally {
    await sender.stop()
    child.kill()
  }
}

/** Bytes per second of one stream that carries `totalBytes`, from the first write to the receiver's word. */
export const measureRawStream = async (init: RawStreamInit): Promise<number> => {
  const child = start('sender', init)
  const [{ bytesPerSecond }] = (await once(child, 'message')) as [{ bytesPerSecond: number }]
  child.disconnect()
  await once(child, 'exit')
  return bytesPerSecond
}

const { BENCH_ROLE, BENCH_INIT } = process.env
if (BENCH_ROLE !== undefined && BENCH_INIT !== undefined) {
  const init = JSON.parse(BENCH_INIT) as RawStreamInit
  if (init.tuned) tuneHeap()
  await (BENCH_ROLE === 'sender' ? send(init) : receive())
}
