// What a dead worker had is delivered once more, in order, also where its successor gets batches at once. [test]
import { afterEach, expect, it, vi } from 'vitest'
import { Engine } from '../../src/engine/engine.ts'
import { processorRun } from '../support/processor-run.ts'

const EACH = 2_000
const WORK = `processor-replaced ${process.pid}`
const all = Array.from({ length: EACH }, (_, i) => i)

// The first thread is blocked while its ring fills, and ends without a look at what came meanwhile.
const module = `
  import { existsSync, writeFileSync } from 'node:fs'
  const mark = new URL('./mark', import.meta.url)
  const work = new BroadcastChannel('${WORK}')
  work.unref()
  export default (batch) => {
    const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
    if (batch.partition === 0 && !existsSync(mark)) {
      writeFileSync(mark, '')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
      process.exit(3)
    }
    for (const offset of offsets) note([threadId, batch.partition, offset].join())
    work.postMessage(threadId)
    report(batch)
  }`

/** So that there is still something to fetch when the new worker comes. */
let slowFetches = true

afterEach(() => vi.restoreAllMocks())

/** Main hears that the I/O thread sends to the new worker when that one has processed a few batches. */
function answerLate(): void {
  const { poolHost } = Engine.prototype
  vi.spyOn(Engine.prototype, 'poolHost').mockImplementation(function (this: Engine) {
    const host = poolHost.call(this)
    const call: typeof host.call = async (asked) => {
      const answer = await host.call(asked)
      if (asked.op === 'route' && asked.workers !== undefined && asked.gone.length > 0) await batchesProcessed(20)
      return answer
    }
    return { ...host, call }
  })
}

async function batchesProcessed(count: number): Promise<void> {
  const work = new BroadcastChannel(WORK)
  let limit: ReturnType<typeof setTimeout> | undefined
  await new Promise<void>((resolve) => {
    limit = setTimeout(resolve, 5_000)
    work.onmessage = () => void (--count === 0 && resolve())
  })
  clearTimeout(limit)
  work.close()
  slowFetches = false
}

it.each(['none', 'lz4'] as const)('what a dead worker had comes again, and only once: codec %s', async (codec) => {
  slowFetches = true
  answerLate()
  const { seen, notes, replaced, left, committed } = await processorRun({
    ...{ module, codec, partitions: 2, records: 2 * EACH, batchRecords: 10, workers: 1 },
    consumer: { maxPartitionFetchBytes: 1, autoCommitIntervalMs: 5 },
    options: { onError: { retries: 1, backoffMs: 1 } },
    prepare: (broker) => void broker.on('Fetch', () => (slowFetches ? { delayMs: 10 } : undefined)),
  })
  expect(replaced).toBe(1)
  expect(seen.map((offsets) => [...new Set(offsets)].sort((a, b) => a - b))).toEqual([all, all])
  expect(committed).toEqual([EACH, EACH])
  expect(notes.length - new Set(notes).size, 'records that one thread was given twice').toBe(0)
  for (const of of seen) expect(of.filter((offset, i) => i > 0 && offset > of[i - 1]! + 1)).toEqual([])
  expect(left).toEqual([0, 0, 0, 0, 0])
})
