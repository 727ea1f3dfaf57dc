import { expect } from 'chai'
import { Counter } from 'prom-client'
import { createGateway } from '../../../src/gateway/index.ts'
import type { HistoryJson, SettingsJson } from '../../../src/gateway/index.ts'
import { History, MAX_SAMPLES } from '../../../src/gateway/history.ts'
import { eventually } from '../../support/eventually.ts'
import { FakeNode, TOKEN } from './fake-node.ts'
import { ask, bearer } from './http.ts'
import { expectDescribed } from './openapi.ts'

describe('gateway: history', () => {
  it('keeps an hour of samples, and no more', async () => {
    const node = await FakeNode.create()
    const taken = new Counter({ name: 'thhe_holder_bytes_in_total', help: '-', registers: [node.metrics] })
    let nowMs = 0
    const history = new History(node, () => nowMs)
    for (let one = 0; one <= MAX_SAMPLES; one++) {
      await history.sample()
      nowMs += 10
      taken.inc(5)
    }
    expect(history.samples).to.have.length(MAX_SAMPLES)
    expect(history.samples[0]).to.deep.equal({
      ...{ atMs: 10, usedBytes: 50, heat: 0.25, livePeers: 1, takenBytes: 5, givenBytes: 0 }
    })
  })

  it('goes on after a sample that failed', async () => {
    const node = await FakeNode.create()
    const { status } = node
    const history = new History(node)
    node.status = async () => await Promise.reject(new Error('busy'))
    await history.sample()
    node.status = status
    await history.sample()
    expect(history.samples).to.have.length(1)
  })

  it('is served', async () => {
    const gateway = createGateway({ node: await FakeNode.create() })
    await gateway.start()
    try {
      await eventually('the first sample', async () => {
        const answer = await ask(gateway.url, 'GET', '/v1/history')
        expectDescribed('/v1/history', 'GET', answer)
        return (JSON.parse(answer.body.toString()) as HistoryJson).samples.length === 1
      })
    } finally {
      await gateway.stop()
    }
  })

  it('stands beside the settings in force, which say what is not as usual', async () => {
    const gateway = createGateway({ node: await FakeNode.create() })
    await gateway.start()
    try {
      expect((await ask(gateway.url, 'GET', '/v1/settings')).status).to.equal(401)
      const answer = await ask(gateway.url, 'GET', '/v1/settings', { headers: bearer(TOKEN) })
      expectDescribed('/v1/settings', 'GET', answer)
      const { settings } = JSON.parse(answer.body.toString()) as SettingsJson
      expect(
        settings.filter(({ isDefault }) => !isDefault).map(({ flag, value }) => [flag, value])
      ).to.deep.equal([
        ['--data', '/srv/thhe'],
        ['--quota', '1GiB']
      ])
      expect(settings.find(({ flag }) => flag === '--mdns')).to.include({
        value: 'true',
        variable: 'THHE_MDNS'
      })
    } finally {
      await gateway.stop()
    }
  })
})
