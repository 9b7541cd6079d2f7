// Writes click events to a topic, as fast as a producer takes them. [main thread]
import { CLICK_EVENT_LINES, clickEvents } from '../broker/click-events.ts'
import type { Producer } from '../index.ts'
import { startProgress } from './progress.ts'

const PROGRESS_RECORDS = 10_000

/** Lines in memory, and how to write so many of them; resolves to their bytes when all are stored. */
export function eventWriter(records: number): (producer: Producer, topic: string, plan: WritePlan) => Promise<number> {
  const lines = Array.from(clickEvents(Math.min(records, CLICK_EVENT_LINES)), (line) => Buffer.from(line))
  return async (producer, topic, { label, signal }) => {
    const progress = await startProgress(label, records)
    let bytes = 0
    try {
      for (let i = 0; i < records; i++) {
        const value = lines[i % lines.length]!
        bytes += value.length
        const room = producer.enqueue({ topic, value })
        if (room !== undefined) await room
        if (i % PROGRESS_RECORDS !== 0) continue
        signal.throwIfAborted()
        progress.update(i)
      }
      await producer.flush()
    } finally {
      progress.stop()
    }
    return bytes
  }
}

/** How it is shown, and what ends it. */
export interface WritePlan {
  label: string
  signal: AbortSignal
}
