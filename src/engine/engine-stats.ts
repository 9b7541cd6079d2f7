// How full and how busy an engine is. [main thread]
import type { Engine } from './engine.ts'

/** A snapshot of the threads of one `Kafka` instance, and of what lies between them. */
export interface EngineStats {
  /** Share of its life that each thread was busy, 0 to 1, by name; none in inline mode. */
  busy: Record<string, number>
  /** The fullest ring from the I/O thread to a worker, and from a worker to main, 0 to 1. A full one is waited for. */
  ringFill: { toWorkers: number; toMain: number }
  /** Bytes of the buffer that are taken, also by small batches that were copied out of it; and how many there are. */
  heldBytes: number
  bufferBytes: number
}

/** Of an engine, now. */
export function engineStats(engine: Engine): EngineStats {
  const { memory } = engine
  const fullest = (fills: number[]) => Math.max(0, ...fills)
  return {
    busy: engine.busy(),
    ringFill: {
      toWorkers: fullest(memory.workers.map(({ toWorker }) => toWorker.fill)),
      toMain: fullest(memory.workers.map(({ toMain }) => toMain.fill)),
    },
    heldBytes: memory.heldBytes,
    bufferBytes: memory.bufferBytes,
  }
}
