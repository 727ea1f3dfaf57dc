// `thhe/browser`: gets, seals and puts through the gateway of any node, in browsers and wherever else there is fetch.
// May not enter: Node, libp2p, the disk; of the gateway only the types of what it answers.
export { BrowserError } from './errors.ts'
export { Gateway, linesOf } from './gateway.ts'
export type { GatewayInit } from './gateway.ts'
export { linkInto, openLink } from './open.ts'
export type { OpenFile, OpenFolder, OpenOptions, OpenSymlink } from './open.ts'
export { needCryptography, putBytes } from './put.ts'
export type { BytesSource, PutOptions, PutOutcome, PutProgress } from './put.ts'
export type { ByteRange } from './stored.ts'
export type { Entry } from '../folders/index.ts'
