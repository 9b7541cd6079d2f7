// ListOffsets: the ends, times and isolation, for compressed and uncompressed batches alike.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { batchOf } from '../batches.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2 })
  broker.createTopic('t', { assignments: [[1], [2]] })
  client = await RawClient.connect(broker.address)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

async function list(
  timestamp: number,
  { version = 9, isolationLevel = 0, partitionIndex = 0, currentLeaderEpoch = -1 } = {},
) {
  const topics = [{ name: 't', partitions: [{ partitionIndex, timestamp, currentLeaderEpoch }] }]
  const { topics: answers } = await client.call('ListOffsets', version, { replicaId: -1, isolationLevel, topics })
  const { errorCode, offset, timestamp: found, leaderEpoch } = answers[0]!.partitions[0]!
  return errorCode === 0 ? [offset, found, leaderEpoch] : errorCode
}

test('the ends are the log start, the high watermark, or the last stable offset', async () => {
  broker.append('t', 0, batchOf(10))
  broker.append('t', 0, batchOf(10))
  broker.deleteRecords('t', 0, 10)
  broker.append('t', 0, batchOf(1, { producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true }))
  expect(await list(-2)).toEqual([10, -1, 0])
  expect(await list(-1)).toEqual([21, -1, 0])
  expect(await list(-1, { isolationLevel: 1 })).toEqual([20, -1, 0])
  expect(await list(-4)).toEqual([10, -1, 0])
  expect(await list(-5)).toEqual([-1, -1, -1])
})

test.each(['none', 'gzip', 'lz4'] as const)('a time finds the first record at or after it (%s)', async (codec) => {
  for (let i = 0; i < 10; i++) broker.append('t', 0, batchOf(10, { codec, timestamp: 1000 + i * 100 }))
  expect(await list(0)).toEqual([0, 1000, 0])
  expect(await list(1305)).toEqual([35, 1305, 0])
  expect(await list(1310)).toEqual([40, 1400, 0])
  expect(await list(1909)).toEqual([99, 1909, 0])
  expect(await list(1910)).toEqual([-1, -1, -1])
  expect(await list(-3)).toEqual([99, 1909, 0])
})

test('of several records with the largest time the first is found, and deleted ones are not', async () => {
  broker.append('t', 0, batchOf(3, { timestamp: 5000 }))
  broker.append('t', 0, batchOf(1, { timestamp: 5002 }))
  expect(await list(-3)).toEqual([2, 5002, 0])
  broker.deleteRecords('t', 0, 1)
  expect(await list(0)).toEqual([1, 5001, 0])
})

test('an empty partition has ends, and no record at any time', async () => {
  expect(await list(-2)).toEqual([0, -1, 0])
  expect(await list(-1)).toEqual([0, -1, 0])
  expect(await list(5)).toEqual([-1, -1, -1])
  expect(await list(-3)).toEqual([-1, -1, -1])
})

test('a time past the last stable offset is not found under read_committed', async () => {
  broker.append(
    't',
    0,
    batchOf(2, { timestamp: 100, producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: true }),
  )
  expect(await list(0)).toEqual([0, 100, 0])
  expect(await list(0, { isolationLevel: 1 })).toEqual([-1, -1, -1])
})

test('special times need a version that knows them; leaders and epochs are checked', async () => {
  expect(await list(-3, { version: 6 })).toBe(ErrorCode.UNSUPPORTED_VERSION)
  expect(await list(-4, { version: 7 })).toBe(ErrorCode.UNSUPPORTED_VERSION)
  expect(await list(-1, { partitionIndex: 1 })).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  expect(await list(-1, { partitionIndex: 9 })).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  expect(await list(-1, { currentLeaderEpoch: 3 })).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
  broker.moveLeader('t', 0, 1)
  expect(await list(-1, { currentLeaderEpoch: 0 })).toBe(ErrorCode.FENCED_LEADER_EPOCH)
})

test.each([1, 2, 3, 4, 5])('v%i is answered as well', async (version) => {
  broker.append('t', 0, batchOf(2))
  expect(((await list(-1, { version })) as number[])[0]).toBe(2)
})

test('an epoch that ended is told by OffsetForLeaderEpoch', async () => {
  broker.append('t', 0, batchOf(5))
  broker.moveLeader('t', 0, 1)
  broker.append('t', 0, batchOf(5))
  const ask = async (leaderEpoch: number, currentLeaderEpoch = -1, partition = 0) => {
    const topics = [{ topic: 't', partitions: [{ partition, leaderEpoch, currentLeaderEpoch }] }]
    const answer = await client.call('OffsetForLeaderEpoch', 3, { topics })
    const found = answer.topics[0]!.partitions[0]!
    return found.errorCode === 0 ? [found.leaderEpoch, found.endOffset] : found.errorCode
  }
  expect(await ask(0)).toEqual([0, 5])
  expect(await ask(1)).toEqual([1, 10])
  expect(await ask(2)).toEqual([-1, -1])
  expect(await ask(0, 0)).toBe(ErrorCode.FENCED_LEADER_EPOCH)
  expect(await ask(0, -1, 1)).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  expect(await ask(0, -1, 7)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})
