// What the admin client refuses before anything is sent, and how it deals with brokers that fail. [test process]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import type { NewTopic } from '../../src/client/admin-topic.ts'
import { Kafka, TopicExists } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'

describe('bad input is an InvalidOption that names the topic, before anything is sent', () => {
  // Nothing listens there: a request would fail otherwise.
  const { admin } = new Kafka({ brokers: ['127.0.0.1:1'], threads: 'inline' })
  const invalid = { code: 'INVALID_OPTION' }

  const wrongTopics: [string, object][] = [
    ['no name', {}],
    ['an empty name', { topic: '' }],
    ['a dot for a name', { topic: '.' }],
    ['a name with a slash', { topic: 'a/b' }],
    ['a name of 250 letters', { topic: 'x'.repeat(250) }],
    ['no partitions', { topic: 't', partitions: 0 }],
    ['half a partition', { topic: 't', partitions: 1.5 }],
    ['partitions as text', { topic: 't', partitions: '3' }],
    ['a replication factor of 0', { topic: 't', replicationFactor: 0 }],
    ['a replication factor of 40,000', { topic: 't', replicationFactor: 40_000 }],
    ['an unknown setting', { topic: 't', numPartitions: 3 }],
    ['a config that is an object', { topic: 't', configs: { 'retention.ms': {} } }],
    ['assignments beside partitions', { topic: 't', partitions: 1, assignments: [[1]] }],
    ['empty assignments', { topic: 't', assignments: [] }],
    ['a partition on the same broker twice', { topic: 't', assignments: [[1, 1]] }],
    ['a partition on no broker', { topic: 't', assignments: [[1], []] }],
  ]
  for (const [what, topic] of wrongTopics) {
    it(`createTopics: ${what}`, async () => {
      const error = await admin.createTopics([topic as NewTopic]).catch((thrown) => thrown)
      expect(error).toMatchObject({ name: 'InvalidOption', ...invalid })
      const { topic: name } = topic as { topic?: string }
      if (name !== undefined) expect(error.message).toContain(`'${name}'`)
    })
  }

  it('the same topic twice, no list, no id, partitions left out', async () => {
    await expect(admin.createTopics([{ topic: 't' }, { topic: 't' }])).rejects.toMatchObject(invalid)
    await expect(admin.createTopics({ topic: 't' } as never)).rejects.toMatchObject(invalid)
    await expect(admin.createPartitions([{ topic: 't' } as never])).rejects.toMatchObject(invalid)
    await expect(admin.createPartitions([{ topic: 't', partitions: -1 }])).rejects.toMatchObject(invalid)
    await expect(admin.deleteTopics(['t', 't'])).rejects.toMatchObject(invalid)
    await expect(admin.deleteTopics([{ id: 'short' }])).rejects.toMatchObject(invalid)
    await expect(admin.deleteTopics([null as never])).rejects.toMatchObject(invalid)
    await expect(admin.deleteTopics('t' as never)).rejects.toMatchObject(invalid)
    await expect(admin.describeTopics(['a b'])).rejects.toMatchObject(invalid)
    await expect(admin.listTopics({ signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })
})

describe('brokers that fail', () => {
  let broker: Broker
  let kafka: Kafka
  beforeAll(async () => {
    broker = await Broker.start({ brokers: 3 })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', defaultApiTimeoutMs: 5_000 })
  })
  afterAll(async () => {
    await kafka.close()
    await broker.close()
  })

  const failTwice = (api: 'CreateTopics', errorCode: number) => {
    for (let i = 0; i < 2; i++) broker.once(api, () => ({ errorCode }))
  }

  it('a controller that moved, and a quota that is used up, are waited out', async () => {
    failTwice('CreateTopics', ErrorCode.NOT_CONTROLLER)
    const [created] = await kafka.admin.createTopics([{ topic: 'moved', partitions: 2, replicationFactor: 3 }])
    expect(created).toMatchObject({ partitions: 2, replicationFactor: 3 })
    failTwice('CreateTopics', ErrorCode.THROTTLING_QUOTA_EXCEEDED)
    await kafka.admin.createTopics([{ topic: 'throttled' }])
    expect((await kafka.admin.listTopics()).map(({ name }) => name)).toEqual(['moved', 'throttled'])
  })

  it('a quota that stays used up is a QuotaExceeded within the time given', async () => {
    const stop = broker.on('CreatePartitions', () => ({ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }))
    const growing = kafka.admin.createPartitions([{ topic: 'moved', partitions: 5 }], { timeoutMs: 300 })
    await expect(growing).rejects.toMatchObject({ name: 'QuotaExceeded', topic: 'moved' })
    stop()
  })

  it('what a broker refuses for good is not asked twice', async () => {
    let asked = 0
    const stop = broker.on('CreateTopics', () => {
      asked++
      return undefined
    })
    await expect(kafka.admin.createTopics([{ topic: 'moved' }])).rejects.toThrow(TopicExists)
    expect(asked).toBe(1)
    stop()
  })
})

describe('releases', () => {
  for (const apiVersions of ['2.1', '2.8', '3.9'] as const) {
    it(`a broker of ${apiVersions} is administered in the versions that it knows`, async () => {
      await using broker = await Broker.start({ apiVersions })
      await using kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
      const { admin } = kafka
      await admin.createTopics([{ topic: 't', partitions: 2, replicationFactor: 1 }])
      await admin.createPartitions([{ topic: 't', partitions: 3 }])
      const [described] = await admin.describeTopics(['t'], { configs: true })
      expect(described!.configs!['cleanup.policy']).toBe('delete')
      expect(await admin.listTopics()).toMatchObject([{ name: 't', partitions: 3 }])
      await admin.deleteTopics(['t'])
      expect(await admin.listTopics()).toEqual([])
    })
  }
})
