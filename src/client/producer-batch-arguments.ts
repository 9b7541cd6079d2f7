// The two forms of `sendBatch`: values for one topic, or records for any. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { AnyRecord, SendCallOptions } from './producer-sender.ts'

/** What `sendBatch` may be given. */
export type BatchArguments =
  | [topic: string, values: readonly unknown[], options?: SendCallOptions]
  | [records: readonly AnyRecord[], options?: SendCallOptions]

/** The records of a call of `sendBatch`: its form tells which they are, never the shape of a value. */
export function batchOf(given: BatchArguments) {
  if (typeof given[0] === 'string') {
    const [topic, values, options] = given as [string, readonly unknown[], SendCallOptions?]
    checkList('sendBatch(topic, values)', values)
    return { count: values.length, recordAt: (i: number): AnyRecord => ({ topic, value: values[i] }), options }
  }
  const [records, options] = given as [readonly AnyRecord[], SendCallOptions?]
  checkList('sendBatch(records)', records)
  return { count: records.length, recordAt: (i: number) => records[i]!, options }
}

function checkList(call: string, list: unknown): void {
  if (Array.isArray(list)) return
  throw new InvalidOption('INVALID_ARGUMENT', `${call} takes an array, not ${typeof list}. Nothing was sent.`)
}
