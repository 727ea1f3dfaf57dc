import { expect } from 'chai'
import { encoderBench } from '../../../encoder/index.ts'
import { shapesOf } from '../../../src/cli/commands/encoder.ts'

const shape = { k: 2, n: 3, blockBytes: 1024 }

describe('encoder bench', () => {
  it('measures every backend that runs here, fastest first', async () => {
    const { rows, probes } = await encoderBench({ shapes: [shape], millis: 1 })
    expect(rows).to.have.length(1)
    const speeds = rows[0].measurements.map(({ bytesPerSecond }) => bytesPerSecond)
    expect(speeds).to.deep.equal(speeds.toSorted((a, b) => b - a))
    const available = probes.filter(({ isAvailable }) => isAvailable).map(({ backend }) => backend)
    expect(rows[0].measurements.map(({ backend }) => backend)).to.have.members(available)
  })

  it('stops on request', async () => {
    const reason = new Error('enough')
    const error = await encoderBench({ shapes: [shape], signal: AbortSignal.abort(reason) }).catch(
      (thrown) => thrown
    )
    expect(error).to.equal(reason)
  })

  it('takes one shape from the flags, or the usual ones, and refuses half a shape', () => {
    const flags = { block: 4096, time: 1 }
    expect(shapesOf(flags, [shape])).to.deep.equal([{ k: 2, n: 3, blockBytes: 4096 }])
    expect(shapesOf({ ...flags, codeK: 5, codeN: 8 }, [])).to.deep.equal([{ k: 5, n: 8, blockBytes: 4096 }])
    expect(() => shapesOf({ ...flags, codeK: 5 }, [])).to.throw('--code-k and --code-n')
    expect(() => shapesOf({ ...flags, codeK: 8, codeN: 5 }, [])).to.throw('--code-k and --code-n')
  })
})
