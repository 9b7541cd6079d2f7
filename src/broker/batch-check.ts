// What a broker checks before it stores a batch from a producer. [broker]
import { crc32c } from '../bytes/crc32c.ts'
import { ErrorCode } from '../protocol/errors.ts'
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  type BatchHeader,
  MAGIC,
  readBatchHeader,
  TRANSACTIONAL_BIT,
} from '../record/batch.ts'

/** Zstandard came with Produce v7 (KIP-110); older clients could not read it back. */
const ZSTD = 4
const ZSTD_SINCE_VERSION = 7

/** Why a batch is not stored. */
export interface Refusal {
  errorCode: number
  text: string
  /** Found where a Kafka broker knows the log already, so that it tells where that starts. */
  fromLog: boolean
  /** The records at fault (KIP-467). */
  recordErrors?: { batchIndex: number; batchIndexErrorMessage: string }[]
}

/** The header of a batch that may be stored, or what refuses it. */
export type BatchVerdict = { header: BatchHeader } | Refusal

/** Checks one partition's record set of a Produce request: since v3 exactly one batch of format 2. */
export function checkBatch(records: Uint8Array | null, version: number, maxBytes: number): BatchVerdict {
  const refused = (errorCode: number, text: string, fromLog = false) => ({ errorCode, text, fromLog })
  if (records === null || records.length < BATCH_HEADER_BYTES) {
    return refused(ErrorCode.INVALID_RECORD, 'A Produce request carries exactly one record batch per partition')
  }
  const header = readBatchHeader(new DataView(records.buffer, records.byteOffset, records.length), 0)
  if (header.magic !== MAGIC) {
    return refused(ErrorCode.INVALID_RECORD, `A batch of message format ${header.magic} cannot be stored`)
  }
  if (header.sizeBytes > records.length || header.sizeBytes < BATCH_HEADER_BYTES) {
    return refused(ErrorCode.CORRUPT_MESSAGE, `A batch claims ${header.sizeBytes} bytes where ${records.length} came`)
  }
  if (header.sizeBytes < records.length) {
    return refused(ErrorCode.INVALID_RECORD, 'A Produce request carries exactly one record batch per partition')
  }
  if (header.sizeBytes > maxBytes) {
    const text = `The batch of ${header.sizeBytes} bytes exceeds the max.message.bytes of ${maxBytes}`
    return refused(ErrorCode.MESSAGE_TOO_LARGE, text)
  }
  if (header.crc !== crc32c(records, ATTRIBUTES_AT)) {
    return refused(ErrorCode.CORRUPT_MESSAGE, 'The CRC-32C of the batch does not match its bytes')
  }
  if (header.control) return refused(ErrorCode.INVALID_RECORD, 'A client may not write control batches', true)
  if (header.count <= 0 || header.count !== header.lastOffsetDelta + 1) {
    const text = `The batch claims ${header.count} records and a last offset delta of ${header.lastOffsetDelta}`
    return refused(ErrorCode.INVALID_RECORD, text, true)
  }
  if (header.producerId >= 0n && header.baseSequence < 0) {
    const text = `Invalid sequence number ${header.baseSequence} in record batch with producerId ${header.producerId}`
    return refused(ErrorCode.INVALID_RECORD, text, true)
  }
  // What Kafka did not think of: its own code stumbles over it.
  if (header.codec > ZSTD) return refused(ErrorCode.UNKNOWN_SERVER_ERROR, `There is no codec ${header.codec}`, true)
  if (header.codec === ZSTD && version < ZSTD_SINCE_VERSION) {
    return refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'Zstandard needs Produce v7 or newer')
  }
  return { header }
}

/** The header of a batch that belongs to a transaction; undefined for any other, and for what is no batch. */
export function transactionalHeader(records: Uint8Array | null): BatchHeader | undefined {
  if (records === null || records.length < BATCH_HEADER_BYTES) return undefined
  if ((records[ATTRIBUTES_AT + 1]! & TRANSACTIONAL_BIT) === 0) return undefined
  return readBatchHeader(new DataView(records.buffer, records.byteOffset, records.length), 0)
}
