// What can be wrong with a batch, as small numbers that cross threads, and their texts. [pure: any thread]

import { type ErrorClass, type ErrorDetails, errorOf, type MillraceError } from '../base/errors.ts'

/** The faults of a batch; 0 is none. A kernel in any language returns these numbers. */
export const Fault = {
  NONE: 0,
  BATCH_TOO_SMALL: 1,
  BATCH_TRUNCATED: 2,
  UNSUPPORTED_MAGIC: 3,
  CRC_MISMATCH: 4,
  OFFSET_OUT_OF_RANGE: 5,
  NEGATIVE_COUNT: 6,
  COUNT_TOO_LARGE: 7,
  LAST_OFFSET_DELTA: 8,
  UNKNOWN_CODEC: 9,
  GZIP_UNAVAILABLE: 10,
  SNAPPY_UNAVAILABLE: 11,
  LZ4_UNAVAILABLE: 12,
  ZSTD_UNAVAILABLE: 13,
  BAD_GZIP: 14,
  BAD_SNAPPY: 15,
  BAD_LZ4: 16,
  BAD_ZSTD: 17,
  DICTIONARY: 18,
  ZSTD_WINDOW: 19,
  DECOMPRESSED_TOO_LARGE: 20,
  MORE_THAN_ANNOUNCED: 21,
  RECORD_TRUNCATED: 22,
  RECORD_LENGTH: 23,
  VARINT: 24,
  KEY_LENGTH: 25,
  VALUE_LENGTH: 26,
  HEADER_COUNT: 27,
  HEADER_LENGTH: 28,
  OFFSET_DELTA: 29,
  TRAILING_BYTES: 30,
} as const

/** One of the numbers in `Fault`. */
export type Fault = (typeof Fault)[keyof typeof Fault]

type Row = readonly [text: string, errorClass?: ErrorClass]

const unavailable = (codec: string, what: string): Row => [
  `is compressed with ${codec}, and ${what}`,
  'CodecUnavailable',
]

const rows: Record<Exclude<keyof typeof Fault, 'NONE'>, Row> = {
  BATCH_TOO_SMALL: ['announces a length smaller than its own header'],
  BATCH_TRUNCATED: ['announces more bytes than there are'],
  UNSUPPORTED_MAGIC: ['is not of message format 2; formats 0 and 1 ended with Kafka 4.0 (KIP-724)'],
  CRC_MISMATCH: ['has a CRC-32C that does not match its bytes: it was damaged on disk or on the way'],
  OFFSET_OUT_OF_RANGE: ['has offsets that are negative or beyond 2^53 - 1'],
  NEGATIVE_COUNT: ['claims a negative number of records'],
  COUNT_TOO_LARGE: ['claims more records than its bytes can hold'],
  LAST_OFFSET_DELTA: ['has a last offset that does not fit its record count'],
  UNKNOWN_CODEC: ['names a compression codec that does not exist'],
  GZIP_UNAVAILABLE: unavailable('gzip', 'this Node.js was built without zlib'),
  SNAPPY_UNAVAILABLE: unavailable('snappy', 'the package snappy has no binary that loads here: see `millrace doctor`'),
  LZ4_UNAVAILABLE: unavailable('lz4', 'the package lz4-napi has no binary that loads here: see `millrace doctor`'),
  ZSTD_UNAVAILABLE: unavailable(
    'zstd',
    'this Node.js has no zstd (22.15 has) and the package @mongodb-js/zstd does not load: see `millrace doctor`',
  ),
  BAD_GZIP: ['holds a damaged gzip stream'],
  BAD_SNAPPY: ['holds a damaged snappy stream'],
  BAD_LZ4: ['holds a damaged lz4 frame'],
  BAD_ZSTD: ['holds a damaged zstd frame'],
  DICTIONARY: ['was compressed with a dictionary, which Kafka does not know'],
  ZSTD_WINDOW: ['asks for a zstd window larger than 128 MiB'],
  DECOMPRESSED_TOO_LARGE: [
    'decompresses to more than maxDecompressedBytes; raise it if this is right',
    'MessageTooLarge',
  ],
  MORE_THAN_ANNOUNCED: ['decompresses to more than its compressed headers announce'],
  RECORD_TRUNCATED: ['holds fewer records than it claims, or one that runs past its end'],
  RECORD_LENGTH: ['holds a record whose length does not match its fields'],
  VARINT: ['holds a variable-length number that does not end'],
  KEY_LENGTH: ['holds a record with an impossible key length'],
  VALUE_LENGTH: ['holds a record with an impossible value length'],
  HEADER_COUNT: ['holds a record with an impossible number of headers'],
  HEADER_LENGTH: ['holds a record header with an impossible length'],
  OFFSET_DELTA: ['holds records whose offsets do not rise, or pass its last offset'],
  TRAILING_BYTES: ['holds bytes after its last record'],
}

const names = new Map<number, keyof typeof rows>()
for (const name of Object.keys(rows) as (keyof typeof rows)[]) names.set(Fault[name], name)

/** The stable name of a fault, which is also the `code` of its error. */
export function faultName(fault: number): string {
  return names.get(fault) ?? `FAULT_${fault}`
}

/** What the batch did, as the end of a sentence: "The batch at … <text>". */
export function faultText(fault: number): string {
  const name = names.get(fault)
  return name === undefined ? `is damaged (fault ${fault})` : rows[name][0]
}

/**
 * The error of a faulty batch: CorruptRecord, MessageTooLarge or CodecUnavailable, with topic, partition and offset.
 */
export function faultError(fault: number, details: ErrorDetails): MillraceError {
  const { topic, partition, offset, broker } = details
  const where = topic === undefined ? '' : ` of ${topic}[${partition ?? '?'}]`
  const at = offset === undefined ? '' : ` at offset ${offset}`
  const from = broker === undefined ? '' : ` from broker ${broker}`
  const name = names.get(fault)
  const errorClass = (name === undefined ? undefined : rows[name][1]) ?? 'CorruptRecord'
  return errorOf(errorClass, faultName(fault), `The batch${at}${where}${from} ${faultText(fault)}.`, details)
}
