// Transaction markers: control batches whose one record says how a transaction ended (KIP-98). [broker]
import { ProtocolViolation } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'

const ABORT = 0
const COMMIT = 1

/** What a control batch says; `other` is a control record that no transaction waits for. */
export interface Marker {
  type: 'commit' | 'abort' | 'other'
  /** Of the coordinator that wrote it. */
  coordinatorEpoch: number
}

const OTHER: Marker = { type: 'other', coordinatorEpoch: -1 }

/** Reads a control batch. */
export function markerOf(batch: Uint8Array): Marker {
  try {
    const reader = new Reader(batch, BATCH_HEADER_BYTES)
    reader.varint() // length
    reader.int8() // attributes
    reader.varlong() // timestamp delta
    reader.varint() // offset delta
    const keyBytes = reader.varint()
    if (keyBytes < 4) return OTHER
    reader.int16() // version of the key
    const type = reader.int16()
    if (type !== ABORT && type !== COMMIT) return OTHER
    reader.skip(keyBytes - 4)
    // Tests write markers without a value.
    const hasEpoch = reader.varint() >= 6
    if (hasEpoch) reader.int16() // version of the value
    return { type: type === ABORT ? 'abort' : 'commit', coordinatorEpoch: hasEpoch ? reader.int32() : 0 }
  } catch (error) {
    if (error instanceof ProtocolViolation) return OTHER
    throw error
  }
}
