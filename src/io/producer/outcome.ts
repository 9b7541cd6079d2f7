// What became of records that were sent, as the I/O thread knows it. [I/O thread]
import type { MillraceError } from '../../base/errors.ts'

/** Stored, and where; or the error that says whether they are. */
export type Outcome =
  | { error: undefined; baseOffset: number; logAppendTime: number; requestMs: number }
  | { error: MillraceError; requestMs: number }

/** A part of a batch that has ended; `first` is the number of its first record in the whole. */
export interface EndedPart {
  first: number
  count: number
  outcome: Outcome
}
