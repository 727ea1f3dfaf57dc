import { spawn } from 'node:child_process'
import { once } from 'node:events'

export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
}

/** Runs a program to its end. @returns its standard output @throws ProgramFailed unless it ends with 0 */
export const run = async (
  program: string,
  args: readonly string[],
  { env, cwd, timeoutMs = 600_000 }: { env?: NodeJS.ProcessEnv; cwd?: string; timeoutMs?: number } = {}
): Promise<string> => {
  const child = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (part: Buffer) => (output.stdout += part.toString()))
  child.stderr.on('data', (part: Buffer) => (output.stderr += part.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code === 0) return output.stdout
  const said = `${output.stdout}\n${output.stderr}`.trim().slice(-2000)
  throw new ProgramFailed(`${program} ${args.join(' ')} ended with ${code ?? signal}:\n${said}`)
}

/** Whether a program can be started here. */
export const isInstalled = async (program: string, args: readonly string[]): Promise<boolean> =>
  await run(program, args).then(
    () => true,
    () => false
  )
