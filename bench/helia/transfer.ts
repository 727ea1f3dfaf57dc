// One file between two Helia peers over bitswap (TCP, noise, yamux), disk to disk, in two processes.
// Run by ../mesh.ts after `npm ci` in this folder: transfer.ts FILE prints one line of JSON.
import { fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { FsBlockstore } from 'blockstore-fs'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'

const start = async (folder: string, listen: string[]) => {
  const blockstore = new FsBlockstore(folder)
  await blockstore.open()
  const helia = withBitswap(
    withLibp2pLight(createHeliaLight({ blockstore }), {
      addresses: { listen },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: { identify: identify() }
    })
  )
  await helia.start()
  return helia
}

const provide = async (file: string): Promise<void> => {
  const folder = await mkdtemp(join(tmpdir(), 'thhe-bench-helia-'))
  const helia = await start(folder, ['/ip4/127.0.0.1/tcp/0'])
  const started = performance.now()
  const cid = await unixfs(helia).addByteStream(createReadStream(file, { highWaterMark: 1024 * 1024 }))
  const addMs = performance.now() - started
  process.send?.({ cid: cid.toString(), address: helia.libp2p.getMultiaddrs()[0].toString(), addMs })
  await once(process, 'message')
  await helia.stop()
  await rm(folder, { recursive: true })
  process.disconnect?.()
}

const fetchFile = async (file: string): Promise<void> => {
  const child = fork(fileURLToPath(import.meta.url), [file], {
    env: { ...process.env, BENCH_ROLE: 'provider' }
  })
  const folder = await mkdtemp(join(tmpdir(), 'thhe-bench-helia-'))
  const [provider] = (await once(child, 'message')) as [{ cid: string; address: string; addMs: number }]
  const helia = await start(folder, [])
  await helia.libp2p.dial(multiaddr(provider.address))
  const { size } = await stat(file)

  const digest = createHash('sha256')
  const output = await open(join(folder, 'out'), 'w')
  const started = performance.now()
  let firstByteMs: number | undefined
  for await (const chunk of unixfs(helia).cat(CID.parse(provider.cid))) {
    firstByteMs ??= performance.now() - started
    digest.update(chunk)
    await output.write(chunk)
  }
  await output.sync()
  const getMs = performance.now() - started
  await output.close()

  const expected = createHash('sha256')
  for await (const chunk of createReadStream(file)) expected.update(chunk)
  if (digest.digest('hex') !== expected.digest('hex')) throw new Error('Helia returned other bytes')
  console.log(JSON.stringify({ size, addMs: provider.addMs, getMs, firstByteMs }))
  child.send('stop')
  await once(child, 'exit')
  await helia.stop()
  await rm(folder, { recursive: true })
}

const [file] = process.argv.slice(2)
if (process.env.BENCH_ROLE === 'provider') await provide(file)
else await fetchFile(file)
