import { expect } from 'chai'
import { Introduction } from '../../../src/node/introduction.ts'
import type { IntroductionInit } from '../../../src/node/introduction.ts'
import { createLogger } from '../../../src/node/logger.ts'
import { VirtualTime } from '../../support/virtual-clock.ts'

describe('introduction', () => {
  let lines: string[]
  let clock: VirtualTime
  let introduced: boolean
  beforeEach(() => {
    lines = []
    clock = new VirtualTime()
    introduced = false
  })

  const introduction = (init: Partial<IntroductionInit> = {}): Introduction =>
    new Introduction({
      bootstrap: ['/dns4/peer.example/tcp/4701/p2p/12D3'],
      network: 'mine',
      otherWays: [],
      isIntroduced: () => introduced,
      clock,
      logger: createLogger({
        level: 'info',
        format: 'text',
        write: (line) => lines.push(line),
        nowMs: () => 0
      }),
      ...init
    })

  it('names the bootstrap peers when none answers, less and less often, and logs when one does', async () => {
    const part = introduction()
    part.start()
    await clock.advance(15_000)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(/WARN .*bootstrap=\/dns4\/peer\.example\/tcp\/4701\/p2p\/12D3/)
    await clock.advance(120_000)
    expect(lines).to.have.length(3)
    introduced = true
    await clock.advance(3_600_000)
    expect(lines).to.have.length(4)
    expect(lines[3]).to.include('has joined')
    part.stop()
  })

  it('is silent when a peer answers at once', async () => {
    introduced = true
    introduction().start()
    await clock.advance(3_600_000)
    expect(lines).to.deep.equal([])
  })

  it('reports at once that there are no bootstrap peers', () => {
    introduction({ bootstrap: [], otherWays: ['mDNS on the local network'] }).start()
    expect(lines).to.have.length(1)
    expect(lines[0]).to.include('--bootstrap').and.include('mDNS on the local network')
  })

  it('is silent once it has stopped', async () => {
    const part = introduction()
    part.start()
    part.stop()
    await clock.advance(3_600_000)
    expect(lines).to.deep.equal([])
  })
})
