import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { reportsTopic, SCORE_THRESHOLDS } from '../../../src/node/host/gossip.ts'
import { PREFIX, startLabHost, until } from './support.ts'
import type { LabHost } from './support.ts'

/** More than gossipsub's own scoring forgives on one address. */
const HOSTS = 20
const TOPIC = reportsTopic(PREFIX)

interface Scored {
  readonly score: { readonly score: (peer: string) => number }
}

describe(`gossip between ${HOSTS} hosts on one address`, function () {
  this.timeout(120_000)
  const peers: LabHost[] = []
  let got: Array<Set<string>>

  const scoreAt = (judge: LabHost, peer: LabHost): number =>
    (judge.host.services.pubsub as unknown as Scored).score.score(peer.host.peerId.toString())

  before(async () => {
    peers.push(...(await Promise.all(Array.from({ length: HOSTS }, async () => startLabHost()))))
    got = peers.map(() => new Set())
    for (const [i, { host }] of peers.entries()) {
      host.services.pubsub.topicValidators.set(TOPIC, (_from, { data }) => {
        const text = Buffer.from(data).toString('latin1')
        if (text.startsWith('invalid')) return TopicValidatorResult.Reject
        got[i].add(text)
        return TopicValidatorResult.Accept
      })
      host.services.pubsub.subscribe(TOPIC)
    }
    for (const [i, { host }] of peers.entries()) {
      for (const other of peers.slice(0, i)) {
        await host.dial(other.host.getMultiaddrs(), { signal: AbortSignal.timeout(30_000) })
      }
    }
    await until('everybody to listen to everybody', () =>
      peers.every(({ host }) => host.services.pubsub.getSubscribers(TOPIC).length === HOSTS - 1)
    )
  })
  after(async () => {
    await Promise.all(peers.map(({ host }) => host.stop()))
  })

  it('delivers the report of each host to all', async () => {
    const name = (i: number): string => `report of ${i}`
    for (const [i, { host }] of peers.entries()) {
      await host.services.pubsub.publish(TOPIC, Buffer.from(name(i)))
    }
    await until('all reports to be everywhere', () =>
      got.every((texts, i) => peers.every((_, author) => author === i || texts.has(name(author))))
    )
    for (const other of peers.slice(1)) expect(scoreAt(peers[0], other)).to.be.at.least(0)
  })

  it('stops with a peer that sends invalid reports, and with no other', async () => {
    const [judge, liar, ...rest] = peers
    for (let i = 0; i < 5; i++) {
      await liar.host.services.pubsub.publish(TOPIC, Buffer.from(`invalid ${randomBytes(8).toString('hex')}`))
    }
    await until('the liar to be shut out', () => scoreAt(judge, liar) < SCORE_THRESHOLDS.graylistThreshold)
    for (const other of rest) expect(scoreAt(judge, other)).to.be.at.least(0)
    await rest[0].host.services.pubsub.publish(TOPIC, Buffer.from('an honest peer, later'))
    await until('the honest report to arrive', () => got[0].has('an honest peer, later'))
  })

  it('accepts nothing on other topics', async () => {
    const [judge, sender] = [peers[2], peers[3]]
    const seen: string[] = []
    judge.host.services.pubsub.addEventListener('message', ({ detail }) => seen.push(detail.topic))
    const before = sender.host.services.pubsub.getTopics()
    expect(before).to.deep.equal([TOPIC])
    sender.host.services.pubsub.subscribe('/other')
    await sender.host.services.pubsub.publish('/other', Buffer.from('x')).catch(() => {})
    await sender.host.services.pubsub.publish(TOPIC, Buffer.from('after the other'))
    await until('the report to arrive', () => seen.includes(TOPIC))
    expect(judge.host.services.pubsub.getSubscribers('/other')).to.deep.equal([])
  })
})
