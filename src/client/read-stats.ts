// What one iteration has read, and how long its batches took on the way. [main thread]
import type { Lease } from '../delivery/lease.ts'

/** How many batches the latencies are taken from: the newest ones. */
const SAMPLES_MAX = 65_536

/** Milliseconds below which so many per cent of the newest batches lie; undefined before the first. */
export interface Latency {
  p50: number | undefined
  p90: number | undefined
  p99: number | undefined
  max: number | undefined
}

/** A snapshot of an iteration. */
export interface IterationStats {
  records: number
  /** Bytes of keys, values and record framing, decompressed. */
  bytes: number
  batches: number
  /** From the arrival of a batch on the I/O thread to its decoding by a worker. */
  decode: Latency
  /** From the arrival of a batch on the I/O thread to its hand-over to user code. */
  deliver: Latency
}

/** Counts cheaply; sorts only when asked. */
export class ReadStats {
  #records = 0
  #bytes = 0
  #batches = 0
  readonly #decodeUs: number[] = []
  readonly #deliverUs: number[] = []

  /** A batch was handed to the user at `nowMs` of the shared clock. */
  took(lease: Lease, records: number, nowMs: number): void {
    const at = this.#batches++ % SAMPLES_MAX
    this.#records += records
    this.#bytes += lease.recordsBytes
    // Stamps are microseconds in 32 bits: their difference is right across a wrap.
    this.#decodeUs[at] = (lease.decodedUs - lease.arrivedUs) | 0
    this.#deliverUs[at] = (((nowMs * 1000) | 0) - lease.arrivedUs) | 0
  }

  snapshot(): IterationStats {
    return {
      records: this.#records,
      bytes: this.#bytes,
      batches: this.#batches,
      decode: latency(this.#decodeUs),
      deliver: latency(this.#deliverUs),
    }
  }
}

function latency(samplesUs: number[]): Latency {
  const sorted = [...samplesUs].sort((a, b) => a - b)
  const at = (share: number) => {
    const us = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
    return us === undefined ? undefined : us / 1000
  }
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}
