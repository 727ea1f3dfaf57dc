// Time and random bits for the rooms that act on peers. Only system-clock.ts creates real timers.
// May not enter: anything that knows what is being timed.
export { AwakeClock } from './awake-clock.ts'
export type { Cancel, Clock, RandomSource } from './clock.ts'
export { deadlineIn, type Deadline } from './deadline.ts'
export { systemClock, systemRandom } from './system-clock.ts'
