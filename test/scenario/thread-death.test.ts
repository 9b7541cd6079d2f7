// A thread of the engine dies: everything that waits ends with a typed error, and nothing hangs. [test]
import type { Worker } from 'node:worker_threads'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { collectUntilError, errorOf, pause, Reading, within } from '../support/reading.ts'

const LIMIT_MS = 10_000

describe('a thread that dies', () => {
  let reading: Reading
  const threads: Worker[] = []
  const started = (thread: Worker) => void threads.push(thread)
  process.on('worker', started)
  afterEach(() => reading[Symbol.asyncDispose]())
  afterAll(() => process.off('worker', started))

  /** A loop that has read everything and waits; the I/O thread is started last. */
  async function waiting() {
    threads.length = 0
    reading = await Reading.start('workers', { decodeWorkers: 2 })
    await reading.broker.seed('read', ['a', 'b'])
    const source = reading.kafka.iterate('read', { until: 'never' })
    const loop = collectUntilError(source)
    while (source.stats().records < 2) await pause(10)
    expect(threads).toHaveLength(3)
    return { loop, workers: threads.slice(0, 2), io: threads[2]! }
  }

  it.each([
    ['a decode worker', 'worker'],
    ['the I/O thread', 'io'],
  ])('%s: loops end, calls reject, close settles', async (_, which) => {
    const { loop, workers, io } = await waiting()
    const unhandled: unknown[] = []
    const note = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', note)
    await (which === 'io' ? io : workers[1]!).terminate()
    const { all, error } = await within('the loop', LIMIT_MS, loop)
    expect(all).toHaveLength(2)
    expect(error).toMatchObject({ name: 'ThreadDied', fatal: true })
    const next = collectUntilError(reading.kafka.iterate('read'))
    expect((await within('a new loop', LIMIT_MS, next)).error).toMatchObject({ name: 'ThreadDied' })
    expect(await within('connect', LIMIT_MS, errorOf(reading.kafka.connect()))).toMatchObject({ name: 'ThreadDied' })
    await within('close', 5_000, reading.kafka.close())
    await pause(50)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
