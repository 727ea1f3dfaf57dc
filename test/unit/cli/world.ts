import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Gateway } from '../../../src/gateway/index.ts'
import { NodeClient } from '../../../src/cli/client.ts'
import { runCommandLine } from '../../../src/cli/main.ts'
import type { Io } from '../../../src/cli/io.ts'
import { FakeNode, TOKEN } from '../gateway/fake-node.ts'

/** A folder of its own for each test, with the home of a user in it. */
export class World {
  readonly folder: string
  readonly interruption = new AbortController()

  private constructor(folder: string) {
    this.folder = folder
  }

  static async create(): Promise<World> {
    return new World(await mkdtemp(join(tmpdir(), 'thhe-cli-test-')))
  }

  get io(): Io {
    return {
      stdin: Readable.from([]),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env: { XDG_DATA_HOME: this.path('data'), XDG_STATE_HOME: this.path('state') },
      signal: this.interruption.signal
    }
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts)
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A gateway over a node whose objects live in memory, and a client of it. */
export const startGateway = async (
  signal: AbortSignal
): Promise<{ node: FakeNode; gateway: Gateway; client: NodeClient }> => {
  const node = await FakeNode.create()
  const gateway = createGateway({ node })
  await gateway.start()
  return { node, gateway, client: new NodeClient({ url: gateway.url, token: TOKEN, signal }) }
}

/** The `code` of what `promise` rejects with; undefined when it resolves. */
export const codeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    () => undefined,
    (error: { code?: unknown }) => error.code
  )

/** What a command line answered. */
export interface Answer {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command line in this process, in the world's own home. */
export const runInProcess = async (
  world: World,
  argv: readonly string[],
  io: Partial<Io> = {}
): Promise<Answer> => {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const before = process.exitCode
  process.exitCode = undefined
  try {
    const failed = await runCommandLine(argv, { ...world.io, ...io, stdout, stderr })
    // The verdict of an analysis is not a failure, and goes straight to the process.
    return {
      exitCode: Number(failed ?? process.exitCode ?? 0),
      stdout: readAll(stdout),
      stderr: readAll(stderr)
    }
  } finally {
    process.exitCode = before
  }
}

const readAll = (stream: PassThrough): string => ((stream.read() as Buffer | null) ?? '').toString()
