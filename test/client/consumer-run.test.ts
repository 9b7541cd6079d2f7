// `consumer.run`: handlers in order where asked for, failures as the policy says, commits of the floor. [test process]
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Consumer, ConsumerOptions, RunOptions } from '../../src/index.ts'
import { errorOf, modes, pause, Reading, within } from '../support/reading.ts'

type Options = RunOptions<Buffer | null, Buffer | null>

describe.each(modes)('consumer.run, %s', (mode) => {
  let reading: Reading
  let commits: [partition: number, offset: number][]

  beforeEach(async () => {
    reading = await Reading.start(mode)
    commits = []
    reading.broker.on('OffsetCommit', ({ topics }) => {
      for (const { partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) commits.push([partitionIndex, committedOffset])
      }
      return undefined
    })
    reading.broker.createTopic('events', { partitions: 3 })
  })
  afterEach(() => reading[Symbol.asyncDispose]())

  const seed = (count: number, partition = 0, keys = 5) =>
    reading.broker.seed(
      'events',
      Array.from({ length: count }, (_, i) => ({ key: keys === 0 ? null : `k${i % keys}`, value: `v${i}`, partition })),
    )

  function consume(partitions: number[] = [0], options: ConsumerOptions = {}): Consumer {
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', ...options })
    consumer.assign(partitions.map((partition) => ({ topic: 'events', partition })))
    return consumer
  }

  /** Runs until `count` calls have ended well, then ends the run by its signal. */
  async function runUntil(consumer: Consumer, count: number, options: Options): Promise<void> {
    const stop = new AbortController()
    let calls = 0
    const counted =
      (handler: (...given: never[]) => unknown) =>
      async (...given: never[]) => {
        await handler(...given)
        if (++calls >= count) stop.abort()
      }
    const handlers = Object.fromEntries(
      Object.entries(options).map(([name, value]) => [name, typeof value === 'function' ? counted(value) : value]),
    ) as unknown as Options
    await within('run', 20_000, consumer.run({ ...handlers, signal: stop.signal }))
  }

  it('each record once, in order per partition, however long each takes; commits what is done', async () => {
    for (const partition of [0, 1, 2]) await seed(30, partition)
    const consumer = consume([0, 1, 2])
    const seen: number[][] = [[], [], []]
    const active = [0, 0, 0]
    let most = 0
    await runUntil(consumer, 90, {
      concurrency: 8,
      eachRecord: async ({ partition, offset }) => {
        expect(++active[partition]!).toBe(1)
        most = Math.max(most, active[0]! + active[1]! + active[2]!)
        seen[partition]!.push(offset)
        await pause((offset * 7) % 3)
        active[partition]!--
      },
    })
    expect(seen).toEqual([0, 1, 2].map(() => [...Array(30).keys()]))
    expect(most).toBeGreaterThan(1)
    expect(commits).toEqual(
      expect.arrayContaining([
        [0, 30],
        [1, 30],
        [2, 30],
      ]),
    )
  })

  it('of one key never two at once and never out of order, of different keys many', async () => {
    await seed(100, 0, 7)
    const running = new Set<string>()
    const seen = new Map<string, number[]>()
    let most = 0
    await runUntil(consume(), 100, {
      order: 'key',
      concurrency: 5,
      eachRecord: async ({ key, offset }) => {
        const name = String(key)
        expect(running.has(name)).toBe(false)
        running.add(name)
        most = Math.max(most, running.size)
        seen.set(name, [...(seen.get(name) ?? []), offset])
        await pause((offset * 13) % 4)
        running.delete(name)
      },
    })
    expect(most).toBe(5)
    for (const offsets of seen.values()) expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
    expect([...seen.values()].flat()).toHaveLength(100)
    expect(commits.at(-1)).toEqual([0, 100])
  })

  it("with order 'none' records of one partition run at once, and the floor waits for the slowest", async () => {
    await seed(20, 0, 1)
    const consumer = consume()
    let free = () => {}
    const blocked = new Promise<void>((resolve) => {
      free = resolve
    })
    const stop = new AbortController()
    const done: number[] = []
    const run = consumer.run({
      order: 'none',
      concurrency: 4,
      signal: stop.signal,
      eachRecord: async ({ offset }) => {
        if (offset === 3) await blocked
        done.push(offset)
      },
    })
    while (done.length < 19) await pause(2)
    await consumer.commit()
    expect(commits).toEqual([[0, 3]])
    expect(consumer.stats().partitions[0]).toMatchObject({ floor: 3, gaps: 1, doneAhead: 16, position: 20 })
    free()
    stop.abort()
    await within('run', 5_000, run)
    expect(commits.at(-1)).toEqual([0, 20])
  })

  it('batches, several partitions at once; ends when the consumer is closed, with what runs committed', async () => {
    for (let i = 0; i < 4; i++) for (const partition of [0, 1, 2]) await seed(5, partition)
    const consumer = consume([0, 1, 2])
    const active = [0, 0, 0]
    let calls = 0
    const run = consumer.run({
      concurrency: 3,
      eachBatch: async (batch, context) => {
        expect(context).toMatchObject({ attempt: 1, worker: undefined })
        expect(++active[batch.partition]!).toBe(1)
        await pause(2)
        active[batch.partition]!--
        calls++
      },
    })
    while (calls < 8) await pause(1)
    await consumer.close()
    await within('run', 1_000, run)
    const after = calls
    await pause(20)
    expect(calls).toBe(after)
    const last = new Map(commits)
    expect([...last.values()].reduce((sum, offset) => sum + offset, 0)).toBe(calls * 5)
  })

  it("'fail' ends the run with an error that says where; what is before it is committed, it comes again", async () => {
    await seed(10)
    const consumer = consume()
    const boom = new Error('boom')
    const error = await errorOf(
      consumer.run({
        eachRecord: ({ offset }) => {
          if (offset === 6) throw boom
        },
      }),
    )
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', topic: 'events', partition: 0, offset: 6, cause: boom })
    expect(error.message).toContain('events[0] offset 6')
    expect(commits).toEqual([[0, 6]])
    expect((await consumer.recv()).offset).toBe(6)
  })

  it('a run that fails while the event loop has its turn takes nothing from whoever reads next', async () => {
    await seed(10)
    const consumer = consume()
    const running = consumer.run({
      eachRecord: ({ offset }) => {
        // Long enough for the next pull to give the event loop a turn, in which the run ends.
        for (const until = performance.now() + 20; offset === 0 && performance.now() < until; );
        if (offset === 6) throw new Error('boom')
      },
    })
    expect(await errorOf(running)).toMatchObject({ code: 'HANDLER_FAILED', offset: 6 })
    expect((await within('recv', 10_000, consumer.recv())).offset).toBe(6)
  })

  it("'skip' leaves the record out and goes on", async () => {
    await seed(10)
    const seen: number[] = []
    await runUntil(consume(), 8, {
      onError: 'skip',
      eachRecord: ({ offset }) => {
        if (offset % 5 === 3) throw new Error('no')
        seen.push(offset)
      },
    })
    expect(seen).toEqual([0, 1, 2, 4, 5, 6, 7, 9])
    expect(commits.at(-1)).toEqual([0, 10])
  })

  it('tries again, counting attempts; the next record waits; then the run fails', async () => {
    await seed(5)
    const seen: string[] = []
    const error = await errorOf(
      consume().run({
        onError: { retries: 2, backoffMs: 1 },
        eachRecord: ({ offset }, { attempt }) => {
          seen.push(`${offset}#${attempt}`)
          if ((offset === 1 && attempt < 3) || offset === 3) throw new Error('not yet')
        },
      }),
    )
    expect(seen).toEqual(['0#1', '1#1', '1#2', '1#3', '2#1', '3#1', '3#2', '3#3'])
    expect(error.message).toContain('attempt 3')
    expect(commits).toEqual([[0, 3]])
  })

  it('an error that is not retriable is not tried again', async () => {
    await seed(1)
    let calls = 0
    const useless = Object.assign(new Error('bad'), { retriable: false })
    const running = consume().run({
      onError: { retries: 5, backoffMs: 1 },
      eachRecord: () => {
        calls++
        throw useless
      },
    })
    expect(await errorOf(running)).toMatchObject({ cause: useless })
    expect(calls).toBe(1)
  })

  it('dead letters carry the record and its story; the offset advances only when they are stored', async () => {
    const { broker } = reading
    broker.createTopic('events.dlq', { partitions: 2 })
    const headers = { trace: 'abc' }
    await broker.seed('events', [
      { partition: 2, key: 'k', value: 'good' },
      { partition: 2, key: 'k', value: 'bad', headers, timestamp: 1_700_000_000_000 },
      { partition: 2, key: null, value: 'good' },
    ])
    const stored: string[] = []
    broker.on('Produce', () => {
      stored.push(`after commits ${JSON.stringify(commits)}`)
      return stored.length === 1 ? { errorCode: 7 } : undefined
    })
    const consumer = consume([2], { autoCommitIntervalMs: 1 })
    await runUntil(consumer, 2, {
      onError: { retries: 1, backoffMs: 1, deadLetter: 'events.dlq' },
      eachRecord: async ({ value }) => {
        await pause(10)
        if (String(value) === 'bad') throw new TypeError('cannot')
      },
    })
    expect(stored).toEqual(['after commits [[2,1]]', 'after commits [[2,1]]'])
    expect(commits.at(-1)).toEqual([2, 3])
    const [letter, ...others] = await broker.messages('events.dlq')
    expect(others).toEqual([])
    expect(letter).toMatchObject({ partition: 0, key: Buffer.from('k'), value: Buffer.from('bad') })
    expect([...letter!.headers].map(([name, value]) => [name, String(value)])).toEqual([
      ['trace', 'abc'],
      ['original-topic', 'events'],
      ['original-partition', '2'],
      ['original-offset', '1'],
      ['original-timestamp', '1700000000000'],
      ['error-code', 'TypeError'],
      ['error-message', 'cannot'],
      ['attempts', '2'],
    ])
  })

  it('a dead letter that cannot be stored ends the run; the record stays unprocessed', async () => {
    await seed(2)
    const running = consume().run({
      onError: { retries: 0, deadLetter: 'no-such-topic' },
      eachRecord: () => Promise.reject(new Error('bad')),
    })
    expect(await errorOf(running)).toMatchObject({ name: 'TopicNotFound', topic: 'no-such-topic' })
    expect(commits).toEqual([])
  }, 90_000)

  it('of a batch that failed what was acknowledged is spared, the first left goes to the dead letters', async () => {
    const { broker } = reading
    broker.createTopic('dlq', {})
    await seed(10)
    const seen: string[] = []
    await runUntil(consume(), 1, {
      onError: { retries: 1, backoffMs: 1, deadLetter: 'dlq' },
      eachBatch: (batch, { attempt, ack }) => {
        seen.push(`${batch.baseOffset}-${batch.lastOffset}#${attempt}`)
        for (let i = 0; i < batch.count; i++) {
          if (batch.offsetAt(i) === 4) throw new Error('four')
          ack(i)
        }
      },
    })
    expect(seen).toEqual(['0-9#1', '4-9#2', '5-9#1'])
    expect((await broker.messages('dlq')).map(({ value }) => String(value))).toEqual(['v4'])
    expect(commits.at(-1)).toEqual([0, 10])
  })

  it('acks out of order inside a batch: only what is left comes again, stretch by stretch', async () => {
    await seed(6)
    const seen: string[] = []
    await runUntil(consume(), 3, {
      onError: { retries: 1, backoffMs: 1 },
      eachBatch: (batch, { ack, attempt }) => {
        seen.push(`${batch.baseOffset}-${batch.lastOffset}#${attempt}`)
        if (batch.count < 6) return
        ack(1)
        ack(4)
        throw new Error('once')
      },
    })
    expect(seen).toEqual(['0-5#1', '0-0#2', '2-3#1', '5-5#1'])
  })

  it('a handler that takes too long is told and tried again; one that never ends fails the run', async () => {
    await seed(2)
    const seen: string[] = []
    const error = await errorOf(
      consume().run({
        handlerTimeoutMs: 30,
        onError: { retries: 3, backoffMs: 1 },
        eachRecord: ({ offset }, { signal, attempt }) => {
          seen.push(`${offset}#${attempt}`)
          if (offset === 0 && attempt > 1) return
          return new Promise((_, reject) => {
            if (offset === 0) signal.addEventListener('abort', () => reject(signal.reason))
          })
        },
      }),
    )
    expect(seen).toEqual(['0#1', '0#2', '1#1'])
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', offset: 1, cause: { code: 'HANDLER_TIMED_OUT' } })
    expect(commits).toEqual([[0, 1]])
  })

  it('closing does not wait for ever: handlers are told, and what they acknowledge later is refused', async () => {
    await seed(3)
    const consumer = consume()
    let told = false
    let acknowledge = () => {}
    const run = consumer.run({
      eachRecord: (_, { signal, ack }) => {
        acknowledge = ack
        signal.addEventListener('abort', () => {
          told = true
        })
        return new Promise(() => {})
      },
    })
    while (consumer.stats().records === 0) await pause(2)
    await within('close', 6_000, consumer.close({ timeoutMs: 3_100 }))
    await within('run', 100, run)
    expect(told).toBe(true)
    acknowledge()
    expect(commits).toEqual([])
  })

  it('a seek in a run: what waited is dropped, acks of what runs are refused, nothing runs twice at once', async () => {
    await seed(30)
    const consumer = consume()
    const seen: number[] = []
    let running = 0
    let sought = false
    const stop = new AbortController()
    await consumer.run({
      concurrency: 4,
      order: 'key',
      signal: stop.signal,
      eachRecord: async ({ offset, key }) => {
        if (String(key) === 'k0') expect(++running).toBe(1)
        seen.push(offset)
        if (offset === 6 && !sought) {
          sought = true
          await consumer.seek({ topic: 'events', partition: 0 }, 20)
        }
        await pause(2)
        if (String(key) === 'k0') running--
        if (offset === 29) stop.abort()
      },
    })
    const after = seen.slice(seen.indexOf(20))
    expect(after.sort((a, b) => a - b)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29])
    expect(Math.max(...seen.filter((offset) => offset < 20))).toBeLessThan(20)
    expect(commits.at(-1)).toEqual([0, 30])
  })

  it('a paused partition waits, with nothing lost or repeated', async () => {
    await seed(40, 0)
    await seed(40, 1)
    const consumer = consume([0, 1])
    const partition = [{ topic: 'events', partition: 0 }]
    const seen: string[] = []
    const stop = new AbortController()
    const run = consumer.run({
      concurrency: 2,
      signal: stop.signal,
      maxInFlightRecords: 2,
      eachRecord: async ({ partition: of, offset }) => {
        seen.push(`${of}/${offset}`)
        if (seen.length === 10) await consumer.pause(partition)
        await pause(1)
      },
    })
    while (seen.filter((one) => one.startsWith('1/')).length < 40) await pause(2)
    expect(seen.filter((one) => one.startsWith('0/')).length).toBeLessThan(20)
    await consumer.resume(partition)
    while (seen.length < 80) await pause(2)
    stop.abort()
    await within('run', 5_000, run)
    expect(seen.filter((one) => one.startsWith('0/'))).toEqual([...Array(40).keys()].map((offset) => `0/${offset}`))
    expect(new Set(seen).size).toBe(80)
  })

  it('takes no more of a partition while too much is done behind a gap', async () => {
    await seed(100, 0, 0)
    const consumer = consume([0], { maxGapRecords: 10 })
    let free = () => {}
    const blocked = new Promise<void>((resolve) => {
      free = resolve
    })
    const stop = new AbortController()
    let calls = 0
    const run = consumer.run({
      order: 'none',
      concurrency: 2,
      maxInFlightRecords: 2,
      signal: stop.signal,
      eachRecord: async ({ offset }) => {
        calls++
        if (offset === 0) await blocked
        if (calls === 100) stop.abort()
      },
    })
    while (calls < 11) await pause(2)
    await pause(30)
    expect(calls).toBe(11)
    free()
    await within('run', 5_000, run)
    expect(commits.at(-1)).toEqual([0, 100])
  })

  it('ends at once when its signal has fired, also while brokers do not answer', async () => {
    await consume().run({ eachBatch() {}, signal: AbortSignal.abort() })
    reading.broker.pauseAnswers()
    const stop = new AbortController()
    const run = consume().run({ eachBatch() {}, signal: stop.signal })
    await pause(20)
    stop.abort()
    await within('run', 2_000, run)
    reading.broker.resumeAnswers()
  })

  it('a timer and a signal are heard also while handlers never wait for anything', async () => {
    await seed(20_000)
    const stop = new AbortController()
    let calls = 0
    const run = consume().run({
      signal: stop.signal,
      eachRecord: () => {
        if (++calls === 1) setTimeout(() => stop.abort(), 20)
        for (const until = performance.now() + 0.2; performance.now() < until; );
      },
    })
    await within('run', 20_000, run)
    expect(calls).toBeLessThan(20_000)
  })

  it('refuses wrong options, a second run, and other ways of reading beside it', async () => {
    const consumer = consume()
    const wrong: [object, RegExp][] = [
      [{}, /one of the three/],
      [{ eachBatch() {}, eachRecord() {} }, /one of the three/],
      [{ eachRecord() {}, concurrency: 0 }, /concurrency must be/],
      [{ eachRecord() {}, onError: { retries: -1 } }, /onError.retries/],
      [{ eachRecord: 'x' }, /must be a function/],
      [{ eachRecord() {}, conurrency: 3 }, /concurrency/],
      [{ eachBatch() {}, workers: 2 }, /workers goes with processor/],
      [{ processor: new URL('http://x.org/y.js') }, /processor must be the URL or the path/],
      [{ processor: 'x.js', workers: 0 }, /workers must be/],
      [{ processor: 'x.js', resourceLimits: { heap: 3 } }, /resourceLimits must be/],
    ]
    for (const [options, message] of wrong)
      expect((await errorOf(consumer.run(options as Options))).message).toMatch(message)
    const stop = new AbortController()
    const run = consumer.run({ eachBatch() {}, signal: stop.signal })
    await pause(5)
    expect(await errorOf(consumer.run({ eachBatch() {} }))).toMatchObject({ code: 'RUNNING' })
    expect(await errorOf(consumer.recv())).toMatchObject({ code: 'RUNNING' })
    stop.abort()
    await within('run', 5_000, run)
  })
})
