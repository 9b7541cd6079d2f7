// A batch that user code forgets is found by the garbage collector, given back, and told of once by its name. [test]
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerThread } from '../../src/wiring/broker-thread.ts'
import { modes } from '../support/reading.ts'

const child = fileURLToPath(new URL('./leaked-batch-child.ts', import.meta.url))
const LIMIT_MS = 40_000
const name = { topic: 'read', partition: 0, offset: 0 }

describe.each(modes)('with threads: %s', (mode) => {
  let broker: BrokerThread
  beforeAll(async () => {
    broker = await BrokerThread.start()
    // One batch, too large to be copied to the heap.
    await broker.seed('read', [Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)], { batchRecords: 2 })
  })
  afterAll(() => broker.close())

  const run = async (how: string): Promise<unknown> => {
    const args = ['--expose-gc', '--no-warnings', child, broker.address, mode, how]
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: LIMIT_MS })
    return JSON.parse(stdout)
  }

  it.concurrent.each([
    ['forgotten', { leaks: [name], heldBytes: 0 }],
    ['unheard', expect.stringContaining('read[0] at offset 0 was never released')],
    ['its record is kept', { leaks: [name], same: true, offset: 0 }],
    ['it is kept', { leaks: [], same: true }],
    ['it is released', { leaks: [] }],
  ])('a batch: %s', { timeout: LIMIT_MS + 10_000 }, async (how, expected) => {
    expect(await run(how)).toEqual(expected)
  })
})
