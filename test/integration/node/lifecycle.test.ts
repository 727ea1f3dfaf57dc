import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once as onceEvent } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { basename, join } from 'node:path'
import { expect } from 'chai'
import { systemClock } from '../../../src/clock/index.ts'
import { createLogger, createNode, NodeError, silentLogger } from '../../../src/node/index.ts'
import { Hologram } from '../../../src/hologram/hologram.ts'
import { openStore } from '../../../src/store/index.ts'
import { collect, knowsAll, Lab, livePeers, once, until } from './support.ts'
import type { ChildProcess } from 'node:child_process'
import { futurePeerId } from '../../../src/node/data/folder.ts'
import type { Node, NodeConfig } from '../../../src/node/index.ts'

interface Running {
  readonly child: ChildProcess
  readonly said: { peer?: string; multiaddrs?: string[]; error?: string; message?: string }
}

describe('node', function () {
  this.timeout(120_000)
  let lab: Lab
  const children: ChildProcess[] = []

  beforeEach(() => {
    lab = new Lab()
  })
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    }
    await lab.stop()
  })

  /** Runs a node in a process of its own, until it says that it runs or why it does not. */
  const spawnNode = async (name: string, env: NodeJS.ProcessEnv = {}): Promise<Running> => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('peer-process.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        XDG_CONFIG_HOME: lab.folder,
        THHE_DATA: join(lab.folder, name),
        THHE_NETWORK: lab.networkFile,
        THHE_LISTEN: '/ip4/127.0.0.1/tcp/0',
        THHE_BOOTSTRAP: (lab.nodes[0]?.multiaddrs() ?? []).join(','),
        THHE_MDNS: 'false',
        THHE_UPNP: 'false',
        ...env
      }
    })
    children.push(child)
    const [line] = (await onceEvent(
      createInterface({ input: child.stdout as NodeJS.ReadableStream }),
      'line'
    )) as [string]
    return { child, said: JSON.parse(line) as Running['said'] }
  }
  const ends = async (child: ChildProcess): Promise<unknown> => (await onceEvent(child, 'exit'))[0]
  const startMany = async (count: number): Promise<Node[]> => {
    await lab.start('n0')
    await Promise.all(Array.from({ length: count - 1 }, (_, i) => lab.start(`n${i + 1}`)))
    await until('everybody to know everybody', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)))
    return lab.nodes
  }

  it('refuses a data folder that an invisible process has open', async () => {
    const { data } = lab.config('shared')
    await futurePeerId(data)
    const elsewhere = await openStore({ path: join(data, 'store'), quotaBytes: 1 })
    const refused = await lab.start('shared').catch((error: unknown) => error)
    await elsewhere.close()
    expect(refused).to.be.instanceOf(NodeError).and.to.include({ code: 'DATA_FOLDER_IN_USE' })
    expect((await lab.start('shared')).peerId.toString()).to.match(/^12D3/)
  })

  it('is ready when the only bootstrap peer is itself', async () => {
    const first = await lab.start('first')
    const [address] = first.multiaddrs()
    await first.stop()
    const again = await lab.start('first', { bootstrap: [address] })
    expect((await again.status()).ready).to.equal(true)
  })

  it('knows the other peers soon after joining through one of them, and stores objects with them', async () => {
    const nodes = await startMany(5)
    const status = await nodes[4].status()
    expect(status).to.include({ state: 'running', ready: true, dht: 'server', rendezvous: 'off' })
    expect(status.peers).to.include({ known: 5, live: 5 })
    const bytes = randomBytes(300_000)
    const { cid, stored } = await nodes[1].objects.put(once(bytes))
    expect(stored).to.have.lengthOf(4)
    const reader = await nodes[3].objects.get(cid)
    expect((await collect(reader.bytes)).equals(bytes)).to.equal(true)
    const metrics = await nodes[1].metrics.metrics()
    expect(metrics).to.contain('thhe_peers{state="live"} 5')
    expect(metrics).to.match(/thhe_connections\{direction="(in|out)bound",transport="tcp"\} [1-4]/)
    expect(await nodes[2].metrics.metrics()).not.to.equal(metrics)
  })

  it('lends nothing with storage off, and still puts and gets with its configured code and lease', async () => {
    for (const name of ['n0', 'n1', 'n2', 'n3']) await lab.start(name)
    const client = await lab.start('client', { storage: false, k: 1, n: 3, lease: 3_600_000 })
    await until('everybody to know everybody', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)))
    const own = client.peers().find(({ self }) => self)
    expect(own).to.include({ capacityBytes: 0, freeBytes: 0 })
    const bytes = randomBytes(200_000)
    const { cid, stored } = await client.objects.put(once(bytes))
    expect(stored).to.have.lengthOf(3)
    const { manifest, leases } = await client.objects.stat(cid)
    expect([manifest.layers[0].k, manifest.n]).to.deep.equal([1, 3])
    expect(leases[0].expiresAtMs - Date.now()).to.be.within(3_500_000, 3_600_000)
    expect(stored.map(({ peer }) => peer.toString())).not.to.include(client.peerId.toString())
    expect((await collect((await client.objects.get(cid)).bytes)).equals(bytes)).to.equal(true)
  })

  it('keeps to its caps on upload and download bandwidth', async () => {
    const bytesPerSecond = 150_000
    const bytes = randomBytes(2 * bytesPerSecond)
    // A cap lets a quarter of a second's worth pass at once; the rest takes its time, however fast the machine is.
    const leastMs = 1_500
    const startPair = async (caps: Partial<NodeConfig>): Promise<[Node, Node]> => {
      const holder = await lab.start('holder', { ...caps, bootstrap: [] })
      const client = await lab.start('client', { storage: false, k: 1, n: 1, bootstrap: holder.multiaddrs() })
      await until('the two to meet', () => knowsAll(client, [holder, client]))
      return [holder, client]
    }
    const [slowTaker, putter] = await startPair({ bandwidthDown: bytesPerSecond })
    const putMs = await timed(async () => void (await putter.objects.put(once(bytes))))
    expect(putMs).to.be.at.least(leastMs)
    await Promise.all([slowTaker.stop(), putter.stop()])
    const [, reader] = await startPair({ bandwidthUp: bytesPerSecond })
    const { cid } = await reader.objects.put(once(bytes))
    const getMs = await timed(async () => {
      expect((await collect((await reader.objects.get(cid)).bytes)).equals(bytes)).to.equal(true)
    })
    expect(getMs).to.be.at.least(leastMs)
  })

  it('learns at once that a peer stops', async () => {
    const [first, second, third] = await startMany(3)
    await third.stop()
    const gone = third.peerId.toString()
    await until('the others to know', () => [first, second].every((node) => !livePeers(node).includes(gone)))
    expect(first.peers().find(({ id }) => id === gone)).to.include({ live: false, connected: false })
  })

  it('is accepted again at once after a slow stop', async () => {
    const [first, second] = await startMany(3)
    const { stop } = Hologram.prototype
    const victim = lab.nodes[2]
    // Unfinished uploads on a slow disk do this. libp2p tells peers of a protocol that goes away after a second.
    Hologram.prototype.stop = async function () {
      await stop.call(this)
      await sleep(1_500)
    }
    try {
      await victim.stop()
    } finally {
      Hologram.prototype.stop = stop
    }
    const again = await lab.start(basename(victim.config.data))
    expect(again.peerId.equals(victim.peerId)).to.equal(true)
    await until('it to be back', () =>
      [first, second, again].every((one) => knowsAll(one, [first, second, again]))
    )
  })

  it('reports in log and status that its clock is wrong when it is a day behind its peers', async () => {
    await lab.start('n0', { reportInterval: 1_000 })
    for (const name of ['n1', 'n2', 'n3']) await lab.start(name, { reportInterval: 1_000 })
    const lines: string[] = []
    const late = await createNode(lab.config('late', { reportInterval: 1_000 }), {
      codec: lab.codec,
      logger: createLogger({ level: 'error', format: 'text', write: (line) => lines.push(line) }),
      clock: { ...systemClock, nowMs: () => Date.now() - 86_400_000 }
    })
    lab.nodes.push(late)
    await late.start()
    await until('it to know', async () => (await late.status()).clockAgrees === false)
    const { clockSkewMs } = await late.status()
    expect(clockSkewMs).to.be.closeTo(86_400_000, 30_000)
    expect(lines.join('\n')).to.match(/ERROR clock: .*behind.*skewSeconds=86\d{3}/)
    await until('the others to know that theirs are right', async () => {
      const { clockAgrees, clockSkewMs: skewMs } = await lab.nodes[0].status()
      return clockAgrees === true && Math.abs(skewMs ?? Infinity) < 60_000
    })
  })

  it('notices a killed peer long before its reports are missed, and takes it back when it returns', async () => {
    await startMany(2)
    const { child, said } = await spawnNode('victim')
    const sees = (): boolean => lab.nodes.every((node) => livePeers(node).includes(said.peer ?? ''))
    await until('the victim to be known', sees)
    const exited = ends(child)
    child.kill('SIGKILL')
    await exited
    await until('the victim to be missed', () =>
      lab.nodes.every((node) => !livePeers(node).includes(said.peer ?? ''))
    )
    const again = await spawnNode('victim')
    expect(again.said.peer).to.equal(said.peer)
    await until('the victim to be back', sees)
  })

  it('stops by itself on SIGTERM and resumes with the same identity and objects', async () => {
    for (const name of ['n0', 'n1', 'n2']) await lab.start(name)
    const first = await lab.start('resuming')
    await until('everybody to know everybody', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)))
    const bytes = randomBytes(150_000)
    const { cid } = await first.objects.put(once(bytes), { name: 'kept.bin' })
    await first.stop()
    const { child, said } = await spawnNode('resuming')
    expect(said.peer).to.equal(first.peerId.toString())
    const exited = ends(child)
    child.kill('SIGTERM')
    // A node that a second signal, or the supervisor, has to end does not exit with 0.
    expect(await exited).to.equal(0)
    const again = await lab.start('resuming')
    const owned: string[] = []
    for await (const object of again.objects.list()) owned.push(`${object.name} ${object.cid.toString()}`)
    expect(owned).to.deep.equal([`kept.bin ${cid.toString()}`])
    await until('peers to be known', () => livePeers(again).length >= 4)
    expect((await collect((await again.objects.get(cid)).bytes)).equals(bytes)).to.equal(true)
  })

  it('finds the network after a restart without its first bootstrap peer', async () => {
    const first = await lab.start('n0')
    const second = await lab.start('n1')
    const third = await lab.start('n2')
    await until('everybody to know everybody', () => lab.nodes.every((node) => knowsAll(node, lab.nodes)))
    // A member is remembered before it counts as connected.
    await until('the third to remember both', async () => (await third.status()).peers.connected === 2)
    await Promise.all([first.stop(), third.stop()])
    const again = await lab.start('n2', { bootstrap: [] })
    await until(
      'each other to be known',
      () => knowsAll(again, [second]) && knowsAll(second, [again]),
      90_000
    )
  })

  it('does not start on the data folder of a running node, in this process or in another', async () => {
    await lab.start('taken')
    const error = await createNode(lab.config('taken'), { logger: silentLogger }).catch(
      (reason: unknown) => reason
    )
    expect(error).to.be.instanceOf(NodeError).with.property('code', 'DATA_FOLDER_IN_USE')
    const { child, said } = await spawnNode('taken')
    expect(said.error).to.equal('DATA_FOLDER_IN_USE')
    expect(said.message).to.contain(`process ${process.pid}`)
    if (child.exitCode === null) await ends(child)
    expect(child.exitCode).to.equal(2)
  })

  it('releases all resources when it cannot start', async () => {
    const [address] = (await lab.start('n0')).multiaddrs()
    const listen = [address.slice(0, address.indexOf('/p2p/'))]
    const node = await createNode(lab.config('second', { listen }), {
      logger: silentLogger,
      codec: lab.codec
    })
    const error = await node.start().catch((reason: unknown) => reason)
    expect(error).to.have.property('code', 'CANNOT_LISTEN')
    expect((await lab.start('second')).peerId.toString()).to.equal(node.peerId.toString())
  })

  it('starts once, and accepts repeated stops', async () => {
    const node = await lab.start('n0')
    expect(await node.start().catch((reason: unknown) => reason)).to.have.property('code', 'BAD_STATE')
    await Promise.all([node.stop(), node.stop()])
    expect((await node.start().catch((reason: unknown) => reason)) as Error).to.have.property(
      'code',
      'BAD_STATE'
    )
  })
})

/** How long `work` takes, in milliseconds. */
async function timed(work: () => Promise<void>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}
