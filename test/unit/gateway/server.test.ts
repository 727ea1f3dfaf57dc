import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { expect } from 'chai'
import { formatName, signHead } from '../../../src/heads/index.ts'
import { createGateway, identityProof, NDJSON, PROBLEM_FIELD, ROUTES } from '../../../src/gateway/index.ts'
import type {
  Examine,
  FindingsJson,
  Gateway,
  Problem,
  S3Control,
  S3KeyJson
} from '../../../src/gateway/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import { FakeNode, TOKEN } from './fake-node.ts'
import { ask, bearer, linesOf } from './http.ts'
import type { Answer } from './http.ts'
import { expectDescribed, openapi } from './openapi.ts'

const BYTES = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251))
const lost = (): HologramError =>
  new HologramError('NOT_ENOUGH_SHARDS', '2 more shards are needed', {
    needed: 5,
    live: 3,
    missing: 2
  })
const problemOf = ({ body }: Answer): Record<string, unknown> =>
  JSON.parse(body.toString()) as Record<string, unknown>

describe('gateway', () => {
  let node: FakeNode
  let gateway: Gateway
  let id: string
  /** Every answer of every test is held to openapi.json. */
  const call = async (
    method: string,
    path: string,
    init: Parameters<typeof ask>[3] = {}
  ): Promise<Answer> => {
    const answer = await ask(gateway.url, method, path, init)
    const route = path
      .split('?')[0]
      .replace(/^\/v1\/objects\/[^/]+/, '/v1/objects/{cid}')
      .replace(/^\/v1\/names\/[^/]+/, '/v1/names/{name}')
      .replace(/^\/v1\/s3\/keys\/[^/]+/, '/v1/s3/keys/{accessKeyId}')
    if (answer.complete && openapi.paths[route]?.[method.toLowerCase()] !== undefined) {
      expectDescribed(route, method, answer)
    }
    return answer
  }

  beforeEach(async () => {
    node = await FakeNode.create()
    id = node.keep(BYTES, { name: 'bytes' }).toString()
    // The real page is bundled when it is first asked for, which may take longer than connections may idle here.
    const page = { file: async () => ({ bytes: Buffer.from('<!doctype html>') }) }
    gateway = createGateway({ node, page }, { idleTimeoutMs: 300, headersTimeoutMs: 150 })
    await gateway.start()
  })
  afterEach(async () => gateway.stop())

  it('serves what openapi.json lists, and lists what it serves', () => {
    const served = ROUTES.flatMap(({ methods, path, needsToken }) =>
      methods.map((method) => `${method} ${path} ${needsToken ? 'token' : 'open'}`)
    )
    const listed = Object.entries(openapi.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(
        ([method, { security }]) =>
          `${method.toUpperCase()} ${path} ${security === undefined ? 'open' : 'token'}`
      )
    )
    expect(served.sort()).to.deep.equal(listed.sort())
  })

  // Names, slots, S3, the doctor, puts in parts and the page have tests of their own.
  for (const { methods, path, takesBody } of ROUTES.filter(
    (route) => !/name|s3|web|field|puts|doctor/.test(route.path)
  )) {
    for (const method of methods) {
      it(`${method} ${path} answers as described`, async () => {
        const body = takesBody ? BYTES : undefined
        const query = path.endsWith('/reshape') ? '?n=3' : ''
        const answer = await call(method, path.replace('{cid}', id) + query, { headers: bearer(TOKEN), body })
        expect(answer.status).to.be.oneOf([200, 201])
      })
    }
  }

  describe('s3', () => {
    const KEY = {
      accessKeyId: 'THHEA',
      name: 'laptop',
      createdAtMs: 1,
      grants: [{ bucket: '*', rights: ['read'] }]
    } as const
    let keys: S3KeyJson[]
    let failure: Error | undefined
    const control: S3Control = {
      status: () => ({ url: 'http://127.0.0.1:9000', ready: failure === undefined }),
      keys: async () => {
        if (failure !== undefined) throw failure
        return keys
      },
      createKey: async (key) => {
        keys.push({ ...KEY, ...key })
        return { ...KEY, ...key, secretAccessKey: 'secret' }
      },
      removeKey: async (id) => {
        const before = keys.length
        keys = keys.filter(({ accessKeyId }) => accessKeyId !== id)
        return keys.length < before
      }
    }
    beforeEach(async () => {
      keys = []
      failure = undefined
      await gateway.stop()
      gateway = createGateway({ node: await FakeNode.create(), s3: control })
      await gateway.start()
    })
    const ask = async (method: string, path: string, body?: string): ReturnType<typeof call> =>
      await call(method, path, {
        headers: bearer(TOKEN),
        ...(body !== undefined && { body: Buffer.from(body) })
      })

    it('says where it is, makes keys, lists them without secrets, and takes them away', async () => {
      expect(JSON.parse((await ask('GET', '/v1/s3')).body.toString())).to.deep.equal(control.status())
      const wanted = { name: 'backup', grants: [{ bucket: 'photos', rights: ['read', 'write'] }] }
      const made = await ask('POST', '/v1/s3/keys', JSON.stringify(wanted))
      expect([made.status, JSON.parse(made.body.toString())]).to.deep.equal([
        201,
        { ...KEY, ...wanted, secretAccessKey: 'secret' }
      ])
      const listed = JSON.parse((await ask('GET', '/v1/s3/keys')).body.toString()) as object
      expect(listed).to.deep.equal({ keys: [{ ...KEY, ...wanted }] })
      expect((await ask('DELETE', '/v1/s3/keys/THHEA')).status).to.equal(200)
      expect((await ask('DELETE', '/v1/s3/keys/THHEA')).status).to.equal(404)
      expect((await call('GET', '/v1/s3/keys')).status).to.equal(401)
    })

    it('refuses keys that say nothing sensible', async () => {
      for (const body of [
        '',
        'x',
        '[]',
        '{"name":"a"}',
        '{"name":"a","grants":[]}',
        '{"name":"a","grants":[{"bucket":"*","rights":[]}]}',
        '{"name":"a","grants":[{"bucket":"*","rights":["fly"]}]}',
        '{"name":"a","grants":[{"bucket":"A B","rights":["read"]}]}',
        `{"name":"${'a'.repeat(129)}","grants":[{"bucket":"*","rights":["read"]}]}`
      ]) {
        expect((await ask('POST', '/v1/s3/keys', body)).status, body.slice(0, 60)).to.equal(400)
      }
      expect(keys).to.deep.equal([])
    })

    it('says that the service is not ready yet, or not there', async () => {
      failure = Object.assign(new Error('not yet'), { code: 'ServiceUnavailable' })
      expect((await ask('GET', '/v1/s3/keys')).status).to.equal(503)
      await gateway.stop()
      gateway = createGateway({ node: await FakeNode.create() })
      await gateway.start()
      for (const path of ['/v1/s3', '/v1/s3/keys']) expect((await ask('GET', path)).status).to.equal(404)
    })
  })

  describe('doctor', () => {
    const FINDING = { check: 'disk', state: 'good', detail: 'fast' } as const
    const findings = async (): Promise<{ status: number; body: FindingsJson }> => {
      const { status, body } = await call('GET', '/v1/doctor', { headers: bearer(TOKEN) })
      return { status, body: JSON.parse(body.toString()) as FindingsJson }
    }
    const use = async (examine?: Examine): Promise<void> => {
      await gateway.stop()
      gateway = createGateway({ node: await FakeNode.create(), examine })
      await gateway.start()
    }

    it('examines the machine of the node, once for all who ask within a minute', async () => {
      let times = 0
      await use(async ({ usage }) => {
        times++
        await new Promise((resolve) => setTimeout(resolve, 50))
        return [{ ...FINDING, advice: `of ${usage.quotaBytes} bytes` }]
      })
      const { usage } = await (await FakeNode.create()).status()
      const answers = await Promise.all([findings(), findings(), findings()])
      for (const { status, body } of [...answers, await findings()]) {
        expect(status).to.equal(200)
        expect(body.findings).to.deep.equal([{ ...FINDING, advice: `of ${usage.quotaBytes} bytes` }])
        expect(body.examinedAtMs).to.be.within(Date.now() - 60_000, Date.now())
      }
      expect(times).to.equal(1)
      expect((await call('GET', '/v1/doctor')).status).to.equal(401)
    })

    it('examines anew after a failure, and says where there is no doctor', async () => {
      let times = 0
      await use(async () => {
        if (times++ === 0) throw new Error('no disk')
        return [FINDING]
      })
      expect((await findings()).status).to.equal(500)
      expect((await findings()).status).to.equal(200)
      await use()
      const { status, body } = await findings()
      expect([status, (body as unknown as Problem).code]).to.deep.equal([404, 'NO_DOCTOR'])
    })
  })

  describe('names', () => {
    let key: Ed25519PrivateKey
    let path: string
    beforeEach(async () => {
      key = await generateKeyPair('Ed25519')
      path = `/v1/names/${formatName(peerIdFromPrivateKey(key))}`
    })
    const sign = async (sequence: number): Promise<Buffer> =>
      Buffer.from(
        await signHead(
          node.networkId,
          { sequence, expiresAtMs: Date.now() + 60_000, value: Uint8Array.of(sequence) },
          { peer: peerIdFromPrivateKey(key), sign: async (bytes) => await key.sign(bytes) }
        )
      )
    const publish = async (body: Buffer): Promise<Awaited<ReturnType<typeof call>>> =>
      await call('PUT', path, { headers: bearer(TOKEN), body })
    const read = async (): Promise<Awaited<ReturnType<typeof call>>> =>
      await call('GET', path, { headers: bearer(TOKEN) })

    it('answer with what was published last', async () => {
      expect((await read()).status).to.equal(404)
      expect((await publish(await sign(1))).status).to.equal(200)
      expect((await publish(await sign(2))).status).to.equal(200)
      const { heads } = JSON.parse((await read()).body.toString()) as { heads: Array<{ value: string }> }
      expect(heads.map(({ value }) => value)).to.deep.equal(['Ag'])
      expect((await publish(await sign(1))).status).to.equal(409)
    })

    it('are published with PUT where there are no validators', async () => {
      const answer = await call('POST', path, { headers: bearer(TOKEN), body: await sign(1) })
      expect(answer.status).to.equal(404)
      expect(answer.body.toString()).to.include('NO_FIELD')
    })

    it('need the token, a name, and a head of it that is not too long', async () => {
      expect((await call('GET', path)).status).to.equal(401)
      const nonsense = await call('GET', '/v1/names/nonsense', { headers: bearer(TOKEN) })
      expect(nonsense.status).to.equal(400)
      for (const body of [Buffer.alloc(0), Buffer.alloc(100), Buffer.alloc(10_000)]) {
        expect((await publish(body)).status, `${body.length} bytes`).to.equal(400)
      }
      const other = await sign(1)
      path = `/v1/names/${formatName(peerIdFromPrivateKey(await generateKeyPair('Ed25519')))}`
      expect((await publish(other)).status).to.equal(400)
    })
  })

  describe('scrub', () => {
    const scrub = async (query = '') => await call('POST', `/v1/scrub${query}`, { headers: bearer(TOKEN) })

    it('needs the token', async () => {
      expect((await call('POST', '/v1/scrub')).status).to.equal(401)
    })

    it('reads at the given rate, with lines of progress and a result', async () => {
      const lines = linesOf((await scrub('?bytesPerSecond=65536')).body)
      expect(lines).to.have.length(2)
      expect(lines[0]).to.have.nested.property('progress.bytes', 65_536)
      expect(lines[1]).to.have.nested.property('result.shards', 2)
      expect((await scrub('?bytesPerSecond=65535')).status).to.equal(400)
    })

    it('reports a failure in the last line', async () => {
      node.failScrub = new Error('the disk is gone')
      expect(linesOf((await scrub()).body).at(-1)).to.have.nested.property('problem.code', 'INTERNAL')
    })
  })

  describe('events', () => {
    const emit = (room: string, reason: string): void => node.events.emit({ room, kind: 'done', reason })
    const read = async (query = ''): Promise<unknown[]> =>
      linesOf((await call('GET', `/v1/events${query}`, { headers: bearer(TOKEN) })).body)

    it('are read from a sequence on, of one room if asked, with a line that says where to go on', async () => {
      emit('heal', 'a')
      emit('audit', 'b')
      expect(await read()).to.have.length(3)
      const [event, end] = await read('?after=1&room=audit')
      expect(event).to.deep.nested.include({ 'event.sequence': 2, 'event.reason': 'b' })
      expect(end).to.deep.equal({ end: { last: 2, missed: 0 } })
      expect(await read('?after=2')).to.deep.equal([{ end: { last: 2, missed: 0 } }])
    })

    it('says how many were dropped before they were read', async () => {
      for (const reason of 'abcdef') emit('heal', reason)
      expect((await read()).at(-1)).to.deep.equal({ end: { last: 6, missed: 2 } })
    })

    it('follows: sends events as they happen until the client goes away', async () => {
      emit('heal', 'before')
      const sent = request(`${gateway.url}/v1/events?follow=true`, { headers: bearer(TOKEN), agent: false })
      sent.end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      const got: string[] = []
      for await (const part of response.setEncoding('utf8') as AsyncIterable<string>) {
        got.push(part)
        if (part.includes('before')) emit('heal', 'while it follows')
        if (part.includes('while it follows')) break
      }
      expect(got.join('')).to.include('"sequence":2')
    })
  })

  describe('get', () => {
    it('sends every byte, with the id as its ETag', async () => {
      const answer = await call('GET', `/v1/objects/${id}`)
      expect(answer.body.equals(BYTES)).to.equal(true)
      expect(answer.headers).to.include({ etag: `"${id}"`, 'content-length': '5000', 'thhe-sealed': 'false' })
    })

    it('sends a range', async () => {
      const answer = await call('GET', `/v1/objects/${id}`, { headers: { range: 'bytes=10-1999' } })
      expect(answer.status).to.equal(206)
      expect(answer.headers['content-range']).to.equal('bytes 10-1999/5000')
      expect(answer.body.equals(BYTES.subarray(10, 2000))).to.equal(true)
    })

    it('refuses a range beyond the end, with the size', async () => {
      const answer = await call('GET', `/v1/objects/${id}`, { headers: { range: 'bytes=5000-' } })
      expect(answer.status).to.equal(416)
      expect(answer.headers['content-range']).to.equal('bytes */5000')
    })

    it('answers HEAD with the size and nothing else', async () => {
      const answer = await call('HEAD', `/v1/objects/${id}`)
      expect(answer.headers['content-length']).to.equal('5000')
    })

    it('names the problem in the head of an answer to HEAD', async () => {
      node.kept.clear()
      const answer = await call('HEAD', `/v1/objects/${id}`)
      expect(answer.status).to.equal(404)
      const problem = JSON.parse(decodeURIComponent(String(answer.headers[PROBLEM_FIELD]))) as unknown
      expect(problem).to.deep.include({ code: 'NOT_FOUND' })
    })

    it('sends nothing to a client that already has the object', async () => {
      const answer = await call('GET', `/v1/objects/${id}`, { headers: { 'if-none-match': `"${id}"` } })
      expect(answer.status).to.equal(304)
    })

    it('looks an object up once for a range of it', async () => {
      const answer = await call('GET', `/v1/objects/${id}`, { headers: { range: 'bytes=2-4' } })
      expect(answer.status).to.equal(206)
      expect(node.opened).to.equal(1)
    })

    it('sends the whole object when If-Range names something else', async () => {
      const headers = { range: 'bytes=0-1', 'if-range': '"other"' }
      expect((await call('GET', `/v1/objects/${id}`, { headers })).status).to.equal(200)
    })

    it('has a status for an object that cannot be read at all', async () => {
      node.failGet = { afterBytes: 0, error: lost() }
      const answer = await call('GET', `/v1/objects/${id}`)
      expect(answer.status).to.equal(503)
      expect(problemOf(answer)).to.deep.include({
        code: 'NOT_ENOUGH_SHARDS',
        data: { needed: 5, live: 3, missing: 2 }
      })
    })

    it('breaks the connection when it fails in mid-body', async () => {
      const big = node.keep(Buffer.alloc(16 << 20)).toString()
      node.pieceBytes = 1 << 20
      node.failGet = { afterBytes: 8 << 20, error: lost() }
      const answer = await call('GET', `/v1/objects/${big}`)
      expect(answer.complete).to.equal(false)
      expect(answer.body.byteLength).to.be.below(16 << 20)
    })

    it('names the failure in a trailer when the client asked for trailers', async () => {
      node.failGet = { afterBytes: 3000, error: lost() }
      const answer = await call('GET', `/v1/objects/${id}`, { headers: { te: 'trailers' } })
      expect(answer.body.byteLength).to.equal(3000)
      const problem = JSON.parse(decodeURIComponent(answer.trailers[PROBLEM_FIELD] ?? '')) as unknown
      expect(problem).to.deep.include({ code: 'NOT_ENOUGH_SHARDS' })
    })

    it('reports that no peer knows the object', async () => {
      node.kept.clear()
      const answer = await call('GET', `/v1/objects/${id}`)
      expect([answer.status, problemOf(answer).code]).to.deep.equal([404, 'NOT_FOUND'])
    })

    it('refuses text that is not an object id', async () => {
      const answer = await call('GET', '/v1/objects/nonsense')
      expect([answer.status, problemOf(answer).code]).to.deep.equal([400, 'BAD_LINK'])
    })

    it('closes the object when the client stops reading', async () => {
      const big = node.keep(Buffer.alloc(32 << 20), {}).toString()
      node.pieceBytes = 1 << 20
      const sent = request(`${gateway.url}/v1/objects/${big}`, { agent: false })
      sent.on('error', () => {})
      sent.end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      response.on('error', () => {})
      response.pause()
      const signal = node.signals.at(-1) as AbortSignal
      if (!signal.aborted) await once(signal, 'abort')
    })

    it('closes the object when the client disconnects', async () => {
      const big = node.keep(Buffer.alloc(32 << 20), {}).toString()
      node.pieceBytes = 1 << 20
      const sent = request(`${gateway.url}/v1/objects/${big}`, { agent: false })
      sent.end()
      await once(sent, 'response')
      const signal = node.signals.at(-1) as AbortSignal
      const gone = once(signal, 'abort')
      sent.destroy()
      await gone
      expect(signal.aborted).to.equal(true)
    })
  })

  describe('put', () => {
    it('keeps the body with the options of the query', async () => {
      const answer = await call(
        'PUT',
        '/v1/objects?k=3&n=5&margin=1&name=a%20b&sealed=true&fewer=true&lease=2d',
        {
          headers: bearer(TOKEN),
          body: 'hello'
        }
      )
      const { cid } = problemOf(answer)
      const kept = node.kept.get(String(cid))
      expect(kept?.bytes.toString()).to.equal('hello')
      expect(kept?.options).to.deep.include({
        k: 3,
        n: 5,
        margin: 1,
        name: 'a b',
        sealed: true,
        allowFewerShards: true,
        leaseMs: 2 * 86_400_000,
        sizeHint: 5
      })
    })

    it('accepts the layers of a tensor, and reports them without asking holders', async () => {
      const parameters = Buffer.from([1, 250, 255]).toString('base64url')
      const target = `/v1/objects?n=9&layers=2:3,4:2&tensor=${parameters}`
      const put = await call('PUT', target, { headers: bearer(TOKEN), body: 'hello' })
      const { cid } = problemOf(put)
      const manifest = await call('GET', `/v1/objects/${String(cid)}/manifest`)
      expect(problemOf(manifest)).to.deep.include({
        kind: 'tensor',
        k: 4,
        n: 9,
        layers: [
          { k: 2, length: 3 },
          { k: 4, length: 2 }
        ],
        tensor: parameters
      })
    })

    it('refuses an incomplete tensor, and invalid layers or parameters', async () => {
      for (const query of [
        'layers=2:3',
        'tensor=AQ',
        'layers=2&tensor=AQ',
        'layers=2:3,&tensor=AQ',
        `layers=${Array(65).fill('1:1').join()}&tensor=AQ`,
        'layers=2:3&tensor=a+b',
        `layers=2:3&tensor=${'A'.repeat(8200)}`
      ]) {
        const answer = await call('PUT', `/v1/objects?${query}`, { headers: bearer(TOKEN), body: 'hello' })
        expect([answer.status, problemOf(answer).code], query.slice(0, 40)).to.deep.equal([
          400,
          'BAD_REQUEST'
        ])
      }
    })

    it('reports progress and then the result, line by line', async () => {
      const headers = { ...bearer(TOKEN), accept: NDJSON }
      const answer = await call('PUT', '/v1/objects', { headers, body: BYTES })
      const lines = linesOf(answer.body)
      expect(lines.at(-2)).to.deep.equal({
        progress: { readBytes: 5000, sentBytes: 10_000, shardsAcknowledged: 0 }
      })
      expect(lines.at(-1)).to.have.property('result')
    })

    for (const when of ['failPut', 'refusePut'] as const) {
      for (const accept of [NDJSON, '*/*']) {
        it(`tells a client that keeps sending why the put failed (${when}, ${accept})`, async () => {
          node[when] = new HologramError('NOT_ENOUGH_PEERS', '5 peers are needed', {
            needed: 5,
            available: 3
          })
          const headers = { ...bearer(TOKEN), accept, 'content-length': 8 << 20, expect: '100-continue' }
          const sent = request(`${gateway.url}/v1/objects`, { method: 'PUT', headers, agent: false })
          sent.on('continue', () => {
            // Later than the answer, which must not be lost for it.
            setTimeout(() => sent.end(Buffer.alloc(8 << 20)), 50)
          })
          sent.flushHeaders()
          const [response] = (await once(sent, 'response')) as [IncomingMessage]
          expect(await text(response)).to.include('NOT_ENOUGH_PEERS')
        })
      }
    }

    it('tells a client that is still sending that it is not allowed to', async () => {
      const answer = await call('PUT', '/v1/objects', { body: Buffer.alloc(32 << 20) })
      expect(answer.status).to.equal(401)
    })

    it('reports a failure as the last line', async () => {
      node.failPut = new HologramError('NOT_ENOUGH_PEERS', '5 peers are needed', { needed: 5, available: 3 })
      const headers = { ...bearer(TOKEN), accept: NDJSON }
      const answer = await call('PUT', '/v1/objects', { headers, body: BYTES })
      expect(linesOf(answer.body).at(-1)).to.deep.nested.include({ 'problem.code': 'NOT_ENOUGH_PEERS' })
    })

    it('has a status for a failure when no lines were asked for', async () => {
      node.failPut = new HologramError('QUOTA', 'full', { freeBytes: 0 })
      const answer = await call('PUT', '/v1/objects', { headers: bearer(TOKEN), body: BYTES })
      expect([answer.status, problemOf(answer).code]).to.deep.equal([507, 'QUOTA'])
    })

    for (const query of [
      'k=0',
      'k=256',
      'n=257',
      'k=x',
      'k=3&k=4',
      'colour=red',
      'lease=soon',
      'sealed=maybe',
      'name=%00'
    ]) {
      it(`refuses ?${query}`, async () => {
        const answer = await call('PUT', `/v1/objects?${query}`, { headers: bearer(TOKEN), body: 'x' })
        expect([answer.status, problemOf(answer).code]).to.deep.equal([400, 'BAD_REQUEST'])
      })
    }

    it('never treats a truncated body as an object', async () => {
      const headers = { ...bearer(TOKEN), 'content-length': 10_000 }
      const sent = request(`${gateway.url}/v1/objects`, { method: 'PUT', headers, agent: false })
      sent.on('error', () => {})
      sent.write(BYTES, () => sent.destroy())
      expect(await node.putBroken.promise).to.be.instanceOf(Error)
      expect(node.kept.size).to.equal(1)
    })

    it('times out a client that stops sending', async () => {
      const headers = { ...bearer(TOKEN), 'content-length': 10_000 }
      const sent = request(`${gateway.url}/v1/objects`, { method: 'PUT', headers, agent: false })
      sent.on('error', () => {})
      sent.write(BYTES)
      expect(await node.putBroken.promise).to.be.instanceOf(Error)
    })

    it('refuses before the body is sent when the client waits for 100 Continue', async () => {
      const headers = { 'content-length': 10_000, expect: '100-continue' }
      const sent = request(`${gateway.url}/v1/objects`, { method: 'PUT', headers, agent: false })
      sent.on('error', () => {})
      sent.flushHeaders()
      const [response] = (await once(sent, 'response')) as [{ statusCode: number }]
      expect(response.statusCode).to.equal(401)
      sent.destroy()
    })
  })

  for (const { methods, path, needsToken } of ROUTES) {
    if (!needsToken) continue
    for (const method of methods) {
      it(`${method} ${path} needs the token, and does and reveals nothing without it`, async () => {
        for (const headers of [{}, bearer('wrong')]) {
          const answer = await call(method, path.replace('{cid}', id), { headers })
          expect(answer.status).to.equal(401)
          expect(answer.headers['www-authenticate']).to.equal('Bearer')
          expect(answer.body.includes('bytes')).to.equal(false)
        }
        expect([...node.kept.keys()]).to.deep.equal([id])
      })
    }
  }

  for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }]) {
    it(`refuses ${JSON.stringify(headers)} even with the token`, async () => {
      const answer = await call('DELETE', `/v1/objects/${id}`, { headers: { ...bearer(TOKEN), ...headers } })
      expect(answer.status).to.equal(403)
      expect(node.kept.size).to.equal(1)
    })
  }

  it('removes an object', async () => {
    await call('DELETE', `/v1/objects/${id}`, { headers: bearer(TOKEN) })
    expect(node.kept.size).to.equal(0)
  })

  it('lists objects, and ends with a line that says the list is complete', async () => {
    const answer = await call('GET', '/v1/objects', { headers: bearer(TOKEN) })
    const lines = linesOf(answer.body)
    expect(lines).to.have.length(2)
    expect(lines[0]).to.deep.nested.include({ 'object.cid': id, 'object.name': 'bytes' })
    expect(lines[1]).to.deep.equal({ end: { count: 1 } })
  })

  it('is not healthy until the node is ready', async () => {
    node.ready = false
    expect((await call('GET', '/health')).status).to.equal(503)
  })

  it('counts its requests by route, not by path', async () => {
    await call('GET', `/v1/objects/${id}`)
    const { body } = await call('GET', '/metrics')
    expect(body.toString()).to.include(
      'thhe_http_requests_total{method="GET",path="/v1/objects/{cid}",status="200"} 1'
    )
  })

  it('names the allowed methods', async () => {
    const answer = await call('PATCH', '/v1/objects')
    expect(answer.status).to.equal(405)
    expect(answer.headers.allow).to.equal('GET, HEAD, PUT, POST, OPTIONS')
  })

  describe('identifies itself', () => {
    const challenge = 'c'.repeat(43)
    it('with a proof that it knows its token, for its address and the challenge', async () => {
      const answer = problemOf(await call('GET', `/v1/identity?challenge=${challenge}`))
      const claim = { peerId: node.peerId.toString(), address: gateway.url }
      expect(answer).to.deep.equal({ ...claim, proof: identityProof(TOKEN, { ...claim, challenge }) })
      const others = [
        identityProof('another token', { ...claim, challenge }),
        identityProof(TOKEN, { ...claim, challenge: 'd'.repeat(43) }),
        identityProof(TOKEN, { ...claim, challenge, address: 'http://127.0.0.1:1' }),
        identityProof(TOKEN, { ...claim, challenge, peerId: 'another' })
      ]
      expect(others).to.not.include(answer.proof)
      expect(new Set(others).size).to.equal(4)
    })

    it('without a proof when none is requested', async () => {
      expect(problemOf(await call('GET', '/v1/identity'))).to.not.have.property('proof')
    })

    for (const bad of ['', 'short', 'c'.repeat(44), `${'c'.repeat(42)}%00`]) {
      it(`but not for the challenge "${bad}"`, async () => {
        expect((await call('GET', `/v1/identity?challenge=${bad}`)).status).to.equal(400)
      })
    }
  })

  describe('follows RFC 9110', () => {
    const etag = (): string => `"${id}"`

    it('ignores Range in HEAD', async () => {
      const answer = await call('HEAD', `/v1/objects/${id}`, { headers: { range: 'bytes=0-5' } })
      expect([answer.status, answer.headers['content-length']]).to.deep.equal([200, '5000'])
      expect(answer.headers).to.not.have.property('content-range')
    })

    it('sends an empty object whole, whatever range is asked for', async () => {
      const empty = node.keep(Buffer.alloc(0)).toString()
      for (const range of ['bytes=-5', 'bytes=0-1048575', 'bytes=0-']) {
        const answer = await call('GET', `/v1/objects/${empty}`, { headers: { range } })
        expect([answer.status, answer.body.length], range).to.deep.equal([200, 0])
      }
    })

    it('compares If-Match with the strong validator', async () => {
      for (const [condition, status] of [
        ['*', 200],
        [etag(), 200],
        [`"other", ${etag()}`, 200],
        [`W/${etag()}`, 412],
        ['"other"', 412]
      ] as const) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await call(method, `/v1/objects/${id}`, { headers: { 'if-match': condition } })
          expect(answer.status, `${method} ${condition}`).to.equal(status)
        }
      }
    })

    it('compares If-None-Match with the weak validator', async () => {
      for (const [condition, status] of [
        ['*', 304],
        [etag(), 304],
        [`"other", W/${etag()}`, 304],
        ['"other"', 200],
        [id, 200]
      ] as const) {
        const answer = await call('GET', `/v1/objects/${id}`, { headers: { 'if-none-match': condition } })
        expect(answer.status, condition).to.equal(status)
        if (status === 304) expect(answer.headers).to.include({ etag: etag() })
      }
    })

    it('removes nothing when a condition does not hold', async () => {
      for (const condition of [
        { 'if-match': '"other"' },
        { 'if-none-match': etag() },
        { 'if-none-match': '*' }
      ]) {
        const answer = await call('DELETE', `/v1/objects/${id}`, {
          headers: { ...bearer(TOKEN), ...condition }
        })
        expect([answer.status, node.kept.size], JSON.stringify(condition)).to.deep.equal([412, 1])
      }
      const headers = { ...bearer(TOKEN), 'if-match': etag() }
      expect((await call('DELETE', `/v1/objects/${id}`, { headers })).status).to.equal(200)
    })

    it('ignores a range for a weak If-Range', async () => {
      const headers = { range: 'bytes=0-1', 'if-range': `W/${etag()}` }
      expect((await call('GET', `/v1/objects/${id}`, { headers })).status).to.equal(200)
      const strong = { range: 'bytes=0-1', 'if-range': etag() }
      expect((await call('GET', `/v1/objects/${id}`, { headers: strong })).status).to.equal(206)
    })

    it('names the location of a new object', async () => {
      const answer = await call('PUT', '/v1/objects', { headers: bearer(TOKEN), body: 'new' })
      expect(answer.status).to.equal(201)
      const { location } = answer.headers
      expect((await call('GET', String(location))).body.toString()).to.equal('new')
    })

    it('answers OPTIONS with the allowed methods', async () => {
      const object = await call('OPTIONS', `/v1/objects/${id}`)
      expect([object.status, object.headers.allow]).to.deep.equal([204, 'GET, HEAD, DELETE, OPTIONS'])
      const { hostname, port } = new URL(gateway.url)
      const socket = connect(Number(port), hostname)
      socket.write(`OPTIONS * HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`)
      expect(await text(socket)).to.match(/^HTTP\/1.1 204 [^]*allow: GET, HEAD, PUT, POST, DELETE, OPTIONS\r/)
      expect((await call('OPTIONS', '/v2')).status).to.equal(404)
    })

    it('decodes the path', async () => {
      const encoded = id.replace('b', '%62')
      expect((await call('GET', `/v1/objects/${encoded}`)).status).to.equal(200)
      expect((await ask(gateway.url, 'GET', `/%76%31/objects/${id}`)).status).to.equal(200)
      const link = encodeURIComponent(`thhe:07070707/${id}`)
      expect((await call('GET', `/v1/objects/${link}`)).status).to.equal(200)
    })

    for (const path of [
      '/v1/objects/%',
      '/v1/objects/%zz',
      '/%ff',
      '/v1/status?a=%',
      '/v1/objects?name=%ff'
    ]) {
      it(`refuses ${path}, which is not percent-encoded`, async () => {
        const answer = await ask(gateway.url, 'GET', path, { headers: bearer(TOKEN) })
        expect([answer.status, problemOf(answer).code]).to.deep.equal([400, 'BAD_REQUEST'])
      })
    }

    it('refuses a link with its key', async () => {
      const link = encodeURIComponent(`${id}#${Buffer.alloc(32).toString('base64url')}`)
      const answer = await call('GET', `/v1/objects/${link}`)
      expect([answer.status, problemOf(answer).code]).to.deep.equal([400, 'BAD_REQUEST'])
    })

    it('finds no object without an id', async () => {
      expect((await ask(gateway.url, 'GET', '/v1/objects/')).status).to.equal(404)
    })

    it('serves a target in absolute form, and refuses one of another host', async () => {
      for (const [target, status] of [
        [`${gateway.url}/v1/status`, 200],
        ['http://evil.example/v1/status', 403],
        ['ftp://127.0.0.1/v1/status', 400],
        ['v1/status', 400]
      ] as const) {
        const { hostname, port } = new URL(gateway.url)
        const socket = connect(Number(port), hostname)
        socket.end(`GET ${target} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`)
        expect(await text(socket), target).to.match(new RegExp(`^HTTP/1.1 ${status} `))
      }
    })

    it('refuses partial objects, and objects in another content coding', async () => {
      for (const [field, status] of [
        [{ 'content-range': 'bytes 0-1/5' }, 400],
        [{ 'content-encoding': 'gzip' }, 415]
      ] as const) {
        const headers = { ...bearer(TOKEN), ...field }
        const answer = await call('PUT', '/v1/objects', { headers, body: 'hello' })
        expect([answer.status, node.kept.size], JSON.stringify(field)).to.deep.equal([status, 1])
      }
      const headers = { ...bearer(TOKEN), 'content-encoding': 'identity' }
      expect((await call('PUT', '/v1/objects', { headers, body: 'hello' })).status).to.equal(201)
    })
  })

  it('answers 404 for an unknown path', async () => {
    expect(problemOf(await call('GET', '/v2/objects')).code).to.equal('NO_ROUTE')
  })

  it('refuses a body where none is expected', async () => {
    const answer = await call('DELETE', `/v1/objects/${id}`, {
      headers: { ...bearer(TOKEN), 'content-length': 1 },
      body: 'x'
    })
    expect(answer.status).to.equal(413)
    expect(node.kept.size).to.equal(1)
  })

  it('refuses a head beyond 16 KiB', async () => {
    const answer = await ask(gateway.url, 'GET', '/health', { headers: { 'x-long': 'a'.repeat(20_000) } })
    expect([answer.status, problemOf(answer).code]).to.deep.equal([431, 'HEAD_TOO_LARGE'])
  })

  describe('answers a client whose head never ends, at either limit', () => {
    const cutOff = async (url: string, ...sent: string[]): Promise<string> => {
      const { hostname, port } = new URL(url)
      const socket = connect(Number(port), hostname)
      for (const [index, part] of sent.entries()) {
        // Each part goes out when the one before has been answered.
        if (index > 0) await once(socket, 'readable')
        socket.write(part)
      }
      return await text(socket)
    }
    const HEAD = 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

    for (const [first, limits] of [
      ['the limit on heads', { headersTimeoutMs: 100, idleTimeoutMs: 60_000 }],
      ['the limit on idle connections', { headersTimeoutMs: 60_000, idleTimeoutMs: 200 }]
    ] as const) {
      it(first, async () => {
        const other = createGateway({ node: await FakeNode.create() }, limits)
        await other.start()
        try {
          const answer = await cutOff(other.url, 'GET /health HTTP/1.1\r\nHost: 127')
          expect(answer)
            .to.match(/^HTTP\/1.1 408 /)
            .and.include('REQUEST_TIMEOUT')
          const second = await cutOff(other.url, HEAD, 'GET /health HT')
          expect(second).to.match(/^HTTP\/1.1 200 [^]*HTTP\/1.1 408 /)
        } finally {
          await other.stop()
        }
      })
    }

    it('sends nothing on an idle connection', async () => {
      const other = createGateway({ node: await FakeNode.create() }, { idleTimeoutMs: 200 })
      await other.start()
      expect(await cutOff(other.url, HEAD))
        .to.match(/^HTTP\/1.1 200 /)
        .and.not.include('408')
      await other.stop()
    })
  })

  it('answers bytes that are not HTTP with a problem', async () => {
    const { hostname, port } = new URL(gateway.url)
    const socket = connect(Number(port), hostname)
    socket.write('\u0016\u0003\u0001 nonsense\r\n\r\n')
    const answer = await text(socket)
    expect(answer)
      .to.match(/^HTTP\/1.1 400 /)
      .and.include('"BAD_REQUEST"')
  })

  it('answers methods and expectations that it does not know with a problem', async () => {
    const { hostname, port } = new URL(gateway.url)
    for (const [head, status, code] of [
      ['BREW /v1/status HTTP/1.1\r\nhost: localhost\r\n\r\n', 501, 'METHOD_UNKNOWN'],
      ['GET /v1/status HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\n\r\n', 417, 'EXPECTATION_FAILED']
    ] as const) {
      const socket = connect(Number(port), hostname)
      socket.write(head)
      const answer = await text(socket)
      expect(answer)
        .to.match(new RegExp(`^HTTP/1.1 ${status} `))
        .and.include(`"${code}"`)
      expect(answer.toLowerCase()).to.include('content-type: application/problem+json')
    }
  })

  it('aborts requests in progress when it stops', async () => {
    const headers = { ...bearer(TOKEN), 'content-length': 10_000 }
    const sent = request(`${gateway.url}/v1/objects`, { method: 'PUT', headers, agent: false })
    const broken = Promise.withResolvers<unknown>()
    sent.on('error', broken.resolve)
    sent.write(BYTES)
    await node.putStarted.promise
    await gateway.stop()
    expect(await broken.promise).to.be.instanceOf(Error)
    expect(node.kept.size).to.equal(1)
  })
})
