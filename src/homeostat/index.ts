// The controller that keeps a node and its share of the mesh in balance: heat, forecasts, admission, dilation, survival.
// May not enter: clocks, randomness, I/O and other rooms' code; all of it comes in through `HomeostatDriver`.
export {
  DEFAULT_ADMISSION,
  RequestAdmission,
  type AdmissionSettings,
  type AdmissionTotals,
  type Refused,
  type ServedWork
} from './act/admission.ts'
export {
  choosePeers,
  DEFAULT_DILATION,
  DilationPolicy,
  type DilationPeer,
  type DilationSettings
} from './act/dilation.ts'
export { HotObjects, type HotObject } from './act/hot-objects.ts'
export { BetaPosterior, Survival, type SurvivalPeer } from './act/survival.ts'
export type { HomeostatDriver, HomeostatEvent, PeerLoad } from './driver.ts'
export { forecastError, Holt, LastValue, MovingAverage, type Forecaster } from './forecast/forecasters.ts'
export { boltzmannFactor, ensembleOf, type Ensemble, type EnsembleMember } from './global/boltzmann.ts'
export { imbalance, klDivergence, sharesOf } from './global/divergence.ts'
export { Score, type Epoch, type ScoreInit } from './global/score.ts'
export { MAX_TEMPERATURE, MIN_TEMPERATURE, Temperature } from './global/temperature.ts'
export { DEFAULT_HOMEOSTAT, Homeostat, type HomeostatSettings, type HomeostatState } from './homeostat.ts'
export { ConcurrencyLimit } from './sense/concurrency-limit.ts'
export {
  HEAT_SOURCES,
  heatOf,
  judgedHeat,
  MAX_HEAT,
  type Heat,
  type HeatSource,
  type LoadSignals
} from './sense/heat.ts'
export { Inflation } from './sense/inflation.ts'
export { ObservedHeat, type Observation } from './sense/observed.ts'
export { Uplink } from './sense/uplink.ts'
