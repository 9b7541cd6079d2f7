// Options of reading: set once for the `Kafka` instance, or per iteration and consumer. [main thread]

import type { Deserializer } from '../delivery/serdes.ts'
import { bytes, choice, count, flag, ms, special, text } from './option-row.ts'
import { isDeserializer } from './options-connection.ts'

/** What may be set for the instance and overridden for each reader. */
export const fetchOptions = {
  /** A broker answers as soon as it has so many bytes. */
  fetchMinBytes: bytes({ default: 1 }),
  /** The most one fetch returns, all partitions together; also limited by free buffer memory. */
  fetchMaxBytes: bytes({ default: 52_428_800, min: 1 }),
  /** The most one fetch returns of one partition. A larger batch still comes, alone. */
  maxPartitionFetchBytes: bytes({ default: 1_048_576, min: 1 }),
  /** A broker answers after so long even when it has less than `fetchMinBytes`. */
  fetchMaxWaitMs: ms({ default: 500 }),
  /** The most records one `poll()` returns; `batches()` is not limited by it. */
  maxPollRecords: count({ default: 500, min: 1 }),
  /** The largest response accepted, checked before memory is taken. At least `fetchMaxBytes` + 1 MiB. */
  maxResponseBytes: bytes({ default: 104_857_600, min: 1_048_576, java: false }),
  /** `read_committed` leaves out open and aborted transactions. Kafka's own default is `read_uncommitted`. */
  isolationLevel: choice(['read_committed', 'read_uncommitted'], { default: 'read_committed' }),
  /** Verify the CRC32C of every batch. */
  checkCrcs: flag({ default: true }),
  /** Where this client stands, so that it may read from a replica nearby (KIP-392). */
  clientRack: text({}),
  /** A value that cannot be deserialized: end with an error, leave the record out, or give its bytes. */
  onDeserializationError: choice(['fail', 'skip', 'raw'], { default: 'fail', java: false }),
  /** A damaged batch: its partition stops with an error, or the batch is left out. */
  onCorruptRecord: choice(['fail', 'skip'], { default: 'fail', java: false }),
}

/** What only an iteration takes. */
export const iterateOptions = {
  /** `end`: finish at the end offsets seen at the start. `never`: go on with what arrives. */
  until: choice(['end', 'never'], { default: 'end', java: false }),
  /** With `until: 'never'`: yield `undefined` after so long without a record, so that the caller gets control. */
  idleMs: ms({ min: 1, java: false }),
}

/** What every call takes that may take long. */
export const callOptions = {
  /** Ends it. */
  signal: special<AbortSignal>()({
    type: 'AbortSignal',
    java: false,
    expected: 'an AbortSignal',
    accept: (given) => (given instanceof AbortSignal ? given : undefined),
  }),
}

/** What iterations and consumers take. */
export const readerOptions = {
  /** The deserializer of keys, instead of the one in `topics`. */
  key: deserializer(),
  /** The deserializer of values, instead of the one in `topics`. */
  value: deserializer(),
}

function deserializer() {
  return special<Deserializer<unknown>>()({
    type: 'Deserializer',
    java: false,
    expected: 'an object with a deserialize method: json(), string(), …',
    accept: (given) => (isDeserializer(given) ? (given as Deserializer<unknown>) : undefined),
  })
}
