// What a consumer may be subscribed to, where it starts, and what is refused: both brokers. [test process]
import { expect, test, vi } from 'vitest'
import { type Assignor, assignors, type Consumer } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { filledTopic, more } from './group-members.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }
const QUICK = { heartbeatIntervalMs: 100, heartbeatFloorMs: 100, autoOffsetReset: 'earliest' } as const
const BOTH = ['classic', 'consumer'] as const

onEveryGround('subscriptions', (ground) => {
  // The threads change nothing about topics.
  const inline = ground.mode === 'inline' ? test : test.skip

  inline.each(BOTH)(
    '%s: subscribe replaces, unsubscribe gives back and leaves, assign is for others',
    async (groupProtocol) => {
      const [one, two] = [await filledTopic(ground, 'one', 1, 3), await filledTopic(ground, 'two', 1, 3)]
      const events: string[] = []
      const consumer = ground.kafka().consumer({ groupId: `group of ${one}`, groupProtocol, ...QUICK })
      await expect(consumer.poll()).rejects.toMatchObject({ code: 'NOTHING_ASSIGNED' })
      consumer.subscribe([one], {
        onAssigned: (partitions) => void events.push(`+${partitions.map(({ topic }) => topic)}`),
        onRevoked: async (partitions) => {
          await consumer.commit()
          events.push(`-${partitions.map(({ topic }) => topic)}`)
        },
      })
      expect(consumer.subscription()).toEqual([one])
      expect(await values(consumer, 3)).toEqual(['v0', 'v1', 'v2'])
      expect(() => consumer.assign([{ topic: two, partition: 0 }])).toThrow(/unsubscribe/)
      await expect(consumer.seek({ topic: two, partition: 0 }, 0)).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
      const foreign = [{ topic: two, partition: 0, offset: 1 }]
      await expect(consumer.commit(foreign)).rejects.toMatchObject({ code: 'NOT_ASSIGNED' })
      consumer.subscribe(two)
      expect(await values(consumer, 3)).toEqual(['v0', 'v1', 'v2'])
      expect(consumer.assignment()).toEqual([{ topic: two, partition: 0 }])
      await consumer.unsubscribe()
      expect([consumer.assignment(), consumer.subscription()]).toEqual([[], []])
      expect(events).toEqual([`+${one}`, `-${one}`, `+${two}`, `-${two}`])
      consumer.assign([{ topic: one, partition: 0 }])
      expect(() => consumer.subscribe(one)).toThrow(/assigned by hand/)
      await consumer.seek({ topic: one, partition: 0 }, 2)
      expect((await consumer.recv()).offset).toBe(2)
    },
    40_000,
  )

  inline.each(BOTH)(
    '%s: an expression matches topics, also those that come later',
    async (groupProtocol) => {
      const prefix = `match${Math.random().toString(36).slice(2)}`
      const first = await filledTopic(ground, `${prefix}-a`, 1, 1)
      await filledTopic(ground, `${prefix}x`, 1, 1)
      const kafka = ground.kafka({ metadataMaxAgeMs: 500 })
      const consumer = kafka.consumer({
        groupId: prefix,
        topics: new RegExp(`${prefix}-[AB]`, 'i'),
        groupProtocol,
        ...QUICK,
      })
      expect((await consumer.recv()).topic).toBe(first)
      const second = await filledTopic(ground, `${prefix}-b`, 1, 1)
      expect((await consumer.recv()).topic).toBe(second)
      expect(consumer.subscription().sort()).toEqual([first, second].sort())
    },
    40_000,
  )

  inline(
    'an expression that only JavaScript can read is matched here, also with KIP-848',
    async () => {
      const prefix = `look${Math.random().toString(36).slice(2)}`
      await filledTopic(ground, `${prefix}-no`, 1, 1)
      const wanted = await filledTopic(ground, `${prefix}-yes`, 1, 1)
      const topics = new RegExp(`^${prefix}-(?!no)`)
      const consumer = ground.kafka().consumer({ groupId: prefix, topics, groupProtocol: 'consumer', ...QUICK })
      expect((await consumer.recv()).topic).toBe(wanted)
      expect(consumer.subscription()).toEqual([wanted])
    },
    40_000,
  )

  inline.each(BOTH)(
    '%s: what is deleted is revoked, and the other topics are read on',
    async (groupProtocol) => {
      const [stays, goes] = [await filledTopic(ground, 'stays', 1, 1), await filledTopic(ground, 'goes', 2, 2)]
      const kafka = ground.kafka()
      const revoked: string[] = []
      const consumer = kafka.consumer({ groupId: `group of ${goes}`, groupProtocol, ...QUICK })
      consumer.on('error', () => {})
      consumer.subscribe([stays, goes], {
        onRevoked: (partitions) =>
          void revoked.push(...partitions.map(({ topic, partition }) => `${topic}/${partition}`)),
      })
      const seen: string[] = []
      const run = consumer.run({ eachRecord: ({ topic }) => void seen.push(topic) })
      await vi.waitFor(() => expect(seen).toHaveLength(3), PATIENCE)
      await kafka.admin.deleteTopics([goes])
      await vi.waitFor(() => expect(revoked.sort()).toEqual([`${goes}/0`, `${goes}/1`]), PATIENCE)
      await more(ground, stays, 1, 1)
      await vi.waitFor(() => expect(seen).toHaveLength(4), PATIENCE)
      await consumer.close()
      await run
    },
    40_000,
  )

  inline(
    'starts are: committed, else initialOffsets, else the reset; startAt replays once',
    async () => {
      const topic = await filledTopic(ground, 'starts', 3, 30)
      const groupId = `group of ${topic}`
      const kafka = ground.kafka()
      const before = kafka.consumer({ groupId })
      before.assign([{ topic, partition: 0 }])
      await before.seek({ topic, partition: 0 }, 7)
      await before.commit()
      await before.close()
      const initialOffsets = [0, 1].map((partition) => ({ topic, partition, offset: 4 }))
      const consumer = kafka.consumer({ groupId, topics: topic, initialOffsets, ...QUICK, autoCommit: false })
      await firstOf(consumer, [7, 4, 0])
      await consumer.close()
      const startAt = [{ topic, partition: 0, offset: 2 }]
      const replay = kafka.consumer({ groupId, topics: topic, startAt, ...QUICK, autoOffsetReset: new Date(0) })
      await firstOf(replay, [2, 0, 0])
      await replay.close()
    },
    40_000,
  )

  inline.each([
    { option: 'initialOffsets', first: 4, again: 0 },
    { option: 'startAt', first: 4, again: 7 },
    { option: 'startAt, a Date,', first: 0, again: 7 },
  ])(
    '$option counts for the first assignment in which something is processed, and not again',
    async ({ option, first, again }) => {
      const topic = await filledTopic(ground, 'once', 1, 10)
      const name = { topic, partition: 0 }
      const groupId = `group of ${topic}`
      const given = [{ ...name, offset: 4 }]
      const starts =
        option === 'initialOffsets'
          ? { initialOffsets: given }
          : { startAt: option === 'startAt' ? given : new Date(0) }
      if (option !== 'initialOffsets') {
        await using before = ground.kafka().consumer({ groupId })
        before.assign([name])
        await before.seek(name, 7)
        await before.commit()
      }
      const consumer = ground.kafka().consumer({ groupId, ...QUICK, autoCommit: false, ...starts })
      // Over before anything was read of it, or processed: those count for nothing.
      const assigned = new AbortController()
      consumer.subscribe(topic, { onAssigned: () => assigned.abort() })
      await expect(consumer.recv({ signal: assigned.signal })).rejects.toThrow(/aborted/)
      for (const [start, done] of [
        [first, false],
        [first, true],
        [again, true],
      ] as const) {
        await consumer.unsubscribe()
        consumer.subscribe(topic)
        const record = await consumer.recv()
        expect(record.offset).toBe(start)
        if (done) record.ack()
      }
      await consumer.close()
    },
    40_000,
  )

  inline(
    'pauses live through a rebalance, eager and cooperative',
    async () => {
      for (const partitionAssignmentStrategy of ['range', 'cooperative-sticky']) {
        const topic = await filledTopic(ground, 'paused', 4, 4)
        const group = { groupId: `group of ${topic}`, topics: topic, partitionAssignmentStrategy, ...QUICK }
        const kafka = ground.kafka()
        const a = kafka.consumer(group)
        await values(a, 4)
        await a.pause(a.assignment())
        const b = kafka.consumer(group)
        const reading = b.recv().catch(() => undefined)
        await vi.waitFor(async () => {
          await a.poll({ timeoutMs: 10 })
          expect(a.assignment()).toHaveLength(2)
          expect(a.paused()).toEqual(a.assignment())
        }, PATIENCE)
        await Promise.all([a.close(), b.close(), reading])
      }
    },
    40_000,
  )

  inline(
    'an assignor of the user is called on main, with the members and the topics',
    async () => {
      const topic = await filledTopic(ground, 'custom', 4, 4)
      const calls: number[] = []
      const backwards: Assignor = {
        name: 'backwards',
        protocol: 'eager',
        assign(members, topics) {
          calls.push(members.length)
          const [given] = topics
          const ids = members.map(({ memberId }) => memberId).sort()
          const names = Array.from({ length: given!.partitions }, (_, i) => ({ topic: given!.topic, partition: i }))
          return new Map(ids.map((id, at) => [id, names.filter(({ partition }) => partition % ids.length === at)]))
        },
      }
      const group = { groupId: `group of ${topic}`, topics: topic, partitionAssignmentStrategy: [backwards], ...QUICK }
      const kafka = ground.kafka()
      const consumers = [kafka.consumer(group), kafka.consumer(group)]
      const runs = consumers.map((consumer) => consumer.run({ eachRecord: () => {} }))
      await vi.waitFor(() => expect(consumers.map((one) => one.assignment().length)).toEqual([2, 2]), PATIENCE)
      expect(calls.at(-1)).toBe(2)
      await Promise.all(consumers.map((one) => one.close()))
      await Promise.all(runs)
    },
    40_000,
  )

  inline('what cannot be is refused at once, and says what to do', async () => {
    const kafka = ground.kafka()
    const topics = 'any'
    expect(() => kafka.consumer({ topics })).toThrow(/groupId/)
    expect(() => kafka.consumer({ groupId: '' })).toThrow(/not empty/)
    expect(() => kafka.consumer({ groupId: 'g', topics: [] })).toThrow(/is not a topic/)
    const unknown = { groupId: 'g', topics, partitionAssignmentStrategy: 'roundRobin' }
    expect(() => kafka.consumer(unknown)).toThrow(/there is no 'roundRobin', but 'range', 'roundrobin'/)
    const both = {
      groupId: 'g',
      topics,
      groupProtocol: 'consumer',
      partitionAssignmentStrategy: [assignors.range],
    } as const
    expect(() => kafka.consumer(both)).toThrow(/the broker assigns/)
    expect(() => kafka.consumer({ groupId: 'g', topics, groupRemoteAssignor: 'uniform' })).toThrow(
      /groupProtocol 'consumer'/,
    )
  })

  inline(
    'members without a common assignor: an error that names the way out, and the consumer stays usable',
    async () => {
      const topic = await filledTopic(ground, 'inconsistent', 1, 2)
      const group = { groupId: `group of ${topic}`, topics: topic, ...QUICK }
      const kafka = ground.kafka()
      const first = kafka.consumer({ ...group, partitionAssignmentStrategy: 'range' })
      await values(first, 2)
      const other = kafka.consumer({ ...group, partitionAssignmentStrategy: 'roundrobin' })
      await expect(other.recv()).rejects.toMatchObject({ code: 'INCONSISTENT_GROUP_PROTOCOL', fatal: true })
      await expect(other.recv()).rejects.toThrow(/partitionAssignmentStrategy/)
      await other.unsubscribe()
      other.assign([{ topic, partition: 0, offset: 1 }])
      expect((await other.recv()).offset).toBe(1)
      const unknown = {
        ...group,
        groupId: `other ${topic}`,
        groupProtocol: 'consumer',
        groupRemoteAssignor: 'no',
      } as const
      await expect(kafka.consumer(unknown).recv()).rejects.toMatchObject({ code: 'UNSUPPORTED_ASSIGNOR' })
    },
    40_000,
  )
})

async function values(consumer: Consumer, count: number): Promise<string[]> {
  const got: string[] = []
  while (got.length < count) got.push(String((await consumer.recv()).value))
  return got
}

/** The first offset that each partition gives. */
async function firstOf(consumer: Consumer, wanted: number[]): Promise<void> {
  const first = new Map<number, number>()
  while (first.size < wanted.length) {
    const { partition, offset } = await consumer.recv()
    if (!first.has(partition)) first.set(partition, offset)
  }
  expect(wanted.map((_, partition) => first.get(partition))).toEqual(wanted)
}
