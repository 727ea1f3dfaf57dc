import { join } from 'node:path'
import { S3Client } from '@aws-sdk/client-s3'
import { systemClock, systemRandom } from '../../../src/clock/index.ts'
import type { Node } from '../../../src/node/index.ts'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import { flatQuorumSet } from '../../../src/node/network.ts'
import {
  createS3Server,
  S3Service,
  type Access,
  type Grant,
  type S3Server,
  type S3ServiceInit
} from '../../../src/s3/index.ts'
import { eventually } from '../../support/eventually.ts'
import { knowsAll, Lab } from '../node/support.ts'

export interface Gateway {
  readonly node: Node
  readonly service: S3Service
  readonly server: S3Server
  readonly stop: () => Promise<void>
}

const ALL: readonly Grant[] = [{ bucket: '*', rights: ['read', 'write', 'list', 'own'] }]

/** Some nodes in this process, and S3 gateways on them that share one secret. */
export class S3World {
  readonly lab = new Lab({ k: 2, n: 4 })
  readonly gateways: Gateway[] = []
  readonly #secret = systemRandom.bytes(32)
  /** File of the network. */
  #network: string | undefined
  #access: Access | undefined

  /** @param validators - so many of the nodes agree on slots; 0 for a network without */
  async start(nodes: number, { validators = 0 }: { readonly validators?: number } = {}): Promise<void> {
    if (validators > 0) {
      const names = Array.from({ length: validators }, (_, i) => `peer-${i}`)
      const peers = await Promise.all(
        names.map(async (name) => await futurePeerId(join(this.lab.folder, name)))
      )
      const code = { k: 2, n: 4 }
      this.#network = this.lab.network('s3', { code, quorumSet: flatQuorumSet(peers) }).path
    }
    for (let i = 0; i < nodes; i++) await this.startNode(i)
    await this.#acquainted()
  }

  /** Starts a node, also one that was stopped. */
  async startNode(index: number): Promise<Node> {
    const network = this.#network !== undefined && { network: this.#network }
    return await this.lab.start(`peer-${index}`, { reportInterval: 500, ...network })
  }

  async #acquainted(): Promise<void> {
    await eventually('all nodes to know all', () =>
      this.lab.nodes.every((node) => knowsAll(node, this.lab.nodes))
    )
  }

  async gateway(node: Node, init: Partial<S3ServiceInit> = {}): Promise<Gateway> {
    const isNew = this.gateways.length === 0
    const service = new S3Service(
      { node, clock: systemClock, random: systemRandom },
      { secret: this.#secret, isNew, garbageGraceMs: 0, sweepEveryMs: 300, ...init }
    )
    const server = createS3Server({ node, service }, { listen: '127.0.0.1:0', domain: 's3.test' })
    await server.start()
    service.start(async () => {})
    await eventually('the service to be found', () => service.isReady)
    let isStopped = false
    const stop = async (): Promise<void> => {
      if (isStopped) return
      isStopped = true
      await server.stop()
      await service.stop()
    }
    const gateway = { node, service, server, stop }
    this.gateways.push(gateway)
    return gateway
  }

  /** A key that may do everything, unless it is said what. */
  async access(grants = ALL): Promise<Access> {
    return await this.gateways[0].service.account.createAccess('test', grants, Date.now())
  }

  async client({ server }: Gateway, access?: Access): Promise<S3Client> {
    const { accessKeyId, secretAccessKey } = access ?? (this.#access ??= await this.access())
    return new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey }
    })
  }

  async stop(): Promise<void> {
    for (const gateway of this.gateways) await gateway.stop()
    await this.lab.stop()
  }
}
