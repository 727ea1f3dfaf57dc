// The bulk channel: TLS 1.3 connections that carry the blocks of put/1 and get/1 between peers that can reach each other.
// May not enter: what a message means, and who of the network is worth a connection.
export { BulkChannel, type BulkChannelInit, type Endpoint } from './channel.ts'
export { bulkListen, type BulkListen } from './listen.ts'
export { bulkModule } from './module.ts'
export { BulkError, type BulkErrorCode } from './errors.ts'
