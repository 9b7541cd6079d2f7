// Question: how much of its speed does a reader keep beside one that nobody pulls from? (law 2 and law 3) [bench]
import { Kafka } from '../../src/index.ts'
import { median } from '../report.ts'

/** Records a second alone and beside a paused reader, and the most that the engine held meanwhile. */
export interface PausedReaderResult {
  alone: number[]
  beside: number[]
  heldBytesMax: number
  bufferBytes: number
}

const bufferBytes = 67_108_864

/** Reads a topic to its end in alternation: alone, and beside an iteration that took one batch and then stopped. */
export async function pausedReader(brokers: string, topic: string, runs: number): Promise<PausedReaderResult> {
  const result: PausedReaderResult = { alone: [], beside: [], heldBytesMax: 0, bufferBytes }
  for (let run = 0; run <= runs; run++) {
    for (const kind of run % 2 === 0 ? (['alone', 'beside'] as const) : (['beside', 'alone'] as const)) {
      const { rate, heldBytesMax } = await read(brokers, topic, kind === 'beside')
      if (run === 0) continue
      result[kind].push(rate)
      result.heldBytesMax = Math.max(result.heldBytesMax, heldBytesMax)
    }
  }
  return result
}

/** The share of its speed that the fast reader keeps. */
export const keptShare = ({ alone, beside }: PausedReaderResult): number => median(beside) / median(alone)

async function read(brokers: string, topic: string, beside: boolean): Promise<{ rate: number; heldBytesMax: number }> {
  const kafka = new Kafka({ brokers, bufferBytes })
  try {
    const { memory } = await kafka.engine()
    const paused = kafka.iterate(topic).batches()
    if (beside) {
      await paused.next()
      // Until it has prefetched what it may.
      await new Promise((resolve) => setTimeout(resolve, 300))
    } else for await (const _ of kafka.iterate({ [topic]: { from: -1 } }).batches());
    const begin = performance.now()
    let records = 0
    let heldBytesMax = 0
    for await (const batch of kafka.iterate(topic).batches()) {
      for (let i = 0; i < batch.count; i++) batch.valueLength(i)
      records += batch.count
      heldBytesMax = Math.max(heldBytesMax, memory.heldBytes)
    }
    const seconds = (performance.now() - begin) / 1000
    await paused.return?.()
    return { rate: records / seconds, heldBytesMax }
  } finally {
    await kafka.close()
  }
}
