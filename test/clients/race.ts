// `npm run test:race -- --gateways 8 --races 1000`
// Gateways of one S3 service, each on a node of its own, create the same names at the same time with If-None-Match: *. Ends with
// 1 when a name has not exactly one winner, or when a gateway reads anything but what the winner wrote.

import { parseArgs } from 'node:util'
import * as s3 from '@aws-sdk/client-s3'
import { S3World } from '../integration/s3/world.ts'

const { values: flags } = parseArgs({
  options: {
    gateways: { type: 'string', default: '8' },
    races: { type: 'string', default: '1000' },
    'at-once': { type: 'string', default: '16' },
    json: { type: 'boolean', default: false }
  }
})

const count = (flag: 'gateways' | 'races' | 'at-once', min: number): number => {
  const value = Number(flags[flag])
  if (Number.isInteger(value) && value >= min) return value
  throw new RangeError(`--${flag} is a whole number of at least ${min}.`)
}

const Bucket = 'race'
const TRIES = 20
const RETRY_MS = 250
const SEEN_TRIES = 240

const [gateways, races, atOnce] = [count('gateways', 2), count('races', 1), count('at-once', 1)]
const world = new S3World()
const wrong: string[] = []
let retries = 0
const startedMs = performance.now()
try {
  await world.start(gateways)
  const clients: s3.S3Client[] = []
  for (const node of world.lab.nodes) clients.push(await world.client(await world.gateway(node)))
  await clients[0].send(new s3.CreateBucketCommand({ Bucket }))
  let next = 0
  const work = async (): Promise<void> => {
    for (let race = next++; race < races; race = next++) {
      const Key = `name/${race}`
      const outcomes = await Promise.all(clients.map(async (client, who) => await create(client, Key, who)))
      const winners = outcomes.flatMap((outcome, who) => (outcome === 'won' ? [who] : []))
      const others = outcomes.filter((outcome) => outcome !== 'won' && outcome !== 'lost')
      if (winners.length !== 1) wrong.push(`${Key}: ${winners.length} winners`)
      if (others.length > 0) wrong.push(`${Key}: ${others.join(', ')}`)
      const reader = clients[race % clients.length]
      const body = await read(reader, Key)
      if (winners.length === 1 && body !== `gateway ${winners[0]}`) wrong.push(`${Key}: read "${body}"`)
      if ((race + 1) % 100 === 0) console.error(`${race + 1} races, ${wrong.length} wrong`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
} finally {
  await world.stop()
}
const seconds = Math.round((performance.now() - startedMs) / 100) / 10
if (flags.json) console.log(JSON.stringify({ gateways, races, seconds, retries, wrong }))
else {
  console.log(
    `${races} races of ${gateways} gateways in ${seconds} s: ${wrong.length} wrong, ${retries} puts sent again`
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
      // A put that is sent again after it was made finds its own object: whether it won shows when it is read.
      if (name === 'PreconditionFailed')
        return last === '' || (await read(client, Key)) !== `gateway ${who}` ? 'lost' : 'won'
      last = name
      retries++
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return last
}

/** What another gateway has written is seen after a second. */
async function read(client: s3.S3Client, Key: string): Promise<string> {
  for (let tries = 0; tries < SEEN_TRIES; tries++) {
    try {
      const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key }))
      return await Body!.transformToString()
    } catch (error) {
      if (!['NoSuchKey', 'ServiceUnavailable', 'SlowDown'].includes((error as Error).name)) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return 'nothing'
}
