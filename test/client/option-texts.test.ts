// What the environment, files and flags set for consumers, producers and runs: defaults of all that are made.
// [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { fromEnvironment } from '../../src/client/environment.ts'
import { assignmentLayer } from '../../src/client/option-text.ts'
import { explainOptions, type KafkaOptions, resolveOptions } from '../../src/client/options.ts'
import { checkRunOptions } from '../../src/client/run-options.ts'
import { Kafka } from '../../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-texts-'))
afterAll(() => rmSync(folder, { recursive: true }))

const ENV = {
  MILLRACE_BROKERS: 'a:1',
  MILLRACE_GROUP_ID: 'ingest',
  MILLRACE_AUTO_OFFSET_RESET: 'earliest',
  MILLRACE_ENABLE_AUTO_COMMIT: 'false',
  MILLRACE_LINGER_MS: '20',
  MILLRACE_ACKS: '1',
  MILLRACE_UNTIL: 'never',
  MILLRACE_CONCURRENCY: '8',
  MILLRACE_FETCH_MIN_BYTES: '7',
}

describe('what the environment sets', () => {
  const kafka = resolveOptions('kafka', fromEnvironment(ENV))

  it('counts for each consumer, below what its code says', () => {
    expect(resolveOptions('consumer', {}, kafka)).toMatchObject({
      groupId: 'ingest',
      autoOffsetReset: 'earliest',
      autoCommit: false,
      fetchMinBytes: 7,
    })
    const given = { groupId: 'own', fetchMinBytes: 8 }
    expect(resolveOptions('consumer', given, kafka)).toMatchObject({ ...given, autoOffsetReset: 'earliest' })
  })

  it('counts for each producer, with what follows from it', () => {
    const producer = resolveOptions('producer', {}, kafka)
    expect(producer).toMatchObject({ lingerMs: 20, acks: 1, enableIdempotence: false })
    expect(resolveOptions('producer', { acks: 'all' }, kafka)).toMatchObject({ lingerMs: 20, enableIdempotence: true })
    expect(() => resolveOptions('producer', { enableIdempotence: true }, kafka)).toThrow(/acks: 1/)
  })

  it('counts for iterations and runs', () => {
    expect(resolveOptions('iterate', {}, kafka).until).toBe('never')
    const consumer = resolveOptions('consumer', {}, kafka)
    expect(checkRunOptions({ eachRecord: () => {} }, consumer).concurrency).toBe(8)
    expect(checkRunOptions({ eachRecord: () => {}, concurrency: 2 }, consumer).concurrency).toBe(2)
  })

  it('is no option of the instance itself, and explained all the same', () => {
    expect(kafka).not.toHaveProperty('groupId')
    const explained = explainOptions(fromEnvironment(ENV))
    expect(explained.find(({ name }) => name === 'groupId')).toEqual({
      name: 'groupId',
      value: 'ingest',
      source: 'environment (MILLRACE_GROUP_ID)',
    })
  })

  it('is checked when the instance is made, for whatever it is', () => {
    for (const [name, text] of Object.entries({ ACKS: '9', AUTO_OFFSET_RESET: 'soon', UNTIL: 'noon', ORDER: 'any' })) {
      const make = () => resolveOptions('kafka', fromEnvironment({ MILLRACE_BROKERS: 'a', [`MILLRACE_${name}`]: text }))
      expect(make, name).toThrow(new RegExp(`MILLRACE_${name}.* must be .*${text}`))
    }
  })
})

it('MILLRACE_URL, files and flags carry them as well; code in the wrong place is still refused', () => {
  const url = { MILLRACE_URL: 'kafka://a?linger.ms=5&groupId=g' }
  const fromUrl = resolveOptions('kafka', fromEnvironment(url))
  expect(resolveOptions('producer', {}, fromUrl).lingerMs).toBe(5)
  expect(resolveOptions('consumer', {}, fromUrl).groupId).toBe('g')
  expect(assignmentLayer(['group.protocol=consumer']).values).toEqual({ groupProtocol: 'consumer' })
  expect(() => new Kafka({ brokers: 'a', groupId: 'g' } as KafkaOptions)).toThrow(/kafka.consumer\({ groupId }\)/)
  expect(() => Kafka.fromEnv({ acks: 1 } as KafkaOptions, url)).toThrow(/kafka.producer\({ acks }\)/)
})

it("takes Java's class names of assignors, as they stand in its files", () => {
  const java = 'org.apache.kafka.clients.consumer'
  const file = join(folder, 'assignors.properties')
  const names = ['Range', 'RoundRobin', 'Sticky', 'CooperativeSticky'].map((name) => `${java}.${name}Assignor`)
  writeFileSync(file, `bootstrap.servers=a\npartition.assignment.strategy=${names.join(',')}\n`)
  const consumer = Kafka.fromProperties(file).consumer()
  expect(consumer.options.partitionAssignmentStrategy).toEqual(['range', 'roundrobin', 'sticky', 'cooperative-sticky'])
})

it('a file of a Java program configures consumers and transactions that say nothing themselves', async () => {
  await using broker = await Broker.start()
  broker.createTopic('events', { partitions: 1 })
  const file = join(folder, 'java.properties')
  writeFileSync(
    file,
    `bootstrap.servers=${broker.address}
group.id=ingest
auto.offset.reset=earliest
enable.auto.commit=false
compression.type=gzip
transactional.id=etl
`,
  )
  await using kafka = Kafka.fromProperties(file, { threads: 'inline' })
  const ids: (string | null)[] = []
  broker.on('InitProducerId', ({ transactionalId }) => void ids.push(transactionalId))
  await kafka.transaction((tx) => tx.send({ topic: 'events', value: 'x'.repeat(2_000) }))
  expect(ids).toEqual(['etl'])
  const consumer = kafka.consumer()
  await consumer.subscribe(['events'])
  const record = await consumer.recv()
  expect(record?.value?.length).toBe(2_000)
  const { topic, partition } = record!
  await consumer.commit([{ topic, partition, offset: 1 }])
  expect(await consumer.committed([{ topic, partition }])).toMatchObject([{ offset: 1 }])
  expect(broker.group('ingest')).toBeDefined()
})
