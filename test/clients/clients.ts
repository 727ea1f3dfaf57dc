// `npm run test:clients -- --scale 1 rclone restic`
// The programs that people use with S3, against a cluster of real peers of which some are killed meanwhile. Those that are not
// installed are skipped with a word. Ends with 1 when one of them meets anything but what it expects.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { CLIENTS } from './programs.ts'
import { startCluster } from './world.ts'

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, 'no-kills': { type: 'boolean', default: false } }
})
const scale = Number(flags.scale)
if (!(scale > 0 && scale <= 1)) throw new Error('--scale is a number over 0, and 1 at most.')
const unknown = positionals.find((name) => !CLIENTS.some((client) => client.name === name))
if (unknown !== undefined) {
  throw new Error(`There is no client "${unknown}": there are ${CLIENTS.map(({ name }) => name).join(', ')}.`)
}

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))
const cluster = await startCluster(interrupted.signal)
let failures = 0
try {
  const wanted = CLIENTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  for (const [index, { name, missing, use }] of wanted.entries()) {
    const why = await missing()
    if (why !== undefined) {
      console.log(`skipped  ${name}: ${why}`)
      continue
    }
    const folder = join(cluster.folder, `client-${index}`)
    await mkdir(folder)
    const { accessKeyId, secretAccessKey } = cluster.key
    const startedMs = performance.now()
    let kills = 0
    const disturb = async (): Promise<void> => {
      await sleep(200)
      if (!flags['no-kills'] && kills === 0 && (await cluster.killOne())) kills++
    }
    const world = {
      url: cluster.url,
      accessKeyId,
      secretAccessKey,
      folder,
      scale,
      bucket: `client-${index}`,
      disturb
    }
    try {
      await use(world)
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
      console.log(`passed   ${name} in ${seconds} s${kills > 0 ? ', a peer killed meanwhile' : ''}`)
    } catch (error) {
      failures++
      console.log(`FAILED   ${name}: ${(error as Error).message}`)
    }
  }
} finally {
  await cluster.down()
}
process.exitCode = failures > 0 ? 1 : 0
