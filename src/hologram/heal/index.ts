// Repair by whoever holds: what is lost with a peer is rebuilt by those that keep the same objects.
// May not enter: keys, names and everything else that only an owner knows; sockets, disks.
export type { HealStats } from './counts.ts'
export { repairForUser } from './repair-now.ts'
export { Healer, type HealerComponents } from './healer.ts'
export { healSettings, type HealInit } from './settings.ts'
export { watchHoldings } from './watched-holdings.ts'
export { YieldingPace } from './yielding-pace.ts'
