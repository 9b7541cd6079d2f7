// How an iteration is stopped, left, taken up again, aborted and closed. In both ways of running the roles. [test]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchOf, collect, collectUntilError, errorOf, modes, pause, Reading, within } from '../support/reading.ts'

const text = (record: { value: Buffer | null }) => String(record.value)
const LIMIT_MS = 10_000

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  let topics = 0
  const name = () => `topic-${mode}-${++topics}`
  beforeAll(async () => {
    reading = await Reading.start(mode, { decodeWorkers: 1 })
  })
  afterAll(() => reading[Symbol.asyncDispose]())

  async function seeded(partitions: number, records: number, batchRecords = 7): Promise<string> {
    const topic = name()
    reading.broker.createTopic(topic, { partitions })
    const items = Array.from({ length: partitions * records }, (_, i) => {
      return { value: `${i % partitions}-${Math.floor(i / partitions)}`, partition: i % partitions }
    })
    await reading.broker.seed(topic, items, { batchRecords })
    return topic
  }

  describe("until: 'never'", () => {
    it('goes on with what arrives, and gives control when nothing does', async () => {
      const topic = await seeded(1, 3)
      const seen: (string | undefined)[] = []
      for await (const record of reading.kafka.iterate(topic, { until: 'never', idleMs: 100 })) {
        seen.push(record === undefined ? undefined : text(record))
        if (record !== undefined) continue
        if (seen.length > 6) break
        await reading.broker.seed(topic, ['late'])
      }
      expect(seen.filter((one) => one !== undefined)).toEqual([
        '0-0',
        '0-1',
        '0-2',
        ...seen.filter((v) => v === 'late'),
      ])
      expect(seen.filter((one) => one === 'late').length).toBeGreaterThan(0)
      expect(seen.at(-1)).toBeUndefined()
    })

    it("from 'latest' sees only what comes afterwards", async () => {
      const topic = await seeded(1, 5)
      const source = reading.kafka.iterate({ [topic]: { from: 'latest' } }, { until: 'never' })
      const first = source[Symbol.asyncIterator]().next()
      while ((await source.positions())[0]!.offset < 5) await pause(5)
      await reading.broker.seed(topic, ['new'])
      const { value } = await within('the record', LIMIT_MS, first)
      expect([text(value!), value!.offset]).toEqual(['new', 5])
      await source.close()
    })

    it('batches tick as well', async () => {
      const topic = await seeded(1, 3)
      const batches = reading.kafka.iterate(topic, { until: 'never', idleMs: 50 }).batches()
      expect((await batches.next()).value?.count).toBe(3)
      expect(await batches.next()).toEqual({ done: false, value: undefined })
      await batches.return!()
    })
  })

  describe('stop', () => {
    it('one partition: nothing more of it is given, also of a batch that was begun', async () => {
      const topic = await seeded(3, 60)
      const source = reading.kafka.iterate(topic)
      const seen: number[] = []
      for await (const record of source) {
        seen.push(record.partition)
        if (record.partition === 1) source.stop(topic, 1)
      }
      expect(seen.filter((partition) => partition === 1)).toHaveLength(1)
      expect(seen.filter((partition) => partition !== 1)).toHaveLength(120)
    })

    it('a partition whose last batch is being given', async () => {
      const topic = await seeded(1, 5, 5)
      const source = reading.kafka.iterate(topic)
      let count = 0
      for await (const _ of source) if (++count === 2) source.stop(topic, 0)
      expect(count).toBe(2)
    })

    it('one topic of two', async () => {
      const [one, two] = [await seeded(2, 20), await seeded(2, 20)]
      const source = reading.kafka.iterate([one, two])
      source.stop(one)
      const records = await collect(source)
      expect(records).toHaveLength(40)
      expect(records.every(({ topic }) => topic === two)).toBe(true)
    })

    it('all: the loop ends, also one that waits', async () => {
      const topic = await seeded(2, 5)
      const source = reading.kafka.iterate(topic, { until: 'never' })
      const seen: string[] = []
      const loop = (async () => {
        for await (const record of source) seen.push(text(record))
      })()
      while (seen.length < 10) await pause(5)
      source.stop()
      await within('the loop', LIMIT_MS, loop)
      expect(seen).toHaveLength(10)
      expect(await collect(source)).toEqual([])
    })
  })

  describe('a loop that never waits', () => {
    // Each record takes a millisecond: without turns for the event loop all 5,000 would come before the timer.
    const work = () => {
      for (const end = performance.now() + 1; performance.now() < end; );
    }

    it('hears timers: stopped by one it ends before all is read', async () => {
      const source = reading.kafka.iterate(await seeded(1, 5_000, 100))
      let count = 0
      for await (const _ of source) {
        if (count++ === 0) setTimeout(() => source.stop(), 20)
        work()
      }
      expect(count).toBeLessThan(2_500)
    })

    it('hears timers batch by batch', async () => {
      const source = reading.kafka.iterate(await seeded(1, 5_000, 5))
      let count = 0
      for await (const _ of source.batches()) {
        if (count++ === 0) setTimeout(() => source.stop(), 20)
        work()
      }
      expect(count).toBeLessThan(500)
    })
  })

  describe('a loop that is left', () => {
    it('is taken up after the last record that was given', async () => {
      const topic = await seeded(3, 40, 9)
      const source = reading.kafka.iterate(topic)
      const seen: string[] = []
      for (const stretch of [1, 10, 7, 30, 1, 1_000]) seen.push(...(await collect(source, stretch)).map(text))
      expect(seen).toHaveLength(120)
      expect(new Set(seen).size).toBe(120)
      expect(await collect(source)).toEqual([])
    })

    it('by an error of its body is taken up in the same way', async () => {
      const topic = await seeded(1, 10, 4)
      const source = reading.kafka.iterate(topic)
      const loop = async () => {
        for await (const record of source) if (record.offset === 5) throw new Error('mine')
      }
      expect((await errorOf(loop())).message).toBe('mine')
      expect((await collect(source)).map(({ offset }) => offset)).toEqual([6, 7, 8, 9])
    })

    it('batch by batch is taken up at the next batch', async () => {
      const topic = await seeded(1, 20, 5)
      const source = reading.kafka.iterate(topic)
      const batches = await collect(source.batches(), 2)
      expect(batches.map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
        [0, 4],
        [5, 9],
      ])
      expect((await collect(source)).map(({ offset }) => offset)).toEqual(Array.from({ length: 10 }, (_, i) => 10 + i))
    })

    it('gives nothing more to who asks the old iterator', async () => {
      const topic = await seeded(1, 10)
      const iterator = reading.kafka.iterate(topic)[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.return!()
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    })

    it('while its first record is waited for ends that wait', async () => {
      const topic = await seeded(1, 0)
      const source = reading.kafka.iterate(topic, { until: 'never' })
      for (const delayMs of [0, 1, 5, 20, 100]) {
        const iterator = source[Symbol.asyncIterator]()
        const waiting = iterator.next()
        await pause(delayMs)
        await within('return', LIMIT_MS, iterator.return!())
        expect(await within('the wait', LIMIT_MS, waiting)).toEqual({ done: true, value: undefined })
      }
      await reading.broker.seed(topic, ['x'])
      expect((await collect(source, 1)).map(text)).toEqual(['x'])
    })
  })

  describe('close and signal', () => {
    it('close ends a loop at every moment of its start', async () => {
      const topic = await seeded(2, 10)
      for (const delayMs of [0, 1, 2, 5, 10, 20, 50]) {
        const source = reading.kafka.iterate({ [topic]: { from: -3 } }, { until: 'never' })
        const loop = collect(source)
        await pause(delayMs)
        await within('close', LIMIT_MS, source.close())
        expect((await within('the loop', LIMIT_MS, loop)).length).toBeLessThanOrEqual(6)
        expect(await collect(source)).toEqual([])
      }
    })

    it('a signal ends a loop with its reason at every moment', async () => {
      const topic = await seeded(2, 10)
      for (const delayMs of [0, 1, 2, 5, 10, 20, 50]) {
        const abort = new AbortController()
        const source = reading.kafka.iterate({ [topic]: { from: -3 } }, { until: 'never', signal: abort.signal })
        const loop = collectUntilError(source)
        await pause(delayMs)
        abort.abort(new Error('enough'))
        expect((await within('the loop', LIMIT_MS, loop)).error).toMatchObject({ message: 'enough' })
        expect((await errorOf(collect(source))).message).toBe('enough')
      }
    })

    it('a signal that fires inside the body ends the loop before the next record', async () => {
      const topic = await seeded(1, 10, 10)
      const abort = new AbortController()
      const seen: string[] = []
      const loop = async () => {
        for await (const record of reading.kafka.iterate(topic, { signal: abort.signal })) {
          seen.push(text(record))
          if (seen.length === 3) abort.abort(new Error('enough'))
        }
      }
      expect((await errorOf(loop())).message).toBe('enough')
      expect(seen).toHaveLength(3)
    })

    it('a signal that outlives many loops keeps none of them', async () => {
      const topic = await seeded(1, 2)
      const { signal } = new AbortController()
      let listeners = 0
      const { addEventListener, removeEventListener } = signal
      signal.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
        listeners++
        return addEventListener.apply(signal, args)
      }) as typeof addEventListener
      signal.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
        listeners--
        return removeEventListener.apply(signal, args)
      }) as typeof removeEventListener
      for (let i = 0; i < 20; i++) await collect(reading.kafka.iterate(topic, { signal }))
      expect(listeners).toBeLessThanOrEqual(0)
    })

    it('closing the client ends its loops with an error, and what starts later', async () => {
      const topic = await seeded(1, 3)
      const kafka = reading.client()
      const source = kafka.iterate(topic, { until: 'never' })
      const loop = collectUntilError(source)
      await pause(100)
      await within('close', LIMIT_MS, kafka.close())
      expect((await within('the loop', LIMIT_MS, loop)).error).toMatchObject({ name: 'Closed' })
      expect(await errorOf(collect(kafka.iterate(topic)))).toMatchObject({ name: 'Closed' })
    })

    it('disposal closes', async () => {
      const topic = await seeded(1, 3)
      const source = reading.kafka.iterate(topic, { until: 'never' })
      await source[Symbol.asyncIterator]().next()
      await source[Symbol.asyncDispose]()
      expect(await collect(source)).toEqual([])
    })
  })

  describe('many at once', () => {
    it('50 iterations over the same topic each see all of it', async () => {
      const topic = await seeded(4, 50)
      const loops = Array.from({ length: 50 }, () => collect(reading.kafka.iterate(topic)))
      const all = await within('all loops', 60_000, Promise.all(loops))
      expect(all.map(({ length }) => length)).toEqual(Array.from({ length: 50 }, () => 200))
    })

    it('two loops over one source share its records', async () => {
      const topic = await seeded(2, 50, 5)
      const source = reading.kafka.iterate(topic)
      const [one, two] = await within('both', LIMIT_MS, Promise.all([collect(source), collect(source)]))
      expect([...one, ...two].map(text).sort()).toEqual((await collect(reading.kafka.iterate(topic))).map(text).sort())
    })
  })

  describe('errors', () => {
    it('an unknown topic, by name', async () => {
      const error = await within('the loop', LIMIT_MS, errorOf(collect(reading.kafka.iterate('nowhere'))))
      expect(error).toMatchObject({ name: 'TopicNotFound', topic: 'nowhere' })
    })

    it('an unknown partition, by number', async () => {
      const topic = await seeded(2, 1)
      const error = await errorOf(collect(reading.kafka.iterate({ [topic]: { partitions: [0, 9] } })))
      expect(error).toMatchObject({ name: 'PartitionNotFound', topic, partition: 9 })
    })

    it('a topic that is deleted meanwhile', async () => {
      const topic = await seeded(1, 3)
      const source = reading.kafka.iterate(topic, { until: 'never' })
      expect(await collect(source, 3)).toHaveLength(3)
      const loop = collectUntilError(source)
      reading.broker.deleteTopic(topic)
      const { error } = await within('the loop', LIMIT_MS, loop)
      expect(error).toMatchObject({ name: 'TopicNotFound', topic })
    })

    it('an error of the start is not kept: the next loop asks again', async () => {
      const topic = name()
      const source = reading.kafka.iterate(topic)
      expect(await errorOf(collect(source))).toMatchObject({ name: 'TopicNotFound' })
      reading.broker.createTopic(topic)
      reading.broker.append(topic, 0, await batchOf(['now']))
      expect((await collect(source)).map(text)).toEqual(['now'])
    })

    it('settings that make no sense are refused at the call', () => {
      const wrong: unknown[] = [
        '',
        [],
        {},
        null,
        5,
        [''],
        { a: { form: 1 } },
        { a: { from: 'start' } },
        { a: { from: 1.5 } },
      ]
      for (const topics of wrong) expect(() => reading.kafka.iterate(topics as string)).toThrow()
      expect(() => reading.kafka.iterate('a', { untill: 'end' } as object)).toThrow('until')
      expect(() => reading.kafka.iterate({ a: { from: new Date('x') } })).toThrow()
      expect(() => reading.kafka.iterate({ a: { partitions: [-1] } })).toThrow()
    })
  })
})
