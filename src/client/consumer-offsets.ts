// Where logs begin and end and which offset a time has, asked of the brokers. [main thread]
import { fromWire, InvalidOption, type MillraceError } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import type { Engine } from '../engine/engine.ts'
import type { TopicPartition } from './consumer-partition.ts'

/** An offset of a partition; undefined where there is none: no record is as young as that. */
export interface PartitionOffset extends TopicPartition {
  offset: number | undefined
}

/** A time in a partition, in milliseconds since 1970 or as a Date. */
export interface PartitionTime extends TopicPartition {
  timestamp: number | Date
}

/** Where to read on: an offset, the first record at or after a time, or one end of the log. */
export type SeekTarget = number | Date | 'earliest' | 'latest'

/** A partition and where to read it on. */
export interface PartitionSeek extends TopicPartition {
  offset: SeekTarget
}

const EARLIEST = -2
const LATEST = -1

/** Asks ListOffsets; each call is one request a leader. */
export class ConsumerOffsets {
  readonly #engine: () => Promise<Engine>
  readonly #isolationLevel: ReaderSettings['isolationLevel']
  readonly #timeoutMs: number

  constructor(engine: () => Promise<Engine>, isolationLevel: ReaderSettings['isolationLevel'], timeoutMs: number) {
    this.#engine = engine
    this.#isolationLevel = isolationLevel
    this.#timeoutMs = timeoutMs
  }

  /** The first offset that each log still has. */
  beginning(names: readonly TopicPartition[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    return this.#ask(
      names.map(({ topic, partition }) => ({ topic, partition, timestamp: EARLIEST })),
      signal,
    )
  }

  /** The offset that the next record will have: the high watermark, or the last stable offset under read_committed. */
  end(names: readonly TopicPartition[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    return this.#ask(
      names.map(({ topic, partition }) => ({ topic, partition, timestamp: LATEST })),
      signal,
    )
  }

  /** The first record at or after each time. */
  atTimes(times: readonly PartitionTime[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    const queries = times.map(({ topic, partition, timestamp }) => {
      return { topic, partition, timestamp: millisOf('offsetsForTimes', timestamp) }
    })
    return this.#ask(queries, signal)
  }

  /** An offset for each target. A time that no record is as young as means the end. */
  async resolve(seeks: readonly PartitionSeek[], signal?: AbortSignal): Promise<number[]> {
    const open = seeks.filter(({ offset }) => typeof offset !== 'number')
    if (open.length === 0) return seeks.map(({ offset }) => offset as number)
    const queries = open.map(({ topic, partition, offset }) => ({ topic, partition, timestamp: timestampOf(offset) }))
    const answers = await this.#ask(queries, signal)
    const beyond = open.filter((_, i) => answers[i]!.offset === undefined)
    const ends = beyond.length === 0 ? [] : await this.end(beyond, signal)
    const found = new Map(open.map((one, i) => [one, answers[i]!.offset]))
    for (const [i, one] of beyond.entries()) found.set(one, ends[i]!.offset)
    return seeks.map((one) => (typeof one.offset === 'number' ? one.offset : (found.get(one) ?? 0)))
  }

  async #ask(queries: (TopicPartition & { timestamp: number })[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    if (queries.length === 0) return []
    const engine = await this.#engine()
    const call = { op: 'offsets', queries, isolationLevel: this.#isolationLevel } as const
    const answers = await engine.call(call, { timeoutMs: this.#timeoutMs, signal })
    return answers.map(({ topic, partition, offset, error }) => {
      if (error !== undefined) throw fromWire(error) as MillraceError
      return { topic, partition, offset }
    })
  }
}

/** Throws when something is no place to seek to. */
export function checkSeekTarget(target: unknown): void {
  if (target === 'earliest' || target === 'latest' || (Number.isSafeInteger(target) && (target as number) >= 0)) return
  if (target instanceof Date && !Number.isNaN(target.getTime())) return
  const text = `seek: an offset is a whole number from 0 on, a Date, 'earliest' or 'latest', not ${String(target)}.`
  throw new InvalidOption('INVALID_OPTION', text)
}

function timestampOf(target: SeekTarget): number {
  if (target === 'earliest') return EARLIEST
  return target === 'latest' ? LATEST : millisOf('seek', target)
}

function millisOf(what: string, time: number | Date): number {
  const millis = typeof time === 'number' ? time : time.getTime()
  if (Number.isSafeInteger(millis) && millis >= 0) return millis
  throw new InvalidOption('INVALID_OPTION', `${what}: a timestamp is milliseconds since 1970 or a Date, not ${time}.`)
}
