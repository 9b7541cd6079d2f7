// What a producer has sent, and how. [main thread]
import type { Histogram } from 'hdr-histogram-js'
import type { BatchReport } from '../control/producing.ts'
import { histogramClass, MAX_US } from './latency-histogram.ts'
import { failedIn, type ProducerBatch } from './producer-batch.ts'

/** How many batches the histograms are made of: the newest ones. */
const SAMPLES_MAX = 16_384
/** Histograms are right to within a thousandth. */
const DIGITS = 3

/** A snapshot of a producer. The histograms are of hdr-histogram-js, over the newest batches. */
export interface ProducerStats {
  /** Records that were stored, as far as the broker said so. */
  records: number
  /** Records that were not, or may not have been. */
  failed: number
  batches: number
  /** Of batches that were stored, uncompressed. */
  bytes: number
  /** Of batches as they were sent. */
  sentBytes: number
  /** Times that a batch was sent again, whole or in parts: each part counts. */
  retries: number
  /** Records that wait for room or for their topic. */
  waiting: number
  /** Memory that is taken. */
  bufferedBytes: number
  /** How full batches were, in per cent of `batchBytes`. */
  batchFillPercent: Histogram
  /** What was left of batches when they were compressed, in per cent. */
  compressedPercent: Histogram
  /** From a batch's first record to its first sending, in microseconds. */
  queueTimeUs: Histogram
  /** From a request to its answer, in microseconds. */
  requestLatencyUs: Histogram
}

/** Notes numbers for each batch; histograms are made when somebody asks. */
export class ProducerCounts {
  #records = 0
  #failed = 0
  #batches = 0
  #bytes = 0
  #sentBytes = 0
  #retries = 0
  #samples = 0
  readonly #batchBytes: number
  readonly #fillPercent: number[] = []
  readonly #compressedPercent: number[] = []
  readonly #queueUs: number[] = []
  readonly #requestUs: number[] = []

  constructor(batchBytes: number) {
    this.#batchBytes = batchBytes
  }

  /** What became of a batch. */
  count(batch: ProducerBatch, report: BatchReport): void {
    this.#retries += Math.max(0, report.attempts - 1)
    const failed = failedIn(report.parts ?? [report])
    this.failed(failed)
    if (failed === batch.count) return
    this.#records += batch.count - failed
    this.#batches++
    this.#bytes += batch.sizeBytes
    this.#sentBytes += report.sizeBytes
    if (report.firstSentAtMs === undefined) return
    const at = this.#samples++ % SAMPLES_MAX
    this.#fillPercent[at] = (100 * batch.sizeBytes) / this.#batchBytes
    this.#compressedPercent[at] = (100 * report.sizeBytes) / batch.sizeBytes
    this.#queueUs[at] = 1000 * (report.firstSentAtMs - batch.openedAtMs)
    this.#requestUs[at] = 1000 * report.requestMs
  }

  /** So many records failed. */
  failed(count: number): void {
    this.#failed += count
  }

  snapshot(waiting: number, bufferedBytes: number): ProducerStats {
    return {
      records: this.#records,
      failed: this.#failed,
      batches: this.#batches,
      bytes: this.#bytes,
      sentBytes: this.#sentBytes,
      retries: this.#retries,
      waiting,
      bufferedBytes,
      batchFillPercent: histogramOf(this.#fillPercent),
      compressedPercent: histogramOf(this.#compressedPercent),
      queueTimeUs: histogramOf(this.#queueUs),
      requestLatencyUs: histogramOf(this.#requestUs),
    }
  }
}

function histogramOf(samples: readonly number[]): Histogram {
  const histogram = new (histogramClass())(1, MAX_US, DIGITS)
  for (const sample of samples) histogram.recordValue(Math.min(Math.max(0, Math.round(sample)), MAX_US))
  return histogram
}
