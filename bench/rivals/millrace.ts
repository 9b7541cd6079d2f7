// millrace itself: `batches()`, and one record at a time. [bench]

import type { Rival, Setting } from './rival.ts'
import { ALL_CODECS, type Command, FETCH_MAX_BYTES, nodeProgram, PARTITION_FETCH_BYTES, parseJson } from './rival.ts'

/** As performance.md sets it for this workload: the floor's ring. */
const BUFFER_BYTES = 268_435_456

/** Options of `new Kafka` under which all are compared. */
export const COMPARED_OPTIONS: Record<string, number> = {
  fetchMaxBytes: FETCH_MAX_BYTES,
  maxPartitionFetchBytes: PARTITION_FETCH_BYTES,
  bufferBytes: BUFFER_BYTES,
}

/** What our program prints. */
export interface MillraceReport {
  records: number
  /** From `new Kafka` to the last record. */
  seconds: number
  /** From `new Kafka` to the first record. */
  firstMs: number
  /** CPU of all threads in that time. */
  cpuSeconds: number
}

/** The program that reads a topic: by batches, by records, or only the first record. Options left out are defaults. */
export function millraceCommand(
  mode: 'batches' | 'records' | 'first',
  { brokers, topic }: Pick<Setting, 'brokers' | 'topic'>,
  options: Record<string, number> = {},
): Command {
  return nodeProgram('millrace.mjs', [mode], { BROKERS: brokers, TOPIC: topic, OPTIONS: JSON.stringify(options) })
}

/** What is compressed keeps one worker busy all the time: then both cores may decompress, as Go's runtime does. */
const COMPRESSED_OPTIONS = { ...COMPARED_OPTIONS, decodeWorkers: 2 }

function reader(mode: 'batches' | 'records'): Rival {
  return {
    name: `millrace ${mode}`,
    note: 'CRC checked; no group; from new Kafka to the last record; two decode workers for compressed topics',
    codecs: ALL_CODECS,
    command: (setting) =>
      millraceCommand(mode, setting, setting.codec === 'none' ? COMPARED_OPTIONS : COMPRESSED_OPTIONS),
    parse: parseJson,
  }
}

/** Both ways of reading; CRC checked, time from `new Kafka` to the last record. */
export const millraceBatches = reader('batches')
export const millraceRecords = reader('records')

/** A handler with JSON.parse of every value: in so many workers, or on main with 0. */
export const millraceParse = (workers: number): Rival => ({
  name: `millrace, JSON.parse ${workers === 0 ? 'on main' : `in ${workers} workers`}`,
  note: 'CRC checked; no group; order of each partition checked; from new Kafka to the last record processed',
  codecs: ALL_CODECS,
  command: ({ brokers, topic, records }) => {
    const env = { BROKERS: brokers, TOPIC: topic, RECORDS: String(records), OPTIONS: JSON.stringify(COMPARED_OPTIONS) }
    return nodeProgram('millrace-parse.mjs', [String(workers)], env)
  },
  parse: parseJson,
})
