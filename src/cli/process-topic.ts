// Reads a topic through worker threads that run user code, and measures what that took. [main thread]
import { ProcessorLine } from '../control/processor-line.ts'
import { Kafka, type KafkaOptions } from '../index.ts'
import { withOptions } from './client-options.ts'
import type { Seen } from './demo-processor.ts'
import { onInterrupt } from './exit.ts'
import { startProgress } from './progress.ts'
import { Reading, type ReadReport } from './reading.ts'

/** As for a thread's entry: `.ts` from source, `.js` from dist, where this may lie in another folder. */
const PROCESSOR = new URL(`../cli/demo-processor${import.meta.url.slice(-3)}`, import.meta.url)

/** Reads all `records` of a topic without gaps, from the beginning. */
export async function processTopic(options: KafkaOptions, topic: string, records: number): Promise<ReadReport> {
  const reading = new Reading()
  // A group that the environment names is a service's: nothing is committed for it.
  const kafka = new Kafka(withOptions(options, { groupId: undefined }))
  const done = new AbortController()
  const release = onInterrupt(() => done.abort(new Error('interrupted')))
  const progress = await startProgress('reading', records)
  const line = new ProcessorLine<Seen, never>(PROCESSOR, {}, (seen) => {
    reading.saw(seen)
    progress.update(reading.records)
    if (reading.records >= records) done.abort()
  })
  try {
    const consumer = kafka.consumer({ autoOffsetReset: 'earliest' })
    // From here on it measures.
    consumer.stats()
    const partitions = await kafka.iterate(topic).positions()
    consumer.assign(partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
    let busy: Record<string, number> = {}
    done.signal.addEventListener('abort', () => {
      reading.end()
      // Threads are only there until the run has ended.
      busy = consumer.stats().engine?.busy ?? {}
    })
    await consumer.run({ processor: line.module, signal: done.signal })
    if (reading.records < records) throw done.signal.reason
    return reading.report(topic, busy, consumer.stats().latencyMs)
  } finally {
    progress.stop()
    line.close()
    release()
    await kafka.close()
  }
}
