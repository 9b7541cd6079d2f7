// `consume --workers`: formats records in a worker thread; main prints them. [workers with a processor]
import { openProcessorLine } from '../control/processor-line.ts'
import type { Batch, RunContext } from '../index.ts'
import { Page } from './page.ts'
import { writerOf } from './record-writer.ts'
import { touch } from './touch.ts'

/** To main: how many records may be printed, or these are to be. */
export type Asked =
  | { id: string; want: number }
  | { id: string; text: Uint8Array | undefined; records: number; bytes: number }

/** Main's answer: so many records. */
export interface Answered {
  id: string
  count: number
}

const waiting = new Map<string, (count: number) => void>()
const line = openProcessorLine<Asked, Answered>(import.meta.url, ({ id, count }) => {
  waiting.get(id)?.(count)
  waiting.delete(id)
})
const { settings } = line
const write = writerOf({
  count: settings.has('count'),
  json: settings.has('json'),
  ...(settings.has('format') ? { format: settings.get('format')! } : {}),
})
const page = new Page()
let asks = 0

/** Called with every batch. */
export default async function print(batch: Batch, context: RunContext): Promise<void> {
  const ask = (what: Omit<Asked, 'id'>) => {
    const id = `${context.worker} ${asks++}`
    return new Promise<number>((resolve) => {
      waiting.set(id, resolve)
      line.post({ id, ...what } as Asked)
    })
  }
  const count = settings.has('limited') ? await ask({ want: batch.count }) : batch.count
  const bytes = touch(batch, count)
  write?.(batch, count, page)
  // Main has printed it when it answers: what it cannot keep up with waits here.
  await ask({ text: write === undefined ? undefined : page.take(), records: count, bytes })
  if (count === batch.count) return
  for (let i = 0; i < count; i++) context.ack(i)
  throw new Error('enough was printed')
}
