// The group side of a consumer, with an engine and a source that do nothing by themselves: of two memberships one after
// the other the first takes nothing from the second, and of several wishes the last one counts. [test process]
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { MillraceError, toWire } from '../../src/base/errors.ts'
import { ConsumerAssignment } from '../../src/client/consumer-assignment.ts'
import { ConsumerGroup, type ConsumerGroupPlan } from '../../src/client/consumer-group.ts'
import { partitionKey, type TopicPartition } from '../../src/client/consumer-partition.ts'
import type { ConsumerSource } from '../../src/client/consumer-source.ts'
import { resolveOptions } from '../../src/client/options.ts'
import type { GroupEvent } from '../../src/control/grouping.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { Kafka } from '../../src/index.ts'

/** The rounds of microtasks in which all of it is done. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

const T0 = { topic: 't', partition: 0 }
const FAILED = { tell: 'failed', error: toWire(new MillraceError('BROKEN', 'told by the test')) } as const

function world() {
  const tell: ((event: GroupEvent) => void)[] = []
  const engine = {
    clock: { now: () => 0, wall: () => 0, after: () => ({ cancel() {} }) },
    groups: {
      open(_: unknown, handle: (event: GroupEvent) => void) {
        tell.push(handle)
        return { post() {}, leave: async () => {}, close() {} }
      },
    },
  } as unknown as Engine
  const add = async (names: TopicPartition[]) =>
    names.map((name) => ({ ...name, key: partitionKey(name), live: true, gone: new AbortController() }))
  const source = { partitions: [], find: () => undefined, add, remove() {}, begin() {}, close: async () => {} }
  const assignment = new ConsumerAssignment({
    open: async () => source as unknown as ConsumerSource,
    opened() {},
    left: async () => {},
  })
  let failed: (error: unknown) => void = () => {}
  const told: string[] = []
  let revoking: Promise<void> | undefined
  const group = new ConsumerGroup({
    options: resolveOptions('consumer', {
      groupId: 'g',
      rebalanceListener: {
        onAssigned: () => void told.push('assigned'),
        onRevoked: async () => {
          told.push('revoking')
          await revoking
        },
        onLost: () => void told.push('lost'),
      },
    }),
    engine: async () => engine,
    ...{ timeoutMs: 1_000, metadataMaxAgeMs: 1_000, assignment, run: () => undefined },
    commits: {
      processed: async () => {},
      group: async () => ({ reach: async () => {} }),
    } as unknown as ConsumerGroupPlan['commits'],
    handouts: { drop() {} } as unknown as ConsumerGroupPlan['handouts'],
    failed: (error) => failed(error),
  })
  return {
    ...{ group, assignment, told, tell },
    onFailure: (run: typeof failed) => {
      failed = run
    },
    /** The listener takes until then for what is revoked. */
    revokingUntil: (until: Promise<void>) => {
      revoking = until
    },
  }
}

test('a revocation that outlives its membership takes nothing from the next, and is told before it', async () => {
  const { group, assignment, told, tell, revokingUntil } = world()
  let release = () => {}
  revokingUntil(new Promise((resolve) => (release = resolve)))
  group.subscribe('t')
  await group.join()
  tell[0]!({ ask: 'assign', id: 1, partitions: [T0] })
  await settled()
  expect(assignment.names).toEqual([T0])
  tell[0]!({ ask: 'revoke', id: 2, partitions: [T0] })
  await settled()
  tell[0]!(FAILED)
  group.subscribe('t')
  await group.join()
  tell[1]!({ ask: 'assign', id: 1, partitions: [T0] })
  await settled()
  release()
  await settled()
  expect(told).toEqual(['assigned', 'revoking', 'lost', 'assigned'])
  expect(assignment.names).toEqual([T0])
})

test('who subscribes anew on hearing of a failure is told what was lost', async () => {
  const { group, told, tell, onFailure } = world()
  onFailure(() => group.subscribe('t'))
  group.subscribe('t')
  await group.join()
  tell[0]!({ ask: 'assign', id: 1, partitions: [T0] })
  await settled()
  tell[0]!(FAILED)
  await group.join()
  await settled()
  expect([told, tell.length]).toEqual([['assigned', 'lost'], 2])
})

test('who waits to join when the membership fails hears of that', async () => {
  const { group, tell } = world()
  group.subscribe('t')
  await group.join()
  const joining = group.join()
  tell[0]!(FAILED)
  await expect(joining).rejects.toMatchObject({ code: 'BROKEN' })
})

describe('without a broker, as nothing is asked of one', () => {
  let kafka: Kafka
  beforeEach(() => {
    kafka = new Kafka({ brokers: ['127.0.0.1:1'], threads: 'inline' })
  })
  afterEach(() => kafka.close())

  test('topics without a group are refused at once, with what to do about it', () => {
    const refusal = { code: 'NO_GROUP', message: expect.stringContaining('subscribe, topics: a group shares') }
    expect(() => kafka.consumer({ topics: 'a' })).toThrow(expect.objectContaining(refusal))
    expect(() => kafka.consumer().subscribe('a')).toThrow(expect.objectContaining(refusal))
  })

  test('the last unsubscribe wins over what was subscribed to before it', async () => {
    const consumer = kafka.consumer({ groupId: 'g', topics: 'a' })
    const first = consumer.unsubscribe()
    consumer.subscribe('b')
    await consumer.unsubscribe()
    await first
    expect(consumer.subscription()).toEqual([])
    // It would be refused to one that is subscribed.
    consumer.assign([T0])
    expect(consumer.assignment()).toEqual([T0])
  })

  test('the last subscribe wins over the unsubscribe before it', async () => {
    const consumer = kafka.consumer({ groupId: 'g', topics: 'a' })
    const leaving = consumer.unsubscribe()
    consumer.subscribe('b')
    const again = consumer.unsubscribe()
    consumer.subscribe('c')
    await Promise.all([leaving, again])
    expect(consumer.subscription()).toEqual(['c'])
  })

  test('what is assigned in the tick of an unsubscribe stays', async () => {
    const consumer = kafka.consumer({ groupId: 'g' })
    consumer.assign([{ topic: 'a', partition: 0 }])
    const left = consumer.unsubscribe()
    consumer.assign([T0])
    await left
    expect(consumer.assignment()).toEqual([T0])
  })

  test('what was assigned by hand does not stand in the way of a subscription in the tick of its end', async () => {
    const consumer = kafka.consumer({ groupId: 'g' })
    consumer.assign([{ topic: 'a', partition: 0 }])
    const left = consumer.unsubscribe()
    consumer.subscribe('t')
    await left
    expect([consumer.subscription(), consumer.assignment()]).toEqual([['t'], []])
  })
})
