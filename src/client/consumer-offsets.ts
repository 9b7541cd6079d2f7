// Where logs begin and end and which offset a time has, asked of the brokers. [main thread]
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'
import type { OffsetQuery, ReaderSettings } from '../control/commands.ts'
import type { Engine } from '../engine/engine.ts'
import { EARLIEST, LATEST, timestampOf } from '../protocol/offset-timestamps.ts'
import { askOffsets } from './ask-offsets.ts'
import { consumerClosed } from './consumer-checks.ts'
import type { TopicPartition } from './consumer-partition.ts'
import { OpenCalls } from './open-calls.ts'

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

/** Asks ListOffsets; each call is one request a leader. */
export class ConsumerOffsets {
  readonly #engine: () => Promise<Engine>
  readonly #isolationLevel: ReaderSettings['isolationLevel']
  readonly #timeoutMs: number
  readonly #calls = new OpenCalls()

  constructor(engine: () => Promise<Engine>, isolationLevel: ReaderSettings['isolationLevel'], timeoutMs: number) {
    this.#engine = engine
    this.#isolationLevel = isolationLevel
    this.#timeoutMs = timeoutMs
  }

  /** The first offset that each log still has. */
  beginning(names: readonly TopicPartition[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    return this.#ask(
      names.map(({ topic, partition }) => ({ topic, partition, timestamp: EARLIEST })),
      { signal },
    )
  }

  /** The offset that the next record will have: the high watermark, or the last stable offset under read_committed. */
  end(names: readonly TopicPartition[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    return this.#ask(
      names.map(({ topic, partition }) => ({ topic, partition, timestamp: LATEST })),
      { signal },
    )
  }

  /** The first record at or after each time. */
  atTimes(times: readonly PartitionTime[], signal?: AbortSignal): Promise<PartitionOffset[]> {
    const queries = times.map(({ topic, partition, timestamp }) => {
      return { topic, partition, timestamp: millisOf('offsetsForTimes', timestamp) }
    })
    return this.#ask(queries, { signal })
  }

  /** An offset for each target. A time that no record is as young as means the end. */
  async resolve(seeks: readonly PartitionSeek[], signal?: AbortSignal): Promise<number[]> {
    const queries = seeks.flatMap(({ topic, partition, offset }) =>
      typeof offset === 'number' ? [] : [{ topic, partition, timestamp: timestampOf(offset) }],
    )
    const found = (await this.#ask(queries, { signal, orEnd: true })).values()
    return seeks.map(({ offset }) => (typeof offset === 'number' ? offset : (found.next().value?.offset ?? 0)))
  }

  /** The consumer was closed: nobody waits any more. */
  close(): void {
    this.#calls.end(consumerClosed())
  }

  async #ask(
    queries: OffsetQuery[],
    { signal, orEnd = false }: { signal: AbortSignal | undefined; orEnd?: boolean },
  ): Promise<PartitionOffset[]> {
    const question = { queries, isolationLevel: this.#isolationLevel, orEnd }
    const answers = await this.#calls.run(signal, async (ending) => {
      return askOffsets(await this.#engine(), question, { timeoutMs: this.#timeoutMs, signal: ending })
    })
    return answers.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }
}

/** Throws when something is no place to seek to. */
export function checkSeekTarget(target: unknown): void {
  if (target === 'earliest' || target === 'latest' || (Number.isSafeInteger(target) && (target as number) >= 0)) return
  if (target instanceof Date && !Number.isNaN(target.getTime())) return
  const text = `seek: an offset is a whole number from 0 on, a Date, 'earliest' or 'latest', not ${inspect(target)}.`
  throw new InvalidOption('INVALID_OPTION', text)
}

function millisOf(what: string, time: number | Date): number {
  const millis = time instanceof Date ? time.getTime() : time
  if (Number.isSafeInteger(millis) && millis >= 0) return millis
  const text = `${what}: a timestamp is milliseconds since 1970 or a Date, not ${inspect(time)}.`
  throw new InvalidOption('INVALID_OPTION', text)
}
