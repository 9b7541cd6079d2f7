// What a client must offer to be compared: a program that reads a topic once, and how to read its report. [bench]

/** One reading, or writing, of a topic. */
export interface Setting {
  brokers: string
  topic: string
  records: number
  /** What its batches are compressed with. */
  codec: string
}

/** What a run came to. CPU and memory are of the client's process alone. */
export interface Measured {
  records: number
  seconds: number
  cpuSeconds: number
  rssMiB: number
  /** Offsets and value lengths added up, where the program tells: all who read the same records got the same. */
  touched: number | undefined
}

/** A program and what it is told. */
export interface Command {
  file: string
  args: string[]
  env?: Record<string, string>
}

/** A client under test. */
export interface Rival<S extends Setting = Setting> {
  name: string
  /** What has to be known to read its figure fairly: CRC, what the time includes. */
  note: string
  /** Codecs it reads here. */
  codecs: readonly string[]
  /** Brings what the program needs; rejects with the reason when this machine cannot run it. */
  prepare?(): Promise<void>
  /** The most records that it is asked for, where it would take minutes; its rate does not depend on it. */
  recordsMax?(codec: string): number
  /** The program; it is run in a process of its own, and once for each repetition. */
  command(setting: S): Command
  /** Records and seconds, from what it printed; `wallSeconds` is the life of the process. */
  parse(stdout: string, wallSeconds: number): Printed
}

/** All that a topic can be compressed with. */
export const ALL_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** What a program says of its run. */
export type Printed = Pick<Measured, 'records' | 'seconds'> & Partial<Pick<Measured, 'touched'>>

/** What our own reader programs print as their last line. */
export function parseJson(stdout: string): Printed {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Printed
}

/** The limits that every client is given: 64 MiB a fetch, 4 MiB a partition. */
export const FETCH_MAX_BYTES = 67_108_864
export const PARTITION_FETCH_BYTES = 4_194_304

/** A reader program under `programs/`, run by this Node.js. */
export function nodeProgram(name: string, args: string[], env: Record<string, string>): Command {
  return { file: process.execPath, args: [new URL(`./programs/${name}`, import.meta.url).pathname, ...args], env }
}

/** What our own reader programs are told, by their environment. */
export function readerEnvironment({ brokers, topic, records }: Setting): Record<string, string> {
  return {
    BROKERS: brokers,
    TOPIC: topic,
    RECORDS: String(records),
    FETCH_MAX_BYTES: String(FETCH_MAX_BYTES),
    PARTITION_FETCH_BYTES: String(PARTITION_FETCH_BYTES),
  }
}
