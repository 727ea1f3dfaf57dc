import { expect } from 'chai'
import { eventually } from '../../support/eventually.ts'
import { chunked, Cluster, randomObject } from '../../support/cluster.ts'

describe('hologram: a put that breaks off', function () {
  this.timeout(120_000)
  let cluster: Cluster
  before(async () => {
    cluster = await Cluster.start(7, { k: 3, n: 6 })
  })
  after(async () => cluster.stop())

  /** Several segments, and then the source fails. */
  async function* brokenOff(): AsyncGenerator<Uint8Array> {
    yield* chunked(randomObject(3_000_000))
    // Holders have all of it by now.
    await eventually('an upload at every holder', async () => (await uploads()) === 6)
    throw new Error('the pipe broke')
  }

  const uploads = async (): Promise<number> => {
    let count = 0
    for (const { store } of cluster.peers) {
      for await (const { sizeBytes } of store.listUploads()) if (sizeBytes >= 0) count++
    }
    return count
  }

  const fail = async (oneShot: boolean): Promise<void> => {
    const { hologram } = cluster.peers[0]
    const error: unknown = await hologram.put(brokenOff(), { oneShot }).catch((thrown: unknown) => thrown)
    expect(error).to.have.property('message', 'the pipe broke')
  }

  it('leaves nothing at any peer when its source cannot be read again', async () => {
    await fail(true)
    await eventually('no upload at any peer', async () => (await uploads()) === 0)
  })

  it('leaves nothing when its user ends it', async () => {
    const stop = new AbortController()
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunked(randomObject(3_000_000))
      await eventually('an upload at every holder', async () => (await uploads()) === 6)
      stop.abort(new Error('interrupted'))
      await new Promise(() => {})
    }
    const putting = cluster.peers[0].hologram.put(source(), { oneShot: true, signal: stop.signal })
    expect(await putting.catch((thrown: unknown) => thrown)).to.be.an('error')
    await eventually('no upload at any peer', async () => (await uploads()) === 0)
  })

  it('leaves what has arrived when it can be resumed', async () => {
    await fail(false)
    expect(await uploads()).to.equal(6)
  })

  const dropped = async (abandonFirst: boolean): Promise<void> => {
    const { hologram } = cluster.peers[0]
    const attempt = `attempt ${abandonFirst}`
    const before = await uploads()
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield* chunked(randomObject(3_000_000))
      await eventually('an upload at every holder', async () => (await uploads()) === before + 6)
      if (abandonFirst) hologram.abandonPut(attempt)
      throw new Error('the file has changed')
    }
    const putting = hologram.put(source(), { attempt })
    expect(await putting.catch((thrown: unknown) => thrown)).to.have.property(
      'message',
      'the file has changed'
    )
    if (!abandonFirst) hologram.abandonPut(attempt)
    await eventually('no upload of the attempt', async () => (await uploads()) === before)
  }

  it('leaves nothing when its user says afterwards that nobody will resume it', async () => dropped(false))

  it('leaves nothing when its user says so before the node has noticed', async () => dropped(true))
})
