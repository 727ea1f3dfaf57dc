// Time and random bits, as the rooms that act on peers take them. Real timers are made in system-clock.ts and nowhere
// else. May not enter: anything that knows what it is timed for.
export { AwakeClock } from './awake-clock.ts'
export type { Cancel, Clock, RandomSource } from './clock.ts'
export { deadlineIn, type Deadline } from './deadline.ts'
export { systemClock, systemRandom } from './system-clock.ts'
