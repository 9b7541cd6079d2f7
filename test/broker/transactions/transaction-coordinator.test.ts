// The transaction coordinator by itself: timeouts, markers that take their time, epochs that are used up.
import { expect, test } from 'vitest'
import type { ProducerIdentity } from '../../../src/broker/transactions/transaction.ts'
import { TransactionCoordinator } from '../../../src/broker/transactions/transaction-coordinator.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

const p0 = { topic: 't', partition: 0 }

function setup() {
  const clock = new VirtualClock()
  const markers: string[] = []
  let nextProducerId = 1n
  const coordinator = new TransactionCoordinator({
    clock,
    newProducerId: () => nextProducerId++,
    writeMarker: ({ topic, partition }, { producerId, producerEpoch }, outcome) =>
      markers.push(`${outcome} ${topic}-${partition} of ${producerId}/${producerEpoch}`),
  })
  const init = () => coordinator.init('tx', 1000, undefined) as ProducerIdentity
  return { clock, markers, coordinator, init }
}

test('a transaction whose time is over is aborted in a new epoch, and its producer is fenced', async () => {
  const { clock, markers, coordinator, init } = setup()
  const producer = init()
  coordinator.addPartitions('tx', producer, [p0])
  await clock.advance(999)
  expect(markers).toEqual([])
  await clock.advance(1)
  expect(markers).toEqual(['abort t-0 of 1/1'])
  expect(coordinator.end('tx', producer, 'commit', false)).toBe('PRODUCER_FENCED')
  expect(coordinator.addPartitions('tx', producer, [p0])).toBe('PRODUCER_FENCED')
  expect(init()).toEqual({ producerId: 1n, producerEpoch: 2 })
})

test('an end in time stops the timeout', async () => {
  const { clock, markers, coordinator, init } = setup()
  const producer = init()
  coordinator.addPartitions('tx', producer, [p0])
  expect(coordinator.end('tx', producer, 'commit', false)).toEqual(producer)
  await clock.advance(5000)
  expect(markers).toEqual(['commit t-0 of 1/0'])
})

test('another client aborts what is open and hears "later" until markers are written', async () => {
  const { clock, markers, coordinator, init } = setup()
  coordinator.delayMarkers(50)
  coordinator.addPartitions('tx', init(), [p0])
  expect(init()).toBe('CONCURRENT_TRANSACTIONS')
  expect(init()).toBe('CONCURRENT_TRANSACTIONS')
  await clock.advance(49)
  expect(markers).toEqual([])
  await clock.advance(1)
  expect(markers).toEqual(['abort t-0 of 1/1'])
  expect(init()).toEqual({ producerId: 1n, producerEpoch: 2 })
})

test('held markers keep a transaction between its end and the next, until they are let go', () => {
  const { markers, coordinator, init } = setup()
  const producer = init()
  coordinator.delayMarkers(Infinity)
  coordinator.addPartitions('tx', producer, [p0])
  const next = coordinator.end('tx', producer, 'commit', true) as ProducerIdentity
  expect(next).toEqual({ producerId: 1n, producerEpoch: 1 })
  expect(coordinator.get('tx')?.state).toBe('PrepareCommit')
  expect(coordinator.addPartitions('tx', next, [p0])).toBe('CONCURRENT_TRANSACTIONS')
  expect(coordinator.end('tx', producer, 'commit', true)).toBe('CONCURRENT_TRANSACTIONS')
  expect(coordinator.end('tx', producer, 'abort', true)).toBe('INVALID_TXN_STATE')
  coordinator.delayMarkers(0)
  expect(markers).toEqual(['commit t-0 of 1/1'])
  expect(coordinator.get('tx')?.state).toBe('CompleteCommit')
  expect(coordinator.end('tx', producer, 'commit', true)).toEqual(next)
})

test('when the epochs are used up the end gives another id, and its repeat the same', () => {
  const { coordinator, init } = setup()
  let producer = init()
  while (producer.producerId === 1n) {
    const before = producer
    coordinator.addPartitions('tx', producer, [p0])
    producer = coordinator.end('tx', producer, 'commit', true) as ProducerIdentity
    expect(coordinator.end('tx', before, 'commit', true)).toEqual(producer)
  }
  expect(producer).toEqual({ producerId: 2n, producerEpoch: 0 })
  // The last words of the old id are those of the same producer; anything else is fenced.
  expect(coordinator.init('tx', 1000, { producerId: 1n, producerEpoch: 0x7ffe })).toEqual(producer)
  expect(coordinator.init('tx', 1000, { producerId: 1n, producerEpoch: 5 })).toBe('PRODUCER_FENCED')
})

test('without the epoch bump inits use up the epochs, and then give another id', () => {
  const { init } = setup()
  let last = init()
  for (let epoch = 1; epoch <= 0x7ffe; epoch++) last = init()
  expect(last).toEqual({ producerId: 1n, producerEpoch: 0x7ffe })
  expect(init()).toEqual({ producerId: 2n, producerEpoch: 0 })
})
