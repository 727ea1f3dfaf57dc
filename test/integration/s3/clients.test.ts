import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLIENTS } from '../../clients/programs.ts'
import { S3World, type Gateway } from './world.ts'

/** `npm run test:clients` does all of it, on a cluster of processes of which some are killed. */
describe('s3: a little of what real clients do', function () {
  this.timeout(120_000)
  const world = new S3World()
  let gateway: Gateway
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thhe-s3-clients-'))
    await world.start(5)
    gateway = await world.gateway(world.lab.nodes[0])
  })
  after(async () => {
    await world.stop()
    await rm(folder, { recursive: true, force: true })
  })

  for (const [index, client] of CLIENTS.entries()) {
    it(client.name, async function () {
      const why = await client.missing()
      if (why !== undefined) {
        console.log(`      skipped: ${why}`)
        this.skip()
      }
      const { accessKeyId, secretAccessKey } = await world.access()
      await client.use({
        url: gateway.server.url,
        accessKeyId,
        secretAccessKey,
        folder: await mkdtemp(join(folder, 'client-')),
        scale: 0.02,
        bucket: `client-${index}`,
        disturb: async () => {}
      })
    })
  }
})
