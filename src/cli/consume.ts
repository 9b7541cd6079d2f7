// `millrace consume`: reads topics and prints their records, many in one write. [main thread]
import { sourcesOf } from '../client/option-layer.ts'
import type { ConsumerOptions, IterateOptions, Kafka, KafkaOptions } from '../index.ts'
import { type ClientFlags, connectionOptions, withOptions } from './client-options.ts'
import { type ConsumerFlags, consumeByConsumer } from './consume-consumer.ts'
import { onInterrupt } from './exit.ts'
import { Printer } from './printer.ts'
import { writerOf } from './record-writer.ts'
import { parseFrom } from './start-position.ts'
import { UsageError } from './usage-error.ts'

/** The flags of `consume`. */
export interface ConsumeFlags extends ClientFlags, ConsumerFlags {
  until?: string
}

/** Runs the command. */
export async function consume(topics: string[], flags: ConsumeFlags): Promise<void> {
  const write = writerOf(flags)
  const spec = {
    from: parseFrom(flags.from ?? 'earliest'),
    ...(flags.partition === undefined ? {} : { partitions: flags.partition }),
  }
  const options = connectionOptions(flags, { autoOffsetReset: 'earliest', until: 'never' }, 'consume')
  const { until } = { ...options, ...untilOf(flags.until) } as IterateOptions
  const group = flags.group ?? groupOf(options)
  const printer = new Printer({ write, limit: flags.number ?? Infinity, json: flags.json === true })
  // Loaded only now: a wrong call is answered before the library is read.
  const { Kafka } = await import('../index.ts')
  const kafka = new Kafka(withOptions(options, { groupId: undefined }))
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort())
  try {
    if (group === undefined && flags.workers === undefined) {
      const plan = Object.fromEntries(topics.map((topic) => [topic, spec]))
      await print(kafka.iterate(plan, { until, signal: interrupt.signal }), printer)
    } else {
      const plan = { done: interrupt, toEnd: until === 'end' }
      await consumeByConsumer(kafka, topics, { ...flags, group }, printer, plan)
    }
  } catch (error) {
    // Interrupted: what was read is printed, and that is all.
    if (!interrupt.signal.aborted) {
      await printer.end()
      throw error
    }
  } finally {
    release()
    await kafka.close()
  }
  printer.sum()
  await printer.end()
}

/** Reads until the end, `-n`, or until nobody reads what is printed. */
async function print(source: ReturnType<Kafka['iterate']>, printer: Printer): Promise<void> {
  for await (const batch of printer.full ? [] : source.batches()) {
    // -X idle.ms: nothing for a while.
    if (batch === undefined) continue
    printer.batch(batch)
    await printer.ready()
    if (printer.full) break
  }
}

function untilOf(text: string | undefined): { until?: 'end' | 'never' } {
  if (text === undefined) return {}
  if (text === 'end' || text === 'never') return { until: text }
  throw new UsageError(`--until must be end or never, not '${text}'.`)
}

/** `-X group.id` is as good as --group. What the environment or a file names is a service's: who looks joins none. */
function groupOf(options: KafkaOptions): string | undefined {
  return sourcesOf(options)['groupId']?.kind === 'argument' ? (options as ConsumerOptions).groupId : undefined
}
