import { setFlagsFromString } from 'node:v8'

/**
 * Sets heap limits for a process that mostly moves bytes. V8 counts the memory of buffers against the limit of its old
 * generation, which it grows only by a tenth if little is allocated on the heap itself, and also against a limit of
 * 64 MiB. So a process with 30 MB of objects marks them all after every few MB of traffic; this took more than half of a
 * holder's processor time. A single limit, three quarters above the live objects, makes marking ten times rarer. (Four
 * times the live objects would save another tenth of the time and take 200 MiB.) Small nurseries are scavenged often and
 * cheaply, which frees the buffers of forwarded blocks (docs/bench/benchmarks.md, "Garbage collection").
 *
 * Applies to the whole process, including its workers. For programs whose main work is the node; call it before anything
 * else is loaded.
 */
export const tuneHeap = (): void => {
  setFlagsFromString('--heap-growing-percent=75')
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--semi-space-growth-factor=1')
}
