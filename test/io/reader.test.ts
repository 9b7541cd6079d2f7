// Readers on the I/O thread where leaders move and room is short, in a simulation. [test process]
import { expect, test } from 'vitest'
import type { ConsumerRecord } from '../../src/delivery/record.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { simulate } from '../../src/wiring/simulated.ts'

test('an answer of the old leader that arrives when the new one is asked already does no harm', async () => {
  await using world = await simulate({ seed: 1, brokers: 2, stallChance: 0 })
  const { network, broker } = world
  world.createTopic('events', {
    partitions: 2,
    assignments: [
      [1, 2],
      [2, 1],
    ],
  })
  await world.append('events', [{ partition: 0, value: 'x'.repeat(900_000) }])
  Object.assign(network.faults, { latencyMs: [1, 1], sliceBytes: 1_000 })
  const kafka = world.client({ fetchMaxWaitMs: 50 })
  const iteration = kafka.iterate('events', { until: 'never' })
  const read: ConsumerRecord[] = []
  const reading = (async () => {
    for await (const record of iteration) {
      read.push(record)
      if (read.length === 2) return
    }
  })()
  // The answer of node 1 takes 900 ms to arrive. Meanwhile another partition makes the reader ask for metadata, and
  // node 2 is asked; its answer to the same position comes when the reader is past it.
  await world.advance(300)
  broker.moveLeader('events', 0, 2)
  let asked = 0
  broker.on('Fetch', (_, { node }) => {
    if (node.id === 1) return undefined
    return asked++ === 0 ? { errorCode: ErrorCode.LEADER_NOT_AVAILABLE } : { delayMs: 2_000 }
  })
  await world.advance(10_000)
  broker.off()
  await world.append('events', [{ partition: 0, value: 'last' }])
  await world.until(reading)
  expect(read.map(({ offset }) => offset)).toEqual([0, 1])
})

test('who waited for room goes on when an answer that took it is thrown away', async () => {
  await using world = await simulate({ seed: 1, brokers: 2, stallChance: 0 })
  const { network, broker } = world
  world.createTopic('events', {
    partitions: 2,
    assignments: [
      [1, 2],
      [2, 1],
    ],
  })
  // Most of the reader's share of 1.5 MiB.
  await world.append('events', [{ partition: 0, value: 'x'.repeat(1_400_000) }])
  Object.assign(network.faults, { latencyMs: [1, 1], sliceBytes: 10_000 })
  const kafka = world.client({ fetchMaxWaitMs: 20, bufferBytes: 4_194_304 })
  const first = kafka.iterate('events', { until: 'never' })[Symbol.asyncIterator]().next()
  // While the answer of node 1 arrives the leader moves, and another partition makes the reader ask for metadata.
  broker.on('Fetch', (_, { node }) => {
    if (node.id === 1) return undefined
    broker.off()
    world.clock.after(5, () => broker.moveLeader('events', 0, 2))
    return { errorCode: ErrorCode.LEADER_NOT_AVAILABLE }
  })
  expect((await world.until(first, 5_000)).value).toMatchObject({ partition: 0, offset: 0 })
})

test.each([1, 2])('a broker that has nothing to send takes no room from node %i, which has', async (full) => {
  await using world = await simulate({ seed: 1, brokers: 2, stallChance: 0 })
  world.createTopic('events', { partitions: 2, assignments: [[1], [2]] })
  const items = Array.from({ length: 2_000 }, () => ({ partition: full - 1, value: 'x'.repeat(10_000) }))
  await world.append('events', items, { batchRecords: 10 })
  world.network.faults.latencyMs = [1, 1]
  let asked = 0
  world.broker.on('Fetch', (_, { node }) => {
    if (node.id === full) asked++
    return undefined
  })
  const iteration = world.client({ bufferBytes: 16_777_216 }).iterate('events', { until: 'never' })
  const reading = (async () => {
    let read = 0
    for await (const _ of iteration) if (++read === items.length) return
  })()
  await world.until(reading)
  // 20 MB, and a fetch of a partition gives 1 MiB.
  expect(asked).toBeLessThan(30)
})
