import { mapSummary } from './view.ts'
import type { Mesh } from '../../hologram/mesh.ts'
import type { Module } from '../module.ts'
import type { MapAgreement } from './index.ts'

/** @param agreement - undefined where the network has no validators */
export const agreementModule = (
  agreement: MapAgreement | undefined,
  mesh: Pick<Mesh, 'placement'>
): Module => ({
  name: 'map agreement',
  start: async () => await agreement?.start(),
  stop: async () => await agreement?.stop(),
  status: () => ({ map: { ...mapSummary(agreement), placementEra: mesh.placement().epoch } })
})
