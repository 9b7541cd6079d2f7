// Sequences over whatever happens: nothing stored twice, nothing out of order, and the truth about each batch.
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import type { Broker, FaultHook } from '../../../src/broker/index.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import type { Sent } from '../../support/producing.ts'

const start = producerWorlds()

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `${i}`)
const reportsOf = (sent: readonly Sent[]) => Promise.all(sent.map(({ report }) => report))

/** What goes wrong with one request, by the number of it. */
function faulty(broker: Broker, faults: Record<number, ReturnType<FaultHook<'Produce'>>>): void {
  let asked = 0
  broker.on('Produce', () => faults[asked++])
}

describe('with five in flight', () => {
  test.each([
    ['answers are lost', { cut: 'after' } as const],
    ['requests are lost', { cut: 'before' } as const],
    ['an answer is cut in the middle', { cutAfterBytes: 10 }],
    ['the broker refuses for now', { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS }],
    ['the broker refuses after it stored', { edit: refuse(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND) }],
    ['the broker took too long', { edit: refuse(ErrorCode.REQUEST_TIMED_OUT) }],
    ['the leader has moved', { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }],
    ['the topic is missing for a moment', { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }],
    ['an answer makes no sense', { raw: Uint8Array.of(0, 0, 0, 9, 1, 2, 3, 4) }],
    ['the broker has lost what it knew', { errorCode: ErrorCode.UNKNOWN_PRODUCER_ID }],
    ['the sequence is said not to fit', { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }],
  ])('all are stored once and in order when %s', async (_, fault) => {
    for (const at of [0, 1, 3, 7]) {
      const { clock, broker, rig, values } = await start({}, { seed: at + 1 })
      faulty(broker, { [at]: fault, [at + 2]: fault })
      const sent = numbered(20).map((value) => rig.send({ values: [value, `${value}b`] }))
      const reports = await clock.until(reportsOf(sent))
      expect(reports.map(({ error }) => error)).toEqual(numbered(20).map(() => undefined))
      expect(values()).toEqual(numbered(20).flatMap((value) => [value, `${value}b`]))
      // An answer that says "stored before" may not tell where.
      const offsets = reports.map(({ baseOffset }) => baseOffset)
      expect(offsets).toEqual(numbered(20).map((value) => 2 * Number(value)))
      await clock.until(Promise.all(sent.map(({ freed }) => freed)))
    }
  })

  test('a batch that is refused for good leaves no gap: the others go on in a new epoch', async () => {
    for (const at of [0, 1, 4, 9]) {
      const { clock, broker, rig, values } = await start()
      faulty(broker, { [at]: { errorCode: ErrorCode.INVALID_RECORD } })
      const sent = numbered(10).map((value) => rig.send({ values: [value] }))
      const reports = await clock.until(reportsOf(sent))
      const failed = reports.findIndex(({ error }) => error !== undefined)
      expect(reports[failed]!.error).toMatchObject({ code: 'INVALID_RECORD', stored: 'not stored', topic: 'events' })
      expect(values()).toEqual(numbered(10).filter((_, i) => i !== failed))
    }
  })

  test('a batch whose time is over while its answer is awaited may be stored, and the others go on', async () => {
    for (const fault of [{ drop: 'after' }, { drop: 'before' }] as const) {
      const { clock, broker, rig, values } = await start({ requestTimeoutMs: 5_000 })
      await clock.until(rig.send({ values: ['first'] }).report)
      broker.once('Produce', () => fault)
      const lost = rig.send({ values: ['lost'], timeoutMs: 1_000 })
      const later = numbered(5).map((value) => rig.send({ values: [value] }))
      const report = await clock.until(lost.report)
      expect(report.error).toMatchObject({ code: 'DELIVERY_TIMED_OUT', stored: 'may be stored', partition: 0 })
      const reports = await clock.until(reportsOf(later))
      expect(reports.map(({ error }) => error)).toEqual(later.map(() => undefined))
      expect(values()).toEqual(['first', ...(fault.drop === 'after' ? ['lost'] : []), ...numbered(5)])
    }
  })

  test('a batch whose time is over before it was sent is not stored', async () => {
    const { clock, broker, rig, values } = await start({ maxInFlight: 1 })
    await clock.until(rig.send({ values: ['first'] }).report)
    broker.once('Produce', () => ({ delayMs: 3_000 }))
    const slow = rig.send({ values: ['slow'] })
    const late = rig.send({ values: ['late'], timeoutMs: 1_000 })
    const after = rig.send({ values: ['after'] })
    expect((await clock.until(late.report)).error).toMatchObject({ stored: 'not stored', code: 'DELIVERY_TIMED_OUT' })
    await clock.until(reportsOf([slow, after]))
    expect(values()).toEqual(['first', 'slow', 'after'])
  })
})

test('leaders that move again and again lose nothing, and store nothing twice', async () => {
  const { clock, broker, rig, values } = await start({}, { brokers: 3 })
  const random = seededRandom(5)
  const sent: Sent[] = []
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 10; i++) sent.push(rig.send({ partition: i % 4, values: [`${sent.length}`] }))
    broker.moveLeader('events', Math.floor(random.next() * 4), 1 + Math.floor(random.next() * 3))
    await clock.advance(random.next() * 20)
  }
  const reports = await clock.until(reportsOf(sent))
  expect(reports.map(({ error }) => error)).toEqual(sent.map(() => undefined))
  for (let partition = 0; partition < 4; partition++) {
    expect(values('events', partition)).toEqual(
      numbered(1_000).filter((value) => (Number(value) % 10) % 4 === partition),
    )
  }
})

test('epochs that are used up are followed by another producer id', async () => {
  const { clock, broker, rig, values } = await start()
  const ids: bigint[] = []
  broker.on('InitProducerId', () => ({
    edit: (answer) => {
      ids.push(answer.producerId)
      return { ...answer, producerEpoch: 0x7fff }
    },
  }))
  await clock.until(rig.send({ values: ['a'] }).report)
  broker.once('Produce', () => ({ errorCode: ErrorCode.UNKNOWN_PRODUCER_ID }))
  await clock.until(reportsOf(['b', 'c'].map((value) => rig.send({ values: [value] }))))
  expect(values()).toEqual(['a', 'b', 'c'])
  expect(new Set(ids).size).toBe(2)
})

test('a producer that is not allowed to be one fails for good, with all that it was given', async () => {
  const { clock, broker, rig } = await start()
  broker.on('InitProducerId', () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }))
  const [first, second] = await clock.until(reportsOf([rig.send(), rig.send({ partition: 1 })]))
  for (const { error } of [first!, second!]) {
    expect(error).toMatchObject({ class: 'Unauthorized', code: 'CLUSTER_AUTHORIZATION_FAILED', stored: 'not stored' })
  }
  expect(rig.told.find(({ type }) => type === 'producerFailed')).toMatchObject({ producer: 1 })
  expect((await clock.until(rig.send().report)).error).toMatchObject({ class: 'Unauthorized' })
  expect(rig.heldCount).toBe(0)
})

function refuse(errorCode: number) {
  return (answer: { responses: { partitionResponses: { errorCode: number; baseOffset: number }[] }[] }) => {
    for (const { partitionResponses } of answer.responses) {
      for (const result of partitionResponses) Object.assign(result, { errorCode, baseOffset: -1 })
    }
    return undefined
  }
}
