// Transactions, message by message: the embedded broker answers as a real Kafka 4.3 does, version 1 and version 2.
import { expect, test } from 'vitest'
import type { RequestInput, ResponseOf } from '../../src/protocol/apis.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { batchOf } from './batches.ts'
import { expectSameAnswers, ledTopic, type ScriptContext } from './script.ts'

/** Answers that only say "later": a real broker is still writing markers, or still making its topics. */
const later = new Set<number>([
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
])
const pause = () => new Promise((resolve) => setTimeout(resolve, 50))

/** Near that of the markers: where times jump by a week Kafka begins a new segment, and a fetch ends with one. */
const timestamp = Date.now()

/** A producer, as the last answer named it. */
interface Producer {
  producerId: bigint
  producerEpoch: number
}

/** The requests of a transactional client, by name, each noted in the script. */
class Transactional {
  readonly #context: ScriptContext
  readonly id: string
  producer: Producer = { producerId: -1n, producerEpoch: -1 }

  constructor(context: ScriptContext, id: string) {
    this.#context = context
    this.id = `${context.prefix}${id}`
  }

  async init(what: string, more: RequestInput<'InitProducerId'> = {}, version = 5): Promise<void> {
    const body = { transactionalId: this.id, transactionTimeoutMs: 60_000, ...more }
    const isLater = ({ errorCode }: { errorCode: number }) => later.has(errorCode)
    const answer = await this.#context.ask(what, 'InitProducerId', version, body, isLater)
    if (answer.errorCode === ErrorCode.NONE) this.#follow(answer)
  }

  async add(what: string, partitions: number[], version = 3, more: object = {}): Promise<void> {
    const body = {
      v3AndBelowTransactionalId: this.id,
      v3AndBelowProducerId: this.producer.producerId,
      v3AndBelowProducerEpoch: this.producer.producerEpoch,
      v3AndBelowTopics: [{ name: this.#context.t, partitions }],
      ...more,
    }
    await this.#context.ask(what, 'AddPartitionsToTxn', version, body, ({ resultsByTopicV3AndBelow }) =>
      resultsByTopicV3AndBelow.some(({ resultsByPartition }) =>
        resultsByPartition.some(({ partitionErrorCode }) => later.has(partitionErrorCode)),
      ),
    )
  }

  async produce(
    what: string,
    baseSequence: number,
    more: { version?: number; index?: number; transactional?: boolean } & Partial<Producer> = {},
  ) {
    const { version = 11, index = 0, transactional = true, ...producer } = more
    const records = batchOf(2, { ...this.producer, ...producer, baseSequence, transactional, timestamp })
    const topicData = [{ name: this.#context.t, partitionData: [{ index, records }] }]
    const body = { acks: -1, timeoutMs: 5000, transactionalId: transactional ? this.id : null, topicData }
    return this.#context.ask(what, 'Produce', version, body)
  }

  async end(
    what: string,
    committed: boolean,
    version = 4,
    more: Partial<Producer> = {},
  ): Promise<ResponseOf<'EndTxn'>> {
    const body = { transactionalId: this.id, ...this.producer, committed, ...more }
    const answer = await this.#context.ask(what, 'EndTxn', version, body)
    if (answer.errorCode === ErrorCode.NONE && version >= 5) this.#follow(answer)
    if (answer.errorCode === ErrorCode.NONE) await this.#settled()
    return answer
  }

  /** A real coordinator writes the markers after its answer. */
  async #settled(): Promise<void> {
    await until(async () => {
      const { transactionStates } = await this.#context.client.call('DescribeTransactions', 0, {
        transactionalIds: [this.id],
      })
      return transactionStates[0]!.transactionState.startsWith('Complete')
    })
  }

  #follow({ producerId, producerEpoch }: Producer): void {
    this.producer = { producerId, producerEpoch }
  }
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  for (let left = 200; !(await isDone()); left--) {
    if (left === 0) throw new Error('the broker said "later" for 10 s')
    await pause()
  }
}

async function topic({ client, t }: ScriptContext): Promise<void> {
  await client.call('CreateTopics', 7, {
    timeoutMs: 5000,
    topics: [{ name: t, numPartitions: 2, replicationFactor: 1 }],
  })
  await ledTopic(client, t, 2)
}

/** A real broker makes the topics of its coordinators when it is first asked for one. */
async function coordinators({ client, prefix }: ScriptContext): Promise<void> {
  for (const keyType of [0, 1]) {
    await until(async () => {
      const answer = await client.call('FindCoordinator', 4, { keyType, coordinatorKeys: [`${prefix}g`] })
      return !later.has(answer.coordinators[0]!.errorCode)
    })
  }
}

async function ends({ ask, t }: ScriptContext, what: string): Promise<void> {
  for (const isolationLevel of [0, 1]) {
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 }))
    await ask(`${what}, ends at isolation ${isolationLevel}`, 'ListOffsets', 9, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: t, partitions }],
    })
  }
  for (const partitionMaxBytes of [1, 100_000]) {
    const partitions = [0, 1].map((partition) => ({ partition, partitionMaxBytes }))
    await ask(`${what}, ${partitionMaxBytes} bytes of each`, 'Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 1,
      isolationLevel: 1,
      topics: [{ topic: t, partitions }],
    })
  }
}

async function ids(context: ScriptContext): Promise<void> {
  const one = new Transactional(context, 'ids')
  await one.init('an id')
  const first = one.producer
  await one.init('the same id again')
  await one.init('with the identity of before', first)
  await one.init('with its own identity', one.producer)
  const before = { ...one.producer, producerEpoch: one.producer.producerEpoch - 1 }
  await context.ask('a repeat of that', 'InitProducerId', 5, {
    transactionalId: one.id,
    transactionTimeoutMs: 60_000,
    ...before,
  })
  await one.init('with an unknown identity', { producerId: 1n, producerEpoch: 0 })
  await one.init('with an unknown identity in v3', { producerId: 1n, producerEpoch: 0 }, 3)
  await one.init('with half an identity', { producerId: 1n })
  await one.init('with too long a timeout', { transactionTimeoutMs: 900_001 })
  await one.init('with no timeout', { transactionTimeoutMs: 0 })
  await one.init('with an empty id', { transactionalId: '' })
  await context.ask('nobody, with an identity', 'InitProducerId', 5, {
    transactionalId: null,
    producerId: 5n,
    producerEpoch: 3,
  })
}

async function versionOne(context: ScriptContext): Promise<void> {
  const one = new Transactional(context, 'v1')
  await one.init('v1: init')
  await one.end('v1: commit nothing', true)
  await one.produce('v1: write without adding', 0)
  await one.produce('v1: write without adding, in v9', 0, { version: 9 })
  await one.add('v1: add a partition', [0])
  await one.add('v1: add it again, and one more', [0, 1])
  await one.add('v1: add a missing one', [0, 9])
  await one.produce('v1: write', 0)
  await one.produce('v1: repeat', 0)
  await one.produce('v1: leave a gap', 9)
  await one.produce('v1: write outside', 2, { transactional: false })
  await ends(context, 'v1: open')
  await one.end('v1: commit', true)
  await ends(context, 'v1: committed')
  await one.end('v1: commit again', true)
  await one.end('v1: abort what is committed', false)
  await one.produce('v1: write after the end', 2)
  await one.add('v1: begin the next', [0])
  await one.produce('v1: go on with the sequence', 2)
  await one.end('v1: abort', false)
  await one.end('v1: abort again', false)
  await ends(context, 'v1: aborted')
  const { producerId, producerEpoch } = one.producer
  const older = { producerEpoch: producerEpoch - 1 }
  await one.init('v1: a second client')
  await one.end('v1: the first one ends', true, 4, { producerId, producerEpoch })
  await one.end('v1: the first one ends, in v1', true, 1, { producerId, producerEpoch })
  await one.add('v1: the first one adds', [0], 3, { v3AndBelowProducerEpoch: producerEpoch })
  await one.add('v1: the first one adds, in v1', [0], 1, { v3AndBelowProducerEpoch: producerEpoch })
  await one.add('v1: somebody else adds', [0], 3, { v3AndBelowProducerId: 1n })
  await one.add('v1: the second one adds', [0])
  await one.produce('v1: and writes', 0)
  await one.produce('v1: the first one writes', 4, { producerEpoch })
  await one.produce('v1: an older one writes', 4, older)
  await one.init('v1: a third client takes over')
  await ends(context, 'v1: taken over')
  await one.end('v1: unknown id', true, 4, { producerId: 77n })
  await context.ask('v1: unknown transaction', 'EndTxn', 4, { transactionalId: `${context.prefix}no`, producerId: 1n })
}

async function versionTwo(context: ScriptContext): Promise<void> {
  const one = new Transactional(context, 'v2')
  const v2 = { version: 12 }
  await one.init('v2: init')
  await one.end('v2: commit nothing', true, 5)
  await one.end('v2: abort nothing', false, 5)
  await one.produce('v2: begin with a gap', 5, v2)
  await one.produce('v2: write adds the partition', 0, v2)
  await one.produce('v2: to another one as well', 0, { ...v2, index: 1 })
  await one.produce('v2: go on', 2, v2)
  await ends(context, 'v2: open')
  const first = one.producer
  await one.end('v2: commit', true, 5)
  await one.end('v2: commit repeated', true, 5, first)
  await one.end('v2: abort instead', false, 5, first)
  await one.end('v2: commit nothing more', true, 5)
  await ends(context, 'v2: committed')
  await one.produce('v2: write in the old epoch', 4, { ...v2, ...first })
  await one.produce('v2: go on in the new epoch', 4, v2)
  await one.produce('v2: begin anew', 0, v2)
  const second = one.producer
  await one.end('v2: abort', false, 5)
  await one.end('v2: abort repeated', false, 5, second)
  await one.end('v2: abort nothing', false, 5)
  await ends(context, 'v2: aborted')
  await one.produce('v2: write once more', 0, v2)
  await one.init('v2: another client')
  await ends(context, 'v2: taken over')
}

async function offsetsInTransactions(context: ScriptContext): Promise<void> {
  const { ask, client, prefix, t } = context
  const groupId = `${prefix}g`
  const one = new Transactional(context, 'offsets')
  await one.init('offsets: init')
  const commit = (what: string, committedOffset: number, version: number, more: object = {}) =>
    ask(what, 'TxnOffsetCommit', version, {
      transactionalId: one.id,
      groupId,
      ...one.producer,
      topics: [{ name: t, partitions: [{ partitionIndex: 0, committedOffset }] }],
      ...more,
    })
  const fetch = (what: string, requireStable: boolean) =>
    ask(`offsets: ${what}`, 'OffsetFetch', 8, {
      requireStable,
      groups: [{ groupId, topics: [{ name: t, partitionIndexes: [0, 1] }] }],
    })
  const group = { transactionalId: one.id, groupId, ...one.producer }
  await ask('offsets: add the group', 'AddOffsetsToTxn', 3, group, ({ errorCode }) => later.has(errorCode))
  await until(async () => {
    const partitions = [{ partitionIndex: 1, committedOffset: 1 }]
    const answer = await client.call('OffsetCommit', 8, { groupId, topics: [{ name: t, partitions }] })
    return !later.has(answer.topics[0]!.partitions[0]!.errorCode)
  })
  await commit('offsets: commit', 5, 3)
  await fetch('pending, unstable', false)
  await fetch('pending, stable', true)
  await commit('offsets: as a member of nothing', 5, 3, { generationId: 4, memberId: 'm' })
  await commit('offsets: to a missing topic', 5, 3, {
    topics: [{ name: `${t}-missing`, partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  })
  await commit('offsets: as somebody older', 5, 3, { producerEpoch: one.producer.producerEpoch - 1 })
  await one.end('offsets: commit the transaction', true)
  await fetchUntilStable(client, groupId, t)
  await fetch('committed', true)
  await commit('offsets: without the group, in v3', 6, 3)
  await commit('offsets: without the group, in v4', 6, 4)
  await commit('offsets: v5 adds the group', 7, 5)
  await one.end('offsets: abort', false, 5)
  await fetchUntilStable(client, groupId, t)
  await fetch('aborted', true)
}

/** The marker for offsets is written on its own as well. */
async function fetchUntilStable(client: ScriptContext['client'], groupId: string, t: string): Promise<void> {
  await until(async () => {
    const topics = [{ name: t, partitionIndexes: [0, 1] }]
    const { groups } = await client.call('OffsetFetch', 8, { requireStable: true, groups: [{ groupId, topics }] })
    return groups[0]!.topics[0]!.partitions.every(({ errorCode }) => errorCode === ErrorCode.NONE)
  })
}

kafkaDescribe('the embedded broker coordinates transactions like Kafka', (kafka) => {
  test('ids, both versions, offsets: answer by answer', async () => {
    const prefix = `tx-${process.pid}-${Date.now().toString(36)}-`
    const parts = [topic, coordinators, ids, versionOne, versionTwo, offsetsInTransactions]
    expect(await expectSameAnswers(kafka.brokers[0]!, prefix, parts)).toBeGreaterThan(80)
  })
})
