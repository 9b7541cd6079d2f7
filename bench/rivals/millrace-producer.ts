// millrace itself, writing: by `sendBatch`, by `enqueue`, and with one promise a record. [bench]
import { type ProduceRival, producerEnvironment } from './produce-rival.ts'
import { ALL_CODECS, nodeProgram, parseJson } from './rival.ts'

function producer(mode: 'sendBatch' | 'enqueue' | 'send', how: string): ProduceRival {
  return {
    name: `millrace ${mode}`,
    note: `${how}; linger 5 ms, batches of 1 MB, requests of 8, buffer of 64; from new Kafka to the last ack`,
    codecs: ALL_CODECS,
    command: (setting) => nodeProgram('millrace-producer.mjs', [mode], producerEnvironment(setting)),
    parse: parseJson,
  }
}

/** The three ways of writing. */
export const millraceSendBatch = producer('sendBatch', '16 calls of 10,000 at once')
export const millraceEnqueue = producer('enqueue', 'no promise a record')
export const millraceSend = producer('send', 'one promise a record, 100,000 at once')
