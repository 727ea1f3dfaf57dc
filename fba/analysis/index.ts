// Analysis of a network of quorum sets: intersection, minimal quorums, blocking and splitting sets, top tier.
// May not enter: network, files, clock, randomness. Callers pass text as strings, and time and limits as options.

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
