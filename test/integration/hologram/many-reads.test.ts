import { expect } from 'chai'
import { chunked, Cluster, collect, randomObject } from '../../support/cluster.ts'
import { DEFAULT_HOLDER_SETTINGS } from '../../../src/hologram/holder/settings.ts'
import type { ClusterInit, ClusterPeer } from '../../support/cluster.ts'
import type { PutResult } from '../../../src/hologram/index.ts'

const BLOCK = 65_536
/** Small enough for its manifest; one segment; several. */
const SIZES = [1_000, 2 * BLOCK, 3 * 2 * BLOCK + 1]
const READS = 24

/** libp2p resets a peer's third stream at once, and the holder would have taken it. */
const RESETTING: ClusterInit['holder'] = {
  get: { ...DEFAULT_HOLDER_SETTINGS.get, perConnection: 2 },
  object: { ...DEFAULT_HOLDER_SETTINGS.object, perConnection: 2 }
}
/** The third stream of a peer is told BUSY. */
const BUSY: ClusterInit['holder'] = {
  get: { ...DEFAULT_HOLDER_SETTINGS.get, perPeer: () => 2 },
  object: { ...DEFAULT_HOLDER_SETTINGS.object, perPeer: () => 2 },
  retryAfterMs: () => 20
}

describe('hologram: many reads at once', () => {
  let cluster: Cluster
  let reader: ClusterPeer

  const start = async (
    holder: ClusterInit['holder'],
    client: ClusterInit['client'] = {}
  ): Promise<Array<{ bytes: Uint8Array; result: PutResult }>> => {
    cluster = await Cluster.start(5, { k: 2, n: 4, holder })
    // Its first act on each connection is to ask for many things.
    reader = await cluster.join({ lends: false, client })
    const objects = SIZES.map(randomObject)
    return await Promise.all(
      objects.map(async (bytes) => ({ bytes, result: await cluster.peers[0].hologram.put(chunked(bytes)) }))
    )
  }

  const readAll = async (objects: Awaited<ReturnType<typeof start>>): Promise<void> => {
    for (const { bytes, result } of objects) {
      const reading = Array.from({ length: READS }, async () =>
        collect((await reader.hologram.get(result.cid)).bytes)
      )
      for (const got of await Promise.all(reading)) expect(Buffer.compare(got, bytes)).to.equal(0)
    }
  }

  const blamed = (): unknown[] => reader.mesh.observed.filter(({ outcome }) => outcome !== 'served')

  afterEach(async () => cluster.stop())

  it('succeed, and blame nobody', async () => {
    await readAll(await start({}))
    expect(blamed()).to.deep.equal([])
  })

  it('succeed when holders answer BUSY', async () => {
    await readAll(await start(BUSY))
    expect(blamed()).to.deep.equal([])
  })

  it('succeed when libp2p resets streams that are too many, and blame nobody', async () => {
    await readAll(await start(RESETTING))
    expect(blamed()).to.deep.equal([])
  })

  it('get on when each peer takes one of them at a time, and none waits for what another holds', async () => {
    await readAll(await start({}, { maxPerPeer: () => 1, readStallTimeoutMs: 60_000 }))
    expect(blamed()).to.deep.equal([])
  })
})
