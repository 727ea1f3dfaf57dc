import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const LAUNCHER = fileURLToPath(new URL('../../../bin/thhe.js', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Runs `thhe` as a user would, each in a home of its own. */
export class CommandLine {
  readonly folder: string

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<CommandLine> {
    return new CommandLine(await mkdtemp(join(tmpdir(), 'thhe-cli-it-')))
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  readonly run = async (args: readonly string[], input?: string): Promise<Outcome> => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      cwd: this.folder,
      env: this.env(),
      // A command that hangs is a failed test, not a process left behind.
      timeout: 100_000,
      killSignal: 'SIGTERM'
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const [stdout, stderr] = await Promise.all([buffer(child.stdout), text(child.stderr)])
    return { code: await code, stdout, stderr }
  }

  /** The result of a command that must succeed, parsed. */
  readonly json = async <T>(...args: string[]): Promise<T> => {
    const { code, stdout, stderr } = await this.run([...args, '--json'])
    if (code !== 0) throw new Error(`thhe ${args.join(' ')} ended with ${code}: ${stderr}`)
    return JSON.parse(stdout.toString()) as T
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }

  env(): NodeJS.ProcessEnv {
    const { PATH, NODE_COMPILE_CACHE, TMPDIR } = process.env
    const home = this.folder
    return {
      ...{ PATH, NODE_COMPILE_CACHE, TMPDIR, HOME: home },
      XDG_DATA_HOME: join(home, 'data'),
      XDG_STATE_HOME: join(home, 'state'),
      XDG_CONFIG_HOME: join(home, 'config')
    }
  }
}
