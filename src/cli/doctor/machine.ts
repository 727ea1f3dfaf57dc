import { readFile } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { probeEncoders } from '../../../encoder/index.ts'
import type { EncoderProbe } from '../../../encoder/index.ts'
import { formatBytes } from '../format.ts'
import type { Finding } from './finding.ts'

const LEAST_OPEN_FILES = 4096

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
  if (Number(limit) >= LEAST_OPEN_FILES) return [{ check: 'open files', state: 'good', detail }]
  const advice = `Raise the limit before starting a node: ulimit -n ${LEAST_OPEN_FILES}`
  return [{ check: 'open files', state: 'weak', detail, advice }]
}

/** SIMD and GPUs: what the erasure coder can run on. */
export const checkEncoders = async (): Promise<readonly Finding[]> =>
  (await probeEncoders()).map(encoderFinding)

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
