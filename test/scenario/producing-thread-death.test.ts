// A thread dies under a producer: every send settles once, and what the errors say of the log is true. [test]
import type { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import type { MillraceError } from '../../src/index.ts'
import { pause, Reading, within } from '../support/reading.ts'

const LIMIT_MS = 10_000

describe('a producer whose thread dies', () => {
  let reading: Reading
  afterEach(() => reading[Symbol.asyncDispose]())

  it.each([
    ['the I/O thread', 'none', 2],
    ['the I/O thread', 'lz4', 2],
    ['a worker that compresses', 'lz4', 0],
  ] as const)(
    '%s (%s): all sends settle, and what is in the log was never called not stored',
    async (_, compression, which) => {
      const threads: Worker[] = []
      const started = (thread: Worker) => void threads.push(thread)
      process.on('worker', started)
      reading = await Reading.start('workers', { decodeWorkers: 2 })
      reading.broker.createTopic('written', { partitions: 3 })
      const producer = reading.kafka.producer({ lingerMs: 0, compression })
      await producer.send({ topic: 'written', value: 'first' })
      process.off('worker', started)
      // The I/O thread is started last.
      expect(threads).toHaveLength(3)

      let settled = 0
      const send = async (i: number) => {
        const outcome = await producer.send({ topic: 'written', value: `${i}`.padEnd(500) }).then(
          () => 'stored',
          (error: MillraceError) => {
            expect(error).toMatchObject({ name: 'ThreadDied', fatal: true })
            return error.stored!
          },
        )
        settled++
        return outcome
      }
      const sends: Promise<string>[] = []
      for (let i = 0; i < 3_000; i++) {
        sends.push(send(i))
        if (i % 100 === 99) await pause(1)
        if (i === 1_500) void threads[which]!.terminate()
      }
      const outcomes = await within('the sends', LIMIT_MS, Promise.all(sends))
      expect(settled).toBe(3_000)
      expect(outcomes).toContain('stored')
      expect(outcomes).toContain('not stored')
      await pause(200)
      const inLog = new Set((await reading.broker.messages('written')).map(({ value }) => String(value).trim()))
      const wrong = outcomes.flatMap((outcome, i) => {
        const isThere = inLog.has(`${i}`)
        return (outcome === 'stored' && !isThere) || (outcome === 'not stored' && isThere) ? [`${i} ${outcome}`] : []
      })
      expect(wrong).toEqual([])
      await within('close', 5_000, producer.close())
      await within('close of the client', 5_000, reading.kafka.close())
    },
  )
})
