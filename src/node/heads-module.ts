import { gauge } from './metrics.ts'
import type { Heads } from '../heads/index.ts'
import type { Module } from './module.ts'

/** The heads that this node keeps for the mesh. */
export const headsModule = (heads: Heads): Module => ({
  name: 'heads',
  start: async () => await heads.start(),
  stop: async () => await heads.stop(),
  metrics: (registry) =>
    void gauge(registry, 'thhe_heads', 'Names whose heads this node keeps', () => heads.kept)
})
