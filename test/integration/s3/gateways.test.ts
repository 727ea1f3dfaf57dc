import { randomBytes } from 'node:crypto'
import * as s3 from '@aws-sdk/client-s3'
import { expect } from 'chai'
import type { Node } from '../../../src/node/index.ts'
import { eventually } from '../../support/eventually.ts'
import { S3World, type Gateway } from './world.ts'

const Bucket = 'shared'
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  await promise.then(
    () => 'done',
    (error: Error) => error.name
  )

describe('s3: several gateways of one service', function () {
  this.timeout(180_000)
  const world = new S3World()
  let gateways: Gateway[]
  let clients: s3.S3Client[]

  before(async () => {
    await world.start(6)
    gateways = [await world.gateway(world.lab.nodes[0]), await world.gateway(world.lab.nodes[1])]
    clients = [await world.client(gateways[0]), await world.client(gateways[1])]
    await clients[0].send(new s3.CreateBucketCommand({ Bucket }))
  })
  after(async () => await world.stop())

  const put = async (client: s3.S3Client, Key: string, Body: Uint8Array | string, IfNoneMatch?: '*') =>
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body, IfNoneMatch }))
  const get = async (client: s3.S3Client, Key: string): Promise<Buffer> => {
    const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key }))
    return Buffer.from(await Body!.transformToByteArray())
  }

  /** What another gateway has written is seen after a second. */
  const seen = async (client: s3.S3Client, Key: string): Promise<void> =>
    await eventually(`${Key} to be seen`, async () => {
      const outcome = await codeOf(client.send(new s3.HeadObjectCommand({ Bucket, Key })))
      return outcome === 'done'
    })

  it('lose nothing that was acknowledged by either of them, and have one winner of each name', async () => {
    const acknowledged: string[] = []
    const winners = new Map<string, number>()
    await Promise.all(
      clients.flatMap((client, who) =>
        Array.from({ length: 3 }, async (_, lane) => {
          for (let i = 0; i < 4; i++) {
            const key = `own/${who}-${lane}-${i}`
            await put(client, key, key)
            acknowledged.push(key)
            const name = `race/${lane}-${i}`
            const outcome = await codeOf(put(client, name, `gateway ${who}`, '*'))
            expect(outcome).to.be.oneOf(['done', 'PreconditionFailed'])
            if (outcome === 'done') winners.set(name, (winners.get(name) ?? 0) + 1)
          }
        })
      )
    )
    expect([...winners.values()]).to.deep.equal(Array(12).fill(1))
    for (const client of clients) {
      for (const key of acknowledged) await seen(client, key)
      for (const key of acknowledged) expect((await get(client, key)).toString()).to.equal(key)
    }
  })

  it('read what the other has put, through the loss of the node that put it', async () => {
    const bytes = randomBytes(400_000)
    const third = await world.gateway(world.lab.nodes[2])
    const client = await world.client(third)
    await put(client, 'survives', bytes)
    await put(client, 'small', 'small')
    await third.stop()
    await third.node.stop()
    await Promise.all([seen(clients[1], 'survives'), seen(clients[0], 'small')])
    expect((await get(clients[1], 'survives')).equals(bytes)).to.equal(true)
    expect((await get(clients[0], 'small')).toString()).to.equal('small')
    await put(clients[1], 'after', 'after')
    expect((await get(clients[1], 'after')).toString()).to.equal('after')
  })

  it('free what was deleted or replaced, and what a broken-off put had left', async () => {
    const owned = async (node: Node): Promise<string[]> => {
      const names: string[] = []
      for await (const { name } of node.objects.list()) if (name.startsWith('s3:shared:')) names.push(name)
      return names
    }
    const [gateway] = gateways
    const before = (await owned(gateway.node)).length
    for (const body of [randomBytes(100_000), randomBytes(100_000), 'short', 'shorter']) {
      await put(clients[0], 'replaced', body)
    }
    await put(clients[0], 'deleted', randomBytes(100_000))
    await clients[0].send(new s3.DeleteObjectCommand({ Bucket, Key: 'deleted' }))
    const refused = await codeOf(put(clients[0], 'replaced', randomBytes(100_000), '*'))
    expect(refused).to.equal('PreconditionFailed')
    await eventually('the bytes to be freed', async () => (await owned(gateway.node)).length <= before + 1)
    expect((await get(clients[0], 'replaced')).toString()).to.equal('shorter')
  })
})

describe('s3: gateways on a network with validators', function () {
  this.timeout(180_000)
  const world = new S3World()
  let gateways: Gateway[]
  let clients: s3.S3Client[]
  before(async () => {
    await world.start(5, { validators: 4 })
    gateways = []
    for (const node of [world.lab.nodes[0], world.lab.nodes[4]]) {
      // Enough for a decision on a busy machine; the test without a quorum waits for all of it.
      gateways.push(await world.gateway(node, { decideTimeoutMs: 10_000 }))
    }
    clients = await Promise.all(gateways.map(async (gateway) => await world.client(gateway)))
    await clients[0].send(new s3.CreateBucketCommand({ Bucket }))
  })
  after(async () => await world.stop())

  const put = async (client: s3.S3Client, Key: string, Body: string, IfNoneMatch?: '*') =>
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body, IfNoneMatch }))

  it('have their heads in slots, and one winner of each name', async () => {
    for (let i = 0; i < 6; i++) {
      const outcomes = await Promise.all(
        clients.map(async (client, who) => await codeOf(put(client, `name/${i}`, `gateway ${who}`, '*')))
      )
      expect(outcomes.sort()).to.deep.equal(['PreconditionFailed', 'done'])
    }
    const labels = gateways[1].node.field!.list().map(({ name: { label } }) => label)
    // Of the account and the bucket.
    expect(labels).to.deep.equal(['table', 'table'])
  })

  it('go on reading without a quorum, say how old it is, and refuse to write', async () => {
    await Promise.all([1, 2].map(async (i) => await world.lab.nodes[i].stop()))
    const ages: string[] = []
    clients[0].middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        const { headers } = result.response as { headers: Record<string, string> }
        if ('x-thhe-state-age' in headers) ages.push(headers['x-thhe-state-age'])
        return result
      },
      { step: 'deserialize' }
    )
    const writing = codeOf(put(clients[0], 'late', 'late'))
    const read = async (): Promise<string> => {
      const { Body } = await clients[0].send(new s3.GetObjectCommand({ Bucket, Key: 'name/0' }))
      return await Body!.transformToString()
    }
    await eventually('reads to be old', async () => {
      expect(await read()).to.match(/^gateway [01]$/)
      return ages.length > 0
    })
    expect(ages.every((age) => /^\d{1,3}$/.test(age))).to.equal(true)
    expect(await writing).to.equal('ServiceUnavailable')
  })
})
