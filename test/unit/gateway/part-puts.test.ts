import { once } from 'node:events'
import { request } from 'node:http'
import { expect } from 'chai'
import { MAX_PART_PUTS } from '../../../src/gateway/part-puts.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { HologramError } from '../../../src/hologram/errors.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeNode, TOKEN } from './fake-node.ts'
import { ask, bearer, linesOf } from './http.ts'
import type { Answer } from './http.ts'
import { expectDescribed } from './openapi.ts'

const BYTES = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251))

describe('gateway: puts in parts', () => {
  let node: FakeNode
  let gateway: Gateway
  const call = async (method: string, path: string, body?: Uint8Array): Promise<Answer> => {
    const answer = await ask(gateway.url, method, path, { headers: bearer(TOKEN), body })
    expectDescribed(path.split('?')[0].replace(/^\/v1\/puts\/.+/, '/v1/puts/{put}'), method, answer)
    return answer
  }
  const jsonOf = ({ body }: Answer): Record<string, unknown> =>
    JSON.parse(body.toString()) as Record<string, unknown>
  const begin = async (query = ''): Promise<string> => {
    const answer = await call('POST', `/v1/puts${query}`)
    expect(answer.status, answer.body.toString()).to.equal(201)
    return `/v1/puts/${String(jsonOf(answer).put)}`
  }
  const start = async (idleTimeoutMs = 60_000): Promise<void> => {
    node = await FakeNode.create()
    gateway = createGateway({ node }, { idleTimeoutMs })
    await gateway.start()
  }

  beforeEach(async () => await start())
  afterEach(async () => await gateway.stop())

  it('make the object that one request makes', async () => {
    const put = await begin('?name=numbers&sealed=true&size=5000&k=1&n=2')
    const first = await call('POST', `${put}?at=0`, BYTES.subarray(0, 2000))
    expect(jsonOf(first)).to.deep.include({ takenBytes: 2000 })
    await call('POST', `${put}?at=2000`, BYTES.subarray(2000, 2001))
    const last = await call('POST', `${put}?at=2001&last=true`, BYTES.subarray(2001))
    const { result } = linesOf(last.body).at(-1) as { result: { cid: string; sizeBytes: number } }
    expect(result.sizeBytes).to.equal(5000)
    const kept = node.kept.get(result.cid)!
    expect(BYTES.equals(kept.bytes)).to.equal(true)
    expect(kept.options).to.deep.include({
      ...{ name: 'numbers', sealed: true, sizeHint: 5000, k: 1, n: 2, oneShot: true }
    })
    expect((await call('POST', `${put}?at=5000&last=true`)).status).to.equal(404)
  })

  it('may have an empty last part, and be empty', async () => {
    const put = await begin()
    await call('POST', `${put}?at=0`, BYTES)
    expect(linesOf((await call('POST', `${put}?at=5000&last=true`)).body).at(-1)).to.have.property('result')
    const empty = await begin()
    const { body } = await call('POST', `${empty}?last=true`)
    expect(linesOf(body).at(-1)).to.have.nested.property('result.sizeBytes', 0)
  })

  it('come in order', async () => {
    const put = await begin()
    await call('POST', `${put}?at=0`, BYTES)
    for (const at of [0, 4999, 5001]) {
      expect((await call('POST', `${put}?at=${at}`, BYTES)).status).to.equal(400)
    }
    const { body } = await call('POST', `${put}?at=5000&last=true`, BYTES)
    expect(linesOf(body).at(-1)).to.have.nested.property('result.sizeBytes', 10_000)
  })

  it('tell why the put failed, in the middle and at the end', async () => {
    node.failPut = new HologramError('NOT_ENOUGH_PEERS', 'Only 2 of 5 peers are up.', {
      available: 2,
      needed: 5
    })
    const put = await begin()
    const broken = await call('POST', `${put}?at=0`, BYTES)
    expect([broken.status, jsonOf(broken).code]).to.deep.equal([503, 'NOT_ENOUGH_PEERS'])
    expect((await call('POST', `${put}?at=0`, BYTES)).status).to.equal(404)
    const other = await begin()
    const { body } = await call('POST', `${other}?last=true`, BYTES)
    expect(linesOf(body).at(-1)).to.have.nested.property('problem.code', 'NOT_ENOUGH_PEERS')
  })

  it('are broken off by their client', async () => {
    const put = await begin()
    await call('POST', `${put}?at=0`, BYTES)
    expect((await call('DELETE', put)).status).to.equal(200)
    expect(await node.putBroken.promise).to.have.property('code', 'NO_PUT')
    expect((await call('DELETE', put)).status).to.equal(404)
    expect(node.kept.size).to.equal(0)
  })

  it('are broken off by a part that breaks off', async () => {
    const put = await begin()
    const headers = { ...bearer(TOKEN), 'content-length': 5000 }
    const sent = request(`${gateway.url}${put}`, { method: 'POST', headers })
    sent.on('error', () => {})
    sent.write(BYTES.subarray(0, 100))
    await node.putStarted.promise
    sent.destroy()
    await node.putBroken.promise
    await eventually('the put is gone', async () => (await call('POST', put)).status === 404)
  })

  it('are given up when nothing comes for long', async () => {
    await gateway.stop()
    await start(100)
    const put = await begin()
    expect(await node.putBroken.promise).to.have.property('code', 'NO_PUT')
    expect((await call('POST', put, BYTES)).status).to.equal(404)
  })

  it('end with the gateway', async () => {
    await begin()
    await gateway.stop()
    expect(await node.putBroken.promise).to.have.property('code', 'ABORTED')
  })

  it('are few at a time', async () => {
    for (let one = 0; one < MAX_PART_PUTS; one++) await begin()
    const refused = await call('POST', '/v1/puts')
    expect([refused.status, jsonOf(refused).code]).to.deep.equal([503, 'PUTS_FULL'])
  })

  it('need the token, and whole bytes', async () => {
    expect((await ask(gateway.url, 'POST', '/v1/puts')).status).to.equal(401)
    const put = await begin()
    const headers = { ...bearer(TOKEN), 'content-encoding': 'gzip' }
    expect((await ask(gateway.url, 'POST', put, { headers, body: BYTES })).status).to.equal(415)
    const asked = request(`${gateway.url}${put}`, { method: 'POST' }).end(BYTES)
    const [{ statusCode }] = (await once(asked, 'response')) as [{ statusCode: number }]
    expect(statusCode).to.equal(401)
  })
})
