// What a broker checks in the records of a batch: keys where the topic is compacted, and times (KIP-937). [broker]
import { CorruptRecord } from '../base/errors.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { BATCH_HEADER_BYTES, type BatchHeader, RECORD_BYTES_MIN } from '../record/batch.ts'
import { WORDS_PER_RECORD } from '../record/columns.ts'
import { indexRecords } from '../record/record-index.ts'
import type { Refusal } from './batch-check.ts'
import { type DecodedRecord, decodeRecords } from './decode-records.ts'
import type { Topic } from './topic.ts'

/** A producer may not give a time, and the record has none (Java's NO_TIMESTAMP). */
const NO_TIMESTAMP = -1
/** As many as Kafka names in its text. */
const ERRORS_NAMED = 3

/** Why records of the batch are refused; only batches that may hold records of a wrong time or key are decoded. */
export function refuseRecords(
  records: Uint8Array,
  header: BatchHeader,
  topic: Topic,
  now: number,
): Refusal | undefined | Promise<Refusal | undefined> {
  if (header.codec === 0 && !areWhole(records, header)) return unreadable('Records do not fill the batch')
  const { before, after } = topic.timestampRange(now)
  const inRange = header.maxTimestamp <= after && before === -Infinity
  if (inRange && !topic.compacted) return undefined
  const judge = (decoded: DecodedRecord[]) => judgeRecords(decoded, before, after, topic.compacted)
  try {
    const decoded = decodeRecords(records)
    return decoded instanceof Promise ? decoded.then(judge, corrupt) : judge(decoded)
  } catch (error) {
    return corrupt(error)
  }
}

function corrupt(error: unknown): Refusal {
  if (!(error instanceof CorruptRecord)) throw error
  return unreadable(error.message)
}

function unreadable(text: string): Refusal {
  return { errorCode: ErrorCode.INVALID_RECORD, text, fromLog: true }
}

/** Whether records are what they say and end where the batch does; those compressed are seen only where decoded. */
function areWhole(records: Uint8Array, { count, sizeBytes, lastOffsetDelta }: BatchHeader): boolean {
  if (count * RECORD_BYTES_MIN > sizeBytes) return false
  if (columns.length < count * WORDS_PER_RECORD) columns = new Int32Array(count * WORDS_PER_RECORD)
  return indexRecords(records, BATCH_HEADER_BYTES, sizeBytes, count, lastOffsetDelta, columns, 0) === 0
}
/** Only to write to: what is in it is never read. */
let columns = new Int32Array(0)

function judgeRecords(
  records: readonly DecodedRecord[],
  before: number,
  after: number,
  compacted: boolean,
): Refusal | undefined {
  let errorCode: number = ErrorCode.NONE
  const recordErrors: NonNullable<Refusal['recordErrors']> = []
  for (const [batchIndex, { key, timestamp }] of records.entries()) {
    if (compacted && key === null) {
      // A wrong time counts more, as in Kafka.
      if (errorCode === ErrorCode.NONE) errorCode = ErrorCode.INVALID_RECORD
      const batchIndexErrorMessage = 'Compacted topic cannot accept message without key.'
      recordErrors.push({ batchIndex, batchIndexErrorMessage })
    } else if (timestamp !== NO_TIMESTAMP && (timestamp < before || timestamp > after)) {
      errorCode = ErrorCode.INVALID_TIMESTAMP
      const batchIndexErrorMessage = `Timestamp ${timestamp} of message with offset ${batchIndex} is out of range.`
      recordErrors.push({ batchIndex, batchIndexErrorMessage })
    }
  }
  if (recordErrors.length === 0) return undefined
  const named = recordErrors.slice(0, ERRORS_NAMED).map(({ batchIndexErrorMessage }) => batchIndexErrorMessage)
  const text = `One or more records have been rejected due to ${recordErrors.length} record errors: ${named.join(' ')}`
  return { errorCode, text, fromLog: true, recordErrors }
}
