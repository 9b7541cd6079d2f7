// Topics that are not subscribed to any more: nothing that was fetched of them before is given, though the group has
// not taken them yet; wanted again, they are read on without a gap. On the embedded broker. [test process]
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Consumer } from '../../src/index.ts'
import { BOTH, PATIENCE, QUICK, quickGroups } from './quick-groups.ts'

const given = quickGroups()
const RECORDS = 1_000

interface Given {
  topic: string
  ack(): unknown
}

async function firstOf(loop: AsyncIterable<Given>): Promise<Given> {
  for await (const given of loop) {
    given.ack()
    return given
  }
  throw new Error('the loop ended')
}

const WAYS: Record<string, (consumer: Consumer) => Promise<Given>> = {
  recv: (consumer) => consumer.recv(),
  poll: async (consumer) => (await consumer.poll({ max: 1 }))[0]!,
  recvBatch: async (consumer) => (await consumer.recvBatch({ max: 1, timeoutMs: 20_000 })).records[0]!,
  'a loop': (consumer) => firstOf(consumer),
  batches: (consumer) => firstOf(consumer.batches()),
}

describe.each(BOTH)('%s', (groupProtocol) => {
  beforeEach(async () => {
    const { broker } = given
    for (const topic of ['many', 'other']) broker.createTopic(topic, { partitions: 1 })
    const values = Array.from({ length: RECORDS }, (_, i) => `${i}`)
    // In two batches: the second is fetched while the first is read.
    await broker.seed('many', values.slice(0, RECORDS / 2))
    await broker.seed('many', values.slice(RECORDS / 2))
    await broker.seed('other', ['other'])
  })

  const member = (topics: string) =>
    given.kafka.consumer({ groupId: 'g', groupProtocol, topics, fetchMaxWaitMs: 50, ...QUICK })

  test.each(Object.entries(WAYS))('%s gives nothing more of them', async (_, next) => {
    const consumer = member('many')
    const first = await consumer.recv()
    first.ack()
    consumer.subscribe('other')
    const second = await next(consumer)
    expect(second.topic).toBe('other')
    second.ack()
    // What was given is committed, and nothing else.
    consumer.subscribe('many')
    const { topic, offset } = await consumer.recv()
    expect([topic, offset]).toEqual(['many', first.offset + 1])
  })

  test('what is wanted again at once is read on, and what was paused stays so', async () => {
    given.broker.createTopic('more', { partitions: 1 })
    await given.broker.seed('more', ['more'])
    const consumer = member('many')
    const offsets = [(await consumer.recv()).offset]
    for (let i = 1; i < RECORDS; i++) {
      if (i % 100 === 0) {
        consumer.subscribe('other')
        consumer.subscribe('many')
      }
      const record = await consumer.recv()
      expect(record.topic).toBe('many')
      offsets.push(record.offset)
      record.ack()
    }
    expect(offsets).toEqual(Array.from({ length: RECORDS }, (_, i) => i))
    const partition = { topic: 'many', partition: 0 }
    await consumer.pause([partition])
    consumer.subscribe('other')
    consumer.subscribe(['many', 'more'])
    expect((await consumer.recv()).topic).toBe('more')
    expect(consumer.paused()).toEqual([partition])
    await given.broker.seed('many', ['last'])
    await consumer.resume([partition])
    expect((await consumer.recv()).offset).toBe(RECORDS)
  })

  test('what is not wanted any more when its listener has ended is not begun', async () => {
    const consumer = given.kafka.consumer({ groupId: 'g', groupProtocol, fetchMaxWaitMs: 50, ...QUICK })
    consumer.subscribe('many', {
      onAssigned: ([one]) => {
        if (one?.topic === 'many') consumer.subscribe('other')
      },
    })
    expect((await consumer.recv()).topic).toBe('other')
  })

  test.each(['', 'again'])(
    'what its listener wants no more is not begun beside others, unless wanted %s',
    async (again) => {
      const consumer = member('other')
      const [other] = await consumer.poll({ max: 1 })
      expect(other!.topic).toBe('other')
      const told: string[] = []
      const both = ['other', 'many']
      consumer.subscribe(both, {
        onAssigned: (partitions) => {
          if (partitions.every(({ topic }) => topic !== 'many')) return
          consumer.subscribe('other')
          if (again) consumer.subscribe(both)
          told.push('many')
        },
      })
      const coming = consumer.recv()
      await vi.waitFor(() => expect(told).toContain('many'), PATIENCE)
      if (!again) await given.broker.seed('other', ['o'])
      const next = await coming
      expect(next.topic).toBe(again ? 'many' : 'other')
      if (!again) return
      await consumer.seek({ topic: 'many', partition: 0 }, 700)
      expect((await consumer.recv()).offset).toBe(700)
    },
  )

  test('a run that is resubscribed passes over nothing', async () => {
    const consumer = member('many')
    const seen: number[] = []
    const run = consumer.run({
      eachRecord: ({ topic, offset }) => {
        if (topic === 'many') seen.push(offset)
        if (offset === 99) {
          consumer.subscribe('other')
          consumer.subscribe('many')
        }
        if (offset === RECORDS - 1) void consumer.close()
      },
    })
    await run
    expect(seen).toEqual(Array.from({ length: RECORDS }, (_, i) => i))
  })
})
