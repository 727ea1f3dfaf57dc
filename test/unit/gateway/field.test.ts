import { expect } from 'chai'
import { decodeSlotProof } from '../../../src/field/index.ts'
import type { Field } from '../../../src/field/index.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { eventually } from '../../support/eventually.ts'
import { peer } from '../field/fixture.ts'
import { loneField } from '../field/lone-field.ts'
import { FakeNode, TOKEN } from './fake-node.ts'
import { ask, bearer } from './http.ts'
import type { Answer } from './http.ts'
import { expectDescribed } from './openapi.ts'

describe('gateway: field', () => {
  let node: FakeNode
  let gateway: Gateway
  let field: Field | undefined

  const start = async (options?: Parameters<typeof loneField>[1]): Promise<void> => {
    node = await FakeNode.create()
    field = await loneField(node.peerId.toString(), options)
    node.field = field
    gateway = createGateway({ node })
    await gateway.start()
  }
  afterEach(async () => {
    await gateway.stop()
    await field?.stop()
  })

  const call = async (method: string, path: string, change?: unknown): Promise<Answer> => {
    const body = change === undefined ? undefined : Buffer.from(JSON.stringify(change))
    const answer = await ask(gateway.url, method, path, { headers: bearer(TOKEN), body })
    const route = path.split('?')[0].replace(/^\/v1\/field\/[^/]+/, '/v1/field/{name}')
    expectDescribed(route, method, answer)
    return answer
  }
  const json = async (method: string, path: string, change?: unknown): Promise<Record<string, unknown>> => {
    const { status, body } = await call(method, path, change)
    return { status, ...(JSON.parse(body.toString()) as object) }
  }
  const b64 = (text: string): string => Buffer.from(text).toString('base64url')

  it('creates, reads, changes, lists and proves slots', async () => {
    await start()
    const owner = node.peerId.toString()
    const created = await json('POST', '/v1/field/visits', { type: 'create', kind: 'integer', value: '5' })
    expect(created).to.include({ status: 200, name: `${owner}/visits`, version: 1 })
    expect(await json('POST', '/v1/field/visits', { type: 'add', value: '-7' })).to.include({ version: 2 })
    expect(await json('POST', '/v1/field/visits', { type: 'max', value: '-9' })).to.include({ version: 3 })
    const full = encodeURIComponent(`${owner}/visits`)
    const view = await json('GET', `/v1/field/${full}?confidence=1`)
    expect(view).to.deep.include({ name: `${owner}/visits`, candidates: [] })
    expect(view.agreed).to.deep.include({ kind: 'integer', value: '-2', version: 3, writers: [] })
    await json('POST', '/v1/field/tags', { type: 'create', kind: 'set', writers: 'anyone', value: [] })
    await json('POST', '/v1/field/tags', { type: 'union', value: [b64('b'), b64('a'), b64('b')] })
    const note = {
      type: 'create',
      kind: 'bytes',
      value: b64('hello'),
      writers: [peer('b'), peer('a'), peer('a')]
    }
    await json('POST', '/v1/field/note', note)
    expect(await json('POST', '/v1/field/note', { type: 'set', expected: 1, value: '' })).to.include({
      version: 2
    })
    const { slots } = await json('GET', `/v1/field?owner=${owner}`)
    expect(slots).to.have.length(3)
    expect((slots as object[])[1]).to.deep.include({ name: `${owner}/tags`, value: [b64('a'), b64('b')] })
    expect((slots as object[])[0]).to.deep.include({ value: '', writers: [peer('a'), peer('b')] })
    const { changes } = await json('GET', '/v1/field/visits/log')
    expect(
      (changes as Array<{ type: string; detail: string }>).map(({ type, detail }) => `${type} ${detail}`)
    ).to.deep.equal(['max -9', 'add -7', 'create integer'])
    const { body } = await call('GET', '/v1/field/visits/proof')
    expect(decodeSlotProof(body).name).to.deep.equal({ owner, label: 'visits' })
  })

  it('refuses what cannot be', async () => {
    await start()
    const set = (expected: unknown): object => ({ type: 'set', expected, value: '' })
    expect(await json('GET', '/v1/field/none')).to.include({ status: 404, code: 'NO_SLOT' })
    expect(await json('GET', '/v1/field/none/proof')).to.include({ status: 404, code: 'NO_SLOT' })
    expect(await json('GET', '/v1/field/UPPER')).to.include({ status: 400, code: 'BAD_SLOT_NAME' })
    expect(await json('POST', '/v1/field/none', set(0))).to.include({ status: 409, code: 'CHANGE_REFUSED' })
    for (const change of [
      {},
      null,
      'x',
      { type: 'create', kind: 'bytes', value: '!' },
      { type: 'create', kind: 'bytes', value: '', writers: [1] },
      { type: 'create', kind: 'float', value: '' },
      set('1'),
      set(-1.5),
      { type: 'add', value: '9223372036854775808' },
      { type: 'add', value: '1.5' },
      { type: 'union', value: 'x' }
    ]) {
      expect(await json('POST', '/v1/field/none', change), JSON.stringify(change)).to.include({ status: 400 })
    }
    for (const change of [
      { type: 'union', value: [] },
      { type: 'create', kind: 'bytes', value: '', writers: ['nobody'] },
      { type: 'create', kind: 'bytes', value: b64('x'.repeat(65_537)) }
    ]) {
      expect(await json('POST', '/v1/field/none', change)).to.include({ status: 400, code: 'BAD_SLOT_VALUE' })
    }
    for (const confidence of ['2', '-1', 'x', '0.1234567']) {
      expect(await json('GET', `/v1/field/none?confidence=${confidence}`)).to.include({ status: 400 })
    }
  })

  it('says so in a network without validators', async () => {
    await start()
    node.field = undefined
    for (const path of ['', '/x', '/x/log', '/x/log/proof', '/x/proof', '/x/watch']) {
      expect(await json('GET', `/v1/field${path}`)).to.include({ status: 404, code: 'NO_FIELD' })
    }
  })

  it('shows what is under way, and waits for the confidence that is asked for', async () => {
    await start({ isAlone: false, other: peer('silent') })
    const work = field!.submit(
      { owner: node.peerId.toString(), label: 'x' },
      { type: 'create', writers: [], value: { kind: 'bytes', bytes: new Uint8Array(1) } }
    )
    work.catch(() => {})
    // The silent one may lead the first rounds of nomination.
    let view: Record<string, unknown> = {}
    await eventually('a candidate', async () => {
      view = await json('GET', '/v1/field/x?confidence=0')
      return view.status === 200
    })
    expect(view).to.include({ status: 200, agreed: null })
    // One of two has voted, and none has accepted: that takes both.
    expect(view.candidates).to.have.length(1)
    expect((view.candidates as Array<{ weight: number }>)[0].weight).to.equal(0)
    const patience = AbortSignal.timeout(300)
    const never = fetch(`${gateway.url}/v1/field/x?confidence=0.5`, {
      headers: bearer(TOKEN),
      signal: patience
    })
    expect(await never.catch((error: Error) => error.name)).to.equal('TimeoutError')
  })

  it('tells a watcher of each change', async () => {
    await start()
    const stop = new AbortController()
    const response = await fetch(`${gateway.url}/v1/field/x/watch`, {
      headers: bearer(TOKEN),
      signal: stop.signal
    })
    const lines: unknown[] = []
    const reading = (async () => {
      for await (const part of response.body!) {
        for (const line of Buffer.from(part).toString().trim().split('\n')) {
          const { slot } = JSON.parse(line) as { slot: { value: string } | null }
          lines.push(slot?.value ?? null)
          if (lines.length === 3) return
        }
      }
    })()
    await json('POST', '/v1/field/x', { type: 'create', kind: 'integer', value: '1' })
    await json('POST', '/v1/field/x', { type: 'add', value: '1' })
    await reading
    stop.abort()
    expect(lines).to.deep.equal([null, '1', '2'])
  })
})
