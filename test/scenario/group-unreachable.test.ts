// A group whose coordinator does not answer: who asks for records the first time hears of it within the limit of all
// calls; a member waits. On the embedded broker, which can be stopped. [test process]
import { describe, expect, test, vi } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { type Consumer, Kafka } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { errorOf, within } from '../support/reading.ts'
import { BOTH, PATIENCE, QUICK } from './quick-groups.ts'

/** Of each call, in ms. */
const LIMIT = { defaultApiTimeoutMs: 200 }
const NOBODY = '127.0.0.1:1'

async function firstOf(records: AsyncIterable<unknown>) {
  for await (const record of records) return record
  return 'the end'
}

const ASKED: Record<string, (consumer: Consumer) => Promise<unknown>> = {
  recv: (consumer) => consumer.recv(),
  poll: (consumer) => consumer.poll(),
  'a loop': (consumer) => firstOf(consumer),
  batches: (consumer) => firstOf(consumer.batches()),
  run: (consumer) => consumer.run({ eachRecord: () => {} }),
  seek: (consumer) => consumer.seekMany([]),
}

describe.each(BOTH)('%s', (groupProtocol) => {
  const of = (kafka: Kafka, topics: string | RegExp = 't') => {
    return kafka.consumer({ groupId: 'g', groupProtocol, topics, ...QUICK })
  }

  test.each(Object.entries(ASKED))('no broker is there: %s rejects, and closing waits for nobody', async (_, ask) => {
    await using kafka = new Kafka({ brokers: [NOBODY], threads: 'inline', ...LIMIT })
    const consumer = of(kafka)
    expect(await errorOf(within('it', 10_000, ask(consumer)))).toMatchObject({ retriable: true })
    const again = errorOf(consumer.recv())
    await consumer.close()
    expect(await again).toMatchObject({ code: 'CONSUMER_CLOSED' })
  })

  test.each(['t', /t/])('a broker answers nothing: %s rejects', async (topics) => {
    await using broker = await Broker.start()
    await using kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', ...LIMIT })
    broker.pauseAnswers()
    expect(await errorOf(within('it', 10_000, of(kafka, topics).recv()))).toMatchObject({ retriable: true })
    broker.resumeAnswers()
  })

  test('the coordinator is nowhere to be found: rejects; it is found later: joins', async () => {
    await using broker = await Broker.start()
    await broker.seed('t', ['a'])
    await using kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', ...LIMIT })
    const nowhere = broker.on('FindCoordinator', () => ({ errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE }))
    const consumer = of(kafka)
    expect(await errorOf(within('it', 10_000, consumer.recv()))).toMatchObject({ retriable: true })
    nowhere()
    expect(await consumer.recv()).toMatchObject({ offset: 0 })
  })

  test('who is a member waits for brokers that are away longer', async () => {
    await using broker = await Broker.start({ groups: { heartbeatIntervalMs: 50 } })
    await broker.seed('t', ['a'])
    await using other = new Kafka({ brokers: broker.addresses, threads: 'inline' })
    const owner = of(other)
    await owner.recv()
    await using kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', ...LIMIT })
    const consumer = of(kafka)
    const next = consumer.recv()
    await vi.waitFor(() => expect(broker.group('g')?.members).toHaveLength(2), PATIENCE)
    await broker.stopNode(1)
    await new Promise((resolve) => setTimeout(resolve, 4 * LIMIT.defaultApiTimeoutMs))
    await broker.startNode(1)
    await owner.close()
    await broker.seed('t', ['b'])
    expect(await within('recv', 20_000, next)).toMatchObject({ topic: 't' })
  })
})
