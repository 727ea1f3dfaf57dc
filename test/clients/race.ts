// `npm run test:race -- --gateways 8 --races 1000 --kill-every 20`
// Gateways of one S3 service, each on a node of its own, create the same names at the same time with If-None-Match: *. Ends with
// 1 when a name has not exactly one winner, or when a gateway reads anything but what the winner wrote. Four of the nodes are
// validators, so that buckets have their heads in slots; --validators 0 leaves them with keepers. --kill-every stops the gateway
// and the node of one after the other of those that are not validators, and of one validator at a time, and starts them again.

import { parseArgs } from 'node:util'
import * as s3 from '@aws-sdk/client-s3'
import { S3World, type Gateway } from '../integration/s3/world.ts'

const { values: flags } = parseArgs({
  options: {
    gateways: { type: 'string', default: '8' },
    races: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '16' },
    validators: { type: 'string', default: '4' },
    'kill-every': { type: 'string', default: '0' },
    json: { type: 'boolean', default: false }
  }
})

const count = (flag: 'gateways' | 'races' | 'at-once' | 'validators' | 'kill-every', min: number): number => {
  const value = Number(flags[flag])
  if (Number.isInteger(value) && value >= min) return value
  throw new RangeError(`--${flag} is a whole number of at least ${min}.`)
}

const Bucket = 'race'
const TRIES = 20
const RETRY_MS = 250
const SEEN_TRIES = 240

const [gateways, races, atOnce] = [count('gateways', 2), count('races', 1), count('at-once', 1)]
const [validators, killEvery] = [count('validators', 0), count('kill-every', 0)]
const world = new S3World()
const wrong: string[] = []
let retries = 0
let kills = 0
const clients: s3.S3Client[] = []
/** A gateway that is being stopped and started again; what it was asked meanwhile has no outcome. */
let downAt = -1
const startedMs = performance.now()
let racedMs = 0
try {
  await world.start(gateways, { validators: Math.min(validators, gateways) })
  const open = [] as Gateway[]
  for (const node of world.lab.nodes) open.push(await world.gateway(node))
  for (const gateway of open) clients.push(await world.client(gateway))
  await clients[0].send(new s3.CreateBucketCommand({ Bucket }))
  const racingMs = performance.now()
  let next = 0
  let nextKill = killEvery
  /** Stops the gateway and its node while requests are on their way. */
  const restart = async (who: number): Promise<void> => {
    downAt = who
    kills++
    await open[who].stop()
    await open[who].node.stop()
    world.lab.nodes.splice(world.lab.nodes.indexOf(open[who].node), 1)
    open[who] = await world.gateway(await world.startNode(who))
    clients[who] = await world.client(open[who])
    downAt = -1
  }
  let restarting: Promise<void> = Promise.resolve()
  const work = async (): Promise<void> => {
    for (let race = next++; race < races; race = next++) {
      if (killEvery > 0 && race >= nextKill && downAt < 0) {
        nextKill = race + killEvery
        downAt = 1 + (kills % (gateways - 1))
        restarting = restart(downAt)
      }
      const Key = `name/${race}`
      const outcomes = await Promise.all(clients.map(async (client, who) => await create(client, Key, who)))
      const winners = outcomes.flatMap((outcome, who) => (outcome === 'won' ? [who] : []))
      const others = outcomes.filter((outcome) => !['won', 'lost', 'killed'].includes(outcome))
      const wasKilled = outcomes.includes('killed')
      if (winners.length > 1 || (winners.length === 0 && !wasKilled))
        wrong.push(`${Key}: ${winners.length} winners`)
      if (others.length > 0) wrong.push(`${Key}: ${others.join(', ')}`)
      const body = await read(race % clients.length, Key)
      if (winners.length === 1 && body !== `gateway ${winners[0]}`) wrong.push(`${Key}: read "${body}"`)
      if (winners.length === 0 && !/^gateway \d+$/.test(body)) wrong.push(`${Key}: read "${body}"`)
      if ((race + 1) % 100 === 0) console.error(`${race + 1} races, ${kills} kills, ${wrong.length} wrong`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  racedMs = performance.now() - racingMs
  await restarting
} finally {
  await world.stop()
}
const seconds = Math.round(racedMs / 100) / 10
const totalSeconds = Math.round((performance.now() - startedMs) / 100) / 10
if (flags.json) {
  console.log(JSON.stringify({ gateways, validators, races, kills, seconds, totalSeconds, retries, wrong }))
} else {
  console.log(
    `${races} races of ${gateways} gateways, ${validators} of them validators, in ${seconds} s: ${wrong.length} wrong, ` +
      `${kills} nodes killed, ${retries} puts sent again`
  )
  for (const one of wrong) console.log(`WRONG ${one}`)
}
process.exitCode = wrong.length === 0 ? 0 : 1

/** A put that the service could not decide on is sent again, as clients do. */
async function create(client: s3.S3Client, Key: string, who: number): Promise<string> {
  let last = ''
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: `gateway ${who}`, IfNoneMatch: '*' }))
      return 'won'
    } catch (error) {
      const { name } = error as Error
      if (who === downAt || clients[who] !== client) return 'killed'
      // A put that is sent again after it was made finds its own object: whether it won shows when it is read.
      if (name === 'PreconditionFailed')
        return last === '' || (await read(who, Key)) !== `gateway ${who}` ? 'lost' : 'won'
      last = name
      retries++
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return last
}

/** What another gateway has written is seen after a second. The first gateway is never killed. */
async function read(who: number, Key: string): Promise<string> {
  for (let tries = 0; tries < SEEN_TRIES; tries++) {
    const client = clients[who === downAt ? 0 : who]
    try {
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key }))
      return await Body!.transformToString()
    } catch (error) {
      const wasKilled = clients[who] !== client || who === downAt
      const isEarly = ['NoSuchKey', 'ServiceUnavailable', 'SlowDown', 'TimeoutError'].includes(
        (error as Error).name
      )
      if (!wasKilled && !isEarly) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return 'nothing'
}
