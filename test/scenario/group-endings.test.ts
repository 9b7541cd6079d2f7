// How memberships end: closed while they join, fenced, with a commit that hangs, by a failure. What is lost is told
// once, what is over is neither committed nor told. On the embedded broker, which can be told to fail. [test process]
import { expect, test, vi } from 'vitest'
import type { Assignor, ConsumerOptions } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { BOTH, PATIENCE, QUICK, quickGroups } from './quick-groups.ts'

const given = quickGroups()

/** A consumer of `t` that notes what it is told; `slow` is awaited in `onLost`. */
function member(options: ConsumerOptions = {}, slow?: () => Promise<unknown>) {
  const events: string[] = []
  const consumer = given.kafka.consumer({
    ...{ groupId: 'g', topics: 't', ...QUICK, ...options },
    rebalanceListener: {
      onAssigned: () => void events.push('assigned'),
      onRevoked: () => void events.push('revoked'),
      onLost: async () => {
        events.push('losing')
        await slow?.()
        events.push('lost')
      },
    },
  })
  consumer.on('error', () => {})
  return { consumer, events }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const members = () => given.broker.group('g')?.members.length

test('KIP-848: who is closed before the answer to the first heartbeat leaves no ghost behind', async () => {
  let joining = 0
  given.broker.once('ConsumerGroupHeartbeat', () => {
    joining++
    return { drop: 'after' }
  })
  const { consumer } = member({ groupProtocol: 'consumer' })
  const asking = consumer.recv().catch(({ code }) => code)
  await vi.waitFor(() => expect([joining, members()]).toEqual([1, 1]), PATIENCE)
  await consumer.close()
  expect(await asking).toBe('CONSUMER_CLOSED')
  expect(members()).toBe(0)
})

test.each(BOTH)('%s: of what was lost onLost has ended before onAssigned is told', async (groupProtocol) => {
  const { consumer, events } = member({ groupProtocol }, () => pause(300))
  await consumer.recv()
  const code = groupProtocol === 'classic' ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.FENCED_MEMBER_EPOCH
  given.broker.fail(groupProtocol === 'classic' ? 'Heartbeat' : 'ConsumerGroupHeartbeat', code)
  await vi.waitFor(() => expect(events).toHaveLength(4), PATIENCE)
  expect(events).toEqual(['assigned', 'losing', 'lost', 'assigned'])
})

test('KIP-848: what is lost while it is being revoked is not told to be revoked', async () => {
  given.broker.createTopic('u', { partitions: 1 })
  const { consumer, events } = member({ groupProtocol: 'consumer' })
  // It is not asked for more: the revocation waits for this record.
  await consumer.recv()
  consumer.subscribe('u')
  await pause(300)
  given.broker.fail('ConsumerGroupHeartbeat', ErrorCode.FENCED_MEMBER_EPOCH)
  await vi.waitFor(() => expect(events).toEqual(['assigned', 'losing', 'lost', 'assigned']), PATIENCE)
  // As long as records that were given are waited for.
  await pause(3_000)
  expect(events).toEqual(['assigned', 'losing', 'lost', 'assigned'])
})

test('who is closed while a rebalance waits for its records is told once', async () => {
  const { consumer, events } = member({ partitionAssignmentStrategy: 'range' })
  await consumer.recv()
  consumer.enforceRebalance()
  await pause(200)
  await consumer.close()
  await pause(200)
  expect(events).toEqual(['assigned', 'revoked'])
})

test('a last commit that hangs: the listener is told in time, and after the close nothing is committed', async () => {
  const { consumer, events } = member()
  const record = await consumer.recv()
  record.ack()
  let commits = 0
  let healthy = false
  given.broker.on('OffsetCommit', () => {
    commits++
    return healthy ? undefined : { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS }
  })
  await expect(consumer.close()).rejects.toMatchObject({ code: 'LAST_COMMIT_TIMED_OUT' })
  expect(events).toEqual(['assigned', 'revoked'])
  healthy = true
  const before = commits
  // The commit would be tried again every second.
  await pause(2_500)
  expect([commits, events.length, given.broker.group('g')?.offsets]).toEqual([before, 2, []])
})

test('a commit by hand that hangs is given up when the consumer is closed', async () => {
  const consumer = given.kafka.consumer({ groupId: 'g', ...QUICK })
  consumer.assign([{ topic: 't', partition: 0 }])
  const record = await consumer.recv()
  let healthy = false
  given.broker.on('OffsetCommit', () => (healthy ? undefined : { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS }))
  const committing = record.commit().catch(({ code }) => code)
  await expect(consumer.close()).rejects.toMatchObject({ code: 'LAST_COMMIT_TIMED_OUT' })
  healthy = true
  expect(await committing).toBe('CONSUMER_CLOSED')
  expect(given.broker.group('g')?.offsets ?? []).toEqual([])
})

test('classic: a member that fails leaves at once', async () => {
  const mine: Assignor = {
    name: 'mine',
    protocol: 'eager',
    assign() {
      throw new Error('bug')
    },
  }
  const { consumer } = member({ partitionAssignmentStrategy: mine })
  await expect(consumer.recv()).rejects.toMatchObject({ code: 'ASSIGNOR_FAILED' })
  await vi.waitFor(() => expect(members()).toBe(0), { timeout: 2_000 })
})

test.each(BOTH)('%s: what a member that fails had is with another at once', async (groupProtocol) => {
  const [first, second] = [member({ groupProtocol }), member({ groupProtocol })]
  expect((await first.consumer.recv()).offset).toBe(0)
  const received = second.consumer.recv()
  await vi.waitFor(() => expect(members()).toBe(2), PATIENCE)
  const owner = given.broker.group('g')!.members.find(({ assignment }) => assignment.length > 0)!.memberId
  const refused = (memberId: string) =>
    memberId === owner ? { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED } : undefined
  given.broker.on('Heartbeat', ({ memberId }) => refused(memberId))
  given.broker.on('ConsumerGroupHeartbeat', ({ memberId, memberEpoch }) =>
    memberEpoch > 0 ? refused(memberId) : undefined,
  )
  await vi.waitFor(() => expect(first.events).toEqual(['assigned', 'losing', 'lost']), PATIENCE)
  // A session lasts six seconds.
  await vi.waitFor(() => expect(members()).toBe(1), { timeout: 3_000 })
  expect((await received).offset).toBe(0)
})

test('a static member that fails keeps its place for its successor', async () => {
  const { consumer, events } = member({ groupInstanceId: 'one' })
  await consumer.recv()
  given.broker.fail('Heartbeat', ErrorCode.GROUP_AUTHORIZATION_FAILED)
  await vi.waitFor(() => expect(events).toEqual(['assigned', 'losing', 'lost']), PATIENCE)
  await consumer.close()
  expect(members()).toBe(1)
})
