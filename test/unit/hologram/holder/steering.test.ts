import { expect } from 'chai'
import { GetRequest, PutReply } from '../../../../protocols/generated/object.js'
import { UNSTEERED } from '../../../../src/hologram/steering.ts'
import type { RefusedRequest, ServedRequest, Steering } from '../../../../src/hologram/steering.ts'
import { codedObject } from '../support.ts'
import { getRequest, putShard, readReply, sendPut, startWithShard, WAIT } from './fixture.ts'

/** A controller that notes what it is told, and refuses when a test says so. */
class Controller {
  refusal: RefusedRequest | undefined
  readonly served: ServedRequest[] = []
  readonly bytes: Array<readonly [object: string, bytes: number, isBackground: boolean]> = []
  readonly copies: string[] = []
  diskReads = 0
  readonly steering: Steering = {
    ...UNSTEERED,
    enter: () => this.refusal ?? ((request) => void this.served.push(request)),
    noteServed: (object, bytes, isBackground) => void this.bytes.push([object, bytes, isBackground]),
    noteDiskRead: () => void this.diskReads++,
    noteCopy: (object) => void this.copies.push(object)
  }
}

describe('holder: what the controller decides and hears', () => {
  const object = codedObject({ layers: [{ k: 2, length: 20 * 512 }] })
  let controller: Controller
  let fixture: Awaited<ReturnType<typeof startWithShard>>

  beforeEach(async () => {
    controller = new Controller()
    fixture = await startWithShard({ steering: controller.steering }, object)
  })

  afterEach(async () => fixture.stop())

  it('answers a request BUSY with the hint and the reason, and serves the next one', async () => {
    controller.refusal = { retryAfterMs: 77, reason: '8 requests are in service' }
    const busy = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await busy.writeMessage(GetRequest, getRequest(object.cid), WAIT)
    expect(await readReply(busy)).to.include({
      status: 'BUSY',
      retryAfterMs: 77,
      message: '8 requests are in service'
    })
    controller.refusal = undefined
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await stream.writeMessage(GetRequest, getRequest(object.cid), WAIT)
    expect(await readReply(stream)).to.include({ status: 'OK' })
    expect(fixture.holder.stats.refused).to.include({ BUSY: 1 })
  })

  it('tells the controller what was served, to whom, and how long the disk took', async () => {
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await stream.writeMessage(GetRequest, getRequest(object.cid, { count: 3, background: true }), WAIT)
    for (let i = 0; i < 3; i++) await readReply(stream)
    await stream.close(WAIT)
    await Promise.all(fixture.mesh.served)
    expect(controller.bytes).to.deep.equal(
      Array.from({ length: 3 }, () => [object.cid.toString(), 256, true])
    )
    expect(controller.served).to.have.length(1)
    expect(controller.served[0]).to.include({ units: 3, failed: false })
    expect(controller.diskReads).to.equal(3)
  })

  it('says that a request which asks for the impossible is not a failure of this node', async () => {
    const stream = await fixture.mesh.dial('get/1', fixture.bob.peer)
    await stream.writeMessage(GetRequest, getRequest(object.cid, { first: 1_000 }), WAIT)
    expect(await readReply(stream)).to.include({ status: 'REFUSED' })
    expect(controller.served[0]).to.include({ units: 0, failed: false })
  })

  it('knows a copy of a hot shard from an ordinary one, and takes none while it is busy', async () => {
    expect(controller.copies).to.deep.equal([])
    const other = codedObject({ seed: 5 })
    await putShard(fixture, other, 1, { copy: true })
    expect(controller.copies).to.deep.equal([other.cid.toString()])
    controller.refusal = { retryAfterMs: 5, reason: 'warm itself' }
    const stream = await fixture.mesh.dial('put/1', fixture.alice.peer)
    const seed = Uint8Array.from(other.manifest.seed)
    await sendPut(stream, { open: { seed, shard: 0, expectedBytes: 0, copy: true } })
    expect(await stream.readMessage(PutReply, WAIT)).to.include({ status: 'BUSY', message: 'warm itself' })
  })
})
