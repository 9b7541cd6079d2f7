// Fetch: limits, waiting, sessions, isolation, epochs and leaders, as a Kafka broker has them.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ZERO_UUID } from '../../../src/bytes/reader.ts'
import type { RequestInput, ResponseOf } from '../../../src/protocol/apis.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { batchOf } from '../batches.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2 })
  broker.createTopic('t', { assignments: [[1], [1], [1]] })
  client = await RawClient.connect(broker.address)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

type Wanted = NonNullable<NonNullable<RequestInput<'Fetch'>['topics']>[number]['partitions']>[number]
type PartitionData = ResponseOf<'Fetch'>['responses'][number]['partitions'][number]

const wanted = (partition: number, fetchOffset = 0, more: Wanted = {}): Wanted => ({
  partition,
  fetchOffset,
  partitionMaxBytes: 1_000_000,
  ...more,
})
const fetchOf = (partitions: Wanted[], more: RequestInput<'Fetch'> = {}): RequestInput<'Fetch'> => ({
  maxWaitMs: 0,
  minBytes: 1,
  topics: [{ topic: 't', partitions }],
  ...more,
})
/** One partition, in v11 and with no session. */
async function fetchOne(want: Wanted, more: RequestInput<'Fetch'> = {}): Promise<PartitionData> {
  const { responses } = await client.call('Fetch', 11, fetchOf([want], more))
  return responses[0]!.partitions[0]!
}
const sizes = ({ responses }: ResponseOf<'Fetch'>) =>
  responses.flatMap(({ partitions }) => partitions.map(({ records }) => records?.length ?? -1))

describe('limits', () => {
  test('the bytes of a partition are those that were stored', async () => {
    const batch = batchOf(5)
    broker.append('t', 0, batch)
    const { records, highWatermark, lastStableOffset, logStartOffset } = await fetchOne(wanted(0))
    expect(Buffer.from(records!).subarray(16).equals(batch.subarray(16))).toBe(true)
    expect({ highWatermark, lastStableOffset, logStartOffset }).toEqual({
      highWatermark: 5,
      lastStableOffset: 5,
      logStartOffset: 0,
    })
  })

  test('a partition gives at most its bytes, cutting the last batch as Kafka does', async () => {
    for (let i = 0; i < 10; i++) broker.append('t', 0, batchOf(1, { valueBytes: 1000 }))
    expect((await fetchOne(wanted(0, 0, { partitionMaxBytes: 2500 }))).records?.length).toBe(2500)
  })

  test('all partitions share the bytes of the request; the first batch of all comes whole', async () => {
    for (const partition of [0, 1, 2]) broker.append('t', partition, batchOf(1, { valueBytes: 1000 }))
    const one = (await fetchOne(wanted(0))).records!.length
    const tight = { maxBytes: 10 }
    expect(sizes(await client.call('Fetch', 11, fetchOf([wanted(0), wanted(1)], tight)))).toEqual([one, 0])
    const roomy = { maxBytes: 2 * one + 1 }
    const small = wanted(2, 0, { partitionMaxBytes: 1 })
    expect(sizes(await client.call('Fetch', 11, fetchOf([wanted(0), wanted(1), small], roomy)))).toEqual([one, one, 0])
    expect(sizes(await client.call('Fetch', 11, fetchOf([small, wanted(0)], roomy)))).toEqual([one, one])
  })

  test('offsets outside the log are refused, its end is empty', async () => {
    broker.append('t', 0, batchOf(10))
    broker.append('t', 0, batchOf(10))
    broker.deleteRecords('t', 0, 10)
    const outcome = async (offset: number) => {
      const { errorCode, records } = await fetchOne(wanted(0, offset))
      return errorCode === 0 ? records!.length > 0 : errorCode
    }
    expect(await outcome(9)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(await outcome(10)).toBe(true)
    expect(await outcome(20)).toBe(false)
    expect(await outcome(21)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(await outcome(-1)).toBe(ErrorCode.OFFSET_OUT_OF_RANGE)
  })
})

describe('waiting', () => {
  /** Sends a fetch that waits; the other connection proves that the broker has taken it up. */
  async function parked(partitions: Wanted[], more: RequestInput<'Fetch'> = {}) {
    const answer = client.call('Fetch', 11, fetchOf(partitions, { maxWaitMs: 60_000, ...more }))
    const other = await RawClient.connect(broker.address)
    await other.call('Metadata', 4, { topics: [] })
    return { answer, other }
  }

  test('an append ends the wait, whether by a producer, a seed or a test', async () => {
    const { answer, other } = await parked([wanted(0), wanted(1)])
    const topicData = [{ name: 't', partitionData: [{ index: 1, records: batchOf(1) }] }]
    await other.call('Produce', 7, { acks: 1, topicData })
    expect(sizes(await answer)).toEqual([0, expect.toSatisfy((size) => size > 0)])
    const second = await parked([wanted(0)])
    await broker.seed('t', [{ value: 'x', partition: 0 }])
    expect(sizes(await second.answer)[0]).toBeGreaterThan(0)
    const third = await parked([wanted(2)])
    broker.append('t', 2, batchOf(1))
    expect(sizes(await third.answer)[0]).toBeGreaterThan(0)
  })

  test('it takes as many bytes as were asked for, over all partitions', async () => {
    const batch = batchOf(1)
    broker.append('t', 0, batch)
    const { answer } = await parked([wanted(0), wanted(1)], { minBytes: 3 * batch.length })
    broker.append('t', 1, batch)
    broker.append('t', 1, batch)
    expect(sizes(await answer)).toEqual([batch.length, 2 * batch.length])
  })

  test('the time limit ends it with nothing', async () => {
    expect((await fetchOne(wanted(0), { maxWaitMs: 20 })).records).toHaveLength(0)
  })

  test('so does whatever makes the fetch fail: a moved leader, a deleted topic', async () => {
    const { answer, other } = await parked([wanted(0)])
    broker.moveLeader('t', 0, 2)
    expect((await answer).responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    const second = other.call('Fetch', 11, fetchOf([wanted(1)], { maxWaitMs: 60_000 }))
    await client.call('Metadata', 4, { topics: [] })
    broker.deleteTopic('t')
    expect((await second).responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('an error beside readable partitions is told at once, but not an unknown topic', async () => {
    broker.moveLeader('t', 1, 2)
    const { responses } = await client.call('Fetch', 11, fetchOf([wanted(0), wanted(1)], { maxWaitMs: 60_000 }))
    expect(responses[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.NOT_LEADER_OR_FOLLOWER])
    const { answer } = await parked([wanted(0), wanted(99)])
    broker.append('t', 0, batchOf(1))
    expect((await answer).responses[0]?.partitions[1]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('an open transaction holds it back under read_committed only', async () => {
    const producer = { producerId: 5n, producerEpoch: 0 }
    const { answer } = await parked([wanted(0)], { isolationLevel: 1 })
    broker.append('t', 0, batchOf(1, { ...producer, baseSequence: 0, transactional: true }))
    expect((await fetchOneElsewhere()).length).toBeGreaterThan(0)
    broker.endTransaction('t', 0, 'commit', producer)
    expect(sizes(await answer)[0]).toBeGreaterThan(0)

    async function fetchOneElsewhere() {
      const other = await RawClient.connect(broker.address)
      return (await other.call('Fetch', 11, fetchOf([wanted(0)]))).responses[0]!.partitions[0]!.records!
    }
  })
})

describe('isolation', () => {
  test('read_committed ends at the last stable offset and names what was aborted', async () => {
    const aborted = { producerId: 1n, producerEpoch: 0 }
    const open = { producerId: 2n, producerEpoch: 0 }
    broker.append('t', 0, batchOf(2))
    broker.append('t', 0, batchOf(3, { ...aborted, baseSequence: 0, transactional: true }))
    broker.endTransaction('t', 0, 'abort', aborted)
    const stable = broker.describe('t', 0).endOffset
    broker.append('t', 0, batchOf(1, { ...open, baseSequence: 0, transactional: true }))
    broker.append('t', 0, batchOf(1))
    const committed = await fetchOne(wanted(0), { isolationLevel: 1 })
    expect(committed).toMatchObject({ highWatermark: 8, lastStableOffset: stable })
    expect(committed.abortedTransactions).toEqual([{ producerId: 1n, firstOffset: 2 }])
    const uncommitted = await fetchOne(wanted(0))
    expect(uncommitted.abortedTransactions).toBeNull()
    expect(uncommitted.records!.length).toBeGreaterThan(committed.records!.length)
    expect((await fetchOne(wanted(0, stable), { isolationLevel: 1 })).records).toHaveLength(0)
  })

  test('the abort index covers a marker that lies behind the bytes that are sent', async () => {
    const producer = { producerId: 1n, producerEpoch: 0 }
    const batch = batchOf(1, { ...producer, baseSequence: 0, transactional: true, valueBytes: 500 })
    broker.append('t', 0, batch)
    broker.append('t', 0, batchOf(1, { valueBytes: 500 }))
    broker.endTransaction('t', 0, 'abort', producer)
    const first = await fetchOne(wanted(0, 0, { partitionMaxBytes: batch.length }), { isolationLevel: 1 })
    expect(first.records).toHaveLength(batch.length)
    expect(first.abortedTransactions).toEqual([{ producerId: 1n, firstOffset: 0 }])
  })
})

describe('leaders and epochs', () => {
  test('a node that does not lead says so, from v16 on with the leader and its address', async () => {
    broker.moveLeader('t', 0, 2)
    expect(await fetchOne(wanted(0))).toMatchObject({ errorCode: 6, highWatermark: -1 })
    const topicId = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!.topicId
    const answer = await client.call('Fetch', 16, { topics: [{ topicId, partitions: [wanted(0), wanted(1)] }] })
    const [moved, still] = answer.responses[0]!.partitions
    expect(moved).toMatchObject({ errorCode: 6, currentLeader: { leaderId: 2, leaderEpoch: 1 } })
    expect(still).toMatchObject({ errorCode: 0, currentLeader: { leaderId: -1, leaderEpoch: -1 } })
    const port = Number(broker.addresses[1]!.split(':')[1])
    expect(answer.nodeEndpoints).toEqual([{ nodeId: 2, host: '127.0.0.1', port, rack: null }])
  })

  test('older and newer epochs than the leader has are told apart', async () => {
    broker.moveLeader('t', 0, 1)
    expect((await fetchOne(wanted(0, 0, { currentLeaderEpoch: 0 }))).errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH)
    expect((await fetchOne(wanted(0, 0, { currentLeaderEpoch: 1 }))).errorCode).toBe(0)
    expect((await fetchOne(wanted(0, 0, { currentLeaderEpoch: 2 }))).errorCode).toBe(ErrorCode.UNKNOWN_LEADER_EPOCH)
  })

  test('a log that went another way is noticed by the last epoch fetched', async () => {
    broker.append('t', 0, batchOf(10))
    broker.moveLeader('t', 0, 1, { truncateTo: 0 })
    broker.append('t', 0, batchOf(4))
    broker.moveLeader('t', 0, 1)
    broker.append('t', 0, batchOf(10))
    const want = wanted(0, 10, { lastFetchedEpoch: 1 })
    const { responses } = await client.call('Fetch', 12, fetchOf([want]))
    expect(responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, divergingEpoch: { epoch: 1, endOffset: 4 } })
    const same = await client.call('Fetch', 12, fetchOf([wanted(0, 4, { lastFetchedEpoch: 1 })]))
    expect(same.responses[0]?.partitions[0]).toMatchObject({ divergingEpoch: { epoch: -1, endOffset: -1 } })
    expect(sizes(same)[0]).toBeGreaterThan(0)
  })
})

describe('topic ids', () => {
  test('from v13 on topics are known by id; a deleted or unknown one is refused as such', async () => {
    broker.append('t', 0, batchOf(1))
    const topicId = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!.topicId
    const fetch = () => client.call('Fetch', 17, { topics: [{ topicId, partitions: [wanted(0)] }] })
    expect(sizes(await fetch())[0]).toBeGreaterThan(0)
    broker.deleteTopic('t')
    broker.createTopic('t')
    expect((await fetch()).responses[0]).toMatchObject({
      topicId,
      partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID }],
    })
    const none = await client.call('Fetch', 17, { topics: [{ topicId: ZERO_UUID, partitions: [wanted(0)] }] })
    expect(none.responses[0]?.partitions[0]?.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID)
  })
})

describe('sessions', () => {
  test('an incremental fetch names only what changed, and forgets what it is told to', async () => {
    const full = await client.call('Fetch', 11, fetchOf([wanted(0), wanted(1), wanted(2)], { sessionEpoch: 0 }))
    const { sessionId } = full
    expect(full.responses[0]?.partitions).toHaveLength(3)
    const next = (sessionEpoch: number, more: RequestInput<'Fetch'> = {}) =>
      client.call('Fetch', 11, { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch, ...more })
    expect((await next(1)).responses).toEqual([])
    broker.append('t', 1, batchOf(1))
    const { responses } = await next(2)
    expect(responses.map(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex))).toEqual([[1]])
    const forgottenTopicsData = [{ topic: 't', partitions: [1] }]
    expect((await next(3, { forgottenTopicsData })).responses).toEqual([])
    expect(await next(3)).toMatchObject({ errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, sessionId: 0 })
    broker.forgetSessions()
    expect(await next(4)).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND })
  })

  test('names and ids do not mix in one session', async () => {
    const { sessionId } = await client.call('Fetch', 12, fetchOf([wanted(0)], { sessionEpoch: 0 }))
    const mixed = await client.call('Fetch', 13, { sessionId, sessionEpoch: 1 })
    expect(mixed.errorCode).toBe(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  })

  test('partitions take turns when the bytes do not suffice for all', async () => {
    for (const partition of [0, 1, 2]) {
      for (let i = 0; i < 3; i++) broker.append('t', partition, batchOf(1, { valueBytes: 1000 }))
    }
    const maxBytes = 1000
    const all = [wanted(0), wanted(1), wanted(2)]
    const first = await client.call('Fetch', 11, fetchOf(all, { sessionEpoch: 0, maxBytes }))
    const offsets = [0, 0, 0]
    const turns: number[] = []
    let { responses } = first
    for (let epoch = 1; epoch <= 8; epoch++) {
      const [got] = responses.flatMap(({ partitions }) => partitions).filter(({ records }) => records!.length > 0)
      turns.push(got!.partitionIndex)
      const change = [wanted(got!.partitionIndex, ++offsets[got!.partitionIndex]!)]
      const request = fetchOf(change, { sessionId: first.sessionId, sessionEpoch: epoch, maxBytes })
      responses = (await client.call('Fetch', 11, request)).responses
    }
    expect(turns.filter((partition) => partition === 1).length).toBeGreaterThanOrEqual(2)
    expect(turns.filter((partition) => partition === 2).length).toBeGreaterThanOrEqual(2)
  })
})
