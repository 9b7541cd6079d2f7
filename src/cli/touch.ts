// The least that a consumer does with a batch: look at the offset and the length of every record. [any thread]
import type { FormattedBatch } from './record-format.ts'

/** Offsets that were seen: kept, so that no compiler may drop the loop that reads them. */
let offsetsSeen = 0

/** Looks at the first `count` records; gives the bytes of their keys and values. */
export function touch(batch: Pick<FormattedBatch, 'offsetAt' | 'keyLength' | 'valueLength'>, count: number): number {
  let bytes = 0
  for (let i = 0; i < count; i++) {
    offsetsSeen = Math.max(offsetsSeen, batch.offsetAt(i))
    bytes += Math.max(0, batch.keyLength(i)) + Math.max(0, batch.valueLength(i))
  }
  return bytes
}
