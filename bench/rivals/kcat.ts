// kcat (librdkafka), its output thrown away. [bench]
import { PARTITION_FETCH_BYTES, type Rival } from './rival.ts'

/** Time of the whole process. */
export const kcat: Rival = {
  name: 'kcat',
  note: 'no CRC check; the whole process, output to /dev/null',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  command: ({ brokers, topic, records }) => ({
    file: 'sh',
    args: [
      '-c',
      `exec kcat -C -q -b "$BROKERS" -t "$TOPIC" -o beginning -e -c ${records} ` +
        `-X fetch.message.max.bytes=${PARTITION_FETCH_BYTES} > /dev/null`,
    ],
    env: { BROKERS: brokers, TOPIC: topic, RECORDS: String(records) },
  }),
  parse: (_stdout, wallSeconds) => ({ records: Number.NaN, seconds: wallSeconds }),
}
