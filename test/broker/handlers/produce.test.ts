// Produce: what is stored, what is refused and with which error, and what repeats do.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { BASE_SEQUENCE_AT, BATCH_LENGTH_AT, CRC_AT, MAGIC_AT } from '../../../src/record/batch.ts'
import { batchOf } from '../batches.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2 })
  broker.createTopic('t', { assignments: [[1], [2]], configs: { 'max.message.bytes': '2000' } })
  client = await RawClient.connect(broker.address)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

async function produce(
  records: Uint8Array | null,
  { partition = 0, version = 9, acks = 1, transactionalId = null as string | null } = {},
) {
  const topicData = [{ name: 't', partitionData: [{ index: partition, records }] }]
  const { responses } = await client.call('Produce', version, { acks, transactionalId, topicData })
  return responses[0]!.partitionResponses[0]!
}

function damaged(at: number, change: (view: DataView, at: number) => void): Uint8Array {
  const batch = batchOf(3)
  change(new DataView(batch.buffer, batch.byteOffset), at)
  return batch
}

test('batches get the next offsets and come back as they were', async () => {
  expect(await produce(batchOf(3))).toMatchObject({
    errorCode: 0,
    baseOffset: 0,
    logAppendTimeMs: -1,
    logStartOffset: 0,
  })
  expect(await produce(batchOf(2), { acks: -1 })).toMatchObject({ errorCode: 0, baseOffset: 3 })
  expect((await broker.messages('t', 0)).map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4])
})

test.each([
  ['a wrong CRC', damaged(CRC_AT, (view, at) => view.setUint32(at, 1)), ErrorCode.CORRUPT_MESSAGE],
  ['an old format', damaged(MAGIC_AT, (view, at) => view.setInt8(at, 1)), ErrorCode.INVALID_RECORD],
  [
    'a length beyond the end',
    damaged(BATCH_LENGTH_AT, (view, at) => view.setInt32(at, 9999)),
    ErrorCode.CORRUPT_MESSAGE,
  ],
  [
    'a length below the header',
    damaged(BATCH_LENGTH_AT, (view, at) => view.setInt32(at, 3)),
    ErrorCode.CORRUPT_MESSAGE,
  ],
  ['two batches at once', Buffer.concat([batchOf(1), batchOf(1)]), ErrorCode.INVALID_RECORD],
  ['no batch', null, ErrorCode.INVALID_RECORD],
  ['less than a header', new Uint8Array(60), ErrorCode.INVALID_RECORD],
  ['no records', batchOf(0), ErrorCode.INVALID_RECORD],
  ['a count that does not fit the offsets', batchOf(2, { lastOffsetDelta: 5 }), ErrorCode.INVALID_RECORD],
  ['too many bytes', batchOf(1, { valueBytes: 2000 }), ErrorCode.MESSAGE_TOO_LARGE],
  ['a control batch', batchOf(1, { control: true }), ErrorCode.INVALID_RECORD],
])('%s is refused and not stored', async (_, records, errorCode) => {
  expect(await produce(records)).toMatchObject({ errorCode, baseOffset: -1, errorMessage: expect.any(String) })
  expect(broker.describe('t', 0).endOffset).toBe(0)
})

test('zstd is refused from clients that are too old for it', async () => {
  const records = batchOf(3, { codec: 'zstd' })
  expect((await produce(records, { version: 6 })).errorCode).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
  expect((await produce(records, { version: 7 })).errorCode).toBe(0)
})

test('partitions led elsewhere and unknown ones fail alone', async () => {
  const records = batchOf(1)
  const partitionData = [0, 1, 2].map((index) => ({ index, records }))
  const answer = await client.call('Produce', 10, { acks: 1, topicData: [{ name: 't', partitionData }] })
  expect(answer.responses[0]?.partitionResponses).toMatchObject([
    { errorCode: 0 },
    { errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER, currentLeader: { leaderId: 2, leaderEpoch: 0 } },
    { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])
  expect(answer.nodeEndpoints).toMatchObject([{ nodeId: 2 }])
  expect((await produce(records, { acks: 2 })).errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS)
})

test('from v13 on topics are known by id', async () => {
  const topicId = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!.topicId
  const partitionData = [{ index: 0, records: batchOf(1) }]
  const topicData = [
    { topicId, partitionData },
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionData },
  ]
  const { responses } = await client.call('Produce', 13, { acks: 1, topicData })
  const codes = responses.map(({ partitionResponses }) => partitionResponses[0]?.errorCode)
  expect(codes).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID])
})

test('with acks 0 there is no answer, and a failure cuts the connection', async () => {
  const send = (index: number) =>
    client.send('Produce', 9, { acks: 0, topicData: [{ name: 't', partitionData: [{ index, records: batchOf(1) }] }] })
  send(0)
  const metadata = client.send('Metadata', 4, { topics: [] })
  expect((await client.nextFrame()).readInt32BE(0)).toBe(metadata)
  expect(broker.describe('t', 0).endOffset).toBe(1)
  send(1)
  await client.closed
})

test('a repeated batch of an idempotent producer is acknowledged again, not stored again', async () => {
  const { producerId, producerEpoch } = await client.call('InitProducerId', 4, { transactionalId: null })
  const batch = (baseSequence: number) => batchOf(2, { producerId, producerEpoch, baseSequence })
  expect((await produce(batch(0))).baseOffset).toBe(0)
  expect((await produce(batch(2))).baseOffset).toBe(2)
  expect(await produce(batch(0))).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect((await produce(batch(9))).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  expect(broker.describe('t', 0).endOffset).toBe(4)
})

test('LogAppendTime is set and told', async () => {
  broker.createTopic('timed', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
  const leader = await RawClient.connect(broker.addresses[broker.describe('timed', 0).leader - 1]!)
  const topicData = [{ name: 'timed', partitionData: [{ index: 0, records: batchOf(2) }] }]
  const answer = await leader.call('Produce', 9, { acks: 1, topicData })
  const { logAppendTimeMs } = answer.responses[0]!.partitionResponses[0]!
  expect(logAppendTimeMs).toBeGreaterThan(1_700_000_000_000)
  expect((await broker.messages('timed')).map(({ timestamp }) => timestamp)).toEqual([logAppendTimeMs, logAppendTimeMs])
})

test('a transactional batch opens a transaction, if the coordinator knows of it', async () => {
  const coordinatorKeys = ['tx-0', 'tx-1', 'tx-2', 'tx-3', 'tx-4']
  const { coordinators } = await client.call('FindCoordinator', 4, { keyType: 1, coordinatorKeys })
  const transactionalId = coordinators.find(({ nodeId }) => nodeId === 1)!.key
  const init = await client.call('InitProducerId', 4, { transactionalId, transactionTimeoutMs: 9000 })
  const { producerId, producerEpoch } = init
  const records = batchOf(2, { producerId, producerEpoch, baseSequence: 0, transactional: true })
  expect(new DataView(records.buffer).getInt32(BASE_SEQUENCE_AT)).toBe(0)
  expect((await produce(records)).errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
  expect((await produce(records, { transactionalId })).errorCode).toBe(ErrorCode.INVALID_TXN_STATE)
  expect((await produce(records, { transactionalId, version: 11 })).errorCode).toBe(ErrorCode.TRANSACTION_ABORTABLE)
  expect((await produce(records, { transactionalId, version: 12 })).errorCode).toBe(0)
  expect(broker.describe('t', 0)).toMatchObject({ endOffset: 2, lastStableOffset: 0 })
})

test('of a topic only what was committed can be looked at', async () => {
  const producer = { producerId: 9n, producerEpoch: 0 }
  const write = (baseSequence: number) =>
    broker.append('t', 0, batchOf(1, { ...producer, baseSequence, transactional: true, timestamp: baseSequence }))
  write(0)
  broker.endTransaction('t', 0, 'abort', producer)
  write(1)
  broker.append('t', 0, batchOf(1, { timestamp: 7 }))
  broker.endTransaction('t', 0, 'commit', producer)
  write(2)
  broker.append('t', 0, batchOf(1, { timestamp: 8 }))
  const times = async (committed: boolean) =>
    (await broker.messages('t', 0, { committed })).map(({ timestamp }) => timestamp)
  expect(await times(true)).toEqual([1, 7])
  expect(await times(false)).toEqual([0, 1, 7, 2, 8])
})
