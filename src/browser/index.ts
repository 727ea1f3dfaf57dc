// `thhe/browser`: gets, seals and puts through the gateway of any node, in browsers and wherever else there is fetch.
// May not enter: Node, libp2p, the disk; of the gateway only the types of what it answers.
export { BrowserError } from './errors.ts'
export { Gateway, linesOf } from './gateway.ts'
export type { GatewayInit } from './gateway.ts'
export { needCryptography, putBytes } from './put.ts'
export type { BytesSource, PutOptions, PutOutcome, PutProgress } from './put.ts'
