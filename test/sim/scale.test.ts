import { expect } from 'chai'
import { scalePlot } from './scale/plot.ts'
import { runScale } from './scale/scale.ts'

const SMALL = {
  validators: 4,
  observers: 2,
  epochs: 2,
  epochMs: 5_000,
  reportIntervalMs: 30_000,
  storedBytes: 1e9,
  seed: 3
}

describe('cost of agreement and reports against the number of peers', function () {
  this.timeout(60_000)

  it('is the same for the same seed; everybody has the same map of all peers', async () => {
    const report = await runScale({ ...SMALL, peers: 12 })
    expect(report).to.include({ peers: 12, epochs: 2, mapPeers: 12, isSame: true })
    expect(report.observerMs.p50).to.be.greaterThan(0)
    const again = await runScale({ ...SMALL, peers: 12 })
    expect(again.statements).to.equal(report.statements)
    expect(again.validatorMs).to.deep.equal(report.validatorMs)
  })

  it('does not depend on what peers store', async () => {
    const little = await runScale({ ...SMALL, peers: 12 })
    const much = await runScale({ ...SMALL, peers: 12, storedBytes: 1e15 })
    // A million times as much. Other leaders are drawn from other maps, so the statements are not the same.
    expect(much.agreementBytes / little.agreementBytes).to.be.within(0.5, 2)
    // The numbers in a report and in the map have some more digits.
    expect(much.hearing.reportBytes / little.hearing.reportBytes).to.be.within(1, 1.02)
    expect(much.mapBytes / little.mapBytes).to.be.within(1, 1.1)
  })

  it('of reports grows with the peers, and is drawn', async () => {
    const reports = [await runScale({ ...SMALL, peers: 12 }), await runScale({ ...SMALL, peers: 48 })]
    expect(reports[1].hearing.reportMessages / reports[0].hearing.reportMessages).to.be.greaterThan(3)
    const svg = scalePlot(reports)
    expect(svg.match(/<polyline/g)).to.have.length(4)
    expect(svg).to.not.include('NaN')
  })
})
