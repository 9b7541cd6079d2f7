// Question: what is the cheapest way to get the values of a batch out of shared memory? [bench]
// One copy of the whole batch and views on it, a view over shared memory for each value, or a copy of each value.
import { ask, keep } from '../question.ts'

const RECORDS = 600
const VALUE_BYTES = 205
const RECORD_BYTES = VALUE_BYTES + 12
/** Batches in rotation, so that they are not all in the cache. */
const BATCHES = 256

/** Records of real batches begin behind a header: anywhere, as far as alignment goes. */
const HEADER_BYTES = 61
const WORD_BYTES = 8

const batchBytes = RECORDS * RECORD_BYTES
const shared = new Uint8Array(new SharedArrayBuffer(HEADER_BYTES + BATCHES * batchBytes)).fill(7)
let turn = 0
const nextBatch = () => HEADER_BYTES + (turn++ % BATCHES) * batchBytes

/** Aligned as they are where they come from. */
const copy = (start: number): Buffer => {
  const skew = start % WORD_BYTES
  const bytes = Buffer.allocUnsafeSlow(skew + batchBytes).subarray(skew)
  bytes.set(shared.subarray(start, start + batchBytes))
  return bytes
}

const copyUnaligned = (start: number): Buffer => {
  const bytes = Buffer.allocUnsafeSlow(batchBytes)
  bytes.set(shared.subarray(start, start + batchBytes))
  return bytes
}

function eachValue(start: number, value: (at: number, end: number) => void): void {
  for (let i = 0, at = start; i < RECORDS; i++, at += RECORD_BYTES) value(at, at + VALUE_BYTES)
}

await ask(
  'what is the cheapest way to get the values of a batch of 600 records of 205 bytes out of shared memory?',
  {
    'one copy, no views': () => keep(copy(nextBatch())),
    'one copy, its alignment left to chance': () => keep(copyUnaligned(nextBatch())),
    'one copy, a Buffer view a record': () => {
      const bytes = copy(nextBatch())
      eachValue(0, (at, end) => keep(bytes.subarray(at, end)))
    },
    'a Buffer view a record on shared memory': () => {
      eachValue(nextBatch(), (at) => keep(Buffer.from(shared.buffer as unknown as ArrayBuffer, at, VALUE_BYTES)))
    },
    'a Uint8Array view a record': () => eachValue(nextBatch(), (at, end) => keep(shared.subarray(at, end))),
    'a copy a record (Buffer)': () => eachValue(nextBatch(), (at, end) => keep(Buffer.from(shared.subarray(at, end)))),
    'a copy a record (slice)': () => eachValue(nextBatch(), (at, end) => keep(shared.slice(at, end))),
  },
  { unit: 'records', perCall: RECORDS },
)
