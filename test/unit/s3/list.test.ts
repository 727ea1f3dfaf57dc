import { expect } from 'chai'
import fc from 'fast-check'
import { listPage } from '../../../src/s3/operations/list.ts'
import { afterAllOf, isBucketName } from '../../../src/s3/names.ts'
import type { ObjectRecord } from '../../../src/s3/records.ts'

const inOrder = (keys: Iterable<string>): string[] =>
  [...new Set(keys)].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

/** The keys of a bucket, and how many were looked at. */
const bucketOf = (keys: readonly string[]) => {
  const counter = { looked: 0 }
  return {
    counter,
    *objects({ atLeast, after }: { atLeast?: string; after?: string } = {}) {
      for (const key of keys) {
        const order = Buffer.compare(Buffer.from(key), Buffer.from(after ?? atLeast ?? ''))
        if (order < 0 || (order === 0 && after !== undefined)) continue
        counter.looked++
        yield { key, record: (): ObjectRecord => ({}) as ObjectRecord }
      }
    }
  }
}

interface Query {
  readonly prefix: string
  readonly delimiter: string
  readonly maxKeys: number
}

/** What all pages of a list give, each begun where the one before it ended. */
const allPages = (
  keys: readonly string[],
  query: Query
): { objects: string[]; prefixes: string[]; pages: number } => {
  const [objects, prefixes]: string[][] = [[], []]
  let after = ''
  for (let pages = 1; ; pages++) {
    const page = listPage(bucketOf(keys), { ...query, after })
    expect(page.objects.length + page.prefixes.length).to.be.at.most(query.maxKeys)
    objects.push(...page.objects.map(({ key }) => key))
    prefixes.push(...page.prefixes)
    if (page.next === undefined) return { objects, prefixes, pages }
    after = page.next
  }
}

describe('s3: lists', () => {
  it('give each key and each common prefix once, in order, however long the pages are', () => {
    const key = fc.string({
      unit: fc.constantFrom('a', 'b', '/', 'ä', '\u{ffff}', '😀'),
      minLength: 1,
      maxLength: 6
    })
    fc.assert(
      fc.property(
        fc.array(key, { maxLength: 30 }),
        fc.constantFrom('', 'a', 'a/', 'ä', '/'),
        fc.constantFrom('', '/', 'b', 'a/'),
        fc.integer({ min: 1, max: 7 }),
        (given, prefix, delimiter, maxKeys) => {
          const keys = inOrder(given)
          const found = allPages(keys, { prefix, delimiter, maxKeys })
          const rolled = (one: string): string | undefined => {
            const at = delimiter === '' ? -1 : one.indexOf(delimiter, prefix.length)
            return at < 0 ? undefined : one.slice(0, at + delimiter.length)
          }
          const wanted = keys.filter((one) => one.startsWith(prefix))
          expect(found.objects).to.deep.equal(wanted.filter((one) => rolled(one) === undefined))
          expect(found.prefixes).to.deep.equal(inOrder(wanted.flatMap((one) => rolled(one) ?? [])))
        }
      ),
      { numRuns: 1000 }
    )
  })

  it('skip what lies under a common prefix', () => {
    const keys = inOrder(Array.from({ length: 5000 }, (_, index) => `${index % 2}/${index}`))
    const bucket = bucketOf(keys)
    const page = listPage(bucket, { prefix: '', delimiter: '/', after: '', maxKeys: 10 })
    expect(page.prefixes).to.deep.equal(['0/', '1/'])
    expect(bucket.counter.looked).to.be.below(10)
  })
})

describe('s3: names', () => {
  it('know the first text after all with a prefix', () => {
    expect(afterAllOf('a/')).to.equal('a0')
    expect(afterAllOf('a\u{10ffff}')).to.equal('b')
    expect(afterAllOf('\ud7ff')).to.equal('\ue000')
    expect(afterAllOf('\u{10ffff}')).to.equal(undefined)
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }),
        fc.string({ unit: 'binary' }),
        (prefix, rest) => {
          const next = afterAllOf(prefix)
          if (next === undefined) return
          expect(Buffer.compare(Buffer.from(prefix + rest), Buffer.from(next))).to.be.below(0)
        }
      )
    )
  })

  it('of buckets are labels of host names', () => {
    for (const name of ['abc', 'a-b.c', '0'.repeat(63), 'my.bucket.2'])
      expect(isBucketName(name), name).to.equal(true)
    for (const name of [
      '',
      'ab',
      'Abc',
      'a_b',
      '-ab',
      'ab-',
      'a..b',
      'a.-b',
      '1.2.3.4',
      'xn--a',
      'a-s3alias',
      'a'.repeat(64),
      'a/b'
    ]) {
      expect(isBucketName(name), name).to.equal(false)
    }
  })
})
