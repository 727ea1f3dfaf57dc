import type { Cancel } from '../clock/index.ts'
import { DEFAULT_ADMISSION, RequestAdmission } from './act/admission.ts'
import type { AdmissionSettings, AdmissionTotals, Refused, ServedWork } from './act/admission.ts'
import { choosePeers, DEFAULT_DILATION, DilationPolicy } from './act/dilation.ts'
import type { DilationPeer, DilationSettings } from './act/dilation.ts'
import { HotObjects } from './act/hot-objects.ts'
import { Survival } from './act/survival.ts'
import type { SurvivalPeer } from './act/survival.ts'
import type { HomeostatDriver, HomeostatEvent, PeerLoad } from './driver.ts'
import { Holt } from './forecast/forecasters.ts'
import { boltzmannFactor, ensembleOf } from './global/boltzmann.ts'
import { imbalance, klDivergence, sharesOf } from './global/divergence.ts'
import { Score } from './global/score.ts'
import { Temperature } from './global/temperature.ts'
import { heatOf, judgedHeat } from './sense/heat.ts'
import type { Heat } from './sense/heat.ts'
import { Inflation } from './sense/inflation.ts'
import { Uplink } from './sense/uplink.ts'

export interface HomeostatSettings {
  /** Between two looks at the signals. */
  readonly periodMs: number
  /** How many periods ahead heat is forecast. */
  readonly horizonPeriods: number
  readonly admission: AdmissionSettings
  readonly dilation: DilationSettings
}

export const DEFAULT_HOMEOSTAT: HomeostatSettings = {
  periodMs: 2_000,
  horizonPeriods: 3,
  admission: DEFAULT_ADMISSION,
  dilation: DEFAULT_DILATION
}

/** Everything that the controller knows, for `thhe status` and the metrics. */
export interface HomeostatState {
  readonly heat: Heat
  /** Heat `horizonPeriods` from now. */
  readonly forecast: number
  readonly temperature: number
  /** ln Z over the peers in the table; 0 while there are none. */
  readonly logPartition: number
  /** KL(load shares || capacity shares), nats. */
  readonly divergence: number
  /** Largest over mean heat of the peers. */
  readonly imbalance: number
  /** S, bytes; J, no unit (`Score`). */
  readonly action: number
  readonly objective: number
  readonly concurrencyLimit: number
  readonly inFlight: number
  readonly admission: AdmissionTotals
  /** Copies of shards kept here for hot holders. */
  readonly copies: number
  /** What was done since the start, by kind. */
  readonly actions: Readonly<Record<HomeostatEvent['kind'], number>>
}

/** Service times that differ by less are the same: a timer, a turn of the event loop. */
const SERVICE_FLOOR_MS = 2
const DISK_FLOOR_MS = 1
/** A peer that has answered BUSY counts as saturated, and half as much after each such time. */
const BUSY_HALF_LIFE_MS = 5_000
/** A resource in such use is short. */
const SHORT_AT = 0.8
/** Objects that may be spread at once. */
const HOT_OBJECTS = 3
const COOL: Heat = heatOf({
  inFlight: 0,
  concurrencyLimit: 1,
  loopUtilisation: 0,
  serviceUtilisation: 0,
  errorRate: 0,
  diskUtilisation: 0,
  uplinkUtilisation: 0
})
/** 100 Mbit/s: what J counts as a full line, and what one nat of disorder costs in S. */
const LINE_BYTES_PER_SECOND = 12.5e6
const DISCOUNT = 0.99
/** Failures are predicted for an hour: longer than it takes to notice a loss and to repair it. */
const SURVIVAL_PERIOD_MS = 3_600_000
/** How probable the loss of an object within that hour may be. */
const LOSS_TARGET = 1e-6

/**
 * One node's controller. Nobody commands it: it measures itself, reads what peers say of themselves and each other, forecasts
 * its own heat, refuses what it cannot serve in time, and spreads hot objects before it is saturated (allostasis).
 */
export class Homeostat {
  readonly #driver: HomeostatDriver
  readonly #settings: HomeostatSettings
  readonly #admission: RequestAdmission
  readonly #disk = new Inflation()
  readonly #uplink: Uplink
  readonly #hot = new HotObjects()
  readonly #dilation: DilationPolicy
  readonly #forecast = new Holt()
  readonly #temperature = new Temperature()
  readonly #score = new Score({
    lambda: LINE_BYTES_PER_SECOND,
    alpha: 1 / LINE_BYTES_PER_SECOND,
    beta: 1,
    gamma: DISCOUNT
  })
  readonly #survival = new Survival({ periodMs: SURVIVAL_PERIOD_MS })
  /** The peers of the last period, with their domains. */
  #present = new Map<string, SurvivalPeer>()
  readonly #heats = new Map<string, number>()
  readonly #busy = new Map<string, number>()
  readonly #actions: Record<HomeostatEvent['kind'], number> = { dilate: 0, contract: 0, refuse: 0, limit: 0 }
  #heat = COOL
  #global = { logPartition: 0, divergence: 0, imbalance: 1 }
  #loopUtilisation = 0
  #usefulBytes = 0
  #diskReads = 0
  #lastMs: number
  #lastRefused = 0
  #lastLimit = 0
  #cancel: Cancel | undefined
  #isRunning = false

  constructor(driver: HomeostatDriver, settings: Partial<HomeostatSettings> = {}) {
    this.#driver = driver
    this.#settings = { ...DEFAULT_HOMEOSTAT, ...settings }
    this.#admission = new RequestAdmission(
      {
        unit: () => driver.random.unit(),
        monotonicMs: () => driver.clock.monotonicMs(),
        isShort: () => this.#isShort()
      },
      this.#settings.admission
    )
    this.#uplink = new Uplink(driver.clock.monotonicMs(), () => driver.uplinkCap())
    this.#dilation = new DilationPolicy(this.#settings.dilation)
    this.#lastMs = driver.clock.monotonicMs()
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#lastMs = this.#driver.clock.monotonicMs()
    this.#next()
  }

  stop(): void {
    this.#isRunning = false
    this.#cancel?.()
  }

  /** A request arrives. @returns what to call when it is done, or why it is refused */
  enter(isBackground: boolean): ((work: ServedWork) => void) | Refused {
    return this.#admission.enter(isBackground)
  }

  /**
   * Bytes of an object were served.
   *
   * @param isBackground - for repair: not the users'
   * @param waitedMs - for which the sender waited for room on the line
   */
  noteServed(object: string, bytes: number, isBackground: boolean, waitedMs: number): void {
    this.#hot.add(object, bytes)
    this.#uplink.noteSent(bytes, waitedMs, this.#driver.clock.monotonicMs())
    if (!isBackground) this.#usefulBytes += bytes
  }

  /** The disk took this long for one block. */
  noteDiskRead(elapsedMs: number): void {
    this.#diskReads++
    this.#disk.sample(elapsedMs)
  }

  /** A peer has refused this node because it is busy. */
  noteBusy(peer: string): void {
    this.#busy.set(peer, this.#driver.clock.monotonicMs())
  }

  /** This node has taken a copy of a shard for a hot holder. */
  noteCopy(object: string): void {
    this.#dilation.noteCopy(object, this.#driver.clock.monotonicMs())
  }

  /** The copy is gone, or must stay. */
  forgetCopy(object: string): void {
    this.#dilation.forgetCopy(object)
  }

  /** What this node tells others: its heat or, when that is higher, the forecast. */
  get reportedHeat(): number {
    return Math.max(this.#heat.value, this.#forecastHeat())
  }

  /** Heat of a peer as this node counts it. */
  heatOf(peer: string): number {
    return Math.max(this.#heats.get(peer) ?? 0, this.#busyHeat(peer))
  }

  /** Factor for the predicted time of a holder: draws holders by Boltzmann weight (`boltzmannFactor`). */
  factor(peer: string): number {
    return boltzmannFactor(this.heatOf(peer), this.#temperature.value, this.#driver.random.unit())
  }

  /** Cool and near peers for copies of a hot shard: at most `count`, as ids. */
  choose(candidates: ReadonlyArray<Omit<DilationPeer, 'heat'>>, count: number): string[] {
    const peers = candidates.map((candidate) => ({ ...candidate, heat: this.heatOf(candidate.id) }))
    const { random } = this.#driver
    return choosePeers(peers, count, () => random.unit(), this.#settings.dilation).map(({ id }) => id)
  }

  /**
   * How many spare shards an object needs, given who holds it and what has failed before.
   *
   * @param holders - of one shard each
   * @param most - no more than this many
   */
  neededSpare(holders: readonly SurvivalPeer[], most: number): number {
    return this.#survival.neededSpare(holders, LOSS_TARGET, most, this.#driver.clock.monotonicMs())
  }

  get state(): HomeostatState {
    return {
      heat: this.#heat,
      forecast: this.#forecastHeat(),
      temperature: this.#temperature.value,
      ...this.#global,
      action: this.#score.action,
      objective: this.#score.objective,
      concurrencyLimit: this.#admission.limit,
      inFlight: this.#admission.inFlight,
      admission: this.#admission.totals,
      copies: this.#dilation.kept,
      actions: { ...this.#actions }
    }
  }

  /** One control period: measure, forecast, act. `start` calls it by the clock. */
  tick(): void {
    const { clock } = this.#driver
    const nowMs = clock.monotonicMs()
    const seconds = (nowMs - this.#lastMs) / 1000
    this.#lastMs = nowMs
    this.#measure()
    this.#readPeers(seconds)
    this.#act(nowMs)
    this.#hot.endPeriod()
  }

  #measure(): void {
    this.#loopUtilisation = this.#driver.loopUtilisation()
    const { limit } = this.#admission
    const { peakInFlight, errorRate } = this.#admission.endPeriod()
    if (this.#diskReads === 0) this.#disk.idle()
    this.#diskReads = 0
    this.#heat = heatOf({
      inFlight: peakInFlight,
      concurrencyLimit: limit,
      loopUtilisation: this.#loopUtilisation,
      serviceUtilisation: this.#admission.serviceUtilisation(SERVICE_FLOOR_MS),
      errorRate,
      diskUtilisation: this.#disk.utilisation(DISK_FLOOR_MS),
      uplinkUtilisation: this.#uplink.utilisation(this.#driver.clock.monotonicMs())
    })
    this.#forecast.sample(this.#heat.value)
    this.#noteLimit()
  }

  /** A fall of the limit and the first refusal of a period are worth a line; each refusal is not. */
  #noteLimit(): void {
    const { limit, totals } = this.#admission
    const before = this.#lastLimit
    this.#lastLimit = limit
    if (limit < 0.7 * before) {
      this.#note({
        kind: 'limit',
        reason: `service has slowed down: ${limit} requests at once instead of ${before}`
      })
    }
    const refused = totals.refused - this.#lastRefused
    this.#lastRefused = totals.refused
    if (refused > 0) {
      this.#note({
        kind: 'refuse',
        reason: `${refused} requests were told to come back: ${limit} are served at once`
      })
    }
  }

  #readPeers(seconds: number): void {
    const peers = this.#driver.peers()
    this.#learnFailures(peers, seconds)
    const known = new Map(this.#heats)
    this.#heats.clear()
    for (const { id, reportedHeat, observedHeat } of peers) {
      const heat = judgedHeat(reportedHeat, observedHeat)
      const before = known.get(id)
      if (before !== undefined && before !== heat) this.#temperature.sample(before, heat)
      this.#heats.set(id, heat)
    }
    const heats = peers.map(({ id }) => this.#heats.get(id)!)
    this.#temperature.observe(heats)
    const members = peers.map(({ capacity }, i) => ({ capacity, heat: heats[i] }))
    const loads = sharesOf(members.map(({ capacity, heat }) => capacity * heat))
    const capacities = sharesOf(members.map(({ capacity }) => capacity))
    const isIdle = heats.every((heat) => heat === 0)
    this.#global = {
      logPartition: peers.length === 0 ? 0 : ensembleOf(members, this.#temperature.value).logPartition,
      divergence: isIdle ? 0 : klDivergence(loads, capacities),
      imbalance: isIdle ? 1 : imbalance(heats)
    }
    this.#score.add({ seconds, usefulBytes: this.#usefulBytes, divergence: this.#global.divergence })
    this.#usefulBytes = 0
  }

  /** Peers that were there a period ago and are not now have failed; those that leave in order are missed just as much. */
  #learnFailures(peers: readonly PeerLoad[], seconds: number): void {
    const nowMs = this.#driver.clock.monotonicMs()
    const present = new Map(peers.map(({ id, domain }) => [id, { id, domain }]))
    const gone = [...this.#present.values()].filter(({ id }) => !present.has(id))
    // With most of them gone at once, it is this node that is cut off.
    const isCutOff = gone.length > this.#present.size / 2
    for (const peer of isCutOff ? [] : gone) this.#survival.noteFailure(peer, nowMs)
    this.#survival.notePresent([...present.values()], seconds * 1000, nowMs)
    this.#present = present
  }

  #act(nowMs: number): void {
    const heat = { now: this.#heat.value, forecast: this.#forecastHeat() }
    for (const { key, copies, reason } of this.#dilation.decide(
      heat,
      this.#hot.top(HOT_OBJECTS),
      this.#hot.totalBytes,
      nowMs
    )) {
      this.#note({ kind: 'dilate', object: key, reason })
      this.#driver.dilate(key, copies, reason)
    }
    for (const { key, reason } of this.#dilation.coolCopies((object) => this.#hot.bytesOf(object), nowMs)) {
      this.#note({ kind: 'contract', object: key, reason })
      this.#driver.contract(key, reason)
    }
  }

  /** Service that is slow while no resource is short is the readers' own. */
  #isShort(): boolean {
    const utilisations = [
      this.#loopUtilisation,
      this.#disk.utilisation(DISK_FLOOR_MS),
      this.#uplink.utilisation(this.#driver.clock.monotonicMs())
    ]
    return Math.max(...utilisations) >= SHORT_AT
  }

  #forecastHeat(): number {
    return Math.max(0, this.#forecast.predict(this.#settings.horizonPeriods))
  }

  #busyHeat(peer: string): number {
    const atMs = this.#busy.get(peer)
    if (atMs === undefined) return 0
    const heat = 2 ** -((this.#driver.clock.monotonicMs() - atMs) / BUSY_HALF_LIFE_MS)
    if (heat < 0.01) this.#busy.delete(peer)
    return heat
  }

  #note(event: HomeostatEvent): void {
    this.#actions[event.kind]++
    this.#driver.note(event)
  }

  #next(): void {
    const { clock } = this.#driver
    this.#cancel = clock.after(this.#settings.periodMs, () => {
      if (!this.#isRunning) return
      this.tick()
      this.#next()
    })
  }
}
