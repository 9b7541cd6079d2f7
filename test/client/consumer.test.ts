// A consumer of assigned partitions, on the embedded broker, in both ways of running the roles. [test process]
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Closed, type Consumer, type ConsumerOptions, json } from '../../src/index.ts'
import { batchOf, collect, errorOf, modes, pause, Reading, within } from '../support/reading.ts'

describe.each(modes)('a consumer, %s', (mode) => {
  let reading: Reading
  /** Every OffsetCommit that the broker saw: `topic/partition: offset`. */
  let commits: string[]

  beforeEach(async () => {
    reading = await Reading.start(mode)
    commits = []
    reading.broker.on('OffsetCommit', ({ topics }) => {
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) {
          commits.push(`${name}/${partitionIndex}: ${committedOffset}`)
        }
      }
      return undefined
    })
    reading.broker.createTopic('events', { partitions: 3 })
  })
  afterEach(() => reading[Symbol.asyncDispose]())

  const seed = (count: number, partition = 0, topic = 'events') =>
    reading.broker.seed(
      topic,
      Array.from({ length: count }, (_, i) => ({ key: `k${i % 5}`, value: `v${i}`, partition })),
    )

  function consume(options: ConsumerOptions = {}, partitions: number[] = [0]): Consumer {
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', ...options })
    consumer.assign(partitions.map((partition) => ({ topic: 'events', partition })))
    return consumer
  }

  /** What a new consumer of the group is given first. */
  async function firstAfter(): Promise<number> {
    const consumer = consume()
    const { offset } = await within('recv', 10_000, consumer.recv())
    await consumer.close()
    return offset
  }

  it('starts where its group left off: a record is processed when the next one is asked for', async () => {
    await seed(10)
    const consumer = consume()
    for await (const record of consumer) if (record.offset === 4) break
    await consumer.close()
    expect(commits).toEqual(['events/0: 4'])
    expect(await firstAfter()).toBe(4)
  })

  it('a batch is processed when the next one is asked for, or when it is committed', async () => {
    for (let i = 0; i < 3; i++) await seed(10)
    const consumer = consume()
    const sizes: number[] = []
    for await (const batch of consumer.batches()) {
      sizes.push(batch.count)
      if (sizes.length === 1) continue
      await consumer.commit()
      expect(commits).toEqual(['events/0: 10'])
      await batch.commit()
      expect(commits).toEqual(['events/0: 10', 'events/0: 20'])
      break
    }
    await consumer.close()
    expect(sizes).toEqual([10, 10])
    expect(await firstAfter()).toBe(20)
  })

  it('what is polled is processed at the next poll; an empty poll is []', async () => {
    await seed(25)
    const consumer = consume()
    expect((await consumer.poll({ max: 10 })).map(({ offset }) => offset)).toEqual([...Array(10).keys()])
    await consumer.commit()
    expect(commits).toEqual([])
    expect(await consumer.poll({ max: 100 })).toHaveLength(15)
    await consumer.commit()
    expect(commits).toEqual(['events/0: 10'])
    expect(await consumer.poll({ timeoutMs: 20 })).toEqual([])
    await consumer.close()
    expect(commits).toEqual(['events/0: 10', 'events/0: 25'])
  })

  it('acks come in any order; only what has no gap is committed', async () => {
    await seed(5)
    const consumer = consume({ autoCommit: false })
    const records = await consumer.poll({ max: 5 })
    await records[3]!.commit()
    records[1]!.ack()
    expect(commits).toEqual([])
    expect(consumer.stats().partitions[0]).toMatchObject({ floor: 0, gaps: 2, doneAhead: 2, committed: undefined })
    await records[0]!.commit()
    expect(commits).toEqual(['events/0: 2'])
    await records[2]!.commit()
    await records[4]!.commit()
    expect(commits).toEqual(['events/0: 2', 'events/0: 4', 'events/0: 5'])
    await consumer.close()
    expect(commits).toHaveLength(3)
  })

  it('commits from time to time by itself', async () => {
    await seed(3)
    const consumer = consume({ autoCommitIntervalMs: 10 })
    for (let i = 0; i < 3; i++) await consumer.recv()
    while (commits.length === 0) await pause(5)
    expect(commits[0]).toBe('events/0: 2')
    await consumer.close()
  })

  it('a commit that is refused for good is told to a listener, else to whoever asks for the next batch', async () => {
    await seed(3)
    reading.broker.on('OffsetCommit', () => ({ errorCode: 30 }))
    for (const listening of [true, false]) {
      const consumer = consume({ autoCommitIntervalMs: 5 })
      const errors: unknown[] = []
      if (listening) consumer.on('error', (error) => errors.push(error))
      await consumer.poll({ max: 1 })
      await consumer.poll({ max: 1 })
      let thrown: unknown
      const polling = async () => {
        while (errors.length === 0 && thrown === undefined) {
          await consumer.poll({ timeoutMs: 10 }).catch((error) => {
            thrown = error
          })
        }
      }
      await within('the error', 10_000, polling())
      expect(listening ? errors[0] : thrown).toMatchObject({ name: 'Unauthorized', topic: 'events', partition: 0 })
      expect(await errorOf(consumer.close())).toMatchObject({ name: 'Unauthorized' })
    }
  })

  it('never commits by itself with autoCommit: false', async () => {
    await seed(3)
    const consumer = consume({ autoCommit: false, autoCommitIntervalMs: 5 })
    for (let i = 0; i < 3; i++) await consumer.recv()
    await pause(50)
    await consumer.close()
    expect(commits).toEqual([])
  })

  it('commits offsets of its partitions as asked, with metadata; tells what is committed', async () => {
    await seed(10)
    const consumer = consume({ autoCommit: false }, [0, 1])
    await consumer.poll({ max: 10 })
    await consumer.commit([{ topic: 'events', partition: 0, offset: 7, metadata: 'so far' }])
    expect(commits).toEqual(['events/0: 7'])
    expect(await consumer.committed()).toEqual([
      { topic: 'events', partition: 0, offset: 7, metadata: 'so far' },
      { topic: 'events', partition: 1, offset: undefined, metadata: undefined },
    ])
    const foreign = consumer.commit([{ topic: 'events', partition: 2, offset: 0 }])
    expect(await errorOf(foreign)).toMatchObject({ code: 'NOT_ASSIGNED', partition: 2 })
    const ahead = consumer.commit([{ topic: 'events', partition: 0, offset: 11 }])
    expect(await errorOf(ahead)).toMatchObject({ code: 'COMMIT_AHEAD', offset: 11 })
  })

  it('moves over markers, aborted and compacted records, so that lag reaches 0', async () => {
    const { broker } = reading
    const producer = { producerId: 9n, producerEpoch: 0 }
    await seed(2)
    broker.append('events', 0, await batchOf(['a', 'b'], { ...producer, baseSequence: 0, transactional: true }))
    broker.endTransaction('events', 0, 'abort', producer)
    broker.append('events', 0, await batchOf(['late']), { baseOffset: 20 })
    broker.append('events', 0, await batchOf(['c'], { ...producer, baseSequence: 2, transactional: true }))
    broker.endTransaction('events', 0, 'abort', producer)
    const consumer = consume()
    const read = []
    for (let i = 0; i < 3; i++) read.push((await consumer.recv()).offset)
    expect(read).toEqual([0, 1, 20])
    expect(await consumer.poll({ timeoutMs: 50 })).toEqual([])
    while (consumer.stats().partitions[0]!.position < 23) await consumer.poll({ timeoutMs: 10 })
    // The last record given by recv is not processed: nobody asked for the next one by recv.
    await consumer.commit()
    expect(commits.at(-1)).toBe('events/0: 20')
    const next = consumer.recv()
    await consumer.commit()
    expect(commits.at(-1)).toBe('events/0: 23')
    await seed(1)
    expect((await next).offset).toBe(23)
  })

  it("starts at the end with 'latest', and with 'none' it says what lacks, while others go on", async () => {
    await seed(5)
    const latest = consume({ autoOffsetReset: 'latest' })
    const next = latest.recv()
    while ((await latest.position({ topic: 'events', partition: 0 })) === undefined) await pause(5)
    await seed(1)
    expect((await next).offset).toBe(5)
    await latest.close()

    const none = reading.kafka.consumer({ groupId: 'none', autoOffsetReset: 'none' })
    none.assign([
      { topic: 'events', partition: 0 },
      { topic: 'events', partition: 1, offset: 0 },
    ])
    await seed(1, 1)
    expect(await errorOf(none.recv())).toMatchObject({ name: 'OffsetOutOfRange', code: 'NO_OFFSET', partition: 0 })
    expect(await none.recv()).toMatchObject({ partition: 1, offset: 0 })
    await none.seek({ topic: 'events', partition: 0 }, 3)
    expect(await none.recv()).toMatchObject({ partition: 0, offset: 3 })
  })

  it('goes back with a log that was cut, or from an offset outside of it, and reads what is there', async () => {
    await seed(4)
    await seed(6)
    const consumer = consume({}, [0])
    const read: string[] = []
    for (let i = 0; i < 10; i++) read.push(String((await consumer.recv()).value))
    const next = consumer.recv()
    await consumer.commit()
    expect(commits.at(-1)).toBe('events/0: 10')
    reading.broker.moveLeader('events', 0, 1, { truncateTo: 4 })
    await reading.broker.seed(
      'events',
      ['new4', 'new5', 'new6'].map((value) => ({ partition: 0, value })),
    )
    const again = await next
    expect([again.offset, String(again.value)]).toEqual([4, 'new4'])
    expect((await consumer.recv()).offset).toBe(5)
    await consumer.commit()
    expect(commits.at(-1)).toBe('events/0: 5')
    await consumer.close()

    const beyond = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
    beyond.assign([{ topic: 'events', partition: 0, offset: 500 }])
    expect((await beyond.poll({ max: 20 })).map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('seeks: nothing fetched before is given, no ack of it counts', async () => {
    await seed(50)
    const consumer = consume()
    const [, second] = await consumer.poll({ max: 2 })
    await consumer.seek({ topic: 'events', partition: 0 }, 30)
    expect(second!.ack()).toBe(false)
    expect(await consumer.position({ topic: 'events', partition: 0 })).toBe(30)
    expect((await consumer.poll({ max: 3 })).map(({ offset }) => offset)).toEqual([30, 31, 32])
    await consumer.seek({ topic: 'events', partition: 0 }, 10)
    await consumer.commit()
    expect(commits).toEqual(['events/0: 10'])
    expect((await consumer.recv()).offset).toBe(10)
  })

  it('pauses and resumes a partition without losing or repeating a record', async () => {
    await seed(20, 0)
    await seed(20, 1)
    const consumer = consume({}, [0, 1])
    const read: string[] = []
    const take = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const { partition, offset } = await consumer.recv()
        read.push(`${partition}/${offset}`)
      }
    }
    await take(5)
    await consumer.pause([{ topic: 'events', partition: 0 }])
    expect(consumer.paused()).toEqual([{ topic: 'events', partition: 0 }])
    const before = read.filter((one) => one.startsWith('0/')).length
    await take(20 - (5 - before))
    expect(read.filter((one) => one.startsWith('0/'))).toHaveLength(before)
    await consumer.resume([{ topic: 'events', partition: 0 }])
    await take(20 - before)
    expect(new Set(read).size).toBe(40)
    expect(read.filter((one) => one.startsWith('0/'))).toEqual([...Array(20).keys()].map((offset) => `0/${offset}`))
  })

  it('tells a listener of a damaged partition and goes on with the others; without one the loop ends', async () => {
    const damaged = await batchOf(['x'])
    damaged[damaged.length - 1]! ^= 1
    reading.broker.append('events', 0, damaged)
    await seed(2, 1)
    const consumer = consume({}, [0, 1])
    const errors: unknown[] = []
    consumer.on('error', (error) => errors.push(error))
    expect(await collect(consumer, 2)).toHaveLength(2)
    while (errors.length === 0) await consumer.poll({ timeoutMs: 10 })
    expect(errors).toMatchObject([{ name: 'CorruptRecord', topic: 'events', partition: 0, offset: 0 }])
    await consumer.close()
    const alone = consume({})
    expect(await errorOf(alone.recv())).toMatchObject({ name: 'CorruptRecord' })
    expect(await errorOf(alone.recv())).toMatchObject({ code: 'NOTHING_LEFT' })
  })

  it('a value that cannot be read is met again until its record is acknowledged', async () => {
    await reading.broker.seed('events', [
      { partition: 0, value: '{"a":1}' },
      { partition: 0, value: 'no' },
      { partition: 0, value: '2' },
    ])
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', value: json() })
    consumer.assign([{ topic: 'events', partition: 0 }])
    expect((await consumer.recv()).value).toEqual({ a: 1 })
    const first = await errorOf(consumer.recv())
    const second = await errorOf(consumer.recv())
    expect([first['offset'], second['offset']]).toEqual([1, 1])
    ;(second['record'] as { ack(): boolean }).ack()
    expect((await consumer.recv()).value).toBe(2)
    await consumer.close()
    expect(commits).toEqual(['events/0: 2'])
  })

  it('commits go on after a coordinator that moved, loads or is late', async () => {
    await seed(2)
    const consumer = consume({ autoCommit: false })
    const [record] = await consumer.poll({ max: 1 })
    for (const errorCode of [14, 15, 16, 7]) reading.broker.once('OffsetCommit', () => ({ errorCode }))
    reading.broker.once('OffsetCommit', () => ({ cut: 'before' }))
    await record!.commit()
    expect((await consumer.committed())[0]!.offset).toBe(1)
    reading.broker.once('OffsetCommit', () => ({ errorCode: 30 }))
    await consumer.poll({ max: 1 })
    expect(await errorOf(consumer.commit([{ topic: 'events', partition: 0, offset: 2 }]))).toMatchObject({
      name: 'Unauthorized',
    })
  })

  it('reads what was committed also from a broker that knows one group a question', async () => {
    await seed(5)
    await using old = await Reading.start(mode, {}, { apiVersions: { OffsetFetch: [1, 7] } })
    old.broker.createTopic('events', {})
    await old.broker.seed('events', ['a', 'b', 'c'])
    for (const expected of [0, 1]) {
      const consumer = old.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
      consumer.assign([{ topic: 'events', partition: 0 }])
      const record = await consumer.recv()
      expect(record.offset).toBe(expected)
      await record.commit()
      await consumer.close()
    }
  })

  it('closed it refuses everything, ends loops, and lets a dead broker hold up nothing', async () => {
    await seed(1)
    const consumer = consume()
    const loop = collect(consumer)
    while (consumer.stats().records === 0) await pause(5)
    await consumer.close()
    expect(await loop).toHaveLength(1)
    for (const call of [
      () => consumer.poll(),
      () => consumer.recv(),
      () => consumer.commit(),
      () => consumer.run({ eachBatch() {} }),
    ]) {
      const error = await errorOf(call())
      expect(error).toMatchObject({ name: 'ConsumerClosed', code: 'CONSUMER_CLOSED' })
      expect(error).toBeInstanceOf(Closed)
    }
    expect(() => consumer.assign([])).toThrow(/closed/)

    await seed(1)
    const stuck = consume()
    const [record] = await stuck.poll({ max: 1 })
    record!.ack()
    reading.broker.pauseAnswers()
    const closing = errorOf(stuck.close())
    expect(await within('close', 6_000, closing)).toMatchObject({ code: 'LAST_COMMIT_TIMED_OUT' })
    reading.broker.resumeAnswers()
  })

  it('a client that is closed commits for its consumers first', async () => {
    await seed(3)
    const kafka = reading.client()
    const consumer = kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'events', partition: 0 }])
    for (let i = 0; i < 3; i++) await consumer.recv()
    await kafka.close()
    expect(commits).toEqual(['events/0: 2'])
  })

  it('a new assignment ends the old one: it commits what was processed, and refuses later acks', async () => {
    await seed(5, 0)
    await seed(5, 1)
    const consumer = consume()
    const records = await consumer.poll({ max: 3 })
    records[0]!.ack()
    consumer.assign([{ topic: 'events', partition: 1 }])
    expect(records[1]!.ack()).toBe(false)
    expect(await consumer.recv()).toMatchObject({ partition: 1, offset: 0 })
    while (commits.length === 0) await pause(5)
    expect(commits).toEqual(['events/0: 1'])
    expect(consumer.assignment()).toEqual([{ topic: 'events', partition: 1 }])
  })

  it('without a group it reads and cannot commit', async () => {
    await seed(2)
    const consumer = reading.kafka.consumer({ autoOffsetReset: 'earliest' })
    expect(await errorOf(consumer.recv())).toMatchObject({ code: 'NOTHING_ASSIGNED' })
    consumer.assign([{ topic: 'events', partition: 0, offset: 1 }])
    const record = await consumer.recv()
    expect(record.offset).toBe(1)
    for (const call of [record.commit(), consumer.commit(), consumer.committed()]) {
      expect(await errorOf(call)).toMatchObject({ code: 'NO_GROUP' })
    }
    const [read] = await collect(reading.kafka.iterate('events'), 1)
    expect(() => read!.ack()).toThrow(/Only what a consumer read/)
  })

  it('refuses what is wrong before anything is done', () => {
    const consumer = consume()
    for (const wrong of [
      [{ topic: '', partition: 0 }],
      [{ topic: 'a', partition: -1 }],
      [{ topic: 'a', partition: 0, offset: 0.5 }],
    ]) {
      expect(() => consumer.assign(wrong)).toThrow(/is not { topic, partition/)
    }
    const twice = { topic: 'a', partition: 0 }
    expect(() => consumer.assign([twice, twice])).toThrow(/twice/)
    expect(() => reading.kafka.consumer({ topics: ['events'] })).toThrow(/give the consumer a groupId/)
    expect(() => reading.kafka.consumer({ maxBufferedRecords: 0 })).toThrow(/maxBufferedRecords must be/)
    expect(() => reading.kafka.consumer({ until: 'end' } as object)).toThrow(/per iteration/)
  })
})
