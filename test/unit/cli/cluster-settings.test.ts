import { expect } from 'chai'
import type { CommandModule } from 'yargs'
import { nameOf } from '../../../src/cli/command-names.ts'
import { recordOf } from '../../../src/cli/command-record.ts'
import { clusterCommand } from '../../../src/cli/commands/cluster.ts'
import { runInProcess, World } from './world.ts'
import { settingsOf } from '../../../src/cli/cluster/settings.ts'
import type { CliError } from '../../../src/cli/errors.ts'

const refusal = (word: string): string => {
  try {
    settingsOf([word])
  } catch (error) {
    expect(error).to.include({ code: 'USAGE' })
    return (error as CliError).message
  }
  throw new Error(`${word} was accepted`)
}

describe('cli: settings for the peers of a cluster', () => {
  it('become variables of the environment of each peer', () => {
    expect(settingsOf(['repair-grace=5s', 'log-level=debug', 'repair-grace=6s'])).to.deep.equal({
      THHE_REPAIR_GRACE: '6s',
      THHE_LOG_LEVEL: 'debug'
    })
  })

  it('keep an equals sign in their value', () => {
    expect(settingsOf(['announce=/ip4/192.0.2.1/tcp/1/http-path/a=b'])).to.have.property('THHE_ANNOUNCE')
  })

  it('are refused when they are not NAME=VALUE, or no setting of a node', () => {
    for (const word of ['repair-grace', '=5s', 'repair-grace=', '--repair-grace=5s']) {
      expect(refusal(word), word).to.include('is not NAME=VALUE')
    }
    expect(refusal('repair-grase=5s')).to.include('no setting repair-grase')
  })

  it('are refused when the node would refuse the value', () => {
    expect(refusal('repair-grace=soon')).to.include('repair-grace: "soon" is not valid')
    expect(refusal('repair-grace=1ms')).to.include('repair-grace')
  })

  it('are refused when the cluster sets them itself', () => {
    for (const name of [
      'data=/x',
      'api=127.0.0.1:1',
      'k=2',
      'quota=1GiB',
      'report-interval=1s',
      'mdns=true'
    ]) {
      expect(refusal(name), name).to.include('sets')
    }
  })

  it('have an address for S3 of their own when --s3 names none', async () => {
    const world = await World.create()
    try {
      const { members } = await recordOf(clusterCommand(world.io))
      const up = members.find((member) => nameOf(member) === 'up')
      const { options } = await recordOf(up as CommandModule)
      const listen = options.get('s3')?.coerce as (listen: string | undefined) => string | undefined
      expect([listen(''), listen('127.0.0.1:1'), listen(undefined)]).to.deep.equal([
        '127.0.0.1:9000',
        '127.0.0.1:1',
        undefined
      ])
      const { exitCode, stderr } = await runInProcess(world, ['cluster', 'up', '--s3', '--set', 'nonsense'])
      expect([exitCode, stderr]).to.deep.equal([2, stderr])
      expect(stderr).to.include('--set')
    } finally {
      await world.remove()
    }
  })
})
