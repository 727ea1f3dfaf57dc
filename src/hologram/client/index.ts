// The client side of the object protocols: put, get, stat, remove, and the keeper of what this node's user put.
// May not enter: the answers to what peers ask of us (holder/), sockets, disks.
export { Client, type ClientComponents, type ClientInit, type ClientStats } from './client.ts'
export type { LayeredGetOptions, LayeredObject } from './get/get.ts'
export type { OperationSink } from './operations.ts'
export type { PeerStats } from './peer-stats.ts'
export type { Keeper, KeeperState } from './keep/keeper.ts'
export { DEFAULT_SETTINGS, type ClientSettings } from './settings.ts'
