import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { expect } from 'chai'
import fc from 'fast-check'
import { authenticate, summerOf, type SignedRequest } from '../../../src/s3/auth/index.ts'
import { S3Error } from '../../../src/s3/index.ts'

// Examples of "Authenticating Requests (AWS Signature Version 4)" in the Amazon S3 API Reference.
const KEY = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
}
const TIME = '20130524T000000Z'
const NOW_MS = Date.UTC(2013, 4, 24)
const EMPTY = createHash('sha256').digest('hex')
const HOST = 'examplebucket.s3.amazonaws.com'

async function* pieces(bytes: Uint8Array, size = bytes.byteLength || 1): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += size) yield bytes.subarray(start, start + size)
}

const request = (
  method: string,
  rawTarget: string,
  headers: Record<string, string>,
  body: AsyncIterable<Uint8Array> = pieces(new Uint8Array(0))
): SignedRequest => ({ method, rawTarget, headers: new Map(Object.entries(headers)), body })

const authorization = (signedHeaders: string, signature: string): string =>
  `AWS4-HMAC-SHA256 Credential=${KEY.accessKeyId}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`

const check = async (signed: SignedRequest, nowMs = NOW_MS) =>
  await authenticate(signed, { keyOf: async (id) => (id === KEY.accessKeyId ? KEY : undefined), nowMs })

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'accepted',
    (error: unknown) => (error instanceof S3Error ? error.code : String(error))
  )

const read = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

describe('s3 auth: the examples of the reference', () => {
  it('accepts a get, a put, and requests with a query', async () => {
    const common = { host: HOST, 'x-amz-content-sha256': EMPTY, 'x-amz-date': TIME }
    const get = request('GET', '/test.txt', {
      ...common,
      range: 'bytes=0-9',
      authorization: authorization(
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
      )
    })
    expect((await check(get)).key).to.equal(KEY)
    const put = request(
      'PUT',
      '/test$file.text',
      {
        ...common,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        'content-length': '21',
        authorization: authorization(
          'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
          '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd'
        )
      },
      pieces(Buffer.from('Welcome to Amazon S3.'))
    )
    const { body } = await check(put)
    expect((await read(body.bytes)).toString()).to.equal('Welcome to Amazon S3.')
    const signed = 'host;x-amz-content-sha256;x-amz-date'
    for (const [target, signature] of [
      ['/?lifecycle', 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
      ['/?max-keys=2&prefix=J', '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7']
    ]) {
      const list = request('GET', target, { ...common, authorization: authorization(signed, signature) })
      expect((await check(list)).key, target).to.equal(KEY)
    }
  })

  const presigned = (more = ''): SignedRequest =>
    request(
      'GET',
      '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
        `&X-Amz-Date=${TIME}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host` +
        `&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404${more}`,
      { host: HOST }
    )

  it('accepts a presigned get until it expires', async () => {
    expect((await check(presigned())).key).to.equal(KEY)
    expect((await check(presigned(), NOW_MS + 86_400_000)).key).to.equal(KEY)
    expect(await codeOf(check(presigned(), NOW_MS + 86_401_000))).to.equal('AccessDenied')
    expect(await codeOf(check(presigned(), NOW_MS - 16 * 60_000))).to.equal('AccessDenied')
    expect(await codeOf(check(presigned('&more=1')))).to.equal('SignatureDoesNotMatch')
  })

  const SIGNATURES = [
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'
  ]
  const chunked = (parts: readonly string[], size: number): SignedRequest => {
    const text = parts.map(
      (part, index) => `${part.length.toString(16)};chunk-signature=${SIGNATURES[index]}\r\n${part}\r\n`
    )
    return request(
      'PUT',
      '/examplebucket/chunkObject.txt',
      {
        host: 's3.amazonaws.com',
        'content-encoding': 'aws-chunked',
        'content-length': '66824',
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-date': TIME,
        'x-amz-decoded-content-length': '66560',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        authorization: authorization(
          'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class',
          '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'
        )
      },
      pieces(Buffer.from(text.join('')), size)
    )
  }

  it('accepts a body in signed chunks however it is cut, and none with another byte, order or end', async () => {
    const parts = ['a'.repeat(65_536), 'a'.repeat(1024), '']
    for (const size of [1, 7, 4096, 65_620, 100_000]) {
      const { body } = await check(chunked(parts, size))
      expect((await read(body.bytes)).equals(Buffer.alloc(66_560, 'a')), `pieces of ${size}`).to.equal(true)
      expect(body.digests().md5).to.equal(createHash('md5').update('a'.repeat(66_560)).digest('hex'))
    }
    for (const wrong of [
      ['b'.repeat(65_536), 'a'.repeat(1024), ''],
      ['a'.repeat(65_536), ''],
      ['a'.repeat(65_536), 'a'.repeat(1024)]
    ]) {
      const { body } = await check(chunked(wrong, 4096))
      expect(await codeOf(read(body.bytes))).to.be.oneOf(['SignatureDoesNotMatch', 'IncompleteBody'])
    }
  })
})

describe('s3 auth: what is refused', () => {
  const common = { host: HOST, 'x-amz-content-sha256': EMPTY, 'x-amz-date': TIME }
  const signed = authorization('host;x-amz-content-sha256;x-amz-date', 'a'.repeat(64))
  const refusals: ReadonlyArray<
    [what: string, headers: Record<string, string>, code: string, target?: string]
  > = [
    ['a wrong signature', { ...common, authorization: signed }, 'SignatureDoesNotMatch'],
    ['an unknown key', { ...common, authorization: signed.replace('AKIA', 'BKIA') }, 'InvalidAccessKeyId'],
    ['signature version 2', { ...common, authorization: 'AWS AKIA:xyz' }, 'InvalidRequest'],
    [
      'signature version 2 in the query',
      common,
      'InvalidRequest',
      '/?AWSAccessKeyId=x&Signature=y&Expires=1'
    ],
    ['another scheme', { ...common, authorization: 'Bearer x' }, 'InvalidArgument'],
    [
      'half a header',
      { ...common, authorization: 'AWS4-HMAC-SHA256 Credential=x' },
      'AuthorizationHeaderMalformed'
    ],
    [
      'another service',
      { ...common, authorization: signed.replace('/s3/', '/ec2/') },
      'AuthorizationHeaderMalformed'
    ],
    [
      'another day',
      { ...common, authorization: signed.replace('/20130524/', '/20130523/') },
      'AuthorizationHeaderMalformed'
    ],
    ['no date', { host: HOST, 'x-amz-content-sha256': EMPTY, authorization: signed }, 'AccessDenied'],
    [
      'an old date',
      {
        ...common,
        'x-amz-date': '20130523T234459Z',
        authorization: signed.replace('/20130524/', '/20130523/')
      },
      'RequestTimeTooSkewed'
    ],
    [
      'a header that is not signed',
      { ...common, 'x-amz-acl': 'private', authorization: signed },
      'AccessDenied'
    ],
    ['a host that is not signed', { ...common, authorization: signed.replace('host;', '') }, 'AccessDenied'],
    ['no hash of the body', { host: HOST, 'x-amz-date': TIME, authorization: signed }, 'InvalidRequest'],
    [
      'nonsense for a hash',
      { ...common, 'x-amz-content-sha256': 'abc', authorization: signed },
      'InvalidArgument'
    ],
    [
      'two ways at once',
      { ...common, authorization: signed },
      'InvalidArgument',
      '/?X-Amz-Signature=x&X-Amz-Algorithm=AWS4-HMAC-SHA256'
    ],
    ['half a query', common, 'AuthorizationQueryParametersError', '/?X-Amz-Algorithm=AWS4-HMAC-SHA256'],
    ['text that is not percent-encoded', { ...common, authorization: signed }, 'InvalidURI', '/%zz']
  ]
  for (const [what, headers, code, target = '/test.txt'] of refusals) {
    it(`${what}: ${code}`, async () => {
      expect(await codeOf(check(request('GET', target, headers)))).to.equal(code)
    })
  }

  it('knows a request without a signature as such', async () => {
    expect((await check(request('GET', '/x', { host: HOST }))).key).to.equal(undefined)
  })
})

describe('s3 auth: bodies', () => {
  const bodyOf = async (headers: Record<string, string>, bytes: Uint8Array, size?: number) =>
    (await check(request('PUT', '/x', { host: HOST, ...headers }, pieces(bytes, size)))).body

  it('decodes chunks with a trailer, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 400 }),
        fc.constantFrom('CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'),
        fc.boolean(),
        async (chunks, size, algorithm, isDamaged) => {
          const plain = Buffer.concat(chunks)
          const summer = summerOf(algorithm as 'CRC32')
          summer.update(plain)
          const sum = Buffer.from(await summer.digest(), 'base64')
          if (isDamaged) sum[0] ^= 1
          const name = `x-amz-checksum-${algorithm.toLowerCase()}`
          const encoded = Buffer.concat([
            ...chunks.flatMap((chunk) => [
              Buffer.from(`${chunk.length.toString(16)}\r\n`),
              chunk,
              Buffer.from('\r\n')
            ]),
            Buffer.from(`0\r\n${name}:${sum.toString('base64')}\r\n\r\n`)
          ])
          const headers = {
            'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
            'x-amz-decoded-content-length': String(plain.byteLength),
            'x-amz-trailer': name
          }
          const body = await bodyOf(headers, encoded, size)
          if (isDamaged) {
            expect(await codeOf(read(body.bytes))).to.equal('BadDigest')
            return
          }
          expect((await read(body.bytes)).equals(plain)).to.equal(true)
          expect(body.digests().checksum).to.deep.equal({ algorithm, value: sum.toString('base64') })
        }
      ),
      { numRuns: 200 }
    )
  })

  const trailer = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': '3'
  }
  const bad: ReadonlyArray<[what: string, headers: Record<string, string>, body: string, code: string]> = [
    ['a chunk size that is not hexadecimal', trailer, 'x\r\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['a chunk size without end', trailer, '1'.repeat(2000), 'InvalidChunkSizeError'],
    ['a chunk that is longer than it says', trailer, '2\r\nabc\r\n0\r\n\r\n', 'InvalidChunkSizeError'],
    ['a body that breaks off', trailer, '3\r\nab', 'IncompleteBody'],
    ['a body without its end', trailer, '3\r\nabc\r\n', 'IncompleteBody'],
    ['fewer bytes than announced', trailer, '2\r\nab\r\n0\r\n\r\n', 'IncompleteBody'],
    ['more bytes than announced', trailer, '4\r\nabcd\r\n0\r\n\r\n', 'IncompleteBody'],
    ['a trailer that is not a field', trailer, '3\r\nabc\r\n0\r\nnonsense\r\n\r\n', 'MalformedTrailerError'],
    [
      'a trailer that does not come',
      { ...trailer, 'x-amz-trailer': 'x-amz-checksum-crc32' },
      '3\r\nabc\r\n0\r\n\r\n',
      'MalformedTrailerError'
    ],
    [
      'another SHA-256',
      { 'x-amz-content-sha256': 'a'.repeat(64), 'content-length': '3' },
      'abc',
      'XAmzContentSHA256Mismatch'
    ],
    [
      'another MD5',
      { 'content-md5': Buffer.alloc(16).toString('base64'), 'content-length': '3' },
      'abc',
      'BadDigest'
    ],
    ['another checksum', { 'x-amz-checksum-crc32': 'AAAAAA==', 'content-length': '3' }, 'abc', 'BadDigest']
  ]
  for (const [what, headers, text, code] of bad) {
    it(`refuses ${what}: ${code}`, async () => {
      for (const size of [1, 1000]) {
        const body = await bodyOf(headers, Buffer.from(text), size)
        expect(await codeOf(read(body.bytes))).to.equal(code)
      }
    })
  }

  it('refuses a head that cannot be so before the body is read', async () => {
    for (const [headers, code] of [
      [{ 'content-md5': 'nonsense' }, 'InvalidDigest'],
      [{ 'x-amz-checksum-crc32': 'nonsense' }, 'InvalidRequest'],
      [
        { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-sha1': Buffer.alloc(20).toString('base64') },
        'InvalidRequest'
      ],
      [{ 'x-amz-trailer': 'x-other' }, 'InvalidRequest'],
      [{ 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }, 'MissingContentLength']
    ] as const) {
      expect(await codeOf(bodyOf(headers, Buffer.from('abc')))).to.equal(code)
    }
  })
})

describe('s3 auth: against the signer of the AWS SDK', () => {
  class Sha256 {
    readonly #hash: { update: (data: Uint8Array | string) => unknown; digest: () => Buffer }
    constructor(secret?: Uint8Array | string) {
      this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
    }
    update(data: Uint8Array | string): void {
      this.#hash.update(data)
    }
    async digest(): Promise<Uint8Array> {
      return new Uint8Array(this.#hash.digest())
    }
    reset(): void {}
  }

  it('accepts what it signs, over odd paths, queries and header values, and nothing that was changed after', async () => {
    const signer = new SignatureV4({
      service: 's3',
      region: 'eu-1',
      credentials: KEY,
      sha256: Sha256 as never,
      uriEscapePath: false,
      applyChecksum: false
    })
    const word = fc.string({ unit: 'grapheme', maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z.-]{1,8}$/), word, { maxKeys: 4 }),
        fc.stringMatching(/^[ -~]{0,20}$/),
        async (segments, query, value) => {
          const encode = (text: string): string =>
            encodeURIComponent(text).replace(
              /[!'()*]/g,
              (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`
            )
          const path = `/${segments.map(encode).join('/')}`
          const headers = { host: 'h:1', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-meta-a': value }
          const toSign = { method: 'GET', protocol: 'http:', hostname: 'h', path, query, headers, port: 1 }
          const signed = await signer.sign(toSign, { signingDate: new Date(NOW_MS) })
          const queryText = Object.entries(query)
            .map(([name, one]) => `${encode(name)}=${encode(one)}`)
            .join('&')
          const sent = request('GET', `${path}?${queryText}`, signed.headers as Record<string, string>)
          expect(await codeOf(check(sent))).to.equal('accepted')
          expect(await codeOf(check({ ...sent, rawTarget: `${path}x?${queryText}` }))).to.equal(
            'SignatureDoesNotMatch'
          )
          expect(await codeOf(check({ ...sent, method: 'PUT' }))).to.equal('SignatureDoesNotMatch')
        }
      ),
      { numRuns: 200 }
    )
  })
})
