import { expect } from 'chai'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Gateway, WebFile } from '../../../src/gateway/index.ts'
import { CODE_LIFE_MS, MAX_CODES, SESSION_LIFE_MS, Sessions } from '../../../src/gateway/web/sessions.ts'
import { FakeNode, TOKEN } from './fake-node.ts'
import { ask, bearer } from './http.ts'
import type { Answer } from './http.ts'
import { expectDescribed } from './openapi.ts'

const FILES: Record<string, WebFile> = {
  'index.html': { bytes: Buffer.from('<!doctype html>') },
  'main-A.js': { bytes: Buffer.from('script'), br: Buffer.from('br'), gzip: Buffer.from('gz') }
}

describe('gateway: web page', () => {
  let gateway: Gateway
  const call = async (
    method: string,
    path: string,
    init: Parameters<typeof ask>[3] = {}
  ): Promise<Answer> => {
    const answer = await ask(gateway.url, method, path, init)
    expectDescribed(path.replace(/^\/web\/.+/, '/web/{file}'), method, answer)
    return answer
  }
  const jsonOf = ({ body }: Answer): Record<string, string> =>
    JSON.parse(body.toString()) as Record<string, string>
  const signIn = async (): Promise<{ cookie: string; secret: string; code: string; attributes: string }> => {
    const { code } = jsonOf(await call('POST', '/v1/web/codes', { headers: bearer(TOKEN) }))
    const opened = await call('POST', '/v1/web/session', { body: JSON.stringify({ code }) })
    expect(opened.status).to.equal(201)
    const [cookie, ...attributes] = (opened.headers['set-cookie']?.[0] ?? '').split('; ')
    return { cookie, secret: jsonOf(opened).secret, code, attributes: attributes.join('; ') }
  }

  beforeEach(async () => {
    gateway = createGateway({ node: await FakeNode.create(), page: { file: async (name) => FILES[name] } })
    await gateway.start()
  })
  afterEach(async () => gateway.stop())

  it('serves its files with a policy that runs nothing foreign, and without the token', async () => {
    for (const method of ['GET', 'HEAD']) {
      const index = await call(method, '/')
      expect(index.status).to.equal(200)
      expect(index.headers['cache-control']).to.equal('no-cache')
      expect(index.headers['content-security-policy']).to.match(/^default-src 'none'; script-src 'self';/)
      expect(index.headers['content-security-policy']).to.not.match(/unsafe|\*|https?:/)
      const script = await call(method, '/web/main-A.js')
      expect(script.headers['content-type']).to.equal('text/javascript; charset=utf-8')
      expect(script.headers['cache-control']).to.include('immutable')
      expect((await call(method, '/web/none.js')).status).to.equal(404)
    }
  })

  for (const [accepted, encoding, body] of [
    ['gzip, deflate, br', 'br', 'br'],
    ['gzip', 'gzip', 'gz'],
    ['br;q=0, gzip;q=0.5', 'gzip', 'gz'],
    ['identity', undefined, 'script'],
    ['', undefined, 'script']
  ] as const) {
    it(`sends ${encoding ?? 'plain bytes'} where "${accepted}" is accepted`, async () => {
      const answer = await call('GET', '/web/main-A.js', { headers: { 'accept-encoding': accepted } })
      expect([answer.headers['content-encoding'], answer.body.toString()]).to.deep.equal([encoding, body])
    })
  }

  it('gives a session for a code, once', async () => {
    const { code, attributes } = await signIn()
    expect(attributes).to.match(/^Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/)
    const again = await call('POST', '/v1/web/session', { body: JSON.stringify({ code }) })
    expect([again.status, again.headers['set-cookie']]).to.deep.equal([403, undefined])
    for (const body of ['', 'x', '[]', '{"code":1}', JSON.stringify({ code: 'x'.repeat(2000) })]) {
      expect((await call('POST', '/v1/web/session', { body })).status).to.equal(400)
    }
  })

  it('wants both halves of a session, and neither of another', async () => {
    const one = await signIn()
    const other = await signIn()
    const statusWith = async (headers: Record<string, string>): Promise<number> =>
      (await call('GET', '/v1/objects', { headers })).status
    expect(await statusWith({ cookie: `a=b; ${one.cookie}`, 'thhe-session': one.secret })).to.equal(200)
    expect(await statusWith({ cookie: one.cookie })).to.equal(401)
    expect(await statusWith({ 'thhe-session': one.secret })).to.equal(401)
    expect(await statusWith({ cookie: one.cookie, 'thhe-session': other.secret })).to.equal(401)
    const foreign = { cookie: one.cookie, 'thhe-session': one.secret, origin: 'http://127.0.0.1:1' }
    expect(await statusWith(foreign)).to.equal(403)
  })

  it('ends a session', async () => {
    const { cookie, secret } = await signIn()
    const headers = { cookie, 'thhe-session': secret }
    expect((await call('DELETE', '/v1/web/session', { headers })).status).to.equal(200)
    expect((await call('GET', '/v1/objects', { headers })).status).to.equal(401)
  })

  it('gives no code without the token', async () => {
    expect((await call('POST', '/v1/web/codes')).status).to.equal(401)
  })

  describe('and pages of other origins', () => {
    const origin = 'https://app.example'
    beforeEach(async () => {
      await gateway.stop()
      gateway = createGateway({ node: await FakeNode.create() }, { origins: [origin] })
      await gateway.start()
    })

    it('answers one that is allowed, and tells its browser what it may send and read', async () => {
      const { status, headers } = await ask(gateway.url, 'OPTIONS', '/v1/puts', {
        headers: { origin, 'access-control-request-method': 'POST' }
      })
      expect(status).to.equal(204)
      expect(headers).to.include({
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST, OPTIONS',
        vary: 'origin'
      })
      expect(headers['access-control-allow-headers']).to.include('authorization')
      const answer = await call('GET', '/v1/status', { headers: { origin, 'sec-fetch-site': 'cross-site' } })
      expect(answer.status).to.equal(200)
      expect(answer.headers['access-control-expose-headers']).to.include('thhe-size')
      const refused = await call('GET', '/v1/objects', { headers: { origin } })
      expect([refused.status, refused.headers['access-control-allow-origin']]).to.deep.equal([401, origin])
    })

    it('never lets cookies in, nor another origin', async () => {
      const { headers } = await call('GET', '/v1/status', { headers: { origin } })
      expect(headers).to.not.have.property('access-control-allow-credentials')
      const other = await call('GET', '/v1/status', { headers: { origin: 'https://evil.example' } })
      expect([other.status, other.headers['access-control-allow-origin']]).to.deep.equal([403, undefined])
    })
  })

  it('says so where the page cannot be loaded', async () => {
    await gateway.stop()
    const { GatewayError } = await import('../../../src/gateway/index.ts')
    const page = { file: async () => Promise.reject(new GatewayError('NO_PAGE', 'Not built.')) }
    gateway = createGateway({ node: await FakeNode.create(), page })
    await gateway.start()
    expect((await call('GET', '/')).status).to.equal(503)
  })

  it('forgets codes and sessions in time, and keeps few of them', () => {
    let nowMs = 0
    const sessions = new Sessions(() => nowMs)
    const late = sessions.mintCode()
    nowMs = CODE_LIFE_MS
    expect(sessions.open(late.code)).to.equal(undefined)
    const first = sessions.mintCode()
    for (let more = 0; more < MAX_CODES; more++) sessions.mintCode()
    expect(sessions.open(first.code)).to.equal(undefined)
    const { cookie, secret } = sessions.open(sessions.mintCode().code)!
    nowMs += SESSION_LIFE_MS - 1
    expect(sessions.use(cookie, secret)).to.equal(true)
    nowMs += SESSION_LIFE_MS - 1
    expect(sessions.use(cookie, secret), 'use keeps it alive').to.equal(true)
    nowMs += SESSION_LIFE_MS
    expect(sessions.use(cookie, secret)).to.equal(false)
  })
})
