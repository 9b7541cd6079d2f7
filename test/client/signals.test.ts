// Waits that a signal ends, and what is left for whoever asks next. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Consumer, WaitOptions } from '../../src/index.ts'
import { collect, modes, Reading } from '../support/reading.ts'

const WAIT = { timeout: 20_000, interval: 10 }

const P0 = { topic: 'events', partition: 0 }
const OLDEST = new Date(0)

/** Calls that wait for a broker. */
const asking: [call: string, (consumer: Consumer, options: WaitOptions) => Promise<unknown>][] = [
  ['beginningOffsets', (consumer, options) => consumer.beginningOffsets([P0], options)],
  ['endOffsets', (consumer, options) => consumer.endOffsets([P0], options)],
  ['offsetsForTimes', (consumer, options) => consumer.offsetsForTimes([{ ...P0, timestamp: 0 }], options)],
  ['seek to a date', (consumer, options) => consumer.seek(P0, OLDEST, options)],
  ['seek to a place', (consumer, options) => consumer.seek({ ...P0, offset: OLDEST }, options)],
  ['seekMany', (consumer, options) => consumer.seekMany([{ ...P0, offset: OLDEST }], options)],
  ['seekToBeginning', (consumer, options) => consumer.seekToBeginning([P0], options)],
  ['seekToEnd', (consumer, options) => consumer.seekToEnd([P0], options)],
  ['commit', (consumer, options) => consumer.commit([{ ...P0, offset: 1 }], options)],
  ['commitAsync', (consumer, options) => consumer.commitAsync([{ ...P0, offset: 1 }], undefined, options)],
  ['committed', (consumer, options) => consumer.committed([P0], options)],
]

/** Calls that wait for records. */
const flowing: typeof asking = [
  ['first', (consumer, options) => consumer.first(options)],
  ['find', (consumer, options) => consumer.find(() => true, options)],
  ['toArray', (consumer, options) => consumer.toArray(options)],
  ['toArray of a map', (consumer, options) => consumer.map(String, { concurrency: 4 }).toArray(options)],
  ['reduce', (consumer, options) => consumer.reduce((sum) => sum + 1, 0, options)],
]

/** The reason that a wait rejects with. */
const reasonOf = (pending: Promise<unknown>) =>
  pending.then(
    () => 'none',
    (error: Error) => error.message,
  )

describe.each(modes)('a signal, %s,', (mode) => {
  let reading: Reading
  beforeEach(async () => {
    reading = await Reading.start(mode)
    reading.broker.createTopic('events', { partitions: 1 })
  })
  afterEach(() => reading[Symbol.asyncDispose]())

  const seed = (...values: string[]) =>
    reading.broker.seed(
      'events',
      values.map((value) => ({ value })),
    )

  it.each(['poll', 'recv', 'recvBatch'] as const)(
    'ends the wait of %s, and the next call gets what comes',
    async (way) => {
      await using consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
      consumer.assign([{ topic: 'events', partition: 0 }])
      const abort = new AbortController()
      const waiting = reasonOf(consumer[way]({ timeoutMs: 60_000, signal: abort.signal }))
      await sleep(100)
      abort.abort(new Error('enough'))
      expect(await waiting).toBe('enough')
      expect(await reasonOf(consumer[way]({ signal: abort.signal })), 'one that fired before').toBe('enough')
      await seed('a')
      expect((await consumer.recv({ signal: new AbortController().signal })).value?.toString()).toBe('a')
    },
  )

  it('ends the wait of a first poll that still looks for where to start', async () => {
    let answered = false
    reading.broker.on('ListOffsets', async () => {
      await sleep(3_000)
      answered = true
      return undefined
    })
    const consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'events', partition: 0 }])
    expect(await reasonOf(consumer.poll({ signal: AbortSignal.timeout(50) }))).toMatch(/timeout/)
    expect(answered).toBe(false)
    await seed('a')
    expect((await consumer.recv()).value?.toString()).toBe('a')
    await consumer.close()
  })

  it.each(['poll', 'recv', 'recvBatch'] as const)(
    'ends the wait of %s behind a recv at once, and no record is lost',
    async (way) => {
      await using consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
      consumer.assign([{ topic: 'events', partition: 0 }])
      const first = consumer.recv()
      const abort = new AbortController()
      const behind = reasonOf(consumer[way]({ timeoutMs: 60_000, signal: abort.signal }))
      const last = consumer.recv()
      await sleep(50)
      abort.abort(new Error('enough'))
      expect(await behind).toBe('enough')
      await seed('a', 'b', 'c')
      const given = [await first, await last, await consumer.recv()]
      expect(given.map(({ value }) => value?.toString())).toEqual(['a', 'b', 'c'])
    },
  )

  describe('of a consumer whose broker does not answer', () => {
    let consumer: Consumer
    beforeEach(async () => {
      consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', autoCommit: false })
      consumer.assign([P0])
      await seed('a', 'b', 'c')
    })

    it('ends whatever asks it something, which changes nothing', async () => {
      const first = await consumer.recv()
      reading.broker.pauseAnswers()
      for (const [name, call] of asking) {
        const abort = new AbortController()
        const waiting = reasonOf(call(consumer, { signal: abort.signal }))
        await sleep(20)
        abort.abort(new Error('enough'))
        expect(await waiting, name).toBe('enough')
        expect(await reasonOf(call(consumer, { signal: abort.signal })), `${name}, fired before`).toBe('enough')
      }
      reading.broker.resumeAnswers()
      expect([first.offset, (await consumer.recv()).offset]).toEqual([0, 1])
      await consumer.close()
    })

    it('ends commits of a record and a batch, also behind one that hangs', async () => {
      const [record] = await consumer.poll({ max: 1 })
      const [batch] = await collect(consumer.batches(), 1)
      reading.broker.pauseAnswers()
      const abort = new AbortController()
      const { signal } = abort
      const first = consumer.commit([{ ...P0, offset: 1 }])
      const told: unknown[] = []
      const waiting = [
        reasonOf(consumer.commit([{ ...P0, offset: 1 }], { signal })),
        reasonOf(record!.commit({ signal })),
        reasonOf(batch!.commit({ signal })),
      ]
      const telling = record!.commitAsync((error) => told.push(error?.message), { signal })
      await sleep(50)
      abort.abort(new Error('enough'))
      expect(await Promise.all(waiting)).toEqual(['enough', 'enough', 'enough'])
      await telling
      expect(told).toEqual(['enough'])
      reading.broker.resumeAnswers()
      await first
      await consumer.close()
    })

    it('ends the wait for a group that is left, which is left all the same', async () => {
      const member = reading.kafka.consumer({ groupId: 'left', topics: 'events', autoOffsetReset: 'earliest' })
      await member.recv()
      reading.broker.pauseAnswers()
      const abort = new AbortController()
      const leaving = reasonOf(member.unsubscribe({ signal: abort.signal }))
      await sleep(50)
      abort.abort(new Error('enough'))
      expect(await leaving).toBe('enough')
      reading.broker.resumeAnswers()
      await member.unsubscribe()
      expect(member.subscription()).toEqual([])
    })
  })

  describe('of a consumer that waits for records', () => {
    let consumer: Consumer
    beforeEach(() => {
      consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
      consumer.assign([P0])
      return () => consumer.close()
    })

    it('ends the wait of functions, and no record is lost', async () => {
      for (const [name, call] of flowing) {
        const abort = new AbortController()
        const waiting = reasonOf(call(consumer, { signal: abort.signal }))
        await sleep(20)
        abort.abort(new Error('enough'))
        expect(await waiting, name).toBe('enough')
        await seed(name)
        expect(await reasonOf(call(consumer, { signal: abort.signal })), `${name}, fired before`).toBe('enough')
        expect((await consumer.recv()).value?.toString()).toBe(name)
      }
    })

    it('leaves toArray and reduce what they have', async () => {
      const until = (offset: number, abort: AbortController) =>
        vi.waitFor(async () => expect(await consumer.position(P0)).toBe(offset), WAIT).then(() => abort.abort())
      await seed('a', 'b')
      const [first, second] = [new AbortController(), new AbortController()]
      const [all] = await Promise.all([consumer.toArray({ signal: first.signal }), until(2, first)])
      expect(all.map(({ value }) => value?.toString())).toEqual(['a', 'b'])
      await seed('c', 'd')
      const append = (sum: string, { value }: { value: Buffer | null }) => `${sum}${value}`
      const [sum] = await Promise.all([consumer.reduce(append, '', { signal: second.signal }), until(4, second)])
      expect(sum).toBe('cd')
    })
  })

  it('is not needed: timeoutMs ends the wait behind a recv as well', async () => {
    await using consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'events', partition: 0 }])
    const first = consumer.recv()
    expect(await consumer.poll({ timeoutMs: 50 })).toEqual([])
    expect(await consumer.recvBatch({ timeoutMs: 50 })).toEqual({ outcome: 'timedOut', records: [] })
    await seed('a')
    expect((await first).value?.toString()).toBe('a')
  })

  it('leaves recvBatch what it has', async () => {
    await using consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'events', partition: 0 }])
    await seed('a', 'b')
    const abort = new AbortController()
    const waiting = consumer.recvBatch({ max: 3, timeoutMs: 60_000, signal: abort.signal })
    await vi.waitFor(async () => expect(await consumer.position({ topic: 'events', partition: 0 })).toBe(2), WAIT)
    abort.abort()
    const { outcome, records } = await waiting
    expect([outcome, records.map(({ value }) => value?.toString())]).toEqual(['records', ['a', 'b']])
  })

  it('ends the wait of an iteration that polls, which goes on after it', async () => {
    await using source = reading.kafka.iterate('events', { until: 'never' })
    const abort = new AbortController()
    const waiting = reasonOf(source.poll({ signal: abort.signal }))
    await sleep(100)
    abort.abort(new Error('enough'))
    expect(await waiting).toBe('enough')
    await seed('a')
    expect((await source.poll()).map(({ value }) => value?.toString())).toEqual(['a'])
  })

  it('ends the wait of an iteration’s poll behind another, as timeoutMs does', async () => {
    await using source = reading.kafka.iterate('events', { until: 'never' })
    const first = source.poll()
    const abort = new AbortController()
    const behind = reasonOf(source.poll({ signal: abort.signal }))
    abort.abort(new Error('enough'))
    expect(await behind).toBe('enough')
    expect(await source.poll({ timeoutMs: 50 })).toEqual([])
    await seed('a')
    expect((await first).map(({ value }) => value?.toString())).toEqual(['a'])
  })

  it('ends the wait of flush and nothing else: the record is stored all the same', async () => {
    const producer = reading.kafka.producer({ lingerMs: 60_000 })
    reading.broker.on('Produce', async () => {
      await sleep(200)
      return undefined
    })
    const sent = producer.send({ topic: 'events', value: 'a' })
    expect(await reasonOf(producer.flush({ signal: AbortSignal.timeout(50) }))).toMatch(/timeout/)
    expect((await sent).offset).toBe(0)
  })
})
