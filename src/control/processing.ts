// What main and a worker with user code tell each other. Batches and acks travel in rings. [shared commands]
import type { WireError } from '../base/errors.ts'

/** Where a partition is read from: what lies before `position`, and what is of another generation, is not shown. */
export interface ProcessorStart {
  slot: number
  generation: number
  topic: string
  partition: number
  position: number
}

/** Main to a worker with a processor. */
export type ToProcessor =
  | { type: 'starts'; starts: ProcessorStart[] }
  /** Ends it: nothing new is begun, what runs is awaited. */
  | { type: 'stop' }

/** A worker with a processor to main. */
export type FromProcessor =
  | { type: 'ready' }
  /** The processor cannot be loaded, or its `init` failed. */
  | { type: 'refused'; error: WireError }
  /** A batch failed for good. */
  | { type: 'failed'; slot: number; generation: number; offset: number; error: WireError }
  | { type: 'stopped' }
