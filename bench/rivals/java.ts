// Kafka's own ConsumerPerformance. [bench]
import { kafkaJars } from '../../test/support/kafka-jars.ts'
import { ALL_CODECS, FETCH_MAX_BYTES, PARTITION_FETCH_BYTES, type Rival } from './rival.ts'

let jars: string

/** Its own `fetch.nMsg.sec`: time without start-up of the JVM and without joining the group. */
export const java: Rival = {
  name: 'Java ConsumerPerformance',
  note: 'CRC checked; its own fetch.nMsg.sec, without JVM start and group join',
  codecs: ALL_CODECS,
  async prepare() {
    jars = await kafkaJars()
  },
  command: ({ brokers, topic, records }) => ({
    file: 'java',
    args: [
      ...['-Xmx1g', '-cp', `${jars}/*`, 'org.apache.kafka.tools.ConsumerPerformance', '--hide-header'],
      ...['--bootstrap-server', brokers, '--topic', topic, '--num-records', String(records), '--timeout', '60000'],
      ...['--fetch-size', String(PARTITION_FETCH_BYTES), '--command-property', `fetch.max.bytes=${FETCH_MAX_BYTES}`],
      `group.id=bench-${process.pid}-${Date.now()}`,
    ],
  }),
  parse(stdout) {
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
    const fields = stdout.trim().split('\n').at(-1)!.split(', ')
    return { records: Number(fields[4]), seconds: Number(fields[7]) / 1000 }
  },
}
