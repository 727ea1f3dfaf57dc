import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ROUTES } from '../../../src/gateway/index.ts'

const PAGE = readFileSync(new URL('../../../docs/reference/http.md', import.meta.url), 'utf8')

/** Requests that begin a row of the table, with what it says of the token. */
const rows = (): Array<{ method: string; path: string; needsToken: boolean }> =>
  [...PAGE.matchAll(/^\| (`[A-Z]+ \/.*?) \| (yes)? ?\|/gm)].flatMap(([, requests, token]) =>
    [...requests.matchAll(/`([A-Z]+) (\/[^`?]*)/g)].map(([, method, path]) => {
      return { method, path, needsToken: token === 'yes' }
    })
  )

describe('gateway: the page about HTTP', () => {
  it('has every path that is served', () => {
    const paths = new Set(rows().map(({ path }) => path))
    // The page's own files, and a variant of a row.
    const others = ['/web/{file}', '/v1/s3/keys/{accessKeyId}']
    const missing = ROUTES.map(({ path }) => path).filter(
      (path) => !paths.has(path) && !others.includes(path)
    )
    expect(missing).to.deep.equal([])
  })

  it('has no request that is not served, and says of each whether it needs the token', () => {
    expect(rows().length).to.be.greaterThan(25)
    for (const { method, path, needsToken } of rows()) {
      const route = ROUTES.find((one) => one.path === path && one.methods.includes(method))
      expect(route, `${method} ${path}`).to.not.equal(undefined)
      expect(needsToken, `${method} ${path}`).to.equal(route?.needsToken)
    }
  })
})
