// The worker thread of `analyzeInWorker`: runs one analysis and posts one message.

import { parentPort, workerData } from 'node:worker_threads'
import { analyzeNetwork } from '../../fba/analysis/index.ts'
import type { AnalysisTask } from './quorum-analysis.ts'

const { nodes, options } = workerData as AnalysisTask
const clock = { nowMillis: () => performance.now() }
parentPort!.postMessage(analyzeNetwork(nodes, { ...options, clock }))
