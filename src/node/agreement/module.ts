import { mapMetrics } from './metrics.ts'
import { mapSummary } from './view.ts'
import type { Clock } from '../../clock/index.ts'
import type { Mesh } from '../../hologram/mesh.ts'
import type { Module } from '../module.ts'
import type { MapAgreement } from './index.ts'

/** @param agreement - undefined where the network has no validators; then there are no metrics of a map either */
export const agreementModule = (
  agreement: MapAgreement | undefined,
  mesh: Pick<Mesh, 'placement'>,
  clock: Pick<Clock, 'nowMs'>
): Module => {
  const placementEra = (): number => mesh.placement().epoch
  return {
    name: 'map agreement',
    start: async () => await agreement?.start(),
    stop: async () => await agreement?.stop(),
    status: () => ({ map: { ...mapSummary(agreement), placementEra: placementEra() } }),
    metrics: (registry) => {
      if (agreement !== undefined) mapMetrics(registry, { agreement, clock, placementEra })
    }
  }
}
