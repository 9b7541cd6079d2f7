// The records of partitions as a test wants to see them: decoded, without markers. [broker]
import { type DecodedRecord, decodeRecords } from './decode-records.ts'
import type { StoredBatch } from './log.ts'
import type { Partition } from './topic.ts'

/** A record in a topic of the broker. */
export interface Message extends DecodedRecord {
  topic: string
  partition: number
}

/** Which records. */
export interface MessageOptions {
  /** Only those that a read_committed reader may see. Default false: those of aborted and open transactions too. */
  committed?: boolean
}

/** The records of the partitions, in that order. A promise only where a codec is one (zstd before Node 22.15). */
export function messagesOf(
  partitions: readonly Partition[],
  { committed = false }: MessageOptions,
): Message[] | Promise<Message[]> {
  const decoded = partitions.flatMap((partition) => {
    const isShown = committed ? committedIn(partition) : () => true
    const batches = partition.log.batches.filter((batch) => batch.marker === undefined && isShown(batch))
    return batches.map((batch) => ({ partition, records: decodeRecords(partition.log.bytesOf(batch)) }))
  })
  if (decoded.every(({ records }) => Array.isArray(records))) {
    return decoded.flatMap(({ partition, records }) => asMessages(partition, records as DecodedRecord[]))
  }
  const settled = decoded.map(async ({ partition, records }) => asMessages(partition, await records))
  return Promise.all(settled).then((messages) => messages.flat())
}

function asMessages({ topic, index, log }: Partition, records: readonly DecodedRecord[]): Message[] {
  const shown = records.filter(({ offset }) => offset >= log.startOffset)
  return shown.map((record) => ({ topic: topic.name, partition: index, ...record }))
}

/** Told from the whole log, not as a reader would: batch by batch, from lists that come with a fetch. */
function committedIn({ log }: Partition): (batch: StoredBatch) => boolean {
  const aborted = log.abortedBetween(0, log.endOffset)
  return ({ baseOffset, producerId, transactional }) =>
    baseOffset < log.lastStableOffset &&
    !(
      transactional &&
      aborted.some(
        (one) => one.producerId === producerId && one.firstOffset <= baseOffset && baseOffset <= one.lastOffset,
      )
    )
}
