// kafkajs, `eachBatch`. [bench]
import { FETCH_MAX_BYTES, PARTITION_FETCH_BYTES, parseJson, type Rival } from './rival.ts'

/** Time from the first batch, so that joining the group is not counted. */
export const kafkajs: Rival = {
  name: 'kafkajs eachBatch',
  note: 'no CRC check; from the first batch to the last record',
  codecs: ['none', 'gzip'],
  command: ({ brokers, topic, records }) => ({
    file: process.execPath,
    args: [new URL('./programs/kafkajs.mjs', import.meta.url).pathname],
    env: {
      BROKERS: brokers,
      TOPIC: topic,
      RECORDS: String(records),
      FETCH_MAX_BYTES: String(FETCH_MAX_BYTES),
      PARTITION_FETCH_BYTES: String(PARTITION_FETCH_BYTES),
    },
  }),
  parse: parseJson,
}
