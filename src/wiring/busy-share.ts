// How busy a thread is, by its event loop. [main thread]
import type { Performance } from 'node:perf_hooks'

/** The share of its life that a thread was not waiting, 0 to 1. */
export function busyShare({ eventLoopUtilization }: Pick<Performance, 'eventLoopUtilization'>): number {
  return eventLoopUtilization().utilization
}
