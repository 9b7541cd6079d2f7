// Reads a topic as fast as it goes, touching every record, and measures what that took. [main thread]
import { Kafka, type KafkaOptions } from '../index.ts'
import { onInterrupt } from './exit.ts'
import { startProgress } from './progress.ts'
import { Reading, type ReadReport } from './reading.ts'
import { touch } from './touch.ts'

/** Reads at most `limit` records from the beginning. `expected` is for the progress bar, when it is known. */
export async function readTopic(
  options: KafkaOptions,
  topic: string,
  { limit = Infinity, expected }: { limit?: number | undefined; expected?: number | undefined } = {},
): Promise<ReadReport> {
  const reading = new Reading()
  const kafka = new Kafka(options)
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort(new Error('interrupted')))
  try {
    const source = kafka.iterate(topic, { until: 'end', signal: interrupt.signal })
    // From here on it measures.
    source.stats()
    const total = expected ?? Math.min(limit, await lengthOf(source))
    const progress = await startProgress('reading', total)
    for await (const batch of source.batches()) {
      // -X idle.ms: nothing for a while.
      if (batch === undefined) continue
      const count = Math.min(batch.count, limit - reading.records)
      reading.saw({ records: count, bytes: touch(batch, count), batches: 1 })
      progress.update(reading.records)
      if (reading.records === limit) break
    }
    reading.end()
    progress.stop()
    return reading.report(topic, await kafka.busy(), source.stats().latencyMs)
  } finally {
    release()
    await kafka.close()
  }
}

type Source = ReturnType<Kafka['iterate']>

/** Records between the start and the end of a source, by their offsets. */
async function lengthOf(source: Source): Promise<number> {
  let records = 0
  for (const { offset, end } of await source.positions()) records += Math.max(0, (end ?? offset) - offset)
  return records
}
