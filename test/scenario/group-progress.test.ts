// Handlers that take long, and handlers that take too long: the first cost nothing, the second cost the membership, and
// what they acknowledge afterwards is committed by nobody. Both brokers. [test process]
import { expect, test, vi } from 'vitest'
import { Kafka } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { filledTopic, MemberLog, STRATEGIES } from './group-members.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }
const QUICK = { heartbeatIntervalMs: 100, heartbeatFloorMs: 100, autoCommitIntervalMs: 100 }

/** Keeps the thread. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

onEveryGround('progress', (ground) => {
  const eager = ground.mode === 'inline' ? (['range'] as const) : []
  const strategies = ['cooperative-sticky', ...eager, 'KIP-848'] as const
  test.each(strategies)(
    '%s: a member that makes no progress leaves, and its late acks commit nothing',
    async (strategy) => {
      const topic = await filledTopic(ground, `stuck-${strategy}`, 1, 10)
      const kafka = ground.kafka()
      const events: string[] = []
      kafka.on('stalled', ({ stalledMs }) => events.push(stalledMs >= 800 ? 'warned' : `warned after ${stalledMs} ms`))
      const group = { groupId: `group of ${topic}`, topics: topic, autoOffsetReset: 'earliest' } as const
      const stuck = kafka.consumer({
        ...{ ...group, ...STRATEGIES[strategy], ...QUICK, maxPollIntervalMs: 1_000 },
        rebalanceListener: { onLost: () => void events.push('lost'), onRevoked: () => void events.push('revoked') },
      })
      const records = await stuck.poll({ max: 5 })
      expect(records.length).toBeGreaterThan(0)
      // Nothing more is asked for: it is warned, then it is out, and the next member has the partition.
      await vi.waitFor(() => expect(events).toEqual(['warned', 'lost']), PATIENCE)
      const next = kafka.consumer({ ...group, ...STRATEGIES[strategy], ...QUICK })
      const first = await next.recv()
      expect(first.offset).toBe(0)
      expect(stuck.assignment()).toEqual([])
      for (const record of records) record.ack()
      await expect(stuck.commit()).resolves.toBeUndefined()
      await expect(stuck.commit([{ topic, partition: 0, offset: 5 }])).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
      await first.commit()
      expect((await next.committed())[0]!.offset).toBe(1)
      // It is a member again as soon as it asks for something.
      const again = stuck.poll({ timeoutMs: 10_000 })
      await next.close()
      const back = await again
      expect(back[0]!.offset).toBe(1)
      await vi.waitFor(async () => expect(stuck.assignment()).toHaveLength(1), PATIENCE)
    },
    40_000,
  )

  test('a handler that is stuck is told by its signal, and what it did is done by the next member', async () => {
    const topic = await filledTopic(ground, 'signal', 1, 3)
    const kafka = ground.kafka()
    const group = { groupId: `group of ${topic}`, topics: topic, autoOffsetReset: 'earliest' } as const
    const stuck = kafka.consumer({ ...group, ...QUICK, maxPollIntervalMs: 1_000 })
    let told = false
    const run = stuck.run({
      eachRecord: (_, { signal }) =>
        new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => {
            told = true
            resolve()
          }),
        ),
    })
    await vi.waitFor(() => expect(stuck.assignment()).toHaveLength(1), PATIENCE)
    const next = kafka.consumer({ ...group, ...QUICK })
    expect((await next.recv()).offset).toBe(0)
    await vi.waitFor(() => expect(told).toBe(true), PATIENCE)
    await stuck.close()
    await run
    expect((await next.committed())[0]!.offset).toBeUndefined()
  }, 40_000)
})

// The embedded broker would be blocked as well: it is on this thread.
kafkaDescribe('progress: real Kafka', (real) => {
  test.each(['cooperative-sticky', 'KIP-848'] as const)(
    '%s: main is blocked for more than a session: 0 rebalances, 0 handlers at once',
    async (strategy) => {
      const kafka = new Kafka({ brokers: real.brokers })
      const topic = await real.topic(`blocked-${strategy}`, { partitions: 2 })
      const produce = async (count: number) => {
        await real.java.produce(
          topic,
          Array.from({ length: count }, (_, i) => ({ partition: i % 2, value: `v${i}` })),
        )
      }
      await produce(20)
      const log = new MemberLog({ kafka: () => kafka }, topic)
      const options = { ...STRATEGIES[strategy], ...QUICK, sessionTimeoutMs: 1_500 }
      const a = log.join('a', options)
      const b = log.join('b', options)
      await log.shared([a, b], [1, 1])
      await log.processed(20)
      const before = [[...a.events], [...b.events]]
      block(strategy === 'KIP-848' ? 7_000 : 3_500)
      await produce(20)
      await log.processed(40)
      expect([a.events, b.events]).toEqual(before)
      expect(log.wrong).toEqual([])
      await kafka.close()
    },
    40_000,
  )
})
