// Kafka's own ProducerPerformance. [bench]
import { kafkaJars } from '../../test/support/kafka-jars.ts'
import type { ProduceRival } from './produce-rival.ts'
import { ALL_CODECS } from './rival.ts'

let jars: string

function producer(batch: string, batchSize: number, memory: string[] = []): ProduceRival {
  const settings = [`batch.size=${batchSize}`, 'linger.ms=20', ...memory]
  return {
    name: `Java ProducerPerformance ${batch}`,
    note: `${settings.join(' ')}; its own records/sec, without JVM start`,
    codecs: ALL_CODECS,
    async prepare() {
      jars = await kafkaJars()
    },
    command: ({ brokers, topic, records, payloadFile, codec, acks }) => ({
      file: 'java',
      args: [
        ...['-Xmx1g', '-cp', `${jars}/*`, 'org.apache.kafka.tools.ProducerPerformance'],
        ...['--topic', topic, '--num-records', String(records), '--throughput', '-1', '--payload-file', payloadFile],
        ...['--command-property', `bootstrap.servers=${brokers}`, `acks=${acks}`, `compression.type=${codec}`],
        ...[...settings, `enable.idempotence=${acks === 'all'}`],
      ],
    }),
    parse(stdout) {
      // '1000000 records sent, 540000.0 records/sec (105.5 MB/sec), ...'
      const [, records, rate] =
        /^(\d+) records sent, ([\d.]+) records\/sec/.exec(stdout.trim().split('\n').at(-1)!) ?? []
      return { records: Number(records), seconds: Number(records) / Number(rate) }
    },
  }
}

/** As performance.md writes the workload, and with the batches that the others have; the faster one counts. */
export const javaProducer = producer('128 KB', 131_072)
export const javaLargeProducer = producer('1 MB', 1_000_000, ['buffer.memory=67108864', 'max.request.size=8388608'])
