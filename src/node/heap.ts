import { setFlagsFromString } from 'node:v8'

/**
 * Heap limits for a process that moves bytes through itself. V8 counts the memory of buffers against the limit of its
 * old generation, which it lets grow by a tenth when little is allocated on the heap proper, and against a limit of
 * 64 MiB beside it: a process with 30 MB of objects then marks them all after every few MB of traffic, which took more
 * than half of a holder's processor time. With one limit, three quarters above what lives, it does so a tenth as often
 * (four times what lives saves a tenth of the time more and takes 200 MiB). Nurseries that stay small are scavenged often and cheaply, which
 * frees the buffers of blocks that have passed (docs/bench/benchmarks.md, "Garbage collection").
 *
 * For the whole process, its workers too: for programs whose main work is the node, before anything else is loaded.
 */
export const tuneHeap = (): void => {
  setFlagsFromString('--heap-growing-percent=75')
  setFlagsFromString('--external-memory-accounted-in-global-limit')
  setFlagsFromString('--semi-space-growth-factor=1')
}
