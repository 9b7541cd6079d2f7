// A producer of the I/O thread on the embedded broker, over a network in memory and a virtual clock.
import { describe, expect, test } from 'vitest'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { producerWorlds } from '../../support/producer-world.ts'

const start = producerWorlds()

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)

describe('a batch', () => {
  test('is stored as it was made, whatever pieces it lies in, and its offset reported', async () => {
    const { clock, broker, rig, values } = await start()
    const words = Array.from({ length: 50 }, (_, i) => `word ${i}`)
    const sent = [61, 62, 100, 1_000].map((pieceBytes) => rig.send({ values: words, pieceBytes }))
    const reports = await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(reports.map(({ baseOffset }) => baseOffset)).toEqual([0, 50, 100, 150])
    expect(reports.map(({ error, attempts }) => ({ error, attempts }))).toEqual(
      reports.map(() => ({ error: undefined, attempts: 1 })),
    )
    expect(values()).toEqual([...words, ...words, ...words, ...words])
    expect(broker.describe('events', 0).endOffset).toBe(200)
    await clock.until(Promise.all(sent.map(({ freed }) => freed)))
    expect(rig.heldCount).toBe(0)
  })

  test.each([
    [-1, true],
    [-1, false],
    [1, false],
  ] as const)('with acks %i, idempotent: %s, is stored', async (acks, idempotent) => {
    const { clock, broker, rig, values } = await start({ acks, idempotent })
    const asked: unknown[] = []
    broker.on('Produce', (request) => void asked.push(request.acks))
    const sent = rig.sendAll(numbered(20).map((value) => ({ values: [value] })))
    const reports = await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(reports.map(({ baseOffset }) => baseOffset)).toEqual(numbered(20).map(Number))
    expect(values()).toEqual(numbered(20))
    expect(new Set(asked)).toEqual(new Set([acks]))
  })

  test('with acks 0 is reported without an offset when the transport has it, and freed', async () => {
    const { clock, rig, values } = await start({ acks: 0, idempotent: false })
    const sent = rig.sendAll(numbered(20).map((value) => ({ values: [value] })))
    const reports = await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(reports.map(({ baseOffset, error }) => ({ baseOffset, error }))).toEqual(
      numbered(20).map(() => ({ baseOffset: -1, error: undefined })),
    )
    expect(rig.heldCount).toBe(0)
    await clock.advance(100)
    expect(values()).toEqual(numbered(20))
  })

  test('may have acks of its own, and never shares a request with others', async () => {
    const { clock, broker, rig } = await start({ acks: -1, idempotent: false })
    const asked: [number, number][] = []
    broker.on('Produce', ({ acks, topicData }) => void asked.push([acks, topicData[0]!.partitionData.length]))
    const sent = rig.sendAll([{ partition: 0 }, { partition: 1, acks: 1 }, { partition: 2 }, { partition: 3, acks: 1 }])
    await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(asked).toEqual([
      [-1, 2],
      [1, 2],
    ])
  })

  test('is sent in the order of the ordinals, whichever came first', async () => {
    const { clock, rig, values } = await start()
    const made = numbered(10).map((value) => rig.make({ values: [value] }))
    for (const i of [3, 1, 0, 2, 9, 8, 7, 4, 6, 5]) {
      rig.post([made[i]!.sealed])
      await clock.advance(3)
    }
    const reports = await clock.until(Promise.all(made.map(({ sent }) => sent.report)))
    expect(reports.map(({ baseOffset }) => baseOffset)).toEqual(numbered(10).map(Number))
    expect(values()).toEqual(numbered(10))
  })

  test('that was lost before it came is reported with that error, and the next ones go on', async () => {
    const { clock, rig, values } = await start()
    const [first, second, third] = ['a', 'b', 'c'].map((value) => rig.make({ values: [value] }))
    const lost = { class: 'ThreadDied', code: 'THREAD_DIED', message: 'gone' } as const
    rig.post([first!.sealed, third!.sealed])
    rig.post([{ ...second!.sealed, lost }])
    expect((await clock.until(second!.sent.report)).error).toMatchObject({ code: 'THREAD_DIED', stored: 'not stored' })
    await clock.until(third!.sent.report)
    expect(values()).toEqual(['a', 'c'])
    expect(rig.heldCount).toBe(0)
  })

  test('of a topic without a leader waits until there is one', async () => {
    const { clock, broker, rig, values } = await start()
    const { report } = rig.send({ topic: 'later', values: ['x'] })
    await clock.advance(5_000)
    broker.createTopic('later')
    expect(await clock.until(report)).toMatchObject({ error: undefined, baseOffset: 0 })
    expect(values('later')).toEqual(['x'])
  })

  test('of a topic that never comes fails at its deadline as not stored, and says why', async () => {
    const { clock, rig } = await start()
    const startedMs = clock.now()
    const { report } = rig.send({ topic: 'nowhere', timeoutMs: 5_000 })
    const { error } = await clock.until(report)
    expect(error).toMatchObject({
      class: 'Timeout',
      code: 'DELIVERY_TIMED_OUT',
      topic: 'nowhere',
      stored: 'not stored',
    })
    expect(error).toMatchObject({ cause: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } })
    expect(clock.now() - startedMs).toBeLessThan(6_000)
  })
})

describe('requests', () => {
  test('are pipelined, five on a connection and never more', async () => {
    const { clock, broker, rig, values } = await start()
    await clock.until(rig.send({ values: ['first'] }).report)
    const connection = rig.cluster.channel(1, 'produce:1/0')!.current!
    broker.pauseAnswers()
    const sent = numbered(12).map((value) => rig.send({ values: [value] }))
    await clock.advance(1_000)
    expect(connection.inFlightCount).toBe(5)
    broker.resumeAnswers()
    await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(values()).toEqual(['first', ...numbered(12)])
  })

  test('hold no more than maxRequestBytes, unless one batch is larger', async () => {
    const { clock, broker, rig } = await start({ maxRequestBytes: 10_000 })
    const sizes: number[] = []
    broker.on('Produce', ({ topicData }) => {
      const batches = topicData.flatMap(({ partitionData }) => partitionData.map(({ records }) => records!.length))
      sizes.push(batches.reduce((sum, size) => sum + size, 0))
    })
    const large = 'y'.repeat(30_000)
    const value = 'x'.repeat(4_000)
    const sent = rig.sendAll(
      [0, 1, 2, 3, 0, 1].map((partition, i) => ({ partition, values: [i === 4 ? large : value] })),
    )
    await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(sizes.filter((size) => size > 10_000).length).toBe(1)
    expect(Math.max(...sizes)).toBeLessThan(31_000)
  })

  test('of one partition go one at a time until the broker knows the producer', async () => {
    const { clock, broker, rig, values } = await start()
    broker.once('Produce', () => ({ errorCode: ErrorCode.NOT_ENOUGH_REPLICAS }))
    const sent = numbered(5).map((value) => rig.send({ values: [value] }))
    await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(values()).toEqual(numbered(5))
  })

  test('to a broker that hangs do not keep others waiting', async () => {
    const { clock, broker, rig, values } = await start({}, { brokers: 2 })
    broker.createTopic('two', { partitions: 2, assignments: [[1], [2]] })
    broker.on('Produce', (_, { node }) => (node.id === 1 ? { drop: true } : undefined))
    const stuck = numbered(20).map((value) =>
      rig.send({ topic: 'two', partition: 0, values: [value], timeoutMs: 9_000 }),
    )
    const sent = numbered(20).map((value) => rig.send({ topic: 'two', partition: 1, values: [value] }))
    const startedMs = clock.now()
    await clock.until(Promise.all(sent.map(({ report }) => report)))
    expect(clock.now() - startedMs).toBeLessThan(1_000)
    expect(values('two', 1)).toEqual(numbered(20))
    const errors = await clock.until(Promise.all(stuck.map(async ({ report }) => (await report).error)))
    expect(errors.map((error) => error?.stored)).toEqual(['may be stored', ...numbered(19).map(() => 'not stored')])
  })

  test('wait while a broker asks for silence (KIP-219), and go on then', async () => {
    const { clock, broker, rig } = await start()
    await clock.until(rig.send().report)
    broker.once('Produce', () => ({ edit: (answer) => ({ ...answer, throttleTimeMs: 3_000 }) }))
    await clock.until(rig.send().report)
    const startedMs = clock.now()
    await clock.until(rig.send().report)
    expect(clock.now() - startedMs).toBeGreaterThanOrEqual(2_990)
    expect(clock.now() - startedMs).toBeLessThan(4_000)
  })
})
