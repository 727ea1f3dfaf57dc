import { createHash, randomBytes } from 'node:crypto'
import * as s3 from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { expect } from 'chai'
import { S3World, type Gateway } from './world.ts'

const MIB = 2 ** 20
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const Bucket = 'photos'

/** The code and status of a refusal. */
const refusal = async (promise: Promise<unknown>): Promise<[code: string, status: number | undefined]> => {
  try {
    await promise
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
    return [name, $metadata?.httpStatusCode]
  }
  throw new Error('It was not refused.')
}

describe('s3: the SDK of AWS against real nodes', function () {
  this.timeout(120_000)
  const world = new S3World()
  let gateway: Gateway
  let client: s3.S3Client

  before(async () => {
    await world.start(5)
    gateway = await world.gateway(world.lab.nodes[0])
    client = await world.client(gateway)
    await client.send(new s3.CreateBucketCommand({ Bucket }))
  })
  after(async () => await world.stop())

  const put = async (
    Key: string,
    Body: Uint8Array | string = Key,
    more: Partial<s3.PutObjectCommandInput> = {}
  ) => await client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...more }))
  const get = async (Key: string, more: Partial<s3.GetObjectCommandInput> = {}) => {
    const answer = await client.send(new s3.GetObjectCommand({ Bucket, Key, ...more }))
    return { ...answer, bytes: Buffer.from(await answer.Body!.transformToByteArray()) }
  }
  const head = async (Key: string) => await client.send(new s3.HeadObjectCommand({ Bucket, Key }))
  const remove = async (Key: string) => await client.send(new s3.DeleteObjectCommand({ Bucket, Key }))
  const keys = async (Prefix: string): Promise<string[]> =>
    ((await client.send(new s3.ListObjectsV2Command({ Bucket, Prefix }))).Contents ?? []).map(
      ({ Key }) => Key!
    )

  for (const size of [0, 1, 65_535, 65_536, 65_537, 300_000, 5 * MIB + 1]) {
    it(`keeps ${size} bytes, with their MD5 and checksum`, async () => {
      const bytes = randomBytes(size)
      const { ETag, ChecksumCRC32 } = await put(`size/${size}`, bytes)
      expect(ETag).to.equal(`"${md5(bytes)}"`)
      expect(ChecksumCRC32).to.be.a('string')
      const got = await get(`size/${size}`)
      expect(got.bytes.equals(bytes)).to.equal(true)
      expect([got.ETag, got.ContentLength]).to.deep.equal([ETag, size])
      expect((await head(`size/${size}`)).ContentLength).to.equal(size)
    })
  }

  it('gives back what was said about an object', async () => {
    await put('described', 'text', {
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Expires: new Date(Date.UTC(2030, 0, 1)),
      Metadata: { color: 'blue', other: 'a  b' },
      Tagging: 'a=1&b=2'
    })
    const got = await get('described')
    expect(got).to.include({
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      ContentDisposition: 'inline',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT',
      TagCount: 2
    })
    expect(got.Metadata).to.deep.equal({ color: 'blue', other: 'a  b' })
    const { TagSet } = await client.send(new s3.GetObjectTaggingCommand({ Bucket, Key: 'described' }))
    expect(TagSet).to.deep.equal([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' }
    ])
  })

  it('serves ranges, and refuses those outside', async () => {
    const bytes = randomBytes(200_000)
    await put('ranges', bytes)
    for (const [Range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=70000-140000', 70_000, 140_001],
      ['bytes=199999-', 199_999, 200_000],
      ['bytes=-1', 199_999, 200_000],
      ['bytes=100-999999', 100, 200_000]
    ] as const) {
      const got = await get('ranges', { Range })
      expect(got.bytes.equals(bytes.subarray(start, end)), Range).to.equal(true)
      expect(got.ContentRange).to.equal(`bytes ${start}-${end - 1}/200000`)
    }
    expect(await refusal(get('ranges', { Range: 'bytes=200000-' }))).to.deep.equal(['InvalidRange', 416])
  })

  it('answers conditional reads and writes', async () => {
    const { ETag } = await put('conditional', '1')
    expect((await refusal(get('conditional', { IfNoneMatch: ETag })))[1]).to.equal(304)
    expect((await refusal(get('conditional', { IfMatch: '"0"' })))[1]).to.equal(412)
    expect((await get('conditional', { IfMatch: ETag })).bytes.toString()).to.equal('1')
    const later = new Date(Date.now() + 60_000)
    expect((await refusal(get('conditional', { IfModifiedSince: later })))[1]).to.equal(304)
    expect(await refusal(put('conditional', '2', { IfNoneMatch: '*' }))).to.deep.equal([
      'PreconditionFailed',
      412
    ])
    expect(await refusal(put('conditional', '2', { IfMatch: '"0"' }))).to.deep.equal([
      'PreconditionFailed',
      412
    ])
    expect(await refusal(put('absent', '2', { IfMatch: '"0"' }))).to.deep.equal(['NoSuchKey', 404])
    await put('conditional', '2', { IfMatch: ETag })
    expect((await get('conditional')).bytes.toString()).to.equal('2')
    await put('new-one', '1', { IfNoneMatch: '*' })
  })

  it('stores nothing that is not what its checksums say', async () => {
    const wrong = { ContentMD5: Buffer.from(md5(Buffer.from('other')), 'hex').toString('base64') }
    expect(await refusal(put('bad', 'text', wrong))).to.deep.equal(['BadDigest', 400])
    expect(await refusal(put('bad', 'text', { ContentMD5: 'nonsense' }))).to.deep.equal([
      'InvalidDigest',
      400
    ])
    expect(
      await refusal(put('bad', 'text', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }))
    ).to.deep.equal(['BadDigest', 400])
    expect(await refusal(put('bad', randomBytes(300_000), { ChecksumCRC32C: 'AAAAAA==' }))).to.deep.equal([
      'BadDigest',
      400
    ])
    expect((await refusal(head('bad')))[1]).to.equal(404)
  })

  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
    it(`verifies and returns ${algorithm}, of a body that is streamed with a trailer as well`, async () => {
      const bytes = randomBytes(100_000)
      const { [`Checksum${algorithm}` as const]: whole } = await put('sum', bytes, {
        ChecksumAlgorithm: algorithm
      })
      const stream = new Upload({
        client,
        params: { Bucket, Key: 'sum-streamed', Body: bytes, ChecksumAlgorithm: algorithm }
      })
      expect((await stream.done())[`Checksum${algorithm}`]).to.equal(whole)
      const answer = await get('sum', { ChecksumMode: 'ENABLED' })
      expect(answer[`Checksum${algorithm}`]).to.equal(whole)
    })
  }

  it('joins parts that come in any order, and serves them as one object', async () => {
    const Key = 'parts'
    const { UploadId } = await client.send(
      new s3.CreateMultipartUploadCommand({ Bucket, Key, Metadata: { a: 'b' } })
    )
    const bodies = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(1000)]
    const etags: string[] = []
    for (const number of [3, 1, 2]) {
      const part = { Bucket, Key, UploadId, PartNumber: number, Body: bodies[number - 1] }
      etags[number - 1] = (await client.send(new s3.UploadPartCommand(part))).ETag!
    }
    const listed = await client.send(new s3.ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }))
    expect(listed.Parts?.map(({ PartNumber }) => PartNumber)).to.deep.equal([1, 2])
    expect([listed.IsTruncated, listed.NextPartNumberMarker]).to.deep.equal([true, '2'])
    const complete = async (parts: number[]) =>
      await client.send(
        new s3.CompleteMultipartUploadCommand({
          ...{ Bucket, Key, UploadId },
          MultipartUpload: {
            Parts: parts.map((PartNumber) => ({ PartNumber, ETag: etags[PartNumber - 1] ?? '"0"' }))
          }
        })
      )
    expect(await refusal(complete([2, 1, 3]))).to.deep.equal(['InvalidPartOrder', 400])
    expect(await refusal(complete([1, 2, 4]))).to.deep.equal(['InvalidPart', 400])
    expect(await refusal(complete([1, 3, 4]))).to.deep.equal(['EntityTooSmall', 400])
    const { ETag } = await complete([1, 2, 3])
    const digests = Buffer.concat(bodies.map((body) => createHash('md5').update(body).digest()))
    expect(ETag).to.equal(`"${md5(digests)}-3"`)
    // Again, as a client does that missed the answer.
    expect((await complete([1, 2, 3])).ETag).to.equal(ETag)
    const whole = Buffer.concat(bodies)
    const got = await get(Key)
    expect(got.bytes.equals(whole)).to.equal(true)
    expect(got.Metadata).to.deep.equal({ a: 'b' })
    const across = await get(Key, { Range: `bytes=${5 * MIB - 10}-${5 * MIB + 9}` })
    expect(across.bytes.equals(whole.subarray(5 * MIB - 10, 5 * MIB + 10))).to.equal(true)
    const second = await get(Key, { PartNumber: 2 })
    expect(second.bytes.equals(bodies[1])).to.equal(true)
    expect(second.PartsCount).to.equal(3)
    await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId })).catch(() => {})
    expect((await get(Key)).ContentLength).to.equal(whole.byteLength)
  })

  it('tells the attributes of an object, and of its parts', async () => {
    await put('attributes', 'text', { ChecksumAlgorithm: 'SHA1' })
    const ask = async (Key: string, ...ObjectAttributes: s3.ObjectAttributes[]) =>
      await client.send(new s3.GetObjectAttributesCommand({ Bucket, Key, ObjectAttributes }))
    const small = await ask('attributes', 'ETag', 'ObjectSize', 'Checksum', 'ObjectParts')
    expect(small).to.deep.include({ ETag: md5(Buffer.from('text')), ObjectSize: 4 })
    expect(small.Checksum?.ChecksumSHA1).to.be.a('string')
    expect(small.ObjectParts).to.equal(undefined)
    const upload = {
      client,
      params: { Bucket, Key: 'attributes-parts', Body: randomBytes(11 * MIB) },
      partSize: 5 * MIB
    }
    await new Upload(upload).done()
    const large = await ask('attributes-parts', 'ObjectParts', 'ObjectSize')
    expect([large.ObjectSize, large.ObjectParts?.TotalPartsCount]).to.deep.equal([11 * MIB, 3])
    expect(large.ObjectParts?.Parts?.map(({ Size }) => Size)).to.deep.equal([5 * MIB, 5 * MIB, MIB])
    expect((await refusal(ask('none', 'ETag')))[0]).to.equal('NoSuchKey')
  })

  it('lists buckets some at a time', async () => {
    for (const name of ['list-a', 'list-b', 'list-c'])
      await client.send(new s3.CreateBucketCommand({ Bucket: name }))
    const first = await client.send(new s3.ListBucketsCommand({ Prefix: 'list-', MaxBuckets: 2 }))
    expect(first.Buckets?.map(({ Name }) => Name)).to.deep.equal(['list-a', 'list-b'])
    const rest = { Prefix: 'list-', MaxBuckets: 2, ContinuationToken: first.ContinuationToken }
    const second = await client.send(new s3.ListBucketsCommand(rest))
    expect(second.Buckets?.map(({ Name }) => Name)).to.deep.equal(['list-c'])
    expect(second.ContinuationToken).to.equal(undefined)
    for (const name of ['list-a', 'list-b', 'list-c'])
      await client.send(new s3.DeleteBucketCommand({ Bucket: name }))
  })

  it('aborts an upload, of which nothing is left', async () => {
    const Key = 'aborted'
    const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key }))
    await client.send(new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }))
    const { Uploads } = await client.send(new s3.ListMultipartUploadsCommand({ Bucket }))
    expect(Uploads?.map((upload) => upload.Key)).to.deep.equal([Key])
    await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    const after = await client.send(new s3.ListMultipartUploadsCommand({ Bucket }))
    expect(after.Uploads).to.equal(undefined)
    const part = { Bucket, Key, UploadId, PartNumber: 2, Body: 'x' }
    expect(await refusal(client.send(new s3.UploadPartCommand(part)))).to.deep.equal(['NoSuchUpload', 404])
  })

  it('copies objects and parts', async () => {
    const bytes = randomBytes(200_000)
    await put('from', bytes, { Metadata: { a: '1' } })
    await client.send(new s3.CopyObjectCommand({ Bucket, Key: 'to', CopySource: `${Bucket}/from` }))
    await remove('from')
    const copy = await get('to')
    expect(copy.bytes.equals(bytes)).to.equal(true)
    expect(copy.Metadata).to.deep.equal({ a: '1' })
    const replaced = {
      CopySource: `/${Bucket}/to`,
      MetadataDirective: 'REPLACE',
      Metadata: { b: '2' }
    } as const
    await client.send(new s3.CopyObjectCommand({ Bucket, Key: 'to', ...replaced }))
    expect((await head('to')).Metadata).to.deep.equal({ b: '2' })
    const itself = { Bucket, Key: 'to', CopySource: `${Bucket}/to` }
    expect(await refusal(client.send(new s3.CopyObjectCommand(itself)))).to.deep.equal([
      'InvalidRequest',
      400
    ])
    await client.send(new s3.CreateBucketCommand({ Bucket: 'second' }))
    await client.send(
      new s3.CopyObjectCommand({ Bucket: 'second', Key: 'there', CopySource: `${Bucket}/to` })
    )
    await remove('to')
    const there = await client.send(new s3.GetObjectCommand({ Bucket: 'second', Key: 'there' }))
    expect(Buffer.from(await there.Body!.transformToByteArray()).equals(bytes)).to.equal(true)
    const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key: 'pieces' }))
    const source = { CopySource: 'second/there', CopySourceRange: 'bytes=1000-150000' }
    const part = await client.send(
      new s3.UploadPartCopyCommand({ Bucket, Key: 'pieces', UploadId, PartNumber: 1, ...source })
    )
    const Parts = [{ PartNumber: 1, ETag: part.CopyPartResult!.ETag }]
    await client.send(
      new s3.CompleteMultipartUploadCommand({ Bucket, Key: 'pieces', UploadId, MultipartUpload: { Parts } })
    )
    expect((await get('pieces')).bytes.equals(bytes.subarray(1000, 150_001))).to.equal(true)
    await client.send(new s3.DeleteObjectCommand({ Bucket: 'second', Key: 'there' }))
    await client.send(new s3.DeleteBucketCommand({ Bucket: 'second' }))
  })

  it('lists in the order of UTF-8 bytes, by prefix and delimiter, page by page', async () => {
    const names = ['a', 'a/1', 'a/2', 'a/b/3', 'b c+d', 'ä', '～', '😀', 'é&<">', 'z//', 'z/']
    await Promise.all(names.map(async (name) => await put(`list/${name}`)))
    const sorted = names
      .map((name) => `list/${name}`)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    expect(await keys('list/')).to.deep.equal(sorted)
    const paged: string[] = []
    let token: string | undefined
    do {
      const page = await client.send(
        new s3.ListObjectsV2Command({ Bucket, Prefix: 'list/', MaxKeys: 3, ContinuationToken: token })
      )
      expect(page.KeyCount).to.be.at.most(3)
      paged.push(...(page.Contents ?? []).map(({ Key }) => Key!))
      token = page.NextContinuationToken
    } while (token !== undefined)
    expect(paged).to.deep.equal(sorted)
    const tree = await client.send(
      new s3.ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2 })
    )
    expect(tree.Contents?.map(({ Key }) => Key)).to.deep.equal(['list/a'])
    expect(tree.CommonPrefixes?.map(({ Prefix }) => Prefix)).to.deep.equal(['list/a/'])
    expect([tree.IsTruncated, tree.NextMarker]).to.deep.equal([true, 'list/a/'])
    const rest = await client.send(
      new s3.ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', Marker: tree.NextMarker })
    )
    expect(rest.Contents?.map(({ Key }) => Key)).to.deep.equal(
      ['b c+d', 'ä', 'é&<">', '～', '😀'].map((one) => `list/${one}`)
    )
    expect(rest.CommonPrefixes?.map(({ Prefix }) => Prefix)).to.deep.equal(['list/z/'])
  })

  it('deletes many at once, and what is not there as well', async () => {
    await Promise.all(['d/1', 'd/2', 'd/3'].map(async (key) => await put(key)))
    const Objects = ['d/1', 'd/2', 'd/none'].map((Key) => ({ Key }))
    const { Deleted, Errors } = await client.send(
      new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects } })
    )
    expect(Deleted?.map(({ Key }) => Key)).to.deep.equal(['d/1', 'd/2', 'd/none'])
    expect(Errors).to.equal(undefined)
    expect(await keys('d/')).to.deep.equal(['d/3'])
    await remove('d/3')
    await remove('d/3')
    expect((await refusal(get('d/3')))[0]).to.equal('NoSuchKey')
  })

  it('takes presigned requests until they expire', async () => {
    const putUrl = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket, Key: 'pre signed+' }), {
      expiresIn: 60
    })
    expect((await fetch(putUrl, { method: 'PUT', body: 'by url' })).status).to.equal(200)
    const getUrl = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: 'pre signed+' }), {
      expiresIn: 60
    })
    expect(await (await fetch(getUrl)).text()).to.equal('by url')
    expect((await fetch(getUrl.replace(/.$/, (one) => (one === '0' ? '1' : '0')))).status).to.equal(403)
    const past = new Date(Date.now() - 120_000)
    const late = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket, Key: 'pre signed+' }), {
      expiresIn: 60,
      signingDate: past
    })
    expect(await (await fetch(late)).text()).to.contain('<Code>AccessDenied</Code>')
    expect((await fetch(`${gateway.server.url}/${Bucket}/described`)).status).to.equal(403)
  })

  it('keeps lifecycle, CORS and tags of a bucket, and answers preflights by its rules', async () => {
    const Rules: s3.LifecycleRule[] = [
      { ID: 'old', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 3 } },
      {
        ID: 'parts',
        Status: 'Enabled',
        Filter: { Prefix: '' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }
      },
      {
        ID: 'versions',
        Status: 'Disabled',
        Filter: { And: { Prefix: 'v/', Tags: [{ Key: 'a', Value: 'b' }] } },
        NoncurrentVersionExpiration: { NoncurrentDays: 5 }
      }
    ]
    expect(
      (await refusal(client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }))))[0]
    ).to.equal('NoSuchLifecycleConfiguration')
    await client.send(
      new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } })
    )
    const lifecycle = await client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }))
    expect(lifecycle.Rules).to.deep.equal(Rules)
    const CORSRules = [
      {
        AllowedOrigins: ['https://*.example.org'],
        AllowedMethods: ['GET'],
        AllowedHeaders: ['*'],
        MaxAgeSeconds: 60
      }
    ]
    await client.send(new s3.PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    expect((await client.send(new s3.GetBucketCorsCommand({ Bucket }))).CORSRules).to.deep.equal(CORSRules)
    const preflight = async (origin: string, method: string) =>
      await fetch(`${gateway.server.url}/${Bucket}/x`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': 'range'
        }
      })
    const allowed = await preflight('https://a.example.org', 'GET')
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).to.deep.equal([
      200,
      'https://a.example.org'
    ])
    expect((await preflight('https://example.com', 'GET')).status).to.equal(403)
    expect((await preflight('https://a.example.org', 'PUT')).status).to.equal(403)
    await client.send(new s3.DeleteBucketCorsCommand({ Bucket }))
    expect((await preflight('https://a.example.org', 'GET')).status).to.equal(403)
  })

  it('answers NotImplemented to what it does not do, and never stores as if it did', async () => {
    const unsupported: Array<Partial<s3.PutObjectCommandInput>> = [
      { ACL: 'public-read' },
      { ServerSideEncryption: 'aws:kms' },
      { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date() },
      { WebsiteRedirectLocation: '/x' }
    ]
    for (const more of unsupported) {
      expect(await refusal(put('unsupported', 'x', more))).to.deep.equal(['NotImplemented', 501])
    }
    expect((await refusal(head('unsupported')))[1]).to.equal(404)
    const versioning = { Bucket, VersioningConfiguration: { Status: 'Enabled' } } as const
    expect(await refusal(client.send(new s3.PutBucketVersioningCommand(versioning)))).to.deep.equal([
      'NotImplemented',
      501
    ])
    expect((await client.send(new s3.GetBucketVersioningCommand({ Bucket }))).Status).to.equal(undefined)
  })

  it('lets a key do what it was given, and no more', async () => {
    await client.send(new s3.CreateBucketCommand({ Bucket: 'other' }))
    await put('readable')
    const reader = await world.client(gateway, await world.access([{ bucket: Bucket, rights: ['read'] }]))
    const got = await reader.send(new s3.GetObjectCommand({ Bucket, Key: 'readable' }))
    expect(await got.Body!.transformToString()).to.equal('readable')
    const denied = ['AccessDenied', 403]
    expect(
      await refusal(reader.send(new s3.PutObjectCommand({ Bucket, Key: 'x', Body: 'x' })))
    ).to.deep.equal(denied)
    expect(await refusal(reader.send(new s3.DeleteObjectCommand({ Bucket, Key: 'readable' })))).to.deep.equal(
      denied
    )
    expect(await refusal(reader.send(new s3.ListObjectsV2Command({ Bucket })))).to.deep.equal(denied)
    expect(await refusal(reader.send(new s3.GetObjectCommand({ Bucket: 'other', Key: 'x' })))).to.deep.equal(
      denied
    )
    expect(await refusal(reader.send(new s3.CreateBucketCommand({ Bucket: 'third' })))).to.deep.equal(denied)
    const copy = { Bucket, Key: 'y', CopySource: 'other/x' }
    const writer = await world.client(
      gateway,
      await world.access([{ bucket: Bucket, rights: ['read', 'write'] }])
    )
    expect(await refusal(writer.send(new s3.CopyObjectCommand(copy)))).to.deep.equal(denied)
    const { Buckets } = await reader.send(new s3.ListBucketsCommand({}))
    expect(Buckets?.map(({ Name }) => Name)).to.deep.equal([Bucket])
    const stranger = await world.client(gateway, { ...(await world.access()), secretAccessKey: 'wrong' })
    expect((await refusal(stranger.send(new s3.ListBucketsCommand({}))))[0]).to.equal('SignatureDoesNotMatch')
  })

  it('makes and deletes buckets by the rules', async () => {
    const create = async (name: string) => await client.send(new s3.CreateBucketCommand({ Bucket: name }))
    expect((await refusal(create('A')))[0]).to.equal('InvalidBucketName')
    expect((await refusal(create('192.168.5.4')))[0]).to.equal('InvalidBucketName')
    expect((await refusal(create(Bucket)))[0]).to.equal('BucketAlreadyOwnedByYou')
    expect((await refusal(client.send(new s3.DeleteBucketCommand({ Bucket }))))[0]).to.equal('BucketNotEmpty')
    await create('for-a-while')
    await client.send(new s3.PutObjectCommand({ Bucket: 'for-a-while', Key: 'k', Body: 'v' }))
    await client.send(new s3.DeleteObjectCommand({ Bucket: 'for-a-while', Key: 'k' }))
    await client.send(new s3.DeleteBucketCommand({ Bucket: 'for-a-while' }))
    expect((await refusal(client.send(new s3.ListObjectsV2Command({ Bucket: 'for-a-while' }))))[0]).to.equal(
      'NoSuchBucket'
    )
    await create('for-a-while')
    const again = await client.send(new s3.ListObjectsV2Command({ Bucket: 'for-a-while' }))
    expect(again.KeyCount).to.equal(0)
  })
})
