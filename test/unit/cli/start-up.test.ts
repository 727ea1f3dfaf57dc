import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const LAUNCHER = fileURLToPath(new URL('../../../bin/thhe.js', import.meta.url))

/** Prints, at the end, the packages that were loaded. */
const WATCH = `--import=data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module'
  const packages = new Set()
  registerHooks({ load: (url, context, next) => {
    const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]
    if (name !== undefined) packages.add(name)
    return next(url, context)
  } })
  process.on('exit', () => process.stderr.write('LOADED ' + JSON.stringify([...packages])))
`)}`

describe('cli: what a command loads', function () {
  this.timeout(60_000)

  const packagesOf = async (...args: string[]): Promise<string[]> => {
    const { stderr } = await promisify(execFile)(process.execPath, [WATCH, LAUNCHER, ...args]).catch(
      (error: { stderr: string }) => error
    )
    return JSON.parse(/LOADED (.*)$/.exec(stderr)?.[1] ?? 'null') as string[]
  }

  for (const args of [
    ['--help'],
    ['--version'],
    ['status', '--api', '127.0.0.1:1'],
    ['ls', '--api', '127.0.0.1:1']
  ]) {
    it(`thhe ${args[0]} loads only yargs, so that it starts at once`, async () => {
      const packages = await packagesOf(...args)
      expect(packages).to.include('yargs')
      const ofYargs = [
        'yargs',
        'yargs-parser',
        'y18n',
        'cliui',
        'wrap-ansi',
        'string-width',
        'strip-ansi',
        'ansi-regex'
      ]
      const others = ['ansi-styles', 'emoji-regex', 'get-east-asian-width', 'escalade', 'get-caller-file']
      expect(packages.filter((name) => !ofYargs.includes(name) && !others.includes(name))).to.deep.equal([])
    })
  }
})
