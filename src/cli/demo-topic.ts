// The topic that the demo reads: in an embedded broker of its own, or made on brokers that were named. [main thread]
import { randomBytes } from 'node:crypto'
import { CLICK_EVENT_LINES, clickEvents } from '../broker/click-events.ts'
import type { Engine } from '../engine/engine.ts'
import { Kafka, type KafkaOptions, retry } from '../index.ts'
import type { ResponseOf } from '../protocol/apis.ts'
import { brokerError } from '../protocol/errors.ts'
import { firstError } from '../protocol/first-error.ts'
import { encodeBatch } from '../record/encode.ts'
import { BrokerThread } from '../wiring/broker-thread.ts'
import { startProgress } from './progress.ts'

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
    options: { ...options, brokers: thread.address },
    topic,
    place: `an embedded broker at ${thread.address}`,
    busy: () => Math.max(0, Math.min(1, (busyMs() - marked.busyMs) / (performance.now() - marked.at))),
    mark() {
      marked = { at: performance.now(), busyMs: busyMs() }
    },
    close: () => thread.close(),
  }
}

/** Makes a topic with a name of its own on the brokers of `options` and fills it by Produce requests. */
export async function remoteTopic(options: KafkaOptions, records: number, signal: AbortSignal): Promise<DemoTopic> {
  const topic = `millrace-demo-${randomBytes(4).toString('hex')}`
  const kafka = new Kafka(options)
  try {
    const engine = await kafka.engine()
    const timeoutMs = kafka.options.defaultApiTimeoutMs
    const topicId = await createTopic(engine, topic, timeoutMs)
    const close = async () => {
      await engine.call(
        { op: 'request', target: 'controller', api: 'DeleteTopics', body: deletion(topic) },
        { timeoutMs },
      )
      await kafka.close()
    }
    try {
      await fill({ engine, topic, topicId, timeoutMs, signal }, records)
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

async function createTopic(engine: Engine, topic: string, timeoutMs: number): Promise<string> {
  const spec = { name: topic, numPartitions: PARTITIONS, replicationFactor: -1, assignments: [], configs: [] }
  const body = { topics: [spec], timeoutMs }
  const answer = await engine.call({ op: 'request', target: 'controller', api: 'CreateTopics', body }, { timeoutMs })
  const created = (answer as ResponseOf<'CreateTopics'>).topics[0]!
  if (created.errorCode !== 0) throw brokerError(created.errorCode, { what: `CreateTopics ${topic}`, topic })
  return created.topicId
}

const deletion = (name: string) => ({ topics: [{ name }], topicNames: [name], timeoutMs: 30_000 })

interface Target {
  engine: Engine
  topic: string
  topicId: string
  timeoutMs: number
  signal: AbortSignal
}

/** Some 430 KB a batch: few requests, and below the smallest limit of brokers, which is 1 MB. */
const BATCH_RECORDS = 2_000

/** Sends batches to all partitions at once, one at a time to each. */
async function fill(target: Target, records: number): Promise<void> {
  const timestamp = Date.now()
  const lines = Array.from(clickEvents(Math.min(records, CLICK_EVENT_LINES)), (line) => {
    return { value: Buffer.from(line), timestamp }
  })
  const progress = await startProgress('filling', records)
  let planned = 0
  let stored = 0
  const feed = async (partition: number) => {
    while (planned < records) {
      const from = planned % lines.length
      const group = lines.slice(from, from + Math.min(BATCH_RECORDS, records - planned))
      planned += group.length
      await produce(target, partition, await encodeBatch(group))
      stored += group.length
      progress.update(stored)
    }
  }
  try {
    await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => feed(partition)))
  } finally {
    progress.stop()
  }
}

/** One Produce request, acks all; repeated while the new partition has no leader yet. */
function produce({ engine, topic, topicId, timeoutMs, signal }: Target, partition: number, records: Uint8Array) {
  const topicData = [{ name: topic, topicId, partitionData: [{ index: partition, records }] }]
  const body = { acks: -1, timeoutMs: 30_000, topicData }
  const call = { op: 'request', target: { leader: { topic, partition } }, api: 'Produce', body } as const
  const attempt = async () => {
    const answer = (await engine.call(call, { timeoutMs, signal })) as ResponseOf<'Produce'>
    const found = firstError('Produce', answer)
    if (found !== undefined)
      throw brokerError(found.code, { what: `Produce to ${topic}[${partition}]`, topic, partition })
  }
  return retry(attempt, { retries: 20, backoffMs: 100, maxBackoffMs: 1_000, signal })
}
