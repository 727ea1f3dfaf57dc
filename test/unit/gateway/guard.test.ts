import type { IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { refuseForeignPages, requireToken } from '../../../src/gateway/guard.ts'

const withHeaders = (headers: Record<string, string>): IncomingMessage =>
  ({ headers }) as unknown as IncomingMessage

/** A request whose target is a path, as nearly all are. */
const ORIGIN_FORM = { host: undefined, path: '/v1/status' }

const refusal = (check: () => void): unknown => {
  try {
    check()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('gateway: access', () => {
  for (const host of [
    '127.0.0.1:4780',
    '127.0.0.1',
    'localhost:1',
    'LOCALHOST',
    '[::1]:4780',
    '192.0.2.7:80'
  ]) {
    it(`serves Host ${host}`, () => {
      expect(refusal(() => refuseForeignPages(withHeaders({ host }), ORIGIN_FORM))).to.equal(undefined)
    })
  }

  for (const host of [
    '',
    'evil.example',
    'evil.example:4780',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '[::1',
    'a:b:c'
  ]) {
    it(`refuses Host "${host}"`, () => {
      expect(refusal(() => refuseForeignPages(withHeaders({ host }), ORIGIN_FORM))).to.equal('FOREIGN_HOST')
    })
  }

  for (const origin of ['http://evil.example', 'https://127.0.0.1:1', 'http://127.0.0.1:2', 'null']) {
    it(`refuses Origin ${origin}`, () => {
      const request = withHeaders({ host: '127.0.0.1:1', origin })
      expect(refusal(() => refuseForeignPages(request, ORIGIN_FORM))).to.equal('FOREIGN_ORIGIN')
    })
  }

  it('serves pages of an origin that its user allows, and of no other', () => {
    const allowed = new Set(['https://app.example'])
    const from = (origin: string, host = '127.0.0.1:1'): unknown =>
      refusal(() =>
        refuseForeignPages(
          withHeaders({ host, origin, 'sec-fetch-site': 'cross-site' }),
          ORIGIN_FORM,
          allowed
        )
      )
    expect(from('https://app.example')).to.equal(undefined)
    for (const other of [
      'https://app.example.evil',
      'http://app.example',
      'https://app.example:444',
      'null'
    ]) {
      expect(from(other), other).to.equal('FOREIGN_ORIGIN')
    }
    expect(from('https://app.example', 'evil.example')).to.equal('FOREIGN_HOST')
  })

  it('serves its own pages', () => {
    const request = withHeaders({
      host: '127.0.0.1:1',
      origin: 'http://127.0.0.1:1',
      'sec-fetch-site': 'same-origin'
    })
    expect(refusal(() => refuseForeignPages(request, ORIGIN_FORM))).to.equal(undefined)
  })

  for (const site of ['cross-site', 'same-site', 'unheard-of', '']) {
    it(`refuses a request without Origin that a browser marks as ${site || 'nothing'}`, () => {
      const request = withHeaders({ host: '127.0.0.1:1', 'sec-fetch-site': site })
      expect(refusal(() => refuseForeignPages(request, ORIGIN_FORM))).to.equal('FOREIGN_ORIGIN')
    })
  }

  it('serves what a user typed into a browser', () => {
    const request = withHeaders({ host: '127.0.0.1:1', 'sec-fetch-site': 'none' })
    expect(refusal(() => refuseForeignPages(request, ORIGIN_FORM))).to.equal(undefined)
  })

  it('applies the same rule to the host of an absolute target', () => {
    const request = withHeaders({ host: '127.0.0.1:1' })
    expect(refusal(() => refuseForeignPages(request, { host: 'evil.example', path: '/' }))).to.equal(
      'FOREIGN_HOST'
    )
    expect(refusal(() => refuseForeignPages(request, { host: '127.0.0.1:1', path: '/' }))).to.equal(undefined)
  })

  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    'Basic secret',
    'Bearer secre',
    'Bearer secret2',
    'bearer secret'
  ]) {
    it(`does not accept "${authorization}" as a token`, () => {
      expect(refusal(() => requireToken(withHeaders({ authorization }), 'secret'))).to.equal('UNAUTHORIZED')
    })
  }

  it('accepts the token', () => {
    const request = withHeaders({ authorization: 'Bearer secret' })
    expect(refusal(() => requireToken(request, 'secret'))).to.equal(undefined)
  })

  it('lets a link on a page of another origin lead to the page, and to nothing else', () => {
    const navigation = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document'
    }
    const refused = (path: string, method: string, headers: Record<string, string>): unknown =>
      refusal(() =>
        refuseForeignPages(
          { method, headers: { host: '127.0.0.1:1', ...headers } },
          { host: undefined, path }
        )
      )
    expect(refused('/', 'GET', navigation)).to.equal(undefined)
    expect(refused('/v1/status', 'GET', navigation)).to.equal('FOREIGN_ORIGIN')
    expect(refused('/', 'POST', navigation)).to.equal('FOREIGN_ORIGIN')
    expect(refused('/', 'GET', { ...navigation, 'sec-fetch-dest': 'iframe' })).to.equal('FOREIGN_ORIGIN')
    expect(refused('/', 'GET', { ...navigation, 'sec-fetch-mode': 'no-cors' })).to.equal('FOREIGN_ORIGIN')
    expect(refused('/', 'GET', { ...navigation, host: 'evil.example' })).to.equal('FOREIGN_HOST')
  })
})
