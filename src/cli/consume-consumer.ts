// `consume` with --group or --workers: a consumer reads, and its loop or its workers print. [main thread]
import { ProcessorLine } from '../control/processor-line.ts'
import type { Consumer, Kafka } from '../index.ts'
import type { Answered, Asked } from './consume-processor.ts'
import type { Printer } from './printer.ts'
import type { PrintFlags } from './record-writer.ts'
import { parseFrom } from './start-position.ts'
import { UsageError } from './usage-error.ts'

/** The flags that matter here. */
export interface ConsumerFlags extends PrintFlags {
  from?: string
  partition?: number[]
  number?: number
  group?: string | undefined
  workers?: number
}

/** As for a thread's entry: `.ts` from source, `.js` from dist, where this may lie in another folder. */
const PROCESSOR = new URL(`../cli/consume-processor${import.meta.url.slice(-3)}`, import.meta.url)
/** How often it is looked whether the end is reached. */
const LOOK_MS = 50

/** Prints until it is enough, until `done` fires, or, with `toEnd`, until all is processed that there was. */
export async function consumeByConsumer(
  kafka: Kafka,
  topics: string[],
  flags: ConsumerFlags,
  printer: Printer,
  { done, toEnd }: { done: AbortController; toEnd: boolean },
): Promise<void> {
  const { consumer, ends } =
    flags.group === undefined ? await assigned(kafka, topics, flags) : member(kafka, topics, flags)
  // A group waits for its topics to be made; what is not there has no end.
  if (toEnd && flags.group !== undefined) await kafka.admin.describeTopics(topics, { signal: done.signal })
  const look = () => toEnd && isAtEnd(consumer, ends) && done.abort()
  const timer = setInterval(look, LOOK_MS)
  try {
    if (flags.workers === undefined) await printHere(consumer, printer, done)
    else await printInWorkers(consumer, flags, printer, done)
  } finally {
    clearInterval(timer)
    await consumer.close()
  }
}

type Ends = Map<string, number>

/** Without a group: the partitions are looked up, and read from where `--from` says. */
async function assigned(kafka: Kafka, topics: string[], flags: ConsumerFlags) {
  const from = parseFrom(flags.from ?? 'earliest')
  const spec = flags.partition === undefined ? { from } : { from, partitions: flags.partition }
  const plan = Object.fromEntries(topics.map((topic) => [topic, spec]))
  const found = await kafka.iterate(plan, { until: 'end' }).positions()
  const consumer = kafka.consumer()
  consumer.assign(found.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
  return {
    consumer,
    ends: new Map(found.map(({ topic, partition, end }) => [`${topic}/${partition}`, end ?? 0])) as Ends,
  }
}

/** In a group: what it has committed says where to start. */
function member(kafka: Kafka, topics: string[], { group, from, partition }: ConsumerFlags) {
  const autoOffsetReset = from === undefined ? undefined : parseFrom(from)
  if (typeof autoOffsetReset === 'number' || autoOffsetReset instanceof Date) {
    throw new UsageError('--from is earliest or latest with --group: what the group has committed comes first.')
  }
  if (partition !== undefined) throw new UsageError('--partition and --group exclude each other: the group shares out.')
  return { consumer: kafka.consumer({ groupId: group!, topics, autoOffsetReset }), ends: undefined }
}

/** Everything that there was at the start is processed; in a group, everything that there is. */
function isAtEnd(consumer: Consumer, ends: Ends | undefined): boolean {
  const { partitions } = consumer.stats()
  if (ends === undefined)
    return partitions.length > 0 && partitions.every((one) => one.lag === 0 && one.floor >= one.position)
  const floors = new Map(partitions.map(({ topic, partition, floor }) => [`${topic}/${partition}`, floor]))
  return [...ends].every(([key, end]) => (floors.get(key) ?? 0) >= end)
}

async function printHere(consumer: Consumer, printer: Printer, done: AbortController): Promise<void> {
  const close = () => void consumer.close()
  done.signal.addEventListener('abort', close)
  if (done.signal.aborted) return
  try {
    for await (const batch of printer.full ? [] : consumer.batches()) {
      const count = printer.batch(batch)
      await printer.ready()
      if (!printer.full) continue
      // What was printed is processed; leaving the loop says so of nothing.
      if (count === batch.count) batch.ack()
      else for (let i = 0; i < count; i++) batch.ack(i)
      break
    }
  } finally {
    done.signal.removeEventListener('abort', close)
  }
}

async function printInWorkers(
  consumer: Consumer,
  flags: ConsumerFlags,
  printer: Printer,
  done: AbortController,
): Promise<void> {
  const line = new ProcessorLine<Asked, Answered>(PROCESSOR, settingsOf(flags), (asked) => void answer(asked))
  const answer = async (asked: Asked) => {
    const { id } = asked
    if ('want' in asked) return line.post({ id, count: printer.take(asked.want) })
    printer.formatted(asked.text, asked.records, asked.bytes)
    await printer.ready()?.catch((error) => done.abort(error))
    line.post({ id, count: asked.records })
    if (printer.full) done.abort()
  }
  try {
    if (!printer.full) await consumer.run({ processor: line.module, workers: flags.workers!, signal: done.signal })
  } catch (error) {
    // One who was told to stop in the middle of a batch says so.
    if (!printer.full) throw error
  } finally {
    line.close()
  }
}

function settingsOf({ format, json, count, number }: ConsumerFlags): Record<string, string> {
  return {
    ...(format === undefined ? {} : { format }),
    ...(json === true ? { json: '' } : {}),
    ...(count === true ? { count: '' } : {}),
    ...(number === undefined ? {} : { limited: '' }),
  }
}
