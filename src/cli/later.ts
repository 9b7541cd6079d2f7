// Commands and flags that later versions bring: said politely, as a wrong call. [main thread]
import { UsageError } from './usage-error.ts'

/** Refuses what is not there yet. */
export function later(what: string, part: string): never {
  throw new UsageError(`${what} comes with ${part}, in a later version of millrace.`)
}
