// What main and a worker with user code tell each other. Batches and acks travel in rings. [shared commands]
import type { WireError } from '../base/errors.ts'

/** Where a partition is read from: what lies before `position`, and what is of another generation, is not shown. */
export interface ProcessorStart {
  slot: number
  generation: number
  topic: string
  partition: number
  position: number
  /** What begins this far above what is not processed waits. */
  maxGapRecords: number
  /** Nothing of it is handed to user code for now. */
  paused: boolean
  /** Deserializers by name; undefined gives bytes. */
  key: string | undefined
  value: string | undefined
  /** Attempts that ended with the death of their worker, by the offset of their first record. */
  deaths: { offset: number; attempts: number; alone: boolean; error: WireError }[]
}

/** A record that failed for good, and why. */
export interface DeadLetter {
  topic: string
  partition: number
  offset: number
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers: [name: string, value: Uint8Array | null][]
  errorCode: string
  errorMessage: string
  attempts: number
}

/** What a worker has main do for it: each is answered with `answer`. */
export type ProcessorAsk =
  /** Everything that was acknowledged before is in the ring: commit the partition up to its floor. */
  { ask: 'commit'; slot: number; generation: number } | { ask: 'deadLetter'; to: string; letter: DeadLetter }

/** Main to a worker with a processor. */
export type ToProcessor =
  | { type: 'starts'; starts: ProcessorStart[] }
  | { type: 'pause'; slot: number; paused: boolean }
  /** A partition is about to go: nothing more of it is begun. Answered with `released` when nothing of it runs. */
  | { type: 'release'; slot: number; generation: number }
  /** A partition is gone: its handlers are told to give up, and what they do does not count. */
  | { type: 'gone'; slot: number; generation: number }
  | { type: 'answer'; id: number; error: WireError | undefined }
  /** Ends it: nothing new is begun, what runs is awaited for the grace. A second one may shorten the grace. */
  | { type: 'stop'; graceMs: number }

/** A worker with a processor to main. */
export type FromProcessor =
  | { type: 'ready' }
  /** The processor cannot be loaded, or its `init` failed. */
  | { type: 'refused'; error: WireError }
  /** A batch failed for good. */
  | { type: 'failed'; slot: number; generation: number; error: WireError }
  | { type: 'released'; slot: number; generation: number }
  | { type: 'asked'; id: number; asked: ProcessorAsk }
  /** Nothing of it runs any more; the error of its `close`. */
  | { type: 'stopped'; error: WireError | undefined }
