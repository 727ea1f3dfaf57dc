// `npm run bench:s3 -- --mib 1024 --objects 1000 --keys 100000`
// S3 on a cluster of eight real peers: large files by rclone against `thhe put` in the same run, small objects by many clients at
// once, and pages of a long list.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as s3 from '@aws-sdk/client-s3'
import { bytesOf } from '../test/clients/files.ts'
import { isInstalled, run } from '../test/clients/run.ts'
import { startCluster, type ClientCluster } from '../test/clients/world.ts'

const MIB = 2 ** 20
const SMALL_BYTES = 16_384
const FILES = 4

const { values: flags } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    objects: { type: 'string', default: '1000' },
    keys: { type: 'string', default: '100000' },
    parallel: { type: 'string', default: '128' }
  }
})
const [mib, objects, keys, parallel] = (['mib', 'objects', 'keys', 'parallel'] as const).map((name) =>
  Number(flags[name])
)

const cluster = await startCluster(new AbortController().signal)
const client = new s3.S3Client({
  endpoint: cluster.url,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: cluster.key,
  requestHandler: { httpAgent: { maxSockets: 512 } }
})
try {
  const Bucket = 'bench'
  await client.send(new s3.CreateBucketCommand({ Bucket }))
  if (mib > 0) await largeFiles(cluster, Bucket)
  if (objects > 0) await smallObjects(Bucket)
  if (keys > 0) await longList(Bucket)
} finally {
  client.destroy()
  await cluster.down()
}

async function largeFiles({ url, key, folder, api }: ClientCluster, bucket: string): Promise<void> {
  const from = await mkdtemp(join(tmpdir(), 'thhe-bench-s3-'))
  const bytes = Math.round((mib * MIB) / FILES)
  for (let i = 0; i < FILES; i++) await writeFile(join(from, `file-${i}`), bytesOf(bytes, i))
  try {
    const thhe = join(import.meta.dirname, '..', 'bin', 'thhe.js')
    const env = { PATH: process.env.PATH, HOME: folder, XDG_STATE_HOME: folder }
    const putSeconds = await seconds(async () => {
      for (let i = 0; i < FILES; i++) {
        await run(process.execPath, [thhe, 'put', '--quiet', ...api, join(from, `file-${i}`)], { env })
      }
    })
    print(`thhe put of ${mib} MiB in ${FILES} files`, `${(mib / putSeconds).toFixed(1)} MiB/s`)
    if (!(await isInstalled('rclone', ['version']))) return print('rclone', 'is not installed')
    const remote = {
      ...env,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      RCLONE_CONFIG_MESH_TYPE: 's3',
      RCLONE_CONFIG_MESH_PROVIDER: 'Other',
      RCLONE_CONFIG_MESH_ENV_AUTH: 'true',
      RCLONE_CONFIG_MESH_ENDPOINT: url
    }
    for (const chunk of ['5M', '64M']) {
      const copySeconds = await seconds(async () => {
        await run('rclone', ['copy', '--s3-chunk-size', chunk, from, `mesh:${bucket}/large-${chunk}`], {
          env: remote
        })
      })
      const speed = `${(mib / copySeconds).toFixed(1)} MiB/s, ${(putSeconds / copySeconds).toFixed(2)} of thhe put`
      print(`rclone copy of the same, parts of ${chunk}`, speed)
    }
    const back = await mkdtemp(join(tmpdir(), 'thhe-bench-s3-'))
    const backSeconds = await seconds(async () => {
      await run('rclone', ['copy', `mesh:${bucket}/large-64M`, back], { env: remote })
    })
    await rm(back, { recursive: true })
    print('rclone copy back', `${(mib / backSeconds).toFixed(1)} MiB/s`)
  } finally {
    await rm(from, { recursive: true })
  }
}

async function smallObjects(Bucket: string): Promise<void> {
  const Body = bytesOf(SMALL_BYTES, 1)
  const all = Array.from({ length: objects }, (_, index) => `small/${index}`)
  const putSeconds = await seconds(async () => {
    await atOnce(all, async (Key) => void (await client.send(new s3.PutObjectCommand({ Bucket, Key, Body }))))
  })
  print(`puts of 16 KiB, ${parallel} at once`, `${(objects / putSeconds).toFixed(0)} a second`)
  const getSeconds = await seconds(async () => {
    await atOnce(all, async (Key) => {
      const { Body: got } = await client.send(new s3.GetObjectCommand({ Bucket, Key }))
      if ((await got!.transformToByteArray()).byteLength !== SMALL_BYTES)
        throw new Error(`${Key} is not whole`)
    })
  })
  print('gets of the same', `${(objects / getSeconds).toFixed(0)} a second`)
}

/** Copies within a bucket are entries of its table only: the quickest way to many keys. */
async function longList(Bucket: string): Promise<void> {
  await client.send(new s3.PutObjectCommand({ Bucket, Key: 'source', Body: 'x' }))
  const names = Array.from(
    { length: keys },
    (_, index) => `list/${String((index * 7919) % keys).padStart(7, '0')}`
  )
  const fillSeconds = await seconds(async () => {
    await atOnce(names, async (Key) => {
      await client.send(new s3.CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/source` }))
    })
  })
  print(`copies that make ${keys} keys`, `${(keys / fillSeconds).toFixed(0)} a second`)
  const pages: number[] = []
  let token: string | undefined
  let listed = 0
  do {
    const startedMs = performance.now()
    const page = await client.send(
      new s3.ListObjectsV2Command({ Bucket, Prefix: 'list/', ContinuationToken: token })
    )
    pages.push(performance.now() - startedMs)
    listed += page.KeyCount ?? 0
    token = page.NextContinuationToken
  } while (token !== undefined)
  if (listed !== keys) throw new Error(`${listed} of ${keys} keys were listed`)
  pages.sort((a, b) => a - b)
  const at = (share: number): string =>
    pages[Math.min(pages.length - 1, Math.floor(pages.length * share))].toFixed(0)
  print('pages of 1,000 keys, by the client', `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, of ${pages.length}`)
}

async function atOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < items.length) await work(items[next++])
    })
  )
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / 1000
}

function print(what: string, figure: string): void {
  console.log(`${what.padEnd(40)} ${figure}`)
}
