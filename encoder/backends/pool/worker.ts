// The worker's side of the pool: one backend, one cache of plans, jobs in the order in which they come.

import { parentPort, workerData } from 'node:worker_threads'
import { EncoderError } from '../../errors.ts'
import { HASH_BYTES, leafHash } from '../../merkle.ts'
import { PlanCache } from '../../plan.ts'
import { splitRows } from '../../shape.ts'
import { openFirst } from '../open.ts'
import type { EncodedSegment, Job, JobMessage, JobResult, WorkerInit, WorkerMessage } from './messages.ts'

const port = parentPort!
const { order } = workerData as WorkerInit
const plans = new PlanCache()
const backend = await openFirst(order, (event) => post({ type: 'event', event }))

port.on('message', (message: JobMessage) => void answer(message))

async function answer({ id, job }: JobMessage): Promise<void> {
  try {
    const result = await run(job)
    post({ type: 'done', id, result }, buffersOf(result))
  } catch (error) {
    const { code, message, data } = asEncoderError(error)
    post({ type: 'failed', id, code, message, data })
  }
}

function run(job: Job): Promise<JobResult> {
  return job.kind === 'encode' ? encode(job) : reconstruct(job)
}

async function encode({ shape, rows, data }: Job & { kind: 'encode' }): Promise<EncodedSegment> {
  const { k, n, blockBytes } = shape
  const parity = new Uint8Array(rows.length * blockBytes)
  const sources = splitRows(data, blockBytes)
  const targets = splitRows(parity, blockBytes)
  await backend.compute(plans.encode(k, n, rows), sources, targets)
  return { data, parity, leaves: leafHashes([...sources, ...targets]) }
}

async function reconstruct({
  shape,
  have,
  blocks,
  want
}: Job & { kind: 'reconstruct' }): Promise<Uint8Array> {
  const { k, n, blockBytes } = shape
  const made = new Uint8Array(want.length * blockBytes)
  const plan = plans.reconstruct(k, n, have, want)
  await backend.compute(plan, splitRows(blocks, blockBytes), splitRows(made, blockBytes))
  return made
}

function leafHashes(rows: readonly Uint8Array[]): Uint8Array {
  const leaves = new Uint8Array(rows.length * HASH_BYTES)
  rows.forEach((row, i) => leaves.set(leafHash(row), i * HASH_BYTES))
  return leaves
}

function buffersOf(result: JobResult): ArrayBuffer[] {
  const arrays = result instanceof Uint8Array ? [result] : [result.data, result.parity, result.leaves]
  return arrays.map((array) => array.buffer as ArrayBuffer)
}

function asEncoderError(error: unknown): EncoderError {
  return error instanceof EncoderError ? error : new EncoderError('BACKEND_FAILED', String(error))
}

function post(message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
