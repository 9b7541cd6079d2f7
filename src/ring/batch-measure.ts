// What a worker with user code measured of a batch, as it travels to main with the last report of it. [shared bytes]
import { Field } from './descriptor.ts'

/** Times are in microseconds; stamps are those of the shared clock, wrapping. */
export interface BatchMeasure {
  records: number
  recordsBytes: number
  arrivedUs: number
  fetchUs: number
  decodeUs: number
  /** From the first call of user code to the end of the last. */
  processUs: number
}

/** Where a report has no use of its own for the words of a descriptor. */
const WORDS: Record<keyof BatchMeasure, number> = {
  records: Field.recordsStart,
  recordsBytes: Field.recordsSize,
  arrivedUs: Field.arrived,
  fetchUs: Field.fetchUs,
  decodeUs: Field.decodeUs,
  processUs: Field.checkCrcs,
}

/** Writes a measure into a report. */
export function putMeasure(words: Int32Array, at: number, measure: BatchMeasure): void {
  for (const name of Object.keys(WORDS) as (keyof BatchMeasure)[]) words[at + WORDS[name]] = measure[name]
}

/** The measure that a report carries, if any. */
export function getMeasure(words: Int32Array, at: number): BatchMeasure | undefined {
  if (words[at + WORDS.records] === 0) return undefined
  return {
    records: words[at + WORDS.records]!,
    recordsBytes: words[at + WORDS.recordsBytes]!,
    arrivedUs: words[at + WORDS.arrivedUs]!,
    fetchUs: words[at + WORDS.fetchUs]!,
    decodeUs: words[at + WORDS.decodeUs]!,
    processUs: words[at + WORDS.processUs]!,
  }
}
