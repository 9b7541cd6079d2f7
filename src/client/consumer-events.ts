// What a consumer tells its listeners. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { LagReport } from './consumer-lag.ts'

/** What a consumer emits. */
export interface ConsumerEvents {
  /** A partition cannot be read on, or a commit was refused; the others go on. */
  error: [error: MillraceError]
  /** A worker thread of a run died (its user code ended it, or had no memory left), and a new one has its place. */
  workerReplaced: [event: { worker: number; why: string }]
  /** Once a second while partitions are read. */
  lag: [report: LagReport]
}
