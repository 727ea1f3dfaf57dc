import { mkdir, writeFile } from 'node:fs/promises'
import { expect } from 'chai'
import {
  emptyState,
  largestPeer,
  livePeers,
  peerFolder,
  peerLog,
  readState,
  writeState
} from '../../../src/cli/cluster/state.ts'
import { startTicks } from '../../../src/node/data/lock.ts'
import { codeOf, World } from './world.ts'

describe('cli: the state of a local cluster', () => {
  let world: World
  beforeEach(async () => {
    world = await World.create()
  })
  afterEach(async () => world.remove())

  it('reads the state that it wrote', async () => {
    const state = {
      ...emptyState('2GiB', { k: 2, n: 4 }),
      peers: [{ number: 1, pid: 4711, startTicks: '9' }]
    }
    await writeState(world.path('c'), state)
    expect(await readState(world.path('c'))).to.deep.equal(state)
  })

  it('tells from the data folders how many peers there have been', async () => {
    expect(await largestPeer(world.path('c'))).to.equal(0)
    await writeState(world.path('c'), emptyState('1GiB'))
    expect(await largestPeer(world.path('c'))).to.equal(0)
    for (const number of [1, 2, 11]) await mkdir(peerFolder(world.path('c'), number))
    await writeFile(peerLog(world.path('c'), 40), '')
    expect(await largestPeer(world.path('c'))).to.equal(11)
  })

  it('has no state when there is no file', async () => {
    expect(await readState(world.path('c'))).to.equal(undefined)
  })

  for (const pid of [1, 0, -1, -4711, 1.5, '4711', null]) {
    it(`refuses a state that would kill process ${JSON.stringify(pid)}`, async () => {
      const state = { ...emptyState('1GiB'), peers: [{ number: 1, pid, startTicks: '' }] }
      await writeFile(world.path('cluster.json'), JSON.stringify(state))
      expect(await codeOf(readState(world.folder))).to.equal('CLUSTER_STATE')
    })
  }

  it('refuses a file with other contents', async () => {
    for (const text of ['', 'null', '[]', '{"format":"thhe-cluster/9"}']) {
      await writeFile(world.path('cluster.json'), text)
      expect(await codeOf(readState(world.folder)), text).to.equal('CLUSTER_STATE')
    }
  })

  it('does not mistake a process with the pid of a dead peer for the peer', async function () {
    const ticks = await startTicks(process.pid)
    // Only where the system says when a process started.
    if (ticks === undefined) return this.skip()
    const self = { number: 1, pid: process.pid, startTicks: ticks }
    const earlier = { number: 2, pid: process.pid, startTicks: '1' }
    expect(await livePeers({ ...emptyState('1GiB'), peers: [self, earlier] })).to.deep.equal([self])
  })
})
