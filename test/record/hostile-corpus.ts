// Batches that no honest writer makes, each wrong in one place, under every packing. [test processes]

import { BATCH_LENGTH_AT, COUNT_AT, CRC_AT, LAST_OFFSET_DELTA_AT, MAGIC_AT } from '../../src/record/batch.ts'
import { type CraftedRecord, craftBatch, craftRecord, packBatch, packings, varint } from './crafted-batch.ts'

/** One batch that must be refused. */
export interface Hostile {
  name: string
  bytes: Uint8Array
  /** The faults that may name it. */
  faults: string[]
  /** Why Java takes it, where it does; else Java must refuse it too. */
  javaAccepts?: string
}

type RecordCase = [name: string, faults: string, second: CraftedRecord, javaAccepts?: string]

const lenient = 'Java reads every negative length of a value as null'
const noOffsetCheck = 'Java does not look at the order of offsets'

/** The second of three records is wrong. */
const recordCases: RecordCase[] = [
  ['key length -5', 'KEY_LENGTH', { keyLength: -5 }],
  [
    'key length -2, no key',
    'KEY_LENGTH',
    { keyLength: -2, key: '' },
    'Java reads every negative length of a key as null',
  ],
  ['key longer than the record', 'KEY_LENGTH', { keyLength: 100 }],
  ['key longer than the batch', 'KEY_LENGTH', { keyLength: 100_000 }],
  ['key length 2^31 - 1', 'KEY_LENGTH', { keyLength: 0x7fffffff }],
  [
    'key length -2^31',
    'KEY_LENGTH',
    { keyLength: -0x80000000, key: '' },
    'Java reads every negative length of a key as null',
  ],
  ['value length -2', 'VALUE_LENGTH', { valueLength: -2, value: '' }, lenient],
  ['value longer than the record', 'VALUE_LENGTH', { valueLength: 200 }],
  ['value length 2^31 - 1', 'VALUE_LENGTH', { valueLength: 0x7fffffff }],
  ['value one byte too long', 'VALUE_LENGTH HEADER_COUNT HEADER_LENGTH RECORD_LENGTH', { valueLength: 25 }],
  ['value one byte too short', 'HEADER_COUNT HEADER_LENGTH RECORD_LENGTH', { valueLength: 23 }],
  ['record length 0', 'RECORD_LENGTH', { length: 0 }],
  ['record length 5', 'RECORD_LENGTH', { length: 5 }],
  ['record length -1', 'RECORD_LENGTH', { length: -1 }],
  ['record length -2^31', 'RECORD_LENGTH', { length: -0x80000000 }],
  ['record length 2^31 - 1', 'RECORD_TRUNCATED', { length: 0x7fffffff }],
  ['record length past the batch', 'RECORD_TRUNCATED', { length: 1000 }],
  ['record length one too much', 'RECORD_LENGTH', { length: 41 }],
  ['record length one too little', 'RECORD_LENGTH HEADER_LENGTH', { length: 39 }],
  ['header count -1', 'HEADER_COUNT', { headerCount: -1 }],
  ['header count 2^29', 'HEADER_COUNT', { headerCount: 2 ** 29 }],
  ['header count 2^31 - 1', 'HEADER_COUNT', { headerCount: 0x7fffffff }],
  ['a header too many', 'HEADER_COUNT HEADER_LENGTH RECORD_LENGTH', { headerCount: 2 }],
  ['a header too few', 'RECORD_LENGTH', { headerCount: 0 }],
  ['header name length -1', 'HEADER_LENGTH', { headers: Buffer.concat([varint(-1), varint(-1), Buffer.of(1, 1)]) }],
  ['header name past the record', 'HEADER_LENGTH', { headers: Buffer.concat([varint(90), Buffer.from('habc')]) }],
  [
    'header value length -2',
    'HEADER_LENGTH',
    { headers: Buffer.concat([varint(1), Buffer.from('h'), varint(-2)]) },
    lenient,
  ],
  [
    'header value past the record',
    'HEADER_LENGTH',
    { headers: Buffer.concat([varint(1), Buffer.from('h'), varint(90)]) },
  ],
  ['offset delta -1', 'OFFSET_DELTA', { offsetDelta: -1 }, noOffsetCheck],
  ['offset delta repeated', 'OFFSET_DELTA', { offsetDelta: 0 }, noOffsetCheck],
  ['offset delta past the last', 'OFFSET_DELTA', { offsetDelta: 3 }, noOffsetCheck],
  ['offset delta above the next', 'OFFSET_DELTA', { offsetDelta: 2 }, noOffsetCheck],
  ['offset delta 2^31 - 1', 'OFFSET_DELTA', { offsetDelta: 0x7fffffff }, noOffsetCheck],
  ['a timestamp delta without end', 'VARINT OFFSET_DELTA', { timestampDelta: new Uint8Array(11).fill(0xff) }],
  ['a record cut short', 'RECORD_TRUNCATED RECORD_LENGTH HEADER_LENGTH', { cut: 3 }],
]

type BatchCase = [name: string, faults: string, count: number, records: Uint8Array, javaAccepts?: string]

const three = Buffer.concat([craftRecord(0), craftRecord(1), craftRecord(2)])

/** The batch as a whole is wrong. */
const batchCases: BatchCase[] = [
  ['one record more than there is', 'RECORD_TRUNCATED COUNT_TOO_LARGE', 4, three],
  ['ten thousand records more', 'RECORD_TRUNCATED COUNT_TOO_LARGE', 10_003, three],
  ['2^31 - 1 records', 'COUNT_TOO_LARGE', 0x7fffffff, three],
  ['a record too few', 'TRAILING_BYTES', 2, three],
  ['no record, and bytes', 'TRAILING_BYTES', 0, three, 'Java looks at no byte of an empty batch'],
  ['-1 records', 'NEGATIVE_COUNT', -1, three],
  ['-2^31 records', 'NEGATIVE_COUNT', -0x80000000, three],
  ['a byte after the last record', 'TRAILING_BYTES', 3, Buffer.concat([three, Buffer.of(0)])],
  ['a record after the last record', 'TRAILING_BYTES', 3, Buffer.concat([three, craftRecord(3)])],
  ['a length varint of six bytes', 'VARINT RECORD_LENGTH', 1, Buffer.alloc(40, 0xff)],
  ['three records of nothing', 'COUNT_TOO_LARGE RECORD_TRUNCATED', 3, Buffer.alloc(0)],
  ['zeros', 'RECORD_LENGTH', 3, Buffer.alloc(60)],
]

/** The header is wrong, whatever the records are. */
function headerCases(packed: Uint8Array, codec: number): Hostile[] {
  const make = (name: string, faults: string, patch: (view: DataView) => void, javaAccepts?: string): Hostile => ({
    name,
    bytes: craftBatch(codec, packed, { count: 3, patch }),
    faults: faults.split(' '),
    ...(javaAccepts === undefined ? {} : { javaAccepts }),
  })
  const damaged = (name: string, faults: string, damage: (bytes: Uint8Array) => void): Hostile => ({
    name,
    bytes: craftBatch(codec, packed, { count: 3, damage }),
    faults: faults.split(' '),
  })
  const unused = 'Java takes any offset'
  return [
    ...[0, 1, 3, 0x7f, -1].map((magic) =>
      make(`magic ${magic}`, 'UNSUPPORTED_MAGIC', (view) => view.setInt8(MAGIC_AT, magic)),
    ),
    ...[5, 6, 7].map((id) => make(`codec ${id}`, 'UNKNOWN_CODEC', (view) => view.setUint8(22, id))),
    ...[48, 0, -1, -13, -0x80000000].map((length) =>
      make(`batch length ${length}`, 'BATCH_TOO_SMALL', (view) => view.setInt32(BATCH_LENGTH_AT, length)),
    ),
    make('batch length one too much', 'BATCH_TRUNCATED', (view) => view.setInt32(BATCH_LENGTH_AT, packed.length + 50)),
    make('batch length 2^31 - 1', 'BATCH_TRUNCATED', (view) => view.setInt32(BATCH_LENGTH_AT, 0x7fffffff)),
    make('last offset delta -1', 'LAST_OFFSET_DELTA', (view) => view.setInt32(LAST_OFFSET_DELTA_AT, -1), unused),
    make(
      'last offset delta below the count',
      'LAST_OFFSET_DELTA',
      (view) => view.setInt32(LAST_OFFSET_DELTA_AT, 1),
      unused,
    ),
    make('base offset -1', 'OFFSET_OUT_OF_RANGE', (view) => view.setBigInt64(0, -1n), unused),
    make('base offset -2^63', 'OFFSET_OUT_OF_RANGE', (view) => view.setBigInt64(0, -(2n ** 63n)), unused),
    make('base offset 2^53', 'OFFSET_OUT_OF_RANGE', (view) => view.setBigInt64(0, 2n ** 53n), unused),
    make('last offset 2^53', 'OFFSET_OUT_OF_RANGE', (view) => view.setBigInt64(0, 2n ** 53n - 2n), unused),
    damaged('wrong CRC', 'CRC_MISMATCH', (bytes) => (bytes[CRC_AT + 3]! ^= 1)),
    damaged('CRC 0', 'CRC_MISMATCH', (bytes) => bytes.fill(0, CRC_AT, CRC_AT + 4)),
    damaged('a flipped bit in the records', 'CRC_MISMATCH', (bytes) => (bytes[bytes.length - 20]! ^= 0x10)),
    damaged('a flipped control bit', 'CRC_MISMATCH', (bytes) => (bytes[22]! ^= 0x20)),
    damaged('a smaller count', 'CRC_MISMATCH', (bytes) => (bytes[COUNT_AT + 3]! = 2)),
  ]
}

/** The corpus: about 350 batches. */
export async function hostileBatches(): Promise<Hostile[]> {
  const corpus: Hostile[] = []
  for (const packing of packings) {
    for (const [name, faults, second, javaAccepts] of recordCases) {
      const records = Buffer.concat([craftRecord(0), craftRecord(1, second), craftRecord(2)])
      const bytes = await packBatch(packing, records, { count: 3 })
      corpus.push({
        name: `${packing}: ${name}`,
        bytes,
        faults: faults.split(' '),
        ...(javaAccepts ? { javaAccepts } : {}),
      })
    }
    for (const [name, faults, count, records, javaAccepts] of batchCases) {
      const bytes = await packBatch(packing, records, { count, lastOffsetDelta: 0x7ffffffe })
      corpus.push({
        name: `${packing}: ${name}`,
        bytes,
        faults: faults.split(' '),
        ...(javaAccepts ? { javaAccepts } : {}),
      })
    }
    const good = await packBatch(packing, three, { count: 3 })
    for (const hostile of headerCases(good.subarray(61), good[22]!)) {
      corpus.push({ ...hostile, name: `${packing}: ${hostile.name}` })
    }
  }
  return corpus
}

/** A right batch under every packing, so that the refusals mean something. */
export async function honestBatches(): Promise<{ name: string; bytes: Uint8Array }[]> {
  return Promise.all(packings.map(async (name) => ({ name, bytes: await packBatch(name, three, { count: 3 }) })))
}
