// What a network of quorum sets can stand: intersection, minimal quorums, blocking and splitting sets, top tier.
// No network, file, clock or randomness: text comes in as a string, time and limits through the options.

export { analyzeNetwork } from './analyze.ts'
export type { AnalysisOptions, DeletionEffect, IntersectionResult, NetworkAnalysis } from './analyze.ts'
export type { Clock } from './budget.ts'
export type { FewestOrganisations, ListedSet, SetFamily, SizeCount } from './family.ts'
export type { FbaNode } from './network.ts'
