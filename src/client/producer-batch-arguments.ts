// The two forms of `sendBatch`: values for one topic, or records for any. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { AnyRecord, SendCallOptions } from './producer-sender.ts'

/** What `sendBatch` may be given. */
export type BatchArguments =
  | [topic: string, values: readonly unknown[], options?: SendCallOptions]
  | [records: readonly AnyRecord[], options?: SendCallOptions]

/**
 * The records of a call of `sendBatch`: its form tells which they are, never the shape of a value. The caller may go on
 * with its array at once.
 */
export function batchOf(given: BatchArguments) {
  if (typeof given[0] === 'string') {
    const [topic, values, options] = given as [string, readonly unknown[], SendCallOptions?]
    const own = listOf('sendBatch(topic, values)', values)
    return { count: own.length, recordAt: (i: number): AnyRecord => ({ topic, value: own[i] }), options }
  }
  const [records, options] = given as [readonly AnyRecord[], SendCallOptions?]
  const own = listOf('sendBatch(records)', records)
  return { count: own.length, recordAt: (i: number) => own[i]!, options }
}

function listOf<T>(call: string, list: readonly T[]): T[] {
  if (Array.isArray(list)) return list.slice()
  const text = `${call} takes an array, not ${typeof list}. Nothing was sent.`
  throw new InvalidOption('INVALID_ARGUMENT', text, { stored: 'not stored' })
}
