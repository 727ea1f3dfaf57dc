import { systemClock, systemRandom } from '../clock/index.ts'
import type { S3Control } from '../gateway/index.ts'
import type { Node, NodeConfig } from '../node/index.ts'
import { createS3Server, loadSecret, S3Service, type Access } from '../s3/index.ts'

/** The S3 service of a node: its port, and what the local interface does with it. */
export interface NodeS3 {
  readonly control: S3Control
  /** Listens. The service itself is looked for in the mesh meanwhile. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** @param listen - `host:port` */
export const createNodeS3 = async (node: Node, config: NodeConfig, listen: string): Promise<NodeS3> => {
  const { secret, isNew, settle } = await loadSecret(config.data, systemRandom)
  const service = new S3Service({ node, clock: systemClock, random: systemRandom }, { secret, isNew })
  const server = createS3Server({ node, service }, { listen, domain: config.s3Domain })
  return {
    control: {
      status: () => ({ url: server.url, ready: service.isReady }),
      keys: async () => (await service.account.accesses()).map(keyJson),
      createKey: async ({ name, grants }) => {
        const access = await service.account.createAccess(name, grants, systemClock.nowMs())
        return { ...keyJson(access), secretAccessKey: access.secretAccessKey }
      },
      removeKey: async (accessKeyId) => await service.account.removeAccess(accessKeyId)
    },
    start: async () => {
      await server.start()
      service.start(async () => {
        await settle()
        node.logger.info('s3 is served', { url: server.url })
      })
    },
    stop: async () => {
      await server.stop()
      await service.stop()
    }
  }
}

const keyJson = ({ accessKeyId, name, createdMs, grants }: Access) => ({
  accessKeyId,
  name,
  createdAtMs: createdMs,
  grants
})
