// Question: how fast is the topic `json8` read from real Kafka, by us and by others, in one run? [bench]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clickEvents } from '../../src/broker/click-events.ts'
import { producerPerf } from '../../test/support/console-tools.ts'
import { startKafka } from '../../test/support/kafka.ts'
import { runJava } from '../../test/support/kafka-jars.ts'
import { measure } from '../measure.ts'
import { java } from '../rivals/java.ts'
import { kafkajs } from '../rivals/kafkajs.ts'
import { kcat } from '../rivals/kcat.ts'
import { millraceBatches, millraceRecords } from '../rivals/millrace.ts'
import type { Measured, Rival } from '../rivals/rival.ts'

/** What is compared, and how often. */
export interface ConsumeOptions {
  codecs: string[]
  records: number
  runs: number
}

/** All runs of one client on one codec. */
export interface ConsumeResult {
  codec: string
  client: string
  note: string
  runs: Measured[]
}

const PARTITIONS = 8
const rivals: Rival[] = [millraceBatches, millraceRecords, kafkajs, java, kcat]

/** Fills one topic a codec as performance.md asks (ProducerPerformance, 128 KiB batches), then reads in alternation. */
export async function consumeJson8({ codecs, records, runs }: ConsumeOptions): Promise<ConsumeResult[]> {
  const cluster = await startKafka({ brokers: 1 })
  const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  try {
    const payloadFile = join(folder, 'events.jsonl')
    writeFileSync(payloadFile, [...clickEvents()].join('\n'))
    const results: ConsumeResult[] = []
    for (const codec of codecs) {
      const topic = `json8-${codec}`
      await fill(cluster.brokers, topic, { codec, records, payloadFile })
      results.push(...(await compare(cluster.brokers[0]!, topic, { codec, records, runs })))
    }
    return results
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(
  brokers: string[],
  topic: string,
  { codec, records, payloadFile }: { codec: string; records: number; payloadFile: string },
): Promise<void> {
  const create = ['--create', '--topic', topic, '--partitions', String(PARTITIONS), '--replication-factor', '1']
  await runJava('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', brokers.join(','), ...create])
  const props = { 'batch.size': 131_072, 'linger.ms': 20, acks: 1 }
  console.error(
    `${topic}: ${await producerPerf(brokers, { topic, records, payloadFile, codec: codec as 'none', props })}`,
  )
}

/** One warm-up round, then `runs` rounds; every round runs all clients, starting with another one. */
async function compare(
  brokers: string,
  topic: string,
  { codec, records, runs }: { codec: string; records: number; runs: number },
): Promise<ConsumeResult[]> {
  const able = rivals.filter((rival) => rival.codecs.includes(codec))
  const results = able.map(({ name, note }) => ({ codec, client: name, note, runs: [] as Measured[] }))
  for (let round = 0; round <= runs; round++) {
    for (let i = 0; i < able.length; i++) {
      const at = (i + round) % able.length
      const measured = await measure(able[at]!, { brokers, topic, records })
      const rate = Math.round(measured.records / measured.seconds / 1000)
      console.error(`${topic} round ${round}: ${able[at]!.name} ${rate} k records/s`)
      if (round > 0) results[at]!.runs.push(measured)
    }
  }
  return results
}
