// What a client must offer to be compared: a program that reads a topic once, and how to read its report. [bench]

/** One reading of a topic. */
export interface Setting {
  brokers: string
  topic: string
  records: number
}

/** What a run came to. CPU and memory are of the client's process alone. */
export interface Measured {
  records: number
  seconds: number
  cpuSeconds: number
  rssMiB: number
}

/** A client under test. */
export interface Rival {
  name: string
  /** What has to be known to read its figure fairly: CRC, what the time includes. */
  note: string
  /** Codecs it can read without plug-ins. */
  codecs: readonly string[]
  /** The program; it is run in a process of its own, and once for each repetition. */
  command(setting: Setting): { file: string; args: string[]; env?: Record<string, string> }
  /** Records and seconds, from what it printed; `wallSeconds` is the life of the process. */
  parse(stdout: string, wallSeconds: number): { records: number; seconds: number }
}

/** What our own reader programs print as their last line. */
export function parseJson(stdout: string): { records: number; seconds: number } {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { records: number; seconds: number }
}

/** The limits that every client is given: 64 MiB a fetch, 4 MiB a partition. */
export const FETCH_MAX_BYTES = 67_108_864
export const PARTITION_FETCH_BYTES = 4_194_304
