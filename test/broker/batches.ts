// Small batches for tests of the broker.
import type { EncodeOptions } from '../../src/record/encode.ts'
import { encodeBatch } from '../../src/record/encode.ts'

/** A batch of `count` uncompressed records, one millisecond apart, whose values are `valueBytes` long. */
export function batchOf(
  count: number,
  { valueBytes = 10, timestamp = 1000, ...options }: EncodeOptions & { valueBytes?: number; timestamp?: number } = {},
): Uint8Array {
  const records = Array.from({ length: count }, (_, i) => ({
    value: Buffer.alloc(valueBytes, 97 + (i % 26)),
    timestamp: timestamp + i,
  }))
  return encodeBatch(records, options) as Uint8Array
}
