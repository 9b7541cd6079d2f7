// The topic that the demo reads: in an embedded broker of its own, or made on brokers that were named. [main thread]
import { randomBytes } from 'node:crypto'
import { Kafka, type KafkaOptions } from '../index.ts'
import { BrokerThread } from '../wiring/broker-thread.ts'
import { withOptions } from './client-options.ts'
import { eventWriter } from './write-events.ts'

/** A topic full of click events. */
export interface DemoTopic {
  /** How to reach it. */
  options: KafkaOptions
  topic: string
  /** Where it is, in words. */
  place: string
  /** Share of time that its broker's thread was busy since `mark()`; undefined when it is not ours. */
  busy(): number | undefined
  mark(): void
  /** Removes the topic, and the broker with it if it is ours. */
  close(): Promise<void>
}

const PARTITIONS = 8

/** Starts a broker in a thread of its own and fills a topic there. */
export async function embeddedTopic(options: KafkaOptions, records: number): Promise<DemoTopic> {
  const born = performance.now()
  const thread = await BrokerThread.start({ partitions: PARTITIONS })
  const topic = 'events'
  await thread.generate(topic, { records })
  // The thread tells its share since it was born: what it did before the mark is taken off.
  const busyMs = () => thread.busy * (performance.now() - born)
  let marked = { at: performance.now(), busyMs: busyMs() }
  return {
    options: withOptions(options, { brokers: thread.address }),
    topic,
    place: `an embedded broker at ${thread.address}`,
    busy: () => Math.max(0, Math.min(1, (busyMs() - marked.busyMs) / (performance.now() - marked.at))),
    mark() {
      marked = { at: performance.now(), busyMs: busyMs() }
    },
    close: () => thread.close(),
  }
}

/** Makes a topic with a name of its own on the brokers of `options` and fills it. */
export async function remoteTopic(options: KafkaOptions, records: number, signal: AbortSignal): Promise<DemoTopic> {
  const topic = `millrace-demo-${randomBytes(4).toString('hex')}`
  const kafka = new Kafka(options)
  try {
    await kafka.admin.createTopics([{ topic, partitions: PARTITIONS }], { signal })
    const close = async () => {
      await kafka.admin.deleteTopics([topic])
      await kafka.close()
    }
    try {
      await eventWriter(records)(kafka.producer(), topic, { label: 'filling', signal })
    } catch (error) {
      await close()
      throw error
    }
    const place = `${topic} at ${[options.brokers].flat().join(', ')}`
    return { options, topic, place, busy: () => undefined, mark() {}, close }
  } catch (error) {
    await kafka.close()
    throw error
  }
}
