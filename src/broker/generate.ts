// Fills a topic with synthetic records, millions of them in a moment and in little memory. [broker]
import { InvalidOption } from '../base/errors.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'
import type { CodecName } from '../record/compression/codec.ts'
import { encodeBatch } from '../record/encode.ts'
import { CLICK_EVENT_LINES, clickEvents } from './click-events.ts'
import type { Cluster } from './cluster.ts'
import type { Topic } from './topic.ts'

/** What to generate. */
export interface GenerateOptions {
  records: number
  /** Default 'none'. */
  codec?: CodecName
  /** Distinct records, which are repeated. Default 100,000. */
  distinct?: number
  /** Records a batch; default 600, some 128 KB. */
  batchRecords?: number
  /** Default 8. */
  seed?: number
}

/** What was generated. */
export interface Generated {
  records: number
  batches: number
  /** Of all batches as they are stored and sent. */
  bytes: number
}

/**
 * Appends click events, batch by batch to one partition after the other. Each distinct batch is encoded once; its
 * copies differ only in what the CRC does not cover, so they share their records' bytes.
 */
export async function generateEvents(cluster: Cluster, topic: Topic, options: GenerateOptions): Promise<Generated> {
  const { records, codec = 'none', distinct = CLICK_EVENT_LINES, batchRecords = 600, seed } = options
  for (const [name, value] of Object.entries({ records, distinct, batchRecords })) {
    if (Number.isInteger(value) && value >= (name === 'records' ? 0 : 1)) continue
    throw new InvalidOption('INVALID_OPTION', `generate: ${name} must be a whole number, not ${value}.`)
  }
  const timestamp = cluster.clock.wall()
  const inputs = Array.from(clickEvents(Math.min(distinct, Math.max(records, 1)), seed), (line) => ({
    value: Buffer.from(line),
    timestamp,
  }))
  const templates: { batch: Uint8Array; count: number }[] = []
  for (let at = 0; at < inputs.length; at += batchRecords) {
    const group = inputs.slice(at, at + batchRecords)
    templates.push({ batch: await encodeBatch(group, { codec }), count: group.length })
  }
  const done: Generated = { records: 0, batches: 0, bytes: 0 }
  while (done.records < records) {
    const index = done.batches % templates.length
    let { batch, count } = templates[index]!
    const left = records - done.records
    if (count > left) {
      const start = index * batchRecords
      batch = await encodeBatch(inputs.slice(start, start + left), { codec })
      count = left
    }
    appendCopy(cluster, topic, done.batches % topic.partitions.length, batch)
    done.records += count
    done.batches++
    done.bytes += batch.length
  }
  for (const partition of topic.partitions) cluster.changed(partition, partition.log.sizeBytes)
  return done
}

function appendCopy(cluster: Cluster, topic: Topic, index: number, batch: Uint8Array): void {
  const { log, leaderEpoch } = topic.partitions[index]!
  // Setting the append time changes the CRC, so nothing can be shared.
  if (topic.logAppendTime) log.append(batch, { leaderEpoch, logAppendTime: cluster.clock.wall() })
  else log.append(batch.subarray(0, BATCH_HEADER_BYTES), { leaderEpoch, body: batch.subarray(BATCH_HEADER_BYTES) })
}
