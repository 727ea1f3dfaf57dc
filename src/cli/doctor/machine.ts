import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { EncoderProbe } from '../../../encoder/index.ts'
import { formatBytes } from '../format.ts'
import type { Finding } from './finding.ts'

const MIN_OPEN_FILES = 4096
const PROBE_TIMEOUT_MS = 30_000

export const checkMachine = async (): Promise<readonly Finding[]> => [
  {
    check: 'machine',
    state: 'note',
    detail: `Node.js ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${formatBytes(totalmem())} of memory`
  },
  ...(await checkOpenFiles())
]

/** Every connection and every shard that is read is an open file. */
const checkOpenFiles = async (): Promise<readonly Finding[]> => {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
  if (limit === undefined) return []
  const detail = `${limit} at once`
  if (Number(limit) >= MIN_OPEN_FILES) return [{ check: 'open files', state: 'good', detail }]
  const advice = `Raise the limit before starting a node: ulimit -n ${MIN_OPEN_FILES}`
  return [{ check: 'open files', state: 'weak', detail, advice }]
}

/** SIMD and GPUs: what the erasure coder can run on. */
export const checkEncoders = async (): Promise<readonly Finding[]> => (await probeApart()).map(encoderFinding)

/** In a process of its own: libraries of GPUs write what they miss straight to standard error. */
const probeApart = async (): Promise<readonly EncoderProbe[]> => {
  const script = fileURLToPath(new URL(`./encoder-probe${import.meta.url.slice(-3)}`, import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: PROBE_TIMEOUT_MS })
  return JSON.parse(stdout) as readonly EncoderProbe[]
}

const encoderFinding = ({ backend, isAvailable, detail, reason }: EncoderProbe): Finding => {
  const check = `encoder ${backend}`
  if (isAvailable) {
    return {
      check,
      state: 'good',
      detail: reason === '' ? detail : `${detail}; not taken by itself: ${reason}`
    }
  }
  if (backend !== 'wasm') return { check, state: 'note', detail: `not here: ${reason}` }
  const advice = 'Run a Node.js with WebAssembly SIMD (any since 16.4 on a CPU with SSE4.1 or NEON).'
  return { check, state: 'weak', detail: reason, advice }
}
