import { mkdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import { writeApiFile } from '../../../src/cli/api-file.ts'
import { emptyState, peerFolder, writeState } from '../../../src/cli/cluster/state.ts'
import { findNode, lookupOf } from '../../../src/cli/find-node.ts'
import { startTicks } from '../../../src/node/data/lock.ts'
import { codeOf, startGateway, World } from './world.ts'

describe('cli: which node', () => {
  describe('is looked for', () => {
    const env = { XDG_DATA_HOME: '/home/data', THHE_API: '127.0.0.1:1', THHE_DATA: '/env' }

    it('where --api says, before anything else', () => {
      expect(lookupOf({ api: 'http://127.0.0.1:2/', data: '/flag' }, env, [])).to.deep.include({
        url: 'http://127.0.0.1:2',
        folders: ['/flag']
      })
    })

    it('where THHE_API says, before --data', () => {
      expect(lookupOf({ data: '/flag' }, env, []).url).to.equal('http://127.0.0.1:1')
    })

    it('on --data, before THHE_DATA', () => {
      expect(lookupOf({ data: '/flag' }, { THHE_DATA: '/env' }, ['/cluster']).folders).to.deep.equal([
        '/flag'
      ])
      expect(lookupOf({}, { THHE_DATA: '/env' }, ['/cluster']).folders).to.deep.equal(['/env'])
    })

    it('on the default folder, then among the peers of the local cluster', () => {
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
      it(`nowhere like ${api}`, () => {
        expect(() => lookupOf({ api }, {}, []))
          .to.throw()
          .with.property('code', 'USAGE')
      })
    }
  })

  describe('is found', () => {
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

    it('on the default data folder', async () => {
      await announce(world.path('data/thhe'))
      expect((await findNode({}, world.io)).url).to.equal(started.gateway.url)
    })

    it('not where another node answers by now', async () => {
      await announce(world.path('data/thhe'), 'somebody else')
      expect(await codeOf(findNode({}, world.io))).to.equal('NO_NODE')
    })

    it('at a live peer of the local cluster, past dead ones', async () => {
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

    it('nowhere: says how to start one', async () => {
      expect(await codeOf(findNode({}, world.io))).to.equal('NO_NODE')
      expect(await codeOf(findNode({ data: world.path('other') }, world.io))).to.equal('NO_NODE')
    })

    it('but its token cannot be read', async () => {
      await announce(world.path('data/thhe'))
      expect(await codeOf(findNode({ tokenFile: world.path('none') }, world.io))).to.equal('USAGE')
    })
  })
})
