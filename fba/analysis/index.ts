// What a network of quorum sets can stand: intersection, minimal quorums, blocking and splitting sets, top tier.
// No network, file, clock or randomness: text comes in as a string, time and limits through the options.

export { analyzeNetwork } from './analyze.ts'
export type { AnalysisOptions, DeletionEffect, IntersectionResult, NetworkAnalysis } from './analyze.ts'
export type { Clock } from './budget.ts'
export type { FewestOrganisations, ListedSet, SetFamily, SizeCount } from './family.ts'
export type { FbaNode } from './network.ts'
export { adviseOn } from './advice.ts'
export type { Advice } from './advice.ts'
export { parseDescribedTrust } from './descriptor.ts'
export type { DescribedTrust } from './descriptor.ts'
export { FbaFileError } from './file-shape.ts'
export { parseStellarbeatNodes } from './stellarbeat.ts'
