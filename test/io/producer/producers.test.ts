// What main may ask of producers, besides sending.
import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import type { ToMain } from '../../../src/control/commands.ts'
import type { SealedBatch } from '../../../src/control/producing.ts'
import { Producers } from '../../../src/io/producer/producers.ts'
import { Requester } from '../../../src/io/requester.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { caught } from '../../support/io-world.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import { producerDefaults } from '../../support/producing.ts'

const start = producerWorlds()

test('main is told when a topic has other partitions than before', async () => {
  const { clock, broker, rig } = await start({}, { io: { metadataMaxAgeMs: 1_000 } })
  await clock.until(rig.send().report)
  broker.on('Metadata', () => ({
    edit: (answer) => {
      const [topic] = answer.topics
      topic?.partitions.push({ ...topic.partitions[0]!, partitionIndex: 4 })
      return answer
    },
  }))
  await clock.advance(1_500)
  await clock.until(rig.send().report)
  await clock.advance(1_500)
  const changes = rig.told.filter(({ type }) => type === 'partitionsChanged')
  expect(changes).toEqual([{ type: 'partitionsChanged', topics: [{ topic: 'events', partitions: 5 }] }])
})

test('batches of workers are taken from the moment the producer is open, however early they were posted', async () => {
  const { clock, rig, values } = await start()
  const told: ToMain[] = []
  const plan = { cluster: rig.cluster, requester: new Requester(rig.cluster) }
  const producers = new Producers({ ...plan, post: (message) => told.push(message) })
  const { port1, port2 } = new MessageChannel()
  const { sealed } = rig.make({ values: ['from a worker'] })
  port2.postMessage({ type: 'produce', producer: 2, batches: [sealed] satisfies SealedBatch[] })
  const { memory } = rig
  producers.command({ type: 'openProducer', producer: 2, settings: producerDefaults, memory, workers: [port1] })
  for (let i = 0; i < 1_000 && told.length === 0; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(1)
  }
  expect(told).toMatchObject([{ type: 'produced', producer: 2, reports: [{ id: sealed.id, baseOffset: 0 }] }])
  expect(values()).toEqual(['from a worker'])
  await clock.until(producers.close())
  port2.close()
})

test('an idempotent producer can be asked for its id, also before it sends', async () => {
  const { clock, broker, rig } = await start()
  let asked = 0
  broker.on('InitProducerId', () => void asked++)
  const [first, second] = await clock.until(
    Promise.all([rig.call({ op: 'initProducer' }), rig.call({ op: 'initProducer' })]),
  )
  expect(first).toEqual(second)
  await clock.until(rig.send().report)
  expect(asked).toBe(1)
})

test('an id that is refused is refused to all who ask', async () => {
  const { clock, broker, rig } = await start()
  broker.on('InitProducerId', () => ({ errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }))
  for (let i = 0; i < 2; i++) {
    const error = await clock.until(caught(rig.call({ op: 'initProducer' })))
    expect(error).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' })
  }
})

test('calls that make no sense are typed errors', async () => {
  const { clock, rig } = await start()
  const begin = { op: 'beginTransaction', transaction: 1 } as const
  expect(await clock.until(caught(rig.call(begin)))).toMatchObject({ code: 'INVALID_STATE' })
  await clock.until(rig.call({ op: 'closeProducer' }))
  await clock.until(rig.call({ op: 'closeProducer' }))
  expect(await clock.until(caught(rig.call(begin)))).toMatchObject({ name: 'Closed' })
})
