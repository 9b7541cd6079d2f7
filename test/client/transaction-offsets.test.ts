// What tx.commitOffsets tells the coordinator about a member, and what it refuses to begin with. [test process]
import { expect, test } from 'vitest'
import type { Kafka } from '../../src/index.ts'
import { BOTH, QUICK, quickGroups } from '../scenario/quick-groups.ts'
import { errorOf } from '../support/reading.ts'

const world = quickGroups()

type Transaction = Parameters<Parameters<Kafka['transaction']>[0]>[0]

test.each(BOTH)('offsets that the caller counts are committed as a member: groupProtocol %s', async (groupProtocol) => {
  const { broker, kafka } = world
  const members: { memberId: string; generationId: number }[] = []
  broker.on('TxnOffsetCommit', ({ memberId, generationId }) => {
    members.push({ memberId, generationId })
    return undefined
  })
  const consumer = kafka.consumer({ ...QUICK, groupProtocol, groupId: 'g', topics: ['t'] })
  const record = await consumer.recv()
  record.ack()
  const counted = [{ topic: 't', partition: 0, offset: 1 }]
  await kafka.transaction((tx) => tx.commitOffsets(counted, consumer))
  await kafka.transaction((tx) => tx.commitOffsets(counted, { groupId: 'other' }))
  expect(members).toHaveLength(2)
  expect(members[0]!.memberId).not.toBe('')
  expect(members[0]!.generationId).toBeGreaterThan(0)
  expect(members[1]).toEqual({ memberId: '', generationId: -1 })
})

test.each<[what: string, commit: (tx: Transaction) => Promise<void>, code: string]>([
  ['nothing', (tx) => tx.commitOffsets(undefined as never), 'INVALID_ARGUMENT'],
  ['offsets of nobody', (tx) => tx.commitOffsets([] as never), 'NO_GROUP'],
  ['a group that is no text', (tx) => tx.commitOffsets([], { groupId: 5 as never }), 'NO_GROUP'],
  ['what is no offset', (tx) => tx.commitOffsets([{ topic: 't' }] as never, { groupId: 'g' }), 'INVALID_OPTION'],
  ['a list of nothing', (tx) => tx.commitOffsets([null] as never, { groupId: 'g' }), 'INVALID_OPTION'],
])('%s is refused', async (_, commit, code) => {
  expect(await errorOf(world.kafka.transaction(commit))).toMatchObject({ name: 'InvalidOption', code })
})

test('a consumer that was closed, or has no group, has no offsets to commit', async () => {
  const { kafka } = world
  const closed = kafka.consumer({ groupId: 'g' })
  await closed.close()
  expect(await errorOf(kafka.transaction((tx) => tx.commitOffsets(closed)))).toMatchObject({ code: 'CONSUMER_CLOSED' })
  const alone = kafka.consumer({ autoOffsetReset: 'earliest' })
  alone.assign([{ topic: 't', partition: 0 }])
  await alone.recv()
  expect(await errorOf(kafka.transaction((tx) => tx.commitOffsets(alone)))).toMatchObject({ code: 'NO_GROUP' })
})
