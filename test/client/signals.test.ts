// Waits that a signal ends, and what is left for whoever asks next. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { modes, Reading } from '../support/reading.ts'

const WAIT = { timeout: 20_000, interval: 10 }

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
