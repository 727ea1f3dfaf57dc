import type { CommandModule } from 'yargs'
import { defineCommand } from '../command.ts'
import { CliError } from '../errors.ts'
import { writeTo } from '../io.ts'
import type { Io } from '../io.ts'
import { printJson } from '../output.ts'

export const demoCommand = (io: Io): CommandModule =>
  defineCommand<{ readonly file?: string }>({
    command: 'demo',
    describe: 'Start 12 peers, put a file, kill half of them, read it back',
    builder: (yargs) =>
      yargs.options({
        file: {
          type: 'string',
          requiresArg: true,
          describe: 'File to put; the program that runs this by default'
        }
      }),
    handler: async ({ file = process.execPath, json, quiet }) => {
      const [{ runDemo }, { narratorTo, resultText }] = await Promise.all([
        import('../demo/demo.ts'),
        import('../demo/narrator.ts')
      ])
      const color = wantsColor(io)
      const silent = json || quiet
      const narrator = narratorTo((text) => silent || io.stdout.write(text), color)
      const result = await runDemo(file, io, silent, narrator)
      if (json) await printJson(io, result)
      else await writeTo(io.stdout, `${resultText(result, color)}\n`)
      if (result.identical) return
      throw new CliError(
        'DEMO_FAILED',
        'What came back is not what was put.',
        'This is a fault: please report it.'
      )
    }
  })

/** As https://no-color.org and https://force-color.org have it. */
export const wantsColor = ({ stdout, env }: Io): boolean => {
  const set = (name: string): boolean => env[name] !== undefined && env[name] !== ''
  return !set('NO_COLOR') && (set('FORCE_COLOR') || (stdout.isTTY === true && env.TERM !== 'dumb'))
}
