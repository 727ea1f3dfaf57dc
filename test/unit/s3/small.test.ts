import { expect } from 'chai'
import { combineChecksums } from '../../../src/s3/checksums.ts'
import { summerOf } from '../../../src/s3/auth/index.ts'
import { isExpired } from '../../../src/s3/housekeeping.ts'
import { rangeOf } from '../../../src/s3/operations/ranges.ts'
import type { ObjectRecord } from '../../../src/s3/records.ts'
import { parseTarget } from '../../../src/s3/target.ts'
import { fromXml, toXml } from '../../../src/s3/xml.ts'

const codeOf = (work: () => unknown): unknown => {
  try {
    work()
  } catch (error) {
    return (error as { code?: unknown }).code
  }
  return 'done'
}

describe('s3: targets', () => {
  const parse = (target: string, host?: string) => {
    const { bucket, key } = parseTarget(target, host, 's3.test')
    return [bucket, key]
  }

  it('name bucket and key in the path, or the bucket in the host', () => {
    expect(parse('/')).to.deep.equal(['', ''])
    expect(parse('/b')).to.deep.equal(['b', ''])
    expect(parse('/b/a//../%C3%A4+%2B')).to.deep.equal(['b', 'a//../ä++'])
    expect(parse('/a/b', 'photos.s3.test:9000')).to.deep.equal(['photos', 'a/b'])
    expect(parse('/a/b', 'S3.TEST')).to.deep.equal(['a', 'b'])
    expect(parse('/a/b', 'evils3.test')).to.deep.equal(['a', 'b'])
  })

  it('are refused when they are not percent-encoded UTF-8', () => {
    for (const target of ['/%zz', '/%ff', '/a?b=%', 'x'])
      expect(codeOf(() => parse(target))).to.equal('InvalidURI')
  })
})

describe('s3: checksums of parts', () => {
  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
    it(`give ${algorithm} of the whole`, async () => {
      for (const sizes of [[1], [0, 4], [5, 0, 6], [65_537, 1, 300_000]]) {
        const whole = summerOf(algorithm)
        const parts = []
        for (const [index, bytes] of sizes.entries()) {
          const body = Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + index) & 255))
          const sum = summerOf(algorithm)
          whole.update(body)
          sum.update(body)
          parts.push({ number: index + 1, bytes, checksum: await sum.digest() })
        }
        const combined = combineChecksums({ algorithm, type: 'FULL_OBJECT' }, parts)
        expect(combined?.value, sizes.join()).to.equal(await whole.digest())
      }
    })
  }

  it('give a checksum of checksums, and none where a part has none', async () => {
    for (const algorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
      const sum = summerOf(algorithm)
      sum.update(Buffer.from('x'))
      const checksum = await sum.digest()
      const both = summerOf(algorithm)
      both.update(Buffer.concat([Buffer.from(checksum, 'base64'), Buffer.from(checksum, 'base64')]))
      const parts = [1, 2].map((number) => ({ number, bytes: 1, checksum }))
      const combined = combineChecksums({ algorithm, type: 'COMPOSITE' }, parts)
      expect(combined?.value).to.equal(`${await both.digest()}-2`)
      expect(combineChecksums({ algorithm, type: 'COMPOSITE' }, [{ number: 1, bytes: 1 }])).to.equal(
        undefined
      )
    }
  })
})

describe('s3: lifecycle', () => {
  const DAY_MS = 86_400_000
  const record = { bytes: 100, tags: { a: 'b' }, modifiedMs: 10 * DAY_MS + 1000 } as unknown as ObjectRecord
  const rule = { id: 'r', isEnabled: true, prefix: 'tmp/', tags: {}, expireDays: 3 }

  it('counts days to the midnight that follows', () => {
    expect(isExpired(rule, 'tmp/x', record, 14 * DAY_MS - 1)).to.equal(false)
    expect(isExpired(rule, 'tmp/x', record, 14 * DAY_MS)).to.equal(true)
  })

  it('looks at prefix, tags, sizes and dates', () => {
    const late = 100 * DAY_MS
    expect(isExpired(rule, 'other', record, late)).to.equal(false)
    expect(isExpired({ ...rule, tags: { a: 'c' } }, 'tmp/x', record, late)).to.equal(false)
    expect(isExpired({ ...rule, tags: { a: 'b' } }, 'tmp/x', record, late)).to.equal(true)
    expect(isExpired({ ...rule, minBytes: 101 }, 'tmp/x', record, late)).to.equal(false)
    expect(isExpired({ ...rule, maxBytes: 99 }, 'tmp/x', record, late)).to.equal(false)
    expect(
      isExpired({ ...rule, expireDays: undefined, expireAtMs: late + 1 }, 'tmp/x', record, late)
    ).to.equal(false)
    expect(isExpired({ ...rule, expireDays: undefined }, 'tmp/x', record, late)).to.equal(false)
  })
})

describe('s3: ranges', () => {
  it('are read as RFC 9110 says, and refused where nothing is left of them', () => {
    const of = (field: string | undefined, size = 10) => {
      const range = rangeOf(field, size)
      return range && [range.start, range.end]
    }
    expect(of('bytes=0-0')).to.deep.equal([0, 1])
    expect(of('bytes=3-')).to.deep.equal([3, 10])
    expect(of('bytes=-3')).to.deep.equal([7, 10])
    expect(of('bytes=-30')).to.deep.equal([0, 10])
    expect(of('bytes=5-99')).to.deep.equal([5, 10])
    for (const whole of [undefined, 'bytes=', 'bytes=5-3', 'bytes=0-1,3-4', 'items=0-1', 'x']) {
      expect(of(whole), whole).to.equal(undefined)
    }
    for (const [field, size] of [
      ['bytes=10-', 10],
      ['bytes=-0', 10],
      ['bytes=0-', 0]
    ] as const) {
      expect(codeOf(() => of(field, size))).to.equal('InvalidRange')
    }
  })
})

describe('s3: XML', () => {
  it('brings text through, whatever characters are in it', () => {
    const texts = ['<&>"\'', 'a\r\nb\r', '  spaces  ', '😀', 'a&#10;b', '']
    const document = toXml('List', { Key: texts })
    expect(
      fromXml(document, 'List')
        .all('Key')
        .map((one) => one.content())
    ).to.deep.equal(texts)
  })

  it('refuses what is not the document that it should be', () => {
    for (const text of [
      '',
      'x',
      '<a/>',
      '<List>',
      '<List></Lost>',
      '<!DOCTYPE List [<!ENTITY a "b">]><List>&a;</List>'
    ]) {
      expect(
        codeOf(() => fromXml(text, 'List')),
        text
      ).to.equal('MalformedXML')
    }
    const deep = `<List>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</List>`
    expect(codeOf(() => fromXml(deep, 'List'))).to.equal('MalformedXML')
    const twice = fromXml('<List><Key>a</Key><Key>b</Key></List>', 'List')
    expect(codeOf(() => twice.text('Key'))).to.equal('MalformedXML')
  })
})
