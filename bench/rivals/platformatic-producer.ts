// @platformatic/kafka, `send` of many messages. [bench]
import { type ProduceRival, producerEnvironment } from './produce-rival.ts'
import { ALL_CODECS, nodeProgram, parseJson } from './rival.ts'

/** It writes 0.3 M records/s: a quarter of the workload tells as much as all of it. */
const SLOW_RECORDS = 1_000_000

/** Time from `new Producer` to the last acknowledgement. */
export const platformaticProducer: ProduceRival = {
  name: 'platformatic send',
  note: 'sends of 16,000, 4 at once (idempotent: 1); 1 M records',
  codecs: ALL_CODECS,
  recordsMax: () => SLOW_RECORDS,
  command: (setting) => nodeProgram('platformatic-producer.mjs', [], producerEnvironment(setting)),
  parse: parseJson,
}
