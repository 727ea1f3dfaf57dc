// HTTP for this machine: JSON API, objects as streams, health and metrics of one node.
// May not enter: libp2p, the store, the mesh; whatever the node does not export.
export { createGateway, ROUTES } from './server.ts'
export type { Gateway, GatewayInit, GatewayParts } from './server.ts'
export type { WebFile, WebPage } from './web/page.ts'
export { CHALLENGE_BYTES, identityProof } from './identity-proof.ts'
export { NDJSON, PROBLEM_FIELD } from './media-types.ts'
export { GatewayError, isProblemCode, statusOf, toProblem } from './problem.ts'
export type { Problem, ProblemCode } from './problem.ts'
export type * from './types.ts'
