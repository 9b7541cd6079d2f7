// Thousands of tiny batches of one partition come in a few answers and wait for a slow handler: the other partitions of
// that worker do not. [test]
import { describe, expect, it } from 'vitest'
import { processorRun } from '../support/processor-run.ts'

const EACH = 2_500
const all = Array.from({ length: EACH }, (_, i) => i)

describe.each([
  ['in workers', false],
  ['inline', true],
])('a processor %s', (_, inline) => {
  it.each([
    { order: 'partition', codec: 'none' },
    { order: 'partition', codec: 'lz4' },
    { order: 'key', codec: 'none' },
    { order: 'none', codec: 'none', maxGapRecords: 10 },
  ] as const)('goes on with others while one waits: %o', async ({ order, codec, ...consumer }) => {
    // Partition 0 waits for what would never come, were the others to wait for it.
    const module = `
      let free
      const blocked = new Promise((resolve) => { free = resolve })
      let others = 0
      export default async (batch) => {
        if (batch.partition === 0 && batch.baseOffset === 0) await blocked
        if (batch.partition > 0 && ++others === ${2 * EACH}) free()
        report(batch)
      }`
    const records = { partitions: 3, records: 3 * EACH, batchRecords: 1, keyAt: () => 'same' }
    const options = { order, concurrency: 4, workers: 1 } as const
    const { seen, left } = await processorRun({ module, inline, options, consumer, codec, ...records })
    expect(seen.map((offsets) => offsets.sort((a, b) => a - b))).toEqual([all, all, all])
    expect(left).toEqual([0, 0, 0, 0, 0])
  })
})
