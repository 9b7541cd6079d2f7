// What a broker checks in the records of a batch: keys where the topic is compacted, and times (KIP-937). [broker]
import { CorruptRecord } from '../base/errors.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { BatchHeader } from '../record/batch.ts'
import type { Refusal } from './batch-check.ts'
import { type DecodedRecord, decodeRecords } from './decode-records.ts'
import type { Topic } from './topic.ts'

/** A producer may not give a time, and the record has none (Java's NO_TIMESTAMP). */
const NO_TIMESTAMP = -1
/** As many as Kafka names in its text. */
const ERRORS_NAMED = 3

/** Why records of the batch are refused; only batches that may hold such records are decoded. */
export function refuseRecords(
  records: Uint8Array,
  header: BatchHeader,
  topic: Topic,
  now: number,
): Refusal | undefined | Promise<Refusal | undefined> {
  if (header.logAppendTime && !topic.logAppendTime) {
    const text = 'Invalid timestamp type in message. Producer should not set timestamp type to LogAppendTime.'
    return { errorCode: ErrorCode.INVALID_TIMESTAMP, text, fromLog: true }
  }
  const { before, after } = topic.timestampRange(now)
  const inRange = header.maxTimestamp <= after && before === -Infinity
  if (inRange && !topic.compacted) return undefined
  const judge = (decoded: DecodedRecord[]) => judgeRecords(decoded, before, after, topic.compacted)
  try {
    const decoded = decodeRecords(records)
    return decoded instanceof Promise ? decoded.then(judge, unreadable) : judge(decoded)
  } catch (error) {
    return unreadable(error)
  }
}

function unreadable(error: unknown): Refusal {
  if (!(error instanceof CorruptRecord)) throw error
  return { errorCode: ErrorCode.INVALID_RECORD, text: error.message, fromLog: true }
}

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
