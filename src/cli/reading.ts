// One reading of a topic, measured: what `demo` and `bench consume` report. [main thread]
import { performance } from 'node:perf_hooks'
import type { Latencies, Latency } from '../index.ts'

/** What `demo --json` and `bench consume --json` print. */
export interface ReadReport {
  topic: string
  records: number
  /** Keys and values. */
  bytes: number
  batches: number
  /** From `new Kafka` to the last record. */
  seconds: number
  recordsPerSecond: number
  megabytesPerSecond: number
  /** From `new Kafka` to the first record. */
  firstRecordMs: number
  /** Of a batch, from its arrival on the I/O thread until user code was done with it, in ms. */
  latencyMs: Latency
  /** Of each step on its way. */
  stepsMs: Latencies
  /** Share of the time that each thread was busy, 0 to 1. */
  busy: Record<string, number>
  /** Of the whole process, all threads. */
  cpuSeconds: number
  /** The most memory that the process held. */
  rssMiB: number
}

/** Measures from its making to `end`. */
export class Reading {
  records = 0
  readonly #startedMs = performance.now()
  readonly #cpuBefore = process.cpuUsage()
  readonly #loopBefore = performance.eventLoopUtilization()
  #bytes = 0
  #batches = 0
  #firstMs = 0
  #endedMs = 0
  #cpu = { user: 0, system: 0 }
  #mainBusy = 0

  /** User code saw more. */
  saw({ records, bytes, batches }: { records: number; bytes: number; batches: number }): void {
    if (this.#batches === 0) this.#firstMs = performance.now() - this.#startedMs
    this.records += records
    this.#bytes += bytes
    this.#batches += batches
  }

  /** That was the last record. */
  end(): void {
    this.#endedMs = performance.now()
    this.#cpu = process.cpuUsage(this.#cpuBefore)
    // Main was busy before: only the time of reading counts.
    this.#mainBusy = performance.eventLoopUtilization(this.#loopBefore).utilization
  }

  report(topic: string, busy: Record<string, number>, steps: Latencies): ReadReport {
    const seconds = (this.#endedMs - this.#startedMs) / 1000
    const { user, system } = this.#cpu
    return {
      topic,
      records: this.records,
      bytes: this.#bytes,
      batches: this.#batches,
      seconds,
      recordsPerSecond: this.records / seconds,
      megabytesPerSecond: this.#bytes / 1e6 / seconds,
      firstRecordMs: this.#firstMs,
      latencyMs: steps.endToEnd,
      stepsMs: steps,
      busy: { ...busy, main: this.#mainBusy },
      cpuSeconds: (user + system) / 1e6,
      rssMiB: process.resourceUsage().maxRSS / 1024,
    }
  }
}
