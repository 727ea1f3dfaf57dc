// The thread of `analyzeInWorker`: one analysis, one message back.

import { parentPort, workerData } from 'node:worker_threads'
import { analyzeNetwork } from '../../fba/analysis/index.ts'
import type { AnalysisTask } from './quorum-analysis.ts'

const { nodes, options } = workerData as AnalysisTask
const clock = { nowMillis: () => performance.now() }
parentPort!.postMessage(analyzeNetwork(nodes, { ...options, clock }))
