import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { bytesOf, expectSameTree, writeTree } from './files.ts'
import { isInstalled, run } from './run.ts'

export interface ClientWorld {
  /** 'http://127.0.0.1:9000'. */
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Empty, for this client alone. */
  readonly folder: string
  /** Share of the usual work, 0 to 1: a smoke test does less of everything. */
  readonly scale: number
  /** A bucket that no other client uses; not made yet. */
  readonly bucket: string
  /** Kills one more peer, if any may still be lost, in the middle of what the client is doing. */
  readonly disturb: () => Promise<void>
}

/** One program that speaks S3, and what people do with it. */
export interface Client {
  readonly name: string
  /** Why it cannot be tried here; undefined if it can. */
  readonly missing: () => Promise<string | undefined>
  /** @throws Error when something is not as it should be */
  readonly use: (world: ClientWorld) => Promise<void>
}

const MIB = 2 ** 20
const AWS = existsSync('/usr/bin/aws') ? '/usr/bin/aws' : 'aws'
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const absent = (program: string, args: readonly string[]) => async (): Promise<string | undefined> =>
  (await isInstalled(program, args)) ? undefined : `${program} is not installed`

const count = (world: ClientWorld, whole: number): number => Math.max(3, Math.round(whole * world.scale))

const sizesOf = (world: ClientWorld, small: number, large: readonly number[]): number[] => [
  ...Array.from({ length: count(world, small) }, (_, index) => (index * 997) % 20_000),
  ...large.map((size) => Math.round(size * world.scale))
]

const environment = ({ accessKeyId, secretAccessKey, folder }: ClientWorld): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: folder,
  LANG: 'C.UTF-8',
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_DEFAULT_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true'
})

const awscli: Client = {
  name: 'awscli',
  missing: absent(AWS, ['--version']),
  use: async (world) => {
    const { folder, bucket, url } = world
    const aws = async (...args: string[]): Promise<string> =>
      await run(AWS, ['--endpoint-url', url, ...args], { env: environment(world) })
    // Version 1 of the program signs URLs the old way unless it is told not to.
    await aws('configure', 'set', 'default.s3.signature_version', 's3v4')
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    await writeTree(from, sizesOf(world, 60, [30 * MIB]), 1)
    await aws('s3', 'mb', `s3://${bucket}`)
    await aws('s3', 'sync', '--no-progress', from, `s3://${bucket}/tree`)
    await world.disturb()
    await aws('s3', 'sync', '--no-progress', `s3://${bucket}/tree`, to)
    await expectSameTree(from, to)
    const again = await aws('s3', 'sync', '--no-progress', from, `s3://${bucket}/tree`)
    if (again.trim() !== '') throw new Error(`a second sync sent something: ${again}`)
    await aws('s3', 'cp', '--no-progress', `s3://${bucket}/tree`, `s3://${bucket}/copy`, '--recursive')
    const listed = await aws('s3', 'ls', '--recursive', `s3://${bucket}/copy/`)
    const wanted = sizesOf(world, 60, [0]).length
    if (listed.trim().split('\n').length !== wanted)
      throw new Error(`a copy lists other than ${wanted} files`)
    const signed = (await aws('s3', 'presign', `s3://${bucket}/tree/dir 0/file-0 ä+&.bin`)).trim()
    const answer = await fetch(signed)
    if (answer.status !== 200) throw new Error(`a presigned URL is answered with ${answer.status}`)
    await aws('s3', 'rb', '--force', `s3://${bucket}`)
  }
}

const BOTO3 = `
import boto3, sys, hashlib, os
from boto3.s3.transfer import TransferConfig
url, bucket, path = sys.argv[1:4]
s3 = boto3.client('s3', endpoint_url=url)
s3.create_bucket(Bucket=bucket)
s3.upload_file(path, bucket, 'large', Config=TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=5 << 20))
s3.download_file(bucket, 'large', path + '.back')
assert hashlib.sha256(open(path, 'rb').read()).digest() == hashlib.sha256(open(path + '.back', 'rb').read()).digest()
for i in range(30):
    s3.put_object(Bucket=bucket, Key='k/%03d \\u00e4' % i, Body=b'x' * i, Metadata={'i': str(i)})
pages = s3.get_paginator('list_objects_v2').paginate(Bucket=bucket, Prefix='k/', PaginationConfig={'PageSize': 7})
keys = [o['Key'] for page in pages for o in page['Contents']]
assert keys == ['k/%03d \\u00e4' % i for i in range(30)], keys
assert s3.head_object(Bucket=bucket, Key=keys[5])['Metadata'] == {'i': '5'}
assert s3.get_object(Bucket=bucket, Key='large', Range='bytes=10-19')['Body'].read() == open(path, 'rb').read()[10:20]
try:
    s3.get_object(Bucket=bucket, Key='none'); assert False
except s3.exceptions.NoSuchKey: pass
boto3.resource('s3', endpoint_url=url).Bucket(bucket).objects.all().delete()
s3.delete_bucket(Bucket=bucket)
`

const boto3: Client = {
  name: 'boto3',
  missing: absent(PYTHON, ['-c', 'import boto3']),
  use: async (world) => {
    const path = join(world.folder, 'large')
    await writeFile(path, bytesOf(Math.round(40 * MIB * world.scale) + 9 * MIB, 2))
    await run(PYTHON, ['-c', BOTO3, world.url, world.bucket, path], { env: environment(world) })
  }
}

const rclone: Client = {
  name: 'rclone',
  missing: absent('rclone', ['version']),
  use: async (world) => {
    const { folder, bucket, url } = world
    const env = {
      ...environment(world),
      RCLONE_CONFIG_MESH_TYPE: 's3',
      RCLONE_CONFIG_MESH_PROVIDER: 'Other',
      RCLONE_CONFIG_MESH_ENV_AUTH: 'true',
      RCLONE_CONFIG_MESH_ENDPOINT: url
    }
    const rc = async (...args: string[]): Promise<string> => await run('rclone', args, { env })
    const [from, to, at] = [join(folder, 'from'), join(folder, 'to'), `mesh:${bucket}`]
    await writeTree(from, sizesOf(world, 300, [64 * MIB, 20 * MIB]), 3)
    await rc('mkdir', at)
    const copying = rc('sync', from, at)
    await world.disturb()
    await copying
    await rc('check', '--download', from, at)
    await rm(join(from, 'dir 1'), { recursive: true })
    await rc('sync', from, at)
    await rc('copy', at, to)
    await expectSameTree(from, to)
    await rc('purge', at)
  }
}

const restic: Client = {
  name: 'restic',
  missing: absent('restic', ['version']),
  use: async (world) => {
    const { folder, bucket, url } = world
    const env = {
      ...environment(world),
      RESTIC_PASSWORD: 'secret',
      RESTIC_REPOSITORY: `s3:${url}/${bucket}/repo`
    }
    const restic = async (...args: string[]): Promise<string> => await run('restic', args, { env })
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    await writeTree(from, sizesOf(world, 2000, [16 * MIB]), 4)
    await restic('init')
    const backup = restic('backup', from)
    await world.disturb()
    await backup
    await rm(join(from, 'dir 2'), { recursive: true })
    await restic('backup', from)
    await restic('forget', '--keep-last', '1', '--prune')
    await restic('check', '--read-data')
    await restic('restore', 'latest', '--target', to)
    await expectSameTree(from, join(to, from))
  }
}

const s3cmd: Client = {
  name: 's3cmd',
  missing: absent('s3cmd', ['--version']),
  use: async (world) => {
    const { folder, bucket, url } = world
    const host = new URL(url).host
    const [from, to, config] = [join(folder, 'from'), join(folder, 'to'), join(folder, 's3cfg')]
    await writeFile(
      config,
      `[default]\nhost_base = ${host}\nhost_bucket = ${host}\nuse_https = False\n` +
        `access_key = ${world.accessKeyId}\nsecret_key = ${world.secretAccessKey}\n`
    )
    const s3 = async (...args: string[]): Promise<string> =>
      await run('s3cmd', ['-c', config, '--no-progress', ...args], { env: environment(world) })
    await writeTree(from, sizesOf(world, 40, [20 * MIB]), 5)
    await mkdir(to)
    await s3('mb', `s3://${bucket}`)
    await s3('sync', `${from}/`, `s3://${bucket}/tree/`)
    await world.disturb()
    await s3('sync', `s3://${bucket}/tree/`, `${to}/`)
    await expectSameTree(from, to)
    await s3('cp', `s3://${bucket}/tree/dir 0/file-0 ä+&.bin`, `s3://${bucket}/copied`)
    await s3('info', `s3://${bucket}/copied`)
    await s3('del', '--recursive', '--force', `s3://${bucket}`)
    await s3('rb', `s3://${bucket}`)
  }
}

const s3fs: Client = {
  name: 's3fs',
  missing: async () =>
    existsSync('/dev/fuse') ? await absent('s3fs', ['--version'])() : 'there is no FUSE on this machine',
  use: async (world) => {
    const { folder, bucket, url } = world
    const at = join(folder, 'mount')
    await mkdir(at)
    await run(AWS, ['--endpoint-url', url, 's3', 'mb', `s3://${bucket}`], { env: environment(world) })
    await run('s3fs', [bucket, at, '-o', `url=${url},use_path_request_style,endpoint=us-east-1`], {
      env: environment(world)
    })
    try {
      await writeTree(join(at, 'tree'), sizesOf(world, 20, [12 * MIB]), 6)
      await writeTree(join(folder, 'tree'), sizesOf(world, 20, [12 * MIB]), 6)
      await expectSameTree(join(folder, 'tree'), join(at, 'tree'))
    } finally {
      await run('umount', [at])
    }
  }
}

const sdk: Client = {
  name: 'AWS SDK for JavaScript, lib-storage',
  missing: async () => undefined,
  use: async (world) => {
    const { accessKeyId, secretAccessKey, url, bucket } = world
    const client = new S3Client({
      endpoint: url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey }
    })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    const bytes = bytesOf(Math.round(64 * MIB * world.scale) + 6 * MIB, 7)
    const upload = new Upload({ client, params: { Bucket: bucket, Key: 'large', Body: bytes } }).done()
    await world.disturb()
    await upload
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'large' }))
    const got = createHash('sha256')
      .update(await Body!.transformToByteArray())
      .digest('hex')
    if (got !== createHash('sha256').update(bytes).digest('hex')) throw new Error('the bytes differ')
  }
}

export const CLIENTS: readonly Client[] = [sdk, awscli, boto3, rclone, restic, s3cmd, s3fs]
