// Question: how fast are the lines of `json8` written to real Kafka, by us and by others, in one run? [bench]
import { Kafka } from '../../src/index.ts'
import { type ContestResult, inTurns, prepareAll } from '../contest.ts'
import type { Json8Topics } from '../json8-topics.ts'
import { measure } from '../measure.ts'
import { franzGoProducer } from '../rivals/franz-go.ts'
import { javaLargeProducer, javaProducer } from '../rivals/java-producer.ts'
import { kafkajsProducer } from '../rivals/kafkajs-producer.ts'
import { millraceEnqueue, millraceSend, millraceSendBatch } from '../rivals/millrace-producer.ts'
import { platformaticProducer } from '../rivals/platformatic-producer.ts'
import type { BenchAcks, ProduceRival } from '../rivals/produce-rival.ts'
import type { Measured } from '../rivals/rival.ts'

/** What is compared, and how often. */
export interface ProduceOptions {
  codecs: string[]
  runs: number
  /** Only clients with this in their names. */
  clients?: string | undefined
}

/** All runs of one client with one codec and one kind of acknowledgement. */
export interface ProduceResult extends ContestResult {
  acks: BenchAcks
}

const millrace = [millraceSendBatch, millraceEnqueue, millraceSend]
const others = [franzGoProducer, javaProducer, javaLargeProducer, kafkajsProducer, platformaticProducer]
const rivals: ProduceRival[] = [...millrace, ...others]

const PARTITIONS = 8

/** Those that goals are about; the others take long and tell little more. */
export const PRODUCE_CODECS = ['none', 'lz4']

/** Writes a new topic each time, in alternation; `report` gets the results of a codec as soon as they are there. */
export async function produceJson8(
  topics: Json8Topics,
  { codecs, runs, clients = '' }: ProduceOptions,
  report: (results: ProduceResult[]) => void,
): Promise<void> {
  const asked = rivals.filter(({ name }) => new RegExp(clients).test(name))
  const missing = await prepareAll(asked)
  for (const acks of ['1', 'all'] as const) {
    for (const codec of codecs) {
      const contestants = asked
        .filter((rival) => rival.codecs.includes(codec))
        .map((rival) => ({ rival, result: entry(codec, acks, rival, missing.get(rival)) }))
      await inTurns(`produce ${codec}, acks ${acks},`, contestants, runs, (rival) => {
        return write(topics, rival, codec, acks)
      })
      report(contestants.map(({ result }) => result))
    }
  }
}

function entry(
  codec: string,
  acks: BenchAcks,
  { name, note }: ProduceRival,
  failed: string | undefined,
): ProduceResult {
  return { codec, acks, client: name, note, runs: [], ...(failed === undefined ? {} : { failed }) }
}

let written = 0

/** One run of one client; what it says it wrote must be there. */
async function write(topics: Json8Topics, rival: ProduceRival, codec: string, acks: BenchAcks): Promise<Measured> {
  const { brokers, payloadFile } = topics
  const records = Math.min(topics.records, rival.recordsMax?.(codec) ?? topics.records)
  const topic = `produce-${process.pid}-${written++}`
  await using kafka = new Kafka({ brokers, threads: 'inline' })
  // Deleted soon, so that the disk does not fill up.
  const configs = { 'file.delete.delay.ms': 1_000 }
  await kafka.admin.createTopics([{ topic, partitions: PARTITIONS, replicationFactor: 1, configs }])
  try {
    const measured = await measure(rival, { brokers, topic, records, payloadFile, codec, acks })
    const found = await countOf(kafka, topic)
    if (found !== records) throw new Error(`${rival.name} wrote ${found} of ${records} records`)
    return measured
  } finally {
    await kafka.admin.deleteTopics([topic])
  }
}

/** How many offsets the topic has: as many as records, without transactions. */
async function countOf(kafka: Kafka, topic: string): Promise<number> {
  const engine = await kafka.engine()
  const queries = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, timestamp: -1 }))
  const isolationLevel = 'read_uncommitted'
  const ends = await engine.call({ op: 'offsets', queries, isolationLevel }, { timeoutMs: 10_000 })
  return ends.reduce((sum, { offset }) => sum + (offset ?? 0), 0)
}
