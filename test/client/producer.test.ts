// A producer with an I/O thread that a test plays: what is batched, what waits, and what each caller is told. [test]
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { partitionOfKey } from '../../src/bytes/murmur2.ts'
import type { DeliveryReport } from '../../src/client/producer-report.ts'
import { int32, json } from '../../src/delivery/serdes.ts'
import { type World, world } from './producer-world.ts'

/** Lets promises settle, and so much time pass. */
const pass = ({ clock }: World, ms = 0) => clock.advance(ms)
const codeOf = (pending: Promise<unknown>) =>
  pending.then(
    () => 'fulfilled',
    (error: MillraceError) => `${error.code}: ${error.stored}`,
  )

describe('batches', () => {
  it('gather records across calls until the linger is over, and tell each where it went', async () => {
    const w = world({ lingerMs: 5 })
    const sent = ['a', 'b', null].map((value) => w.producer.send({ topic: 'other', value, timestamp: 7 }))
    await pass(w, 4)
    expect(w.posted).toEqual([])
    await pass(w, 1.5)
    expect(await w.values(w.posted[0]!)).toEqual(['a', 'b', null])
    w.store(undefined, 40)
    const place = { topic: 'other', partition: 0, timestamp: 7 }
    expect(await Promise.all(sent)).toEqual([40, 41, 42].map((offset) => ({ ...place, offset })))
  })

  it('are sealed at once without linger, when full, and by flush', async () => {
    const now = world({ lingerMs: 0 })
    void now.producer.sendBatch('other', ['a', 'b'])
    await pass(now)
    expect(now.posted.map(({ count }) => count)).toEqual([2])

    const full = world({ batchBytes: 1_000, lingerMs: 1_000 })
    void full.producer.sendBatch(
      'other',
      Array.from({ length: 25 }, () => 'x'.repeat(200)),
    )
    await pass(full)
    expect(full.posted.map(({ count, ordinal }) => [ordinal, count])).toEqual(
      [0, 1, 2, 3, 4, 5].slice(0, 6).map((i) => [i, 4]),
    )
    const flushed = full.producer.flush()
    await pass(full)
    expect(full.posted.at(-1)!.count).toBe(1)
    full.store()
    await flushed
  })

  it('that are not full wait for one before them while maxInFlight are under way', async () => {
    const w = world({ lingerMs: 1, maxInFlight: 2, enableIdempotence: false })
    for (let i = 0; i < 4; i++) {
      void w.producer.send({ topic: 'other', value: `${i}` })
      await pass(w, 3)
    }
    expect(w.posted).toHaveLength(2)
    w.store([w.posted[0]!])
    await pass(w)
    expect(await Promise.all(w.posted.map(w.values))).toEqual([['1'], ['2', '3']])
    w.store()
  })

  it('are of one way: other acks and codecs are batches of their own, in the order of the calls', async () => {
    const w = world({ lingerMs: 1, enableIdempotence: false })
    const ways = [{}, { acks: 0 }, { acks: 0 }, { compression: 'lz4' }, {}] as const
    for (const [i, way] of ways.entries()) void w.producer.send({ topic: 'other', value: `${i}` }, way)
    await pass(w, 2)
    const shown = [...w.posted, ...w.jobs.map(({ batch }) => batch)].sort((a, b) => a.ordinal - b.ordinal)
    expect(shown.map(({ ordinal, acks, codec, count }) => [ordinal, acks, codec, count])).toEqual([
      [0, -1, 0, 1],
      [1, 0, 0, 2],
      [2, -1, 3, 1],
      [3, -1, 0, 1],
    ])
  })

  it('go by key where Java puts them, by hand where one says, else all to one partition', async () => {
    const w = world({ lingerMs: 1 })
    void w.producer.sendBatch(Array.from({ length: 50 }, (_, i) => ({ topic: 'events', key: `k${i}`, value: `k${i}` })))
    void w.producer.send({ topic: 'events', partition: 3, key: 'k0', value: 'by hand' })
    await pass(w, 2)
    for (const batch of w.posted) {
      for (const value of await w.values(batch)) {
        const expected = value === 'by hand' ? 3 : partitionOfKey(Buffer.from(value!), 4)
        expect(batch.partition).toBe(expected)
      }
    }
    w.store()
    void w.producer.sendBatch('events', ['a', 'b', 'c'])
    await pass(w, 2)
    expect(w.posted.map(({ count }) => count)).toEqual([3])
  })

  it('take what a serializer makes, a partitioner of the user chooses, and new partitions are used', async () => {
    const chosen: unknown[] = []
    const partitioner = (record: { value: unknown }, count: number, key: Uint8Array | null) => {
      chosen.push([record.value, count, key?.length])
      return count - 1
    }
    const w = world({ lingerMs: 1, key: int32(), value: json(), partitioner })
    void (w.producer as never as { send(record: object): void }).send({ topic: 'events', key: 5, value: 'text' })
    await pass(w, 2)
    expect([w.posted[0]!.partition, await w.values(w.posted[0]!)]).toEqual([3, ['"text"']])
    expect(chosen).toEqual([['text', 4, 4]])
    w.partitionsChanged('events', 6)
    void w.producer.send({ topic: 'events', value: 'x' })
    await pass(w, 2)
    expect(w.posted[1]!.partition).toBe(5)
  })
})

describe('nothing is sent, and the error says so, when', () => {
  const refused = async (w: World, record: object, options?: object) => {
    const outcome = codeOf(w.producer.send(record as never, options))
    await pass(w, 2)
    expect(w.posted).toEqual([])
    return outcome
  }

  it.each([
    ['of values', ['events', 'abc']],
    ['of records', [{ topic: 'events', value: 'x' }]],
  ])('a batch %s is no array', async (_, given) => {
    const w = world({ lingerMs: 1 })
    const outcome = await codeOf(w.producer.sendBatch(...(given as [string, string[]])))
    expect([outcome, w.posted]).toEqual(['INVALID_ARGUMENT: not stored', []])
  })

  it.each([
    ['the topic is not there', { topic: 'nope', value: 'x' }, 'UNKNOWN_TOPIC'],
    ['the partition is not there', { topic: 'events', value: 'x', partition: 4 }, 'NO_SUCH_PARTITION'],
    ['the partition is no number', { topic: 'events', value: 'x', partition: 1.5 }, 'INVALID_PARTITION'],
    ['the record is too large', { topic: 'events', value: Buffer.alloc(1_048_576) }, 'RECORD_TOO_LARGE'],
    ['the value cannot be written', { topic: 'events', value: 5 }, 'SERIALIZATION'],
    ['the key cannot be written', { topic: 'events', key: new Map(), value: '' }, 'SERIALIZATION'],
    ['a header cannot be written', { topic: 'events', headers: { a: 1 } }, 'INVALID_HEADER'],
    ['the time is none', { topic: 'events', timestamp: -1 }, 'INVALID_TIMESTAMP'],
    ['the topic is no text', { value: 'x' }, 'INVALID_TOPIC'],
  ])('%s', async (_, record, code) => {
    const w = world({ lingerMs: 1 })
    expect(await refused(w, record)).toBe(`${code}: not stored`)
    expect(w.producer.stats().bufferedBytes).toBe(0)
  })

  it('the size is exact: what fits maxRequestBytes to the byte goes, one more does not', async () => {
    const w = world({ lingerMs: 1, maxRequestBytes: 10_000 })
    const largest = 10_000 - 61 - 11
    void w.producer.send({ topic: 'other', value: 'x'.repeat(largest) })
    await pass(w, 2)
    const [batch] = w.posted
    expect(batch!.pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(10_000)
    w.store()
    expect(await refused(w, { topic: 'other', value: 'x'.repeat(largest + 1) })).toBe('RECORD_TOO_LARGE: not stored')
  })

  it('acks are weaker than idempotence allows, or the producer is closed', async () => {
    const w = world({ lingerMs: 1 })
    expect(await refused(w, { topic: 'events', value: 'x' }, { acks: 1 })).toBe('INVALID_OPTION: not stored')
    await w.producer.close()
    expect(await refused(w, { topic: 'events', value: 'x' })).toBe('PRODUCER_CLOSED: not stored')
    expect(() => w.producer.enqueue({ topic: 'events', value: 'x' })).toThrow(/closed/)
  })
})

describe('a full buffer', () => {
  const small = { bufferMemoryBytes: 65_536, batchBytes: 16_000, lingerMs: 1, maxRequestBytes: 16_384 }
  const value = 'v'.repeat(7_000)

  it('lets send wait, in order, until batches are stored; nothing is lost', async () => {
    const w = world(small)
    const sent = Array.from({ length: 40 }, (_, i) => w.producer.send({ topic: 'other', value: `${i} ${value}` }))
    const stored: string[] = []
    for (let turn = 0; turn < 40 && stored.length < 40; turn++) {
      await pass(w, 2)
      expect(w.producer.stats().bufferedBytes).toBeLessThanOrEqual(65_536)
      const batch = w.posted[0]!
      stored.push(...(await w.values(batch)).map((text) => text!.split(' ')[0]!))
      w.store([batch], stored.length)
    }
    expect(stored).toEqual(sent.map((_, i) => `${i}`))
    expect(new Set((await Promise.all(sent)).map(({ offset }) => offset)).size).toBe(40)
  })

  it('rejects after maxBlockMs, at once when asked to, and beyond maxBlockedRecords', async () => {
    const w = world({ ...small, maxBlockMs: 1000, maxBlockedRecords: 40 })
    const outcomes = Array.from({ length: 50 }, () => codeOf(w.producer.send({ topic: 'other', value })))
    await pass(w, 2)
    const rejecting = world({ ...small, onBufferFull: 'reject' })
    const first = Promise.all(
      Array.from({ length: 20 }, () => codeOf(rejecting.producer.send({ topic: 'other', value }))),
    )
    await pass(rejecting, 2)
    rejecting.store()
    expect((await first).filter((code) => code === 'BUFFER_FULL: not stored').length).toBeGreaterThan(8)
    await pass(w, 1001)
    w.store()
    const codes = await Promise.all(outcomes)
    expect(codes.filter((code) => code === 'BUFFER_FULL: not stored')).toHaveLength(10)
    expect(codes.filter((code) => code === 'BLOCKED_TOO_LONG: not stored').length).toBeGreaterThan(20)
    expect(codes.filter((code) => code === 'fulfilled').length).toBeGreaterThan(5)
  })

  it('forgets who gave up: whoever comes after them finds the room that is there', async () => {
    const w = world({ ...small, maxBlockMs: 10 })
    const sent = Promise.allSettled(Array.from({ length: 30 }, () => w.producer.send({ topic: 'other', value })))
    await pass(w, 2)
    w.store()
    for (let turn = 0; turn < 8; turn++) {
      await pass(w, 2)
      w.store()
    }
    await pass(w, 20)
    await sent
    const full = Array.from({ length: 12 }, () => codeOf(w.producer.send({ topic: 'other', value })))
    await pass(w, 20)
    w.store()
    expect((await Promise.all(full)).filter((code) => code !== 'fulfilled').length).toBeGreaterThan(2)
    const late = w.producer.send({ topic: 'other', value })
    await pass(w, 5)
    w.store(undefined, 3)
    expect((await late).offset).toBe(3)
  })

  it('of one partition leaves room for the others, and frees nothing that was not given back', async () => {
    const w = world({ ...small, bufferMemoryBytes: 262_144 })
    for (let i = 0; i < 100; i++) void w.producer.send({ topic: 'events', partition: 0, value })
    await pass(w, 2)
    const sent = w.producer.send({ topic: 'events', partition: 1, value })
    await pass(w, 2)
    const [other] = w.posted.filter(({ partition }) => partition === 1)
    w.store([other!], 9)
    expect((await sent).offset).toBe(9)
  })

  it('makes enqueue return a promise, and not before', async () => {
    const w = world(small)
    await w.producer.enqueue({ topic: 'other', value })
    const given = Array.from({ length: 20 }, () => w.producer.enqueue({ topic: 'other', value }))
    const full = given.filter((room) => room !== undefined)
    expect(given[0]).toBeUndefined()
    expect(full.length).toBeGreaterThan(8)
    for (let turn = 0; turn < 20; turn++) {
      await pass(w, 2)
      w.store()
    }
    await Promise.all(full)
  })

  it('sendBatch goes on by itself when there is room again', async () => {
    const w = world(small)
    const sent = w.producer.sendBatch(
      'other',
      Array.from({ length: 60 }, (_, i) => `${i} ${value}`),
    )
    let base = 0
    for (let turn = 0; turn < 60; turn++) {
      await pass(w, 2)
      for (const batch of [...w.posted]) {
        w.store([batch], base)
        base += batch.count
      }
    }
    expect((await sent).map(({ offset }) => offset)).toEqual(Array.from({ length: 60 }, (_, i) => i))
  })
})

describe('every send settles once', () => {
  it('on close: what drains is stored, the rest is told that it is not', async () => {
    const w = world({ lingerMs: 1000 })
    const sent = w.producer.send({ topic: 'other', value: 'x' })
    const late = codeOf(w.producer.send({ topic: 'events', value: 'y' }))
    await pass(w)
    const closing = w.producer.close({ timeoutMs: 100 })
    await pass(w)
    w.store(
      w.posted.filter(({ topic }) => topic === 'other'),
      3,
    )
    expect((await sent).offset).toBe(3)
    await pass(w, 101)
    await closing
    expect(await late).toBe('CANCELLED: not stored')
    expect([w.closed, w.holds]).toEqual([1, 0])
  })

  it('on the death of the I/O thread: what was handed out may be stored, what was not is not', async () => {
    const w = world({ lingerMs: 5 })
    const handedOut = codeOf(w.producer.send({ topic: 'other', value: 'x' }))
    await pass(w, 6)
    const open = codeOf(w.producer.send({ topic: 'events', value: 'x' }))
    const waiting = codeOf(w.producer.send({ topic: 'other', value: 'x' }))
    w.die()
    expect(await Promise.all([handedOut, open, waiting])).toEqual([
      'THREAD_DIED: may be stored',
      'THREAD_DIED: not stored',
      'THREAD_DIED: not stored',
    ])
    expect(await codeOf(w.producer.send({ topic: 'other', value: 'x' }))).toBe('THREAD_DIED: not stored')
    await pass(w, 1)
    expect(w.holds).toBe(0)
  })

  it('when nothing is heard of a batch: soon after deliveryTimeoutMs; a late report changes nothing', async () => {
    const w = world({ lingerMs: 1, deliveryTimeoutMs: 2_000 })
    const sent = codeOf(w.producer.send({ topic: 'other', value: 'x' }))
    await pass(w, 3_000)
    expect(await sent).toBe('DELIVERY_TIMED_OUT: may be stored')
    w.store()
    expect(w.producer.stats().bufferedBytes).toBe(0)
    expect(w.holds).toBe(0)
  })

  it('on abort: the promise rejects with the reason; a record that waits is not sent', async () => {
    const w = world({ lingerMs: 1, bufferMemoryBytes: 65_536, maxRequestBytes: 16_384, batchBytes: 16_000 })
    const stop = new AbortController()
    const { signal } = stop
    const value = 'v'.repeat(15_000)
    const sent = Array.from({ length: 6 }, () => w.producer.send({ topic: 'other', value }, { signal }))
    const many = w.producer.sendBatch(
      'other',
      Array.from({ length: 9 }, () => value),
      { signal },
    )
    await pass(w, 2)
    const before = w.posted.length
    stop.abort(new Error('enough'))
    const outcomes = await Promise.allSettled([...sent, many])
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message)).toEqual(
      Array.from({ length: 7 }, () => 'enough'),
    )
    w.store()
    await pass(w, 5)
    expect([before, w.posted.length, w.producer.stats().waiting]).toEqual([before, 0, 0])
    await expect(w.producer.send({ topic: 'other', value: 'x' }, { signal })).rejects.toThrow('enough')
  })

  it('when the producer is fenced: what waits is refused with that error, and so is all that comes', async () => {
    const w = world({ lingerMs: 1 })
    const sent = codeOf(w.producer.send({ topic: 'other', value: 'x' }))
    await pass(w, 2)
    w.failProducer(new MillraceError('FENCED', 'fenced', { fatal: true }))
    expect(await codeOf(w.producer.send({ topic: 'other', value: 'y' }))).toBe('FENCED: not stored')
    w.fail([...w.posted], { code: 'FENCED', stored: 'not stored' })
    expect(await sent).toBe('FENCED: not stored')
  })

  it('sendBatch tells which records failed, once all are settled', async () => {
    const w = world({ lingerMs: 1 })
    const records = [{ value: 'a' }, { value: 5 }, { value: 'c', partition: 2 }]
    const sent = w.producer.sendBatch(records.map((record) => ({ topic: 'events', partition: 1, ...record })) as never)
    await pass(w, 2)
    w.fail(
      w.posted.filter(({ partition }) => partition === 2),
      { code: 'LATE' },
    )
    w.store(undefined, 8)
    const error = await sent.catch((failed) => failed)
    expect(error).toMatchObject({ code: 'BATCH_NOT_DELIVERED', stored: 'not stored' })
    expect(error.reports.map((report: DeliveryReport) => [report.offset, report.error?.code])).toEqual([
      [8, undefined],
      [undefined, 'SERIALIZATION'],
      [undefined, 'LATE'],
    ])
  })
})

describe('reports', () => {
  it('onDelivery hears of each enqueued record, with the record; its fault harms nobody', async () => {
    const reports: DeliveryReport[] = []
    const troubles: string[] = []
    const onDelivery = (report: DeliveryReport) => {
      reports.push(report)
      if (reports.length === 1) throw new Error('mine')
    }
    const w = world({ lingerMs: 1, onDelivery })
    w.producer.on('error', (error) => troubles.push(error.message))
    const records = ['a', 'b'].map((value) => ({
      topic: 'events',
      partition: value === 'a' ? 0 : 1,
      value,
      timestamp: 5,
    }))
    await Promise.all(
      records.map((record) => (record.value === 'a' ? w.producer.enqueue(record) : w.producer.enqueue(record))),
    )
    await pass(w, 2)
    w.fail(
      w.posted.filter(({ partition }) => partition === 1),
      {},
    )
    w.store(undefined, 4)
    expect(reports.map(({ record, offset, error }) => [record, offset, error?.code])).toEqual([
      [records[1], undefined, 'LATE'],
      [records[0], 4, undefined],
    ])
    expect(troubles).toEqual(['onDelivery threw: mine'])
  })

  it('failures that nobody hears of are told by flush, once', async () => {
    const w = world({ lingerMs: 1 })
    await w.producer.enqueue({ topic: 'other', value: 'a' })
    void w.producer.enqueue({ topic: 'other', value: 'b' })
    const flushed = codeOf(w.producer.flush())
    await pass(w, 2)
    w.fail([...w.posted], {})
    expect(await flushed).toBe('NOT_DELIVERED: may be stored')
    expect(await codeOf(w.producer.flush())).toBe('fulfilled')
  })

  it('interceptors see and change records, and hear of all; one that throws is passed over', async () => {
    const acked: unknown[] = []
    const troubles: string[] = []
    const interceptors = [
      {
        onSend: () => {
          throw new Error('broken')
        },
        onAck: () => {
          throw new Error('broken too')
        },
      },
      {
        onSend: (record: object) => ({ ...record, value: 'changed' }) as never,
        onAck: ({ offset, error, record }: DeliveryReport) => acked.push([record.value, offset, error?.code]),
      },
    ]
    const w = world({ lingerMs: 1, interceptors })
    w.producer.on('error', ({ message }) => troubles.push(message))
    const sent = w.producer.send({ topic: 'other', value: 'mine' })
    const failed = codeOf(w.producer.send({ topic: 'events', partition: 77, value: 'mine' }))
    await pass(w, 2)
    expect(await w.values(w.posted[0]!)).toEqual(['changed'])
    w.store(undefined, 6)
    expect((await sent).offset).toBe(6)
    expect(await failed).toBe('NO_SUCH_PARTITION: not stored')
    expect(acked).toEqual([
      ['changed', undefined, 'NO_SUCH_PARTITION'],
      ['changed', 6, undefined],
    ])
    expect(new Set(troubles)).toEqual(
      new Set(['onSend of an interceptor threw: broken', 'onAck of an interceptor threw: broken too']),
    )
  })

  it('stats tell how batches were filled and how long they took', async () => {
    const w = world({ lingerMs: 1, batchBytes: 1000 })
    const sent = w.producer.sendBatch(
      'other',
      Array.from({ length: 20 }, () => 'x'.repeat(100)),
    )
    await pass(w, 2)
    w.store()
    await sent
    const stats = w.producer.stats()
    expect([stats.records, stats.batches, stats.failed, stats.bufferedBytes]).toEqual([20, 3, 0, 0])
    expect(stats.batchFillPercent.maxValue).toBeGreaterThan(85)
    expect(stats.requestLatencyUs.maxValue).toBe(1000)
  })

  it('a stream of values ends when all are delivered', async () => {
    const w = world({ lingerMs: 1 })
    const stream = w.producer.toWritable({ topic: 'other' })
    for (const value of ['a', 'b', 'c']) stream.write(value)
    let ended = false
    stream.end(() => {
      ended = true
    })
    await pass(w, 3)
    expect([await w.values(w.posted[0]!), ended]).toEqual([['a', 'b', 'c'], false])
    w.store()
    await pass(w, 1)
    expect(ended).toBe(true)
  })
})
