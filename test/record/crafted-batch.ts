// Batches made byte by byte, so that they can be wrong in one place. [test processes]

import { gzipSync } from 'node:zlib'
import { crc32c } from '../../src/bytes/crc32c.ts'
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_PREFIX_BYTES,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
} from '../../src/record/batch.ts'
import { codecId, compress } from '../../src/record/compression/registry.ts'
import { encodeBatch } from '../../src/record/encode.ts'

/** How the records of a batch are packed; xerial is snappy in the framing of the Java library. */
export const packings = ['none', 'gzip', 'snappy', 'xerial', 'lz4', 'zstd'] as const
export type Packing = (typeof packings)[number]

/** The fields of one record; whatever is not given is right. */
export interface CraftedRecord {
  length?: number
  timestampDelta?: Uint8Array
  offsetDelta?: number
  keyLength?: number
  key?: string
  valueLength?: number
  value?: string
  headerCount?: number
  headers?: Uint8Array
  /** Cut off after the fields, in bytes. */
  cut?: number
}

/** A record with exactly these fields, however wrong. */
export function craftRecord(index: number, fields: CraftedRecord = {}): Uint8Array {
  const key = Buffer.from(fields.key ?? `key-${index}`)
  const value = Buffer.from(fields.value ?? `the value of record ${index}`)
  const headers = fields.headers ?? Buffer.concat([varint(1), Buffer.from('h'), varint(2), Buffer.from('xy')])
  const body = Buffer.concat([
    Buffer.of(0),
    fields.timestampDelta ?? varint(index),
    varint(fields.offsetDelta ?? index),
    varint(fields.keyLength ?? key.length),
    key,
    varint(fields.valueLength ?? value.length),
    value,
    varint(fields.headerCount ?? 1),
    headers,
  ])
  return Buffer.concat([varint(fields.length ?? body.length), body.subarray(0, body.length - (fields.cut ?? 0))])
}

/** A zigzag varint. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** What the header of a crafted batch says. */
export interface CraftedHeader {
  count: number
  /** Default: count - 1. */
  lastOffsetDelta?: number
  /** Changes the batch before its CRC is computed. */
  patch?: (view: DataView) => void
  /** Changes the batch after its CRC was computed. */
  damage?: (bytes: Uint8Array) => void
}

/** A batch around packed records, with a right CRC unless damaged. */
export function craftBatch(codec: number, packed: Uint8Array, header: CraftedHeader): Uint8Array {
  const empty = encodeBatch([], { baseOffset: 100, leaderEpoch: 3 }) as Uint8Array
  const batch = new Uint8Array(BATCH_HEADER_BYTES + packed.length)
  batch.set(empty)
  batch.set(packed, BATCH_HEADER_BYTES)
  const view = new DataView(batch.buffer)
  view.setInt32(BATCH_LENGTH_AT, batch.length - BATCH_PREFIX_BYTES)
  view.setInt16(ATTRIBUTES_AT, codec)
  view.setInt32(LAST_OFFSET_DELTA_AT, header.lastOffsetDelta ?? Math.max(0, header.count - 1))
  view.setInt32(COUNT_AT, header.count)
  header.patch?.(view)
  view.setUint32(CRC_AT, crc32c(batch, ATTRIBUTES_AT))
  header.damage?.(batch)
  return batch
}

/** Packs the records and puts them into a batch. */
export async function packBatch(packing: Packing, records: Uint8Array, header: CraftedHeader): Promise<Uint8Array> {
  return craftBatch(packingId(packing), await pack(packing, records), header)
}

/** The codec id that a packing has in a batch header. */
export function packingId(packing: Packing): number {
  return codecId(packing === 'xerial' ? 'snappy' : packing)
}

/** Compresses as the packing says. */
export async function pack(packing: Packing, records: Uint8Array): Promise<Uint8Array> {
  if (packing === 'xerial') return xerial(records, 64)
  if (packing === 'gzip') return gzipSync(records)
  return compress(packing, records)
}

/** Snappy as the Java library frames it, in blocks of that many bytes. */
export function xerial(plain: Uint8Array, blockBytes: number): Uint8Array {
  const chunks = [Buffer.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)]
  for (let at = 0; at < plain.length; at += blockBytes) {
    const block = compress('snappy', plain.subarray(at, at + blockBytes)) as Uint8Array
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    chunks.push(length, Buffer.from(block))
  }
  return Buffer.concat(chunks)
}
