// A batch that is too large for the broker, made two (as Java's RecordAccumulator.splitAndReenqueue). [I/O thread]
//
// The parts have the sequences of the whole, one after the other, and go in its place: batches behind it are sent
// again until they fit. The broker's limit is not known here, so a part that is too large as well is split again.
import { BATCH_HEADER_BYTES } from '../../record/batch.ts'
import { codecNames } from '../../record/compression/codec.ts'
import { codecs, compress } from '../../record/compression/registry.ts'
import { splitRecords } from '../../record/split-records.ts'
import { OutgoingBatch, SEQUENCES } from './outgoing-batch.ts'

/** In order; undefined where that cannot be: a single record, or a codec that this thread cannot decode at once. */
export function splitBatch(batch: OutgoingBatch, plainBytesMax: number): OutgoingBatch[] | undefined {
  const { sealed, part, sequence } = batch
  if (sealed.count === 1) return undefined
  const records = plainRecords(batch, plainBytesMax)
  if (records === undefined) return undefined
  const { whole, first, ends } = part ?? { whole: batch, first: 0, ends: [] }
  let before = 0
  return splitRecords(records, sealed.count, sealed.baseTimestamp).map(({ bytes, count, maxTimestamp }) => {
    const packed = packedRecords(bytes, sealed.codec)
    const codec = packed === bytes ? 0 : sealed.codec
    const pieces = [Buffer.alloc(BATCH_HEADER_BYTES), packed]
    const place = { whole, first: first + before, ends }
    const half = new OutgoingBatch({ ...sealed, pieces: [], count, maxTimestamp, codec }, pieces, place)
    if (sequence >= 0) half.sequence = (sequence + before) % SEQUENCES
    half.maybeStored = batch.maybeStored
    before += count
    return half
  })
}

/** On the heap: what decompresses for JavaScript does not take shared memory. */
function plainRecords({ pieces, sealed }: OutgoingBatch, sizeBytesMax: number): Uint8Array | undefined {
  const records = Buffer.concat(pieces).subarray(BATCH_HEADER_BYTES)
  const codec = codecs[sealed.codec]
  if (codec === undefined) return records
  if (!codec.status().available) return undefined
  const capacity = codec.measure(records, 0, records.length, sizeBytesMax)
  if (capacity < 0) return undefined
  const out = Buffer.allocUnsafe(capacity)
  const sizeBytes = codec.decompress(records, 0, records.length, out, 0, capacity)
  return typeof sizeBytes === 'number' && sizeBytes >= 0 ? out.subarray(0, sizeBytes) : undefined
}

/** At the codec's own level, as the one that was chosen is not known here; as they are where that is not smaller. */
function packedRecords(records: Uint8Array, codec: number): Uint8Array {
  const packed = compress(codecNames[codec]!, records)
  return packed instanceof Uint8Array && packed.length < records.length ? packed : records
}
