// The same requests to the embedded broker and to a real Kafka 4.3: the same answers, field by field.
import { expect, test } from 'vitest'
import { crc32c } from '../../src/bytes/crc32c.ts'
import type { RequestInput } from '../../src/protocol/apis.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, CRC_AT } from '../../src/record/batch.ts'
import { encodeBatch, encodeControlBatch } from '../../src/record/encode.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { batchOf } from './batches.ts'
import type { RawClient } from './raw-client.ts'
import { expectSameAnswers, ledTopic, type ScriptContext } from './script.ts'

/** Some requests are refused when they may take no time. */
const timeoutMs = 5000
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

async function topics({ ask, client, t }: ScriptContext): Promise<void> {
  const make = (name: string, more: object = {}) => ({
    timeoutMs,
    topics: [{ name, numPartitions: 2, replicationFactor: 1, ...more }],
  })
  await ask('create', 'CreateTopics', 7, make(t, { configs: [{ name: 'max.message.bytes', value: '2000' }] }))
  await ask('create again', 'CreateTopics', 5, make(t))
  await ask('create with a bad name', 'CreateTopics', 5, make('a/b'))
  await ask('create with no partitions', 'CreateTopics', 5, make(`${t}-none`, { numPartitions: 0 }))
  await ask('create with too many replicas', 'CreateTopics', 5, make(`${t}-wide`, { replicationFactor: 9 }))
  await ask(
    'create with an unknown setting',
    'CreateTopics',
    5,
    make(`${t}-odd`, { configs: [{ name: 'x', value: '1' }] }),
  )
  await ask('validate', 'CreateTopics', 5, { ...make(`${t}-only`), validateOnly: true })
  await ledTopic(client, t, 2)
  await ask('metadata of a missing and a bad topic', 'Metadata', 12, {
    topics: [{ name: `${t}-missing` }, { name: 'bad name' }],
    allowAutoTopicCreation: false,
  })
  const byId = { topics: [{ topicId: UNKNOWN_ID, name: null }], allowAutoTopicCreation: false }
  await ask('metadata of an unknown id', 'Metadata', 12, byId)
  const grow = (what: string, name: string, count: number) =>
    ask(what, 'CreatePartitions', 3, { timeoutMs, topics: [{ name, count, assignments: null }] })
  await grow('shrink', t, 1)
  await grow('grow to the same', t, 2)
  await grow('grow a missing topic', `${t}-missing`, 2)
  // One at a time: Kafka answers several in an order of its own.
  await ask('delete a missing topic', 'DeleteTopics', 6, { timeoutMs, topics: [{ name: `${t}-missing` }] })
  await ask('delete an unknown id', 'DeleteTopics', 6, { timeoutMs, topics: [{ topicId: UNKNOWN_ID }] })
}

/** A batch with one byte changed, and a CRC that fits. */
function spoiled(batch: Uint8Array, at: number, byte = 3): Uint8Array {
  batch[at] = byte
  new DataView(batch.buffer, batch.byteOffset).setUint32(CRC_AT, crc32c(batch, ATTRIBUTES_AT))
  return batch
}

/** A topic that wants keys, and takes no records that are older than a minute. */
async function strictTopic({ ask, client, prefix }: ScriptContext): Promise<void> {
  const name = `${prefix}strict`
  const configs = [
    { name: 'cleanup.policy', value: 'compact' },
    { name: 'message.timestamp.before.max.ms', value: '60000' },
  ]
  await client.call('CreateTopics', 7, {
    timeoutMs,
    topics: [{ name, numPartitions: 1, replicationFactor: 1, configs }],
  })
  await ledTopic(client, name, 1)
  const now = Date.now()
  const produce = (what: string, records: { key?: Uint8Array; value: Uint8Array; timestamp: number }[]) =>
    ask(what, 'Produce', 9, {
      acks: -1,
      timeoutMs,
      topicData: [{ name, partitionData: [{ index: 0, records: encodeBatch(records) as Uint8Array }] }],
    })
  const value = Buffer.from('v')
  await produce('write with keys', [{ key: value, value, timestamp: now }])
  await produce('write one without a key', [
    { key: value, value, timestamp: now },
    { value, timestamp: now },
  ])
  await produce('write from the past', [{ key: value, value, timestamp: now - 3_600_000 }])
  await produce('write from the past without a key', [
    { value, timestamp: now },
    { key: value, value, timestamp: now - 3_600_000 },
  ])
}

async function writing({ ask, t }: ScriptContext): Promise<void> {
  const produce = (what: string, records: Uint8Array | null, { index = 0, acks = -1, version = 9 } = {}) =>
    ask(what, 'Produce', version, {
      acks,
      timeoutMs,
      topicData: [{ name: t, partitionData: [{ index, records }] }],
    })
  const broken = batchOf(3)
  new DataView(broken.buffer, broken.byteOffset).setUint32(CRC_AT, 1)
  await produce('write 5', batchOf(5, { timestamp: 1_700_000_000_000 }))
  await produce('write 3 with lz4', batchOf(3, { timestamp: 1_700_000_100_000, codec: 'lz4', valueBytes: 200 }))
  await produce('write with a wrong CRC', broken)
  await produce('write too much', batchOf(1, { valueBytes: 2000 }))
  await produce('write two batches', Buffer.concat([batchOf(1), batchOf(1)]))
  await produce('write a count that does not fit', batchOf(2, { lastOffsetDelta: 5 }))
  const control = encodeControlBatch({ type: 'abort', producerId: 1n, producerEpoch: 0, timestamp: 1 })
  await produce('write in a transaction without an id', control)
  await produce('write a control batch', batchOf(1, { control: true }))
  await produce('write to a missing partition', batchOf(1), { index: 9 })
  await produce('write with acks 2', batchOf(1), { acks: 2 })
  await produce('write records that end too early', spoiled(batchOf(3), BATCH_HEADER_BYTES))
  await produce('write an unknown codec', spoiled(batchOf(3), ATTRIBUTES_AT + 1, 6))
  await produce('write from the future', batchOf(2, { timestamp: 1_900_000_000_000 }))
  await produce('write a producer without a sequence', batchOf(1, { producerId: 5n, producerEpoch: 0 }))
  await produce('write zstd with an old version', batchOf(2, { codec: 'zstd' }), { version: 6 })
  await ask('write to an unknown id', 'Produce', 13, {
    acks: 1,
    topicData: [{ topicId: UNKNOWN_ID, partitionData: [{ index: 0, records: batchOf(1) }] }],
  })
  const sequenced = (baseSequence: number, producerEpoch = 0) =>
    batchOf(2, { producerId: 777_777n, producerEpoch, baseSequence, timestamp: 1_700_000_200_000 })
  await produce('write in sequence', sequenced(0))
  await produce('write in sequence again', sequenced(2))
  await produce('repeat a sequence', sequenced(0))
  await produce('leave a gap', sequenced(9))
  await produce('begin a new epoch', sequenced(0, 1))
  await produce('go back to the old epoch', sequenced(4, 0))
}

async function reading({ ask, client, t }: ScriptContext): Promise<void> {
  const topicId = await ledTopic(client, t, 2)
  const fetch = (what: string, wanted: object, more: RequestInput<'Fetch'> = {}, version = 12) => {
    const partitions = [{ partition: 0, partitionMaxBytes: 100_000, ...wanted }]
    const topics = [version >= 13 ? { topicId, partitions } : { topic: t, partitions }]
    return ask(what, 'Fetch', version, { maxWaitMs: 0, minBytes: 1, topics, ...more })
  }
  await fetch('read all', {})
  await fetch('read all in v4', {}, {}, 4)
  await fetch('read all by id', {}, {}, 17)
  await fetch('read committed', {}, { isolationLevel: 1 })
  await fetch('read from within a batch', { fetchOffset: 6 })
  await fetch('read a cut batch', { partitionMaxBytes: 200 })
  await fetch('read at least one batch', { partitionMaxBytes: 1 })
  await fetch('read at least one batch of all', {}, { maxBytes: 1 })
  await fetch('read at the end', { fetchOffset: 14 })
  await fetch('read past the end', { fetchOffset: 15 })
  await fetch('read before the start', { fetchOffset: -1 })
  await fetch('read with an old epoch known', { currentLeaderEpoch: 0 })
  await fetch('read with an epoch of the future', { currentLeaderEpoch: 9 })
  await fetch('read a missing partition', { partition: 9 })
  await fetch('read with a last epoch', { lastFetchedEpoch: 0, fetchOffset: 5 })
  await ask('read an unknown id', 'Fetch', 17, { topics: [{ topicId: UNKNOWN_ID, partitions: [{ partition: 0 }] }] })
}

async function sessions({ ask, t }: ScriptContext): Promise<void> {
  const wanted = (partition: number, fetchOffset: number) => ({ partition, fetchOffset, partitionMaxBytes: 100_000 })
  const incremental = (what: string, sessionId: number, sessionEpoch: number, more: RequestInput<'Fetch'> = {}) =>
    ask(what, 'Fetch', 12, { maxWaitMs: 0, minBytes: 1, sessionId, sessionEpoch, ...more })
  const topics = [{ topic: t, partitions: [wanted(0, 0), wanted(1, 0)] }]
  const opened = await incremental('open a session', 0, 0, { topics })
  const id = (opened as { sessionId: number }).sessionId
  await incremental('read what changed', id, 1, { topics: [{ topic: t, partitions: [wanted(0, 14)] }] })
  await incremental('read nothing new', id, 2)
  await incremental('repeat an epoch', id, 2)
  await incremental('ask for an error', id, 3, { topics: [{ topic: t, partitions: [wanted(1, 99)] }] })
  await incremental('ask for the error again', id, 4)
  await incremental('correct it', id, 5, { topics: [{ topic: t, partitions: [wanted(1, 0)] }] })
  await incremental('forget one', id, 6, { forgottenTopicsData: [{ topic: t, partitions: [1] }] })
  await ask('change to topic ids', 'Fetch', 13, { sessionId: id, sessionEpoch: 7 })
  await incremental('forget all', id, 7, { forgottenTopicsData: [{ topic: t, partitions: [0] }] })
  await incremental('go on with what is gone', id, 8)
  await incremental('name a session that never was', 1, 1)
}

async function offsets({ ask, t }: ScriptContext): Promise<void> {
  const list = (what: string, timestamp: number, more: object = {}, version = 9) =>
    ask(what, 'ListOffsets', version, {
      replicaId: -1,
      topics: [{ name: t, partitions: [{ partitionIndex: 0, timestamp, ...more }] }],
    })
  await list('earliest', -2)
  await list('latest', -1)
  await list('latest in v1', -1, {}, 1)
  await list('largest time', -3)
  await list('largest time in a version without it', -3, {}, 6)
  await list('earliest local', -4)
  await list('tiered', -5)
  await list('a time within a batch', 1_700_000_000_003)
  await list('a time within a compressed batch', 1_700_000_100_001)
  await list('a time between batches', 1_700_000_050_000)
  await list('a time past the end', 1_800_000_000_000)
  await list('latest of an empty partition', -1, { partitionIndex: 1 })
  await list('earliest of an empty partition', -2, { partitionIndex: 1 })
  await list('a time in an empty partition', 5, { partitionIndex: 1 })
  await list('largest time of an empty partition', -3, { partitionIndex: 1 })
  await list('a missing partition', -1, { partitionIndex: 9 })
  await list('an epoch of the future', -1, { currentLeaderEpoch: 9 })
  const epochEnd = (what: string, leaderEpoch: number, more: object = {}) =>
    ask(what, 'OffsetForLeaderEpoch', 4, { topics: [{ topic: t, partitions: [{ leaderEpoch, ...more }] }] })
  await epochEnd('the end of this epoch', 0)
  await epochEnd('the end of a future epoch', 5)
  await epochEnd('the end of an epoch in an empty partition', 0, { partition: 1 })
  await epochEnd('the end of an epoch in a missing partition', 0, { partition: 9 })
  const remove = (what: string, offset: number, partitionIndex = 0) =>
    ask(what, 'DeleteRecords', 2, { topics: [{ name: t, partitions: [{ partitionIndex, offset }] }], timeoutMs })
  await remove('delete up to 6', 6)
  await remove('delete past the end', 99)
  await remove('delete in a missing partition', 1, 9)
  await list('earliest after deleting', -2)
  await list('a time that was deleted', 1_700_000_000_000)
  await epochEnd('the end of the epoch after deleting', 0)
}

/** Coordinators that are still loading: real ones make their topics when they are first asked for. */
const notYet = new Set<number>([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])

async function coordinating(client: RawClient, t: string, groups: string[]): Promise<void> {
  const isReady = async () => {
    const { coordinators } = await client.call('FindCoordinator', 4, { coordinatorKeys: groups })
    if (coordinators.some(({ errorCode }) => errorCode !== ErrorCode.NONE)) return false
    for (const groupId of groups) {
      const partitions = [{ partitionIndex: 0, committedOffset: 0 }]
      // Refused whatever happens: this member does not exist.
      const member = { generationIdOrMemberEpoch: 7, memberId: 'nobody' }
      const answer = await client.call('OffsetCommit', 8, { groupId, topics: [{ name: t, partitions }], ...member })
      if (notYet.has(answer.topics[0]!.partitions[0]!.errorCode)) return false
    }
    return !notYet.has((await client.call('InitProducerId', 4, { transactionalId: null })).errorCode)
  }
  while (!(await isReady())) await new Promise((resolve) => setTimeout(resolve, 100))
}

async function groups({ ask, client, t, prefix }: ScriptContext): Promise<void> {
  const groupId = `${prefix}group`
  const coordinatorKeys = [groupId]
  await coordinating(client, t, [groupId, `${groupId}-new`, `${groupId}-other`, ''])
  await ask('find the coordinator', 'FindCoordinator', 4, { coordinatorKeys })
  await ask('find the coordinator in v2', 'FindCoordinator', 2, { key: groupId })
  const partition = (partitionIndex: number, committedOffset: number) => ({ partitionIndex, committedOffset })
  const commit = (what: string, more: object = {}, partitions = [partition(0, 3)]) =>
    ask(what, 'OffsetCommit', 8, { groupId, topics: [{ name: t, partitions }], ...more })
  await commit('commit', {}, [{ ...partition(0, 3), committedLeaderEpoch: 0, committedMetadata: 'note' } as never])
  await commit('commit to a missing partition', {}, [partition(9, 1), partition(1, 2)])
  await commit('commit to a missing topic', { topics: [{ name: `${t}-missing`, partitions: [partition(0, 1)] }] })
  await commit('commit as a member of nothing', {
    groupId: `${groupId}-new`,
    generationIdOrMemberEpoch: 1,
    memberId: 'm',
  })
  await commit('commit without a group', { groupId: '' })
  const topics = [{ name: t, partitionIndexes: [0, 1, 9] }]
  await ask('committed', 'OffsetFetch', 8, { groups: [{ groupId, topics }] })
  await ask('committed in v5', 'OffsetFetch', 5, { groupId, topics })
  await ask('all that was committed', 'OffsetFetch', 8, { groups: [{ groupId, topics: null }] })
  await ask('committed by nobody', 'OffsetFetch', 8, { groups: [{ groupId: `${groupId}-other`, topics: null }] })
  await ask('init a producer', 'InitProducerId', 4, { transactionalId: null })
  await ask('init a producer with an empty id', 'InitProducerId', 4, {
    transactionalId: '',
    transactionTimeoutMs: 1000,
  })
  await ask('cluster', 'DescribeCluster', 0, {})
}

kafkaDescribe('the embedded broker answers like Kafka', (kafka) => {
  test('to a script of topics, writes, reads, sessions and offsets', async () => {
    const prefix = `like-${process.pid}-${Date.now().toString(36)}-`
    const parts = [topics, writing, strictTopic, reading, sessions, offsets, groups]
    expect(await expectSameAnswers(kafka.brokers[0]!, prefix, parts)).toBeGreaterThan(70)
  })
})
