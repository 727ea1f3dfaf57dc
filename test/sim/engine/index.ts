// The deterministic simulator: virtual clock, seeded randomness, loopback network, disks that lose unsynced writes.
// Nothing here knows what the nodes do; no real time, randomness or I/O may enter.

export * from './async-time.ts'
export * from './clock.ts'
export * from './disk.ts'
export * from './latency.ts'
export * from './network.ts'
export * from './prng.ts'
export * from './statistics.ts'
