// The demo's user code: looks at every record, and tells main now and then how many it saw. [workers with a processor]
import { openProcessorLine } from '../control/processor-line.ts'
import type { Batch } from '../index.ts'
import { touch } from './touch.ts'

/** What one worker saw since it last told. */
export interface Seen {
  records: number
  bytes: number
  batches: number
}

const line = openProcessorLine<Seen, never>(import.meta.url)
let seen: Seen | undefined

/** Called with every batch. */
export default function touchBatch(batch: Batch): void {
  if (seen === undefined) {
    seen = { records: 0, bytes: 0, batches: 0 }
    setImmediate(tell)
  }
  seen.records += batch.count
  seen.bytes += touch(batch, batch.count)
  seen.batches++
}

function tell(): void {
  line.post(seen!)
  seen = undefined
}
