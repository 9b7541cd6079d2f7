// What a test puts into a topic: plain values or full records, made into batches. [broker]
import { InvalidOption } from '../base/errors.ts'
import { partitionOfKey } from '../bytes/murmur2.ts'
import { type Sendable, toBytes } from '../bytes/to-bytes.ts'
import type { CodecName } from '../record/compression/codec.ts'
import { encodeBatch } from '../record/encode.ts'
import type { RecordInput } from '../record/record-writer.ts'
import type { Cluster } from './cluster.ts'
import type { Partition, Topic } from './topic.ts'

/** A record in full. Key, value and header values: bytes and strings as they are, objects and arrays as JSON. */
export interface SeedRecord {
  key?: Sendable
  value: Sendable
  /** Default: by the key as Java's clients choose it; without a key, one after the other. */
  partition?: number
  /** Milliseconds; default now. */
  timestamp?: number
  headers?: Readonly<Record<string, Sendable>> | readonly (readonly [name: string, value: Sendable])[]
}

/** A value as it is, or a record in full. */
export type SeedItem = Sendable | SeedRecord

/** How to seed. */
export interface SeedOptions {
  /** Default 'none'. */
  codec?: CodecName
  /** Records a batch; default 500. */
  batchRecords?: number
}

const recordKeys = new Set(['key', 'value', 'partition', 'timestamp', 'headers'])
/** A batch is closed when it holds so much, well below the default max.message.bytes. */
const BATCH_BYTES = 900_000

/** Whether a plain object means a full record: it has a `value` and nothing that a record has not. */
export function isSeedRecord(item: unknown): item is SeedRecord {
  if (typeof item !== 'object' || item === null || item instanceof Uint8Array || Array.isArray(item)) return false
  return 'value' in item && Object.keys(item).every((key) => recordKeys.has(key))
}

/** Appends values or records. With no codec, and where codecs are synchronous, all is stored when this returns. */
export function seedTopic(
  cluster: Cluster,
  topic: Topic,
  items: Iterable<SeedItem>,
  options: SeedOptions = {},
): Promise<void> {
  const pending: Promise<void>[] = []
  for (const [index, records] of spread(cluster, topic, items)) {
    const partition = topic.partitions[index]!
    let chain: Promise<void> | undefined
    for (const group of cut(records, options.batchRecords ?? 500)) {
      const batch = encodeBatch(group, { codec: options.codec })
      const store = (bytes: Uint8Array) => append(cluster, partition, bytes)
      if (chain === undefined && !(batch instanceof Promise)) store(batch)
      // The order of the batches is the order of the records, whichever codec is done first.
      else chain = Promise.all([batch, chain]).then(([bytes]) => store(bytes))
    }
    if (chain !== undefined) pending.push(chain)
  }
  return Promise.all(pending).then(() => undefined)
}

function append(cluster: Cluster, partition: Partition, batch: Uint8Array): void {
  const logAppendTime = partition.topic.logAppendTime ? cluster.clock.wall() : undefined
  partition.log.append(batch, { leaderEpoch: partition.leaderEpoch, logAppendTime })
  cluster.changed(partition, batch.length)
}

/** The records by partition, in their order. */
function spread(cluster: Cluster, topic: Topic, items: Iterable<SeedItem>): Map<number, RecordInput[]> {
  const count = topic.partitions.length
  const byPartition = new Map<number, RecordInput[]>()
  const now = cluster.clock.wall()
  for (const item of items) {
    const record: SeedRecord = isSeedRecord(item) ? item : { value: item }
    const key = toBytes(record.key)
    const partition = record.partition ?? (key === null ? topic.nextSeeded++ % count : partitionOfKey(key, count))
    if (topic.partitions[partition] === undefined) {
      const text = `seed: topic ${topic.name} has ${count} partition(s), so there is no partition ${partition}.`
      throw new InvalidOption('INVALID_OPTION', text, { topic: topic.name, partition })
    }
    const records = byPartition.get(partition) ?? []
    byPartition.set(partition, records)
    const headers = headersOf(record.headers)
    records.push({ key, value: toBytes(record.value), headers, timestamp: record.timestamp ?? now })
  }
  return byPartition
}

function headersOf(headers: SeedRecord['headers'] = []): [string, Uint8Array | null][] {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers)
  return pairs.map(([name, value]) => [name, toBytes(value)])
}

/** Groups of at most so many records and, but for a single large record, of at most `BATCH_BYTES`. */
function* cut(records: readonly RecordInput[], batchRecords: number): Generator<RecordInput[]> {
  let group: RecordInput[] = []
  let bytes = 0
  for (const record of records) {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
    if (group.length > 0 && (group.length >= batchRecords || bytes + size > BATCH_BYTES)) {
      yield group
      group = []
      bytes = 0
    }
    group.push(record)
    bytes += size
  }
  if (group.length > 0) yield group
}
