// What the I/O thread reports besides answers: for listeners, metrics and logs. [I/O thread]
import type { MillraceError } from '../base/errors.ts'

/** Something that happened to a connection or to the view of the cluster. */
export type IoEvent =
  | { type: 'connected'; broker: string; role: string }
  | { type: 'disconnected'; broker: string; role: string; error: MillraceError }
  /** KIP-219. `error` (QuotaExceeded) is set when less than asked is honoured. */
  | {
      type: 'throttled'
      broker: string
      api: string
      askedMs: number
      appliedMs: number
      error: MillraceError | undefined
    }
  /** The view of the cluster starts over from the bootstrap list (KIP-899, KIP-1102). */
  | { type: 'rebootstrapped'; reason: string }
  /** User code of a member of a group makes no progress: soon it costs the membership. */
  | {
      type: 'stalled'
      groupId: string
      groupInstanceId: string | undefined
      stalledMs: number
      maxPollIntervalMs: number
    }
