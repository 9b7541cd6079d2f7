// Rebalances that the application asks for, and those that find a consumer whose buffer is full: both brokers.
// [test process]
import { expect, test, vi } from 'vitest'
import { type Assignor, assignors } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { filledTopic, MemberLog, more } from './group-members.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }

/** An assignor of the user's that does what Kafka's does, and counts how often it was asked. */
function counted(name: 'cooperativeSticky' | 'range'): { assignor: Assignor; asked(): number } {
  let asked = 0
  const assign: Assignor['assign'] = (members, topics) => {
    asked++
    return assignors[name].assign(members, topics)
  }
  return { assignor: { ...assignors[name], name: `counted ${name}`, assign }, asked: () => asked }
}

onEveryGround('enforced rebalances', (ground) => {
  test('cooperative: the group shares out again, and nobody stops', async () => {
    const topic = await filledTopic(ground, 'enforced', 4, 40)
    const log = new MemberLog(ground, topic)
    const { assignor, asked } = counted('cooperativeSticky')
    const options = { partitionAssignmentStrategy: assignor }
    const members = [log.join('a', options), log.join('b', options)] as const
    await log.shared([...members], [2, 2])
    await log.processed(40)
    const before = members.map(({ events }) => [...events])
    const askedBefore = asked()
    members[1].consumer.enforceRebalance('because')
    await vi.waitFor(() => expect(asked()).toBeGreaterThan(askedBefore), PATIENCE)
    await more(ground, topic, 4, 40)
    await log.processed(80)
    expect(members.map(({ events }) => events)).toEqual(before)
    expect([log.twice, log.wrong]).toEqual([[], []])
  }, 30_000)

  test('eager: all give everything up, and get it again', async () => {
    const topic = await filledTopic(ground, 'enforced', 4, 40)
    const log = new MemberLog(ground, topic)
    const { assignor, asked } = counted('range')
    const options = { partitionAssignmentStrategy: assignor }
    const members = [log.join('a', options), log.join('b', options)]
    await log.shared(members, [2, 2])
    await log.processed(40)
    const before = members.map(({ events }) => [...events])
    const askedBefore = asked()
    members[0]!.consumer.enforceRebalance()
    const again = (events: string[]) => [...events, `-${events.at(-1)!.slice(1)}`, events.at(-1)!]
    await vi.waitFor(() => expect(members.map(({ events }) => events)).toEqual(before.map(again)), PATIENCE)
    expect(asked()).toBe(askedBefore + 1)
    await more(ground, topic, 4, 40)
    await log.processed(80)
    expect(log.wrong).toEqual([])
  }, 30_000)

  test('KIP-848: the broker decides, and a member at rest keeps what it has', async () => {
    const topic = await filledTopic(ground, 'enforced', 2, 20)
    const log = new MemberLog(ground, topic)
    const member = log.join('a', { groupProtocol: 'consumer' })
    await log.processed(20)
    member.consumer.enforceRebalance()
    await more(ground, topic, 2, 20)
    await log.processed(40)
    expect([member.events, member.errors, log.twice]).toEqual([['+0,1'], [], []])
  }, 30_000)

  test('with a full buffer nothing more is fetched, while heartbeats, commits and rebalances go on', async () => {
    const count = 200
    const topic = await ground.topic('full', 1)
    // Larger than a segment: smaller ones lie on main's heap, which this figure does not tell of.
    const value = 'x'.repeat(20_000)
    for (let i = 0; i < count; i += 5) await ground.produce(topic, Array(5).fill({ value }))
    const { assignor, asked } = counted('cooperativeSticky')
    const events: string[] = []
    const consumer = ground.kafka({ bufferBytes: 1_048_576 }).consumer({
      ...{ groupId: `group of ${topic}`, topics: topic, autoOffsetReset: 'earliest', autoCommit: false },
      ...{ partitionAssignmentStrategy: assignor, sessionTimeoutMs: 1_500, heartbeatIntervalMs: 100 },
      rebalanceListener: { onRevoked: () => void events.push('revoked'), onLost: () => void events.push('lost') },
    })
    const first = await consumer.recv()
    const held = () => consumer.stats().engine!
    await vi.waitFor(() => expect(held().heldBytes).toBeGreaterThan(held().bufferBytes / 4), PATIENCE)
    // More than a session passes.
    for (let round = 1; round <= 4; round++) {
      consumer.enforceRebalance()
      await vi.waitFor(() => expect(asked()).toBe(round + 1), PATIENCE)
      await new Promise((resolve) => setTimeout(resolve, 500))
      expect(held().heldBytes).toBeLessThanOrEqual(held().bufferBytes)
    }
    await first.commit()
    expect((await consumer.committed())[0]!.offset).toBe(1)
    expect(events).toEqual([])
    const offsets = [first.offset]
    while (offsets.length < count) offsets.push((await consumer.recv()).offset)
    expect(offsets).toEqual(Array.from({ length: count }, (_, i) => i))
  }, 40_000)
})
