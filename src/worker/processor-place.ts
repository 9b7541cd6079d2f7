// One partition of a worker with user code: from where on, how its records are read, what was seen of it.
// [workers with a processor]
import { fromWire } from '../base/errors.ts'
import type { ProcessorStart } from '../control/processing.ts'
import { type DecodePolicy, RecordDecoder } from '../delivery/record-decoder.ts'
import { type BuiltinSerde, builtinSerde } from '../delivery/serdes.ts'
import { OffsetTracker } from '../engine/offsets.ts'

/** Rows of a batch that were not seen before, and the offset that all before was seen up to. */
export interface Unseen {
  first: number
  end: number
  from: number
}

/** Lives from one start to the next: a seek, or a revocation, makes another one. */
export class ProcessorPlace {
  readonly slot: number
  readonly generation: number
  readonly topic: string
  readonly partition: number
  readonly decoder: RecordDecoder<unknown, unknown>
  /** What was handed out of it is void. */
  over = false
  /** It is about to go: nothing more of it is handed out. */
  releasing = false
  /** A batch of it is damaged: verdicts on those behind it may be wrong, and they come again. */
  halted = false
  /** Handlers that run on it. */
  running = 0
  /** Fires when its handlers are to give up. */
  readonly gone = new AbortController()
  readonly #deaths: Map<number, { attempts: number; error: unknown }>
  /** Offsets of records that run with nothing beside them. */
  readonly #alone: readonly number[]
  readonly #tracker: OffsetTracker

  constructor(start: ProcessorStart, policy: DecodePolicy) {
    const { slot, generation, topic, partition, position, maxGapRecords, key, value, deaths } = start
    const serdeOf = (name: string | undefined) => (name === undefined ? undefined : builtinSerde(name as BuiltinSerde))
    this.slot = slot
    this.generation = generation
    this.topic = topic
    this.partition = partition
    this.decoder = new RecordDecoder(policy, serdeOf(key), serdeOf(value))
    this.#deaths = new Map(deaths.map(({ offset, attempts, error }) => [offset, { attempts, error: fromWire(error) }]))
    this.#alone = deaths.filter(({ alone }) => alone).map(({ offset }) => offset)
    this.#tracker = new OffsetTracker({ epoch: 0, generation, position, maxGapRecords })
  }

  /** What a batch brings. After a pause some may come twice: what was seen stays with whoever has it. */
  see(batch: { baseOffset: number; nextOffset: number; count: number; offsetAt(i: number): number }): Unseen {
    const from = Math.max(batch.baseOffset, this.#tracker.position)
    let first = 0
    while (first < batch.count && batch.offsetAt(first) < from) first++
    if (first < batch.count) this.#tracker.arrived(batch.offsetAt(first), batch.nextOffset)
    else this.#tracker.passed(batch.nextOffset)
    return { first, end: batch.count, from }
  }

  /** Offsets from `first` to before `end` are processed. */
  ack(first: number, end: number): void {
    this.#tracker.ack(this.#tracker, first, end)
  }

  /** Whether a batch may be handed out: it does not lie too far above what is not processed. */
  mayBegin({ baseOffset }: { baseOffset: number }): boolean {
    return baseOffset - this.#tracker.floor <= this.#tracker.maxGapRecords
  }

  /** Whether a batch, or a part of one, is to run with nothing beside it. */
  runsAlone({ baseOffset, lastOffset }: { baseOffset: number; lastOffset: number }): boolean {
    return this.#alone.some((offset) => baseOffset <= offset && offset <= lastOffset)
  }

  /** Attempts at a record that ended with the death of the worker. */
  deaths(offset: number): { attempts: number; error: unknown } | undefined {
    return this.#deaths.get(offset)
  }
}
