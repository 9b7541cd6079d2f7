// How long something takes, as a histogram: to within one per cent, however many values. [main thread]
import { createRequire } from 'node:module'
import type { Histogram } from 'hdr-histogram-js'

/** Milliseconds below which so many per cent of all lie; undefined while there is nothing to tell. */
export interface Latency {
  p50: number | undefined
  p90: number | undefined
  p99: number | undefined
  max: number | undefined
}

/** Nothing is known yet. */
const UNKNOWN: Readonly<Latency> = { p50: undefined, p90: undefined, p99: undefined, max: undefined }

/** What is longer counts as an hour. */
export const MAX_US = 3_600_000_000
const DIGITS = 2

type HistogramClass = new (lowest: number, highest: number, digits: number) => Histogram

let loaded: HistogramClass | undefined

/** Loaded by the first histogram only, and this class alone: the whole package takes 40 ms and 17 MB. */
export function histogramClass(): HistogramClass {
  const require = createRequire(import.meta.url)
  loaded ??= (require('hdr-histogram-js/dist/Int32Histogram.js') as { default: HistogramClass }).default
  return loaded
}

/** One stage on the way of a record. */
export class LatencyHistogram {
  readonly #values: Histogram = new (histogramClass())(1, MAX_US, DIGITS)

  /** One more, in microseconds. */
  record(us: number): void {
    this.#values.recordValue(Math.min(Math.max(0, Math.round(us)), MAX_US))
  }

  snapshot(): Latency {
    const values = this.#values
    if (values.totalCount === 0) return UNKNOWN
    const max = values.maxValue / 1000
    // The histogram gives the upper end of a bucket.
    const at = (percentile: number) => Math.min(max, values.getValueAtPercentile(percentile) / 1000)
    return { p50: at(50), p90: at(90), p99: at(99), max }
  }
}
