// kafkajs, `send` of many messages. [bench]
import { type ProduceRival, producerEnvironment } from './produce-rival.ts'
import { nodeProgram, parseJson } from './rival.ts'

/** It writes 0.2 M records/s: a quarter of the workload tells as much as all of it. */
const SLOW_RECORDS = 1_000_000

/** Time from `new Kafka` to the last acknowledgement. */
export const kafkajsProducer: ProduceRival = {
  name: 'kafkajs send',
  note: 'sends of 16,000, 4 at once (idempotent: 1); 1 M records; lz4-napi plugged in',
  codecs: ['none', 'gzip', 'lz4'],
  recordsMax: () => SLOW_RECORDS,
  command: (setting) => nodeProgram('kafkajs-producer.mjs', [], producerEnvironment(setting)),
  parse: parseJson,
}
