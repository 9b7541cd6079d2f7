// What main tells a worker that compresses batches of producers. It passes them on to the I/O thread. [shared commands]
import type { ProducePort, SealedBatch } from './producing.ts'

/** A sealed batch whose records are not compressed yet; its `codec` says how they shall be. */
export interface CompressJob {
  batch: SealedBatch
  /** Of the codec; its own default when undefined. */
  level: number | undefined
}

/** Main to a worker. */
export type ToCompressor =
  | {
      type: 'openProducer'
      producer: number
      /** Where the pieces of its batches lie. */
      memory: SharedArrayBuffer
      /** To the I/O thread; undefined where all roles share a thread. */
      io: ProducePort | undefined
    }
  | { type: 'compress'; producer: number; jobs: CompressJob[] }
  | { type: 'closeProducer'; producer: number }
