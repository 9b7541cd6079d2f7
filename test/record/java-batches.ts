// Kafka's own batch writer and reader, as functions over many batches at once. [test processes]

import type { BatchHeader } from '../../src/record/batch.ts'
import type { CodecName } from '../../src/record/compression/codec.ts'
import { codecId } from '../../src/record/compression/registry.ts'
import { runJava } from '../support/kafka-jars.ts'
import type { DecodedRecord } from './decode-batch.ts'

/** A batch for Java to write; `marker` makes it the end of a transaction instead. */
export interface JavaBatch {
  codec: CodecName
  baseOffset: number
  /** -1: CreateTime. */
  logAppendTime: number
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  leaderEpoch: number
  transactional: boolean
  records: DecodedRecord[]
  marker?: { type: 'abort' | 'commit'; timestamp: number; coordinatorEpoch: number }
}

/** What Java made of a batch: header and records, or its complaint. */
export type JavaReading =
  | { header: JavaHeader; records: DecodedRecord[]; complaint?: undefined }
  | { complaint: string; header?: undefined }

/** The header fields that both sides know. */
export type JavaHeader = Pick<
  BatchHeader,
  | 'baseOffset'
  | 'maxTimestamp'
  | 'producerId'
  | 'producerEpoch'
  | 'baseSequence'
  | 'leaderEpoch'
  | 'transactional'
  | 'control'
  | 'codec'
> & { lastOffset: number }

/** The bytes that MemoryRecordsBuilder makes of each. */
export async function writeByJava(batches: readonly JavaBatch[]): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for (const batch of batches) putBatch(chunks, batch)
  const answer = new Answer(await run('write', chunks))
  return batches.map(() => answer.blob()!)
}

/** What MemoryRecords reads from each, with ensureValid or as a consumer that does not check CRCs. */
export async function readByJava(batches: readonly Uint8Array[], checkCrcs = true): Promise<JavaReading[]> {
  const chunks: Uint8Array[] = []
  for (const batch of batches) putBlob(chunks, batch)
  const answer = new Answer(await run(checkCrcs ? 'read' : 'read-unchecked', chunks))
  return batches.map(() => answer.reading())
}

async function run(mode: string, chunks: Uint8Array[]): Promise<Buffer> {
  // Java allocates what a record announces: in a small heap a lie fails at once, in a large one it costs seconds.
  const options = { stdin: Buffer.concat(chunks), jvm: ['-XX:TieredStopAtLevel=1', '-Xmx192m'] }
  const { stdout, stderr, status } = await runJava('RecordBatches.java', [mode], options)
  if (status !== 0) throw new Error(`RecordBatches ${mode} ended with ${status}: ${stderr}`)
  return stdout
}

function putBatch(chunks: Uint8Array[], batch: JavaBatch): void {
  const head = Buffer.alloc(4 + 8 * 3 + 2 + 4 + 4 + 1 + 1)
  head.writeInt32BE(codecId(batch.codec), 0)
  head.writeBigInt64BE(BigInt(batch.baseOffset), 4)
  head.writeBigInt64BE(BigInt(batch.logAppendTime), 12)
  head.writeBigInt64BE(batch.producerId, 20)
  head.writeInt16BE(batch.producerEpoch, 28)
  head.writeInt32BE(batch.baseSequence, 30)
  head.writeInt32BE(batch.leaderEpoch, 34)
  head.writeUInt8(batch.transactional ? 1 : 0, 38)
  const { marker } = batch
  head.writeInt8(marker === undefined ? -1 : marker.type === 'abort' ? 0 : 1, 39)
  chunks.push(head)
  if (marker) {
    chunks.push(int64(marker.timestamp), int32(marker.coordinatorEpoch))
    return
  }
  chunks.push(int32(batch.records.length))
  for (const record of batch.records) {
    chunks.push(int64(record.offset), int64(record.timestamp))
    putBlob(chunks, record.key)
    putBlob(chunks, record.value)
    chunks.push(int32(record.headers.length))
    for (const [name, value] of record.headers) {
      putBlob(chunks, Buffer.from(name))
      putBlob(chunks, value)
    }
  }
}

function putBlob(chunks: Uint8Array[], bytes: Uint8Array | null): void {
  chunks.push(int32(bytes === null ? -1 : bytes.length))
  if (bytes !== null) chunks.push(bytes)
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

class Answer {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  blob(): Uint8Array | null {
    const length = this.#int32()
    if (length < 0) return null
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  reading(): JavaReading {
    if (this.#int8() === 0) return { complaint: Buffer.from(this.blob()!).toString() }
    const baseOffset = this.#int64()
    const lastOffset = this.#int64()
    const maxTimestamp = this.#int64()
    const producerId = this.#bytes.readBigInt64BE((this.#at += 8) - 8)
    const producerEpoch = this.#bytes.readInt16BE((this.#at += 2) - 2)
    const baseSequence = this.#int32()
    const leaderEpoch = this.#int32()
    const flags = this.#int8()
    const codec = this.#int8()
    const [transactional, control] = [(flags & 1) !== 0, (flags & 2) !== 0]
    const header = { baseOffset, lastOffset, maxTimestamp, producerId, producerEpoch, baseSequence, leaderEpoch }
    return { header: { ...header, transactional, control, codec }, records: this.#records() }
  }

  #records(): DecodedRecord[] {
    return Array.from({ length: this.#int32() }, () => ({
      offset: this.#int64(),
      timestamp: this.#int64(),
      key: this.blob(),
      value: this.blob(),
      headers: Array.from({ length: this.#int32() }, () => [Buffer.from(this.blob()!).toString(), this.blob()]),
    })) as DecodedRecord[]
  }

  #int8(): number {
    return this.#bytes.readInt8(this.#at++)
  }

  #int32(): number {
    return this.#bytes.readInt32BE((this.#at += 4) - 4)
  }

  #int64(): number {
    return Number(this.#bytes.readBigInt64BE((this.#at += 8) - 8))
  }
}
