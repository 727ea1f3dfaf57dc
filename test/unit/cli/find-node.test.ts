import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { expect } from 'chai'
import { writeApiFile } from '../../../src/cli/api-file.ts'
import { emptyState, peerFolder, writeState } from '../../../src/cli/cluster/state.ts'
import { findNode, lookupOf } from '../../../src/cli/find-node.ts'
import type { NodeClient } from '../../../src/cli/client.ts'
import { upload } from '../../../src/cli/objects/upload.ts'
import { TOKEN } from '../gateway/fake-node.ts'
import { startTicks } from '../../../src/node/data/lock.ts'
import { codeOf, startGateway, World } from './world.ts'

describe('cli: choice of the node', () => {
  describe('searches', () => {
    const env = { XDG_DATA_HOME: '/home/data', THHE_API: '127.0.0.1:1', THHE_DATA: '/env' }

    it('at --api first', () => {
      expect(lookupOf({ api: 'http://127.0.0.1:2/', data: '/flag' }, env, [])).to.deep.include({
        url: 'http://127.0.0.1:2',
        folders: ['/flag']
      })
    })

    it('at THHE_API before --data', () => {
      expect(lookupOf({ data: '/flag' }, env, []).url).to.equal('http://127.0.0.1:1')
    })

    it('in --data before THHE_DATA', () => {
      expect(lookupOf({ data: '/flag' }, { THHE_DATA: '/env' }, ['/cluster']).folders).to.deep.equal([
        '/flag'
      ])
      expect(lookupOf({}, { THHE_DATA: '/env' }, ['/cluster']).folders).to.deep.equal(['/env'])
    })

    it('in the default folder, then among the peers of the local cluster', () => {
      const { folders, named } = lookupOf({}, { XDG_DATA_HOME: '/home/data', THHE_API: '' }, ['/c/1', '/c/2'])
      expect(folders).to.deep.equal(['/home/data/thhe', '/c/1', '/c/2'])
      expect(named).to.equal(false)
    })

    for (const api of [
      'nonsense',
      'https://127.0.0.1:1',
      'http://a:1/path',
      '127.0.0.1',
      'http://user@a:1',
      ':1',
      '127.0.0.1:99999'
    ]) {
      it(`at no address like ${api}`, () => {
        expect(() => lookupOf({ api }, {}, []))
          .to.throw()
          .with.property('code', 'USAGE')
      })
    }
  })

  describe('finds the node', () => {
    let world: World
    let started: Awaited<ReturnType<typeof startGateway>>

    beforeEach(async () => {
      world = await World.create()
      started = await startGateway(world.interruption.signal)
      await writeFile(world.path('token'), 'secret\n')
    })
    afterEach(async () => {
      await started.gateway.stop()
      await world.remove()
    })

    const announce = async (folder: string, peerId = started.node.peerId.toString()): Promise<void> => {
      await mkdir(folder, { recursive: true })
      await writeApiFile(folder, { url: started.gateway.url, tokenFile: world.path('token'), peerId, pid: 1 })
    }

    it('in the default data folder', async () => {
      await announce(world.path('data/thhe'))
      expect((await findNode({}, world.io)).url).to.equal(started.gateway.url)
    })

    it('not at a port where another node answers now', async () => {
      await announce(world.path('data/thhe'), 'somebody else')
      expect(await codeOf(findNode({}, world.io))).to.equal('NO_NODE')
    })

    it('at a live peer of the local cluster, after dead ones', async () => {
      const cluster = world.path('state/thhe/cluster')
      const ticks = (await startTicks(process.pid)) ?? ''
      await writeState(cluster, {
        ...emptyState('1GiB'),
        peers: [
          { number: 1, pid: 2 ** 30, startTicks: '1' },
          { number: 2, pid: process.pid, startTicks: ticks }
        ]
      })
      await announce(peerFolder(cluster, 2))
      expect((await findNode({}, world.io)).url).to.equal(started.gateway.url)
    })

    describe('sends the token only to a node that proves that it knows the token', () => {
      /** A program of somebody else on the port of a node that has ended. */
      let impostor: Server
      let url: string
      let received: string[]
      let answer: (request: IncomingMessage) => Promise<unknown>

      beforeEach(async () => {
        received = []
        answer = async () => ({})
        impostor = createServer((request, response) => {
          const { authorization } = request.headers
          if (authorization !== undefined) received.push(`${request.method} ${request.url} ${authorization}`)
          response.setHeader('content-type', 'application/json')
          const known = { peerId: started.node.peerId.toString(), network: { id: '07'.repeat(32) } }
          void answer(request).then((more) => response.end(JSON.stringify({ ...known, ...(more as object) })))
        })
        impostor.listen(0, '127.0.0.1')
        await once(impostor, 'listening')
        url = `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`
        await writeFile(world.path('token'), `${TOKEN}\n`)
        await mkdir(world.path('data/thhe'), { recursive: true })
      })
      afterEach(async () => {
        impostor.closeAllConnections()
        impostor.close()
        await once(impostor, 'close')
      })

      const listening = async (at: string): Promise<void> =>
        await writeApiFile(world.path('data/thhe'), {
          url: at,
          tokenFile: world.path('token'),
          peerId: started.node.peerId.toString(),
          pid: 1
        })
      const uses: Array<[string, (client: NodeClient) => Promise<unknown>]> = [
        ['rm', async (client) => await client.remove('c')],
        ['ls', async (client) => await client.list().next()],
        [
          'put',
          async (client) =>
            await upload(client, Readable.from([Buffer.from('x')]), {
              query: {},
              sizeBytes: 1,
              onProgress: () => {}
            })
        ]
      ]

      for (const [name, use] of uses) {
        it(`${name}: not for a repetition of public facts`, async () => {
          await listening(url)
          answer = async () => ({ address: url, proof: 'p'.repeat(43) })
          for (const options of [{}, { api: url }, { api: url, tokenFile: world.path('token') }]) {
            expect(await codeOf(use(await findNode(options, world.io)))).to.equal('WRONG_NODE')
          }
          expect(received).to.deep.equal([])
        })

        it(`${name}: not for a program that forwards the challenge to the node, which listens elsewhere now`, async () => {
          await listening(url)
          answer = async ({ url: path }) => await (await fetch(`${started.gateway.url}${path}`)).json()
          for (const options of [{}, { api: url }]) {
            expect(await codeOf(use(await findNode(options, world.io)))).to.equal('WRONG_NODE')
          }
          expect(received).to.deep.equal([])
        })
      }

      it('sends it to the node itself', async () => {
        await listening(started.gateway.url)
        const kept = started.node.keep(Buffer.from('x')).toString()
        const client = await findNode({}, world.io)
        expect(await client.remove(kept)).to.include({ confirmed: 1 })
      })

      it('refuses a status that lacks parts', async () => {
        await listening(url)
        const whole = (await (await fetch(`${started.gateway.url}/v1/status`)).json()) as object
        const status = async (): Promise<unknown> =>
          await codeOf((await findNode({ api: url }, world.io)).status())
        answer = async () => whole
        expect(await status()).to.equal(undefined)
        for (const part of ['peers', 'usage', 'damage', 'map', 'multiaddrs']) {
          for (const value of [undefined, null, 'text']) {
            answer = async () => ({ ...whole, [part]: value })
            expect(await status(), part).to.equal('NOT_A_NODE')
          }
        }
      })

      it('never sends it with reads', async () => {
        await listening(url)
        await (await findNode({ api: url }, world.io)).claims()
        expect(received).to.deep.equal([])
      })
    })

    it('says how to start a node when it finds none', async () => {
      expect(await codeOf(findNode({}, world.io))).to.equal('NO_NODE')
      expect(await codeOf(findNode({ data: world.path('other') }, world.io))).to.equal('NO_NODE')
    })

    it('reports a token that cannot be read', async () => {
      await announce(world.path('data/thhe'))
      expect(await codeOf(findNode({ tokenFile: world.path('none') }, world.io))).to.equal('BAD_TOKEN_FILE')
    })
  })
})
