// millrace itself: `batches()`, and one record at a time. [bench]
import { FETCH_MAX_BYTES, PARTITION_FETCH_BYTES, parseJson, type Rival } from './rival.ts'

const program = new URL('./programs/millrace.mjs', import.meta.url).pathname
const bufferBytes = 268_435_456

function reader(mode: 'batches' | 'records', note: string): Rival {
  return {
    name: `millrace ${mode}`,
    note,
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    command: ({ brokers, topic }) => ({
      file: process.execPath,
      args: [program, mode],
      env: {
        BROKERS: brokers,
        TOPIC: topic,
        FETCH_MAX_BYTES: String(FETCH_MAX_BYTES),
        PARTITION_FETCH_BYTES: String(PARTITION_FETCH_BYTES),
        BUFFER_BYTES: String(bufferBytes),
      },
    }),
    parse: parseJson,
  }
}

/** Both ways of reading; CRC checked, time from `new Kafka` to the last record. */
export const millraceBatches = reader('batches', 'CRC checked; from new Kafka to the last record')
export const millraceRecords = reader('records', 'CRC checked; from new Kafka to the last record')
