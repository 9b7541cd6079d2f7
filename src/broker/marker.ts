// Transaction markers: control batches whose one record says how a transaction ended (KIP-98). [broker]
import { ProtocolViolation } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'

const ABORT = 0
const COMMIT = 1

/** What a control batch says; `other` is a control record that no transaction waits for. */
export function markerOf(batch: Uint8Array): 'commit' | 'abort' | 'other' {
  try {
    const reader = new Reader(batch, BATCH_HEADER_BYTES)
    reader.varint() // length
    reader.int8() // attributes
    reader.varlong() // timestamp delta
    reader.varint() // offset delta
    if (reader.varint() < 4) return 'other'
    reader.int16() // version of the key
    const type = reader.int16()
    return type === ABORT ? 'abort' : type === COMMIT ? 'commit' : 'other'
  } catch (error) {
    if (error instanceof ProtocolViolation) return 'other'
    throw error
  }
}
