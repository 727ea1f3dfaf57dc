import { expect } from 'chai'
import { PortForwarder } from '../../../../src/node/host/port-forwarder.ts'
import { silentLogger } from '../../../../src/node/index.ts'
import { settled } from '../../../support/virtual-clock.ts'
import type { Gateway } from '@achingbrain/nat-port-mapper'

type Finder = Parameters<PortForwarder['watch']>[0]

const asked: number[] = []
const router = (id: string, externalPort?: number): Gateway =>
  ({
    id,
    family: 'IPv4',
    mapAll: async function* (internalPort: number) {
      asked.push(internalPort)
      if (externalPort === undefined) throw new Error('this router refuses')
      yield { externalPort, internalPort }
    }
  }) as Partial<Gateway> as Gateway

const search = async (forwarder: PortForwarder, ...routers: Gateway[]): Promise<Gateway[]> => {
  const finder = {
    findGateways: async function* () {
      yield* routers
    }
  } as Partial<Finder> as Finder
  const seen: Gateway[] = []
  for await (const found of forwarder.watch(finder).findGateways()) seen.push(found)
  await settled()
  return seen
}

describe('the forwarding of the bulk port', () => {
  let forwarder: PortForwarder
  beforeEach(() => {
    asked.length = 0
    forwarder = new PortForwarder(silentLogger)
  })

  it('asks each router that libp2p finds, once, and passes it on', async () => {
    await forwarder.forward(4703)
    const one = router('one', 31_000)
    expect(await search(forwarder, one, one)).to.deep.equal([one, one])
    expect(asked).to.deep.equal([4703])
    expect(forwarder.publicPort).to.equal(31_000)
  })

  it('asks those that were found before there was a port', async () => {
    await search(forwarder, router('one', 31_000))
    expect(asked).to.deep.equal([])
    await forwarder.forward(4703)
    expect(asked).to.deep.equal([4703])
    expect(forwarder.publicPort).to.equal(31_000)
  })

  it('has nothing to tell where the router keeps the number, or refuses', async () => {
    await forwarder.forward(4703)
    await search(forwarder, router('same', 4703))
    expect(forwarder.publicPort).to.equal(0)
    await search(forwarder, router('stubborn'))
    expect(asked).to.deep.equal([4703, 4703])
    expect(forwarder.publicPort).to.equal(0)
  })
})
