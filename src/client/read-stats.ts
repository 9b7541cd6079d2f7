// What an iteration or a consumer has read, and how long each step on the way took. [main thread]
import { type Clock, microseconds } from '../base/clock.ts'
import type { Lease } from '../delivery/lease.ts'
import type { EngineStats } from '../engine/engine-stats.ts'
import type { BatchMeasure } from '../ring/batch-measure.ts'
import { type Latency, LatencyHistogram } from './latency-histogram.ts'

/** The steps of a batch on its way, each measured once a batch. */
export interface Latencies {
  /** From a Fetch request to the first byte of its answer: the broker's wait for data is part of it. */
  fetch: Latency
  /** Between the threads: from its arrival to user code, less its decoding. */
  queue: Latency
  /** CRC check, decompression, index. */
  decode: Latency
  /** In user code: until the batch was released, or the handler was done. */
  process: Latency
  /** From a commit to the coordinator's answer. */
  commit: Latency
  /** From its arrival on the I/O thread until user code was done with it. */
  endToEnd: Latency
}

/** A snapshot of what is read. What is not known yet is undefined; latencies are of what came after the first one. */
export interface IterationStats {
  records: number
  /** Bytes of keys, values and record framing, decompressed. */
  bytes: number
  batches: number
  /** Since the first batch. */
  recordsPerSecond: number | undefined
  bytesPerSecond: number | undefined
  latencyMs: Latencies
  /** Of the `Kafka` instance, for all who read with it; undefined before it has started. */
  engine: EngineStats | undefined
}

type Stage = keyof Latencies
const STAGES: Stage[] = ['fetch', 'queue', 'decode', 'process', 'commit', 'endToEnd']

/** Counts always, which costs next to nothing; measures from the first snapshot on. */
export class ReadStats {
  #records = 0
  #bytes = 0
  #batches = 0
  #sinceMs: number | undefined
  #clock: Clock | undefined
  #stages: Record<Stage, LatencyHistogram> | undefined

  /** A batch is handed to user code. */
  took(lease: Lease, records: number, clock: Clock): void {
    this.#count(lease, records, clock)
    const stages = this.#stages
    if (stages === undefined) return
    const nowUs = microseconds(clock)
    stages.fetch.record(lease.fetchUs)
    stages.decode.record(lease.decodeUs)
    stages.queue.record(since(lease.arrivedUs, nowUs) - lease.decodeUs)
    const { arrivedUs } = lease
    lease.holding.whenReleased = () => {
      const doneUs = microseconds(clock)
      stages.process.record(since(nowUs, doneUs))
      stages.endToEnd.record(since(arrivedUs, doneUs))
    }
  }

  /** A batch was processed by a worker. */
  processed(batch: BatchMeasure, clock: Clock): void {
    this.#count(batch, batch.records, clock)
    const stages = this.#stages
    if (stages === undefined) return
    const { arrivedUs, fetchUs, decodeUs, processUs } = batch
    const wholeUs = since(arrivedUs, microseconds(clock))
    stages.fetch.record(fetchUs)
    stages.decode.record(decodeUs)
    stages.process.record(processUs)
    stages.queue.record(wholeUs - decodeUs - processUs)
    stages.endToEnd.record(wholeUs)
  }

  /** Offsets were committed. */
  committed(ms: number): void {
    this.#stages?.commit.record(ms * 1000)
  }

  /** What is known now; from the first call on latencies are measured. */
  snapshot(engine?: EngineStats): IterationStats {
    this.#stages ??= eachStage(() => new LatencyHistogram())
    const seconds = this.#sinceMs === undefined ? 0 : (this.#clock!.now() - this.#sinceMs) / 1000
    const rate = (count: number) => (seconds > 0 ? count / seconds : undefined)
    const stages = this.#stages
    return {
      records: this.#records,
      bytes: this.#bytes,
      batches: this.#batches,
      recordsPerSecond: rate(this.#records),
      bytesPerSecond: rate(this.#bytes),
      latencyMs: eachStage((stage) => stages[stage].snapshot()),
      engine,
    }
  }

  #count({ recordsBytes }: Pick<Lease, 'recordsBytes'>, records: number, clock: Clock): void {
    this.#records += records
    this.#bytes += recordsBytes
    this.#batches++
    if (this.#sinceMs !== undefined) return
    this.#clock = clock
    this.#sinceMs = clock.now()
  }
}

/** From one stamp to a later one. */
const since = (fromUs: number, toUs: number): number => (toUs - fromUs) | 0

const eachStage = <T>(make: (stage: Stage) => T): Record<Stage, T> =>
  Object.fromEntries(STAGES.map((stage) => [stage, make(stage)])) as Record<Stage, T>
