// The order and the sequences of one partition, without anything around them.
import { expect, test } from 'vitest'
import { OutgoingBatch } from '../../../src/io/producer/outgoing-batch.ts'
import { PartitionQueue } from '../../../src/io/producer/partition-queue.ts'

function queueOf() {
  const queue = new PartitionQueue('events', 0, 'idempotent')
  queue.become({ producerId: 7n, producerEpoch: 3 })
  let ordinal = 0
  const add = (count = 1) => {
    const common = { id: ordinal, topic: 'events', partition: 0, codec: 0, deadlineMs: 1 }
    const sealed = { ...common, pieces: [], ordinal: ordinal++, count, baseTimestamp: 0, maxTimestamp: 0 }
    const batch = new OutgoingBatch(sealed, [new Uint8Array(61)])
    queue.add(batch)
    return batch
  }
  /** Adds one and takes it to be sent. */
  const send = () => {
    add()
    queue.next()
    return queue.take()
  }
  return { queue, add, send }
}

test('sequences go on at 0 after 2^31 - 1', () => {
  const { queue, add } = queueOf()
  const batches = [1, 0x4000_0000, 0x3fff_ffff, 5].map((count) => add(count))
  for (const batch of batches) queue.stored(queue.take() === batch ? batch : batches[0]!)
  expect(batches.map(({ sequence }) => sequence)).toEqual([0, 1, 0x4000_0001, 0])
})

test('the first batch under an identity goes alone, the next ones need not', () => {
  const { queue, add } = queueOf()
  const [first, second, third] = [add(), add(), add()]
  expect(queue.take()).toBe(first)
  expect(queue.next()).toBeUndefined()
  queue.stored(first)
  expect([queue.next(), queue.take(), queue.next()]).toEqual([second, second, third])
})

test('while the first batch of a partition is refused nothing else is sent', () => {
  const { queue, add } = queueOf()
  const [first, second] = [add(), add()]
  for (let attempt = 0; attempt < 3; attempt++) {
    expect([queue.next(), queue.take(), queue.next()]).toEqual([first, first, undefined])
    queue.retry(first)
  }
  queue.stored(queue.take())
  expect([queue.take(), first.sequence, second.sequence]).toEqual([second, 0, 1])
})

test('a batch to be tried again goes before all later ones, and not while one of them is on its way', () => {
  const { queue, add } = queueOf()
  const [first, second, third, fourth] = [add(), add(), add(), add()]
  queue.stored(queue.take())
  queue.take()
  queue.take()
  queue.retry(second)
  expect(queue.next()).toBeUndefined()
  queue.retry(third)
  expect([queue.take(), queue.take(), queue.take()]).toEqual([second, third, fourth])
  expect([first, second, third, fourth].map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3])
})

test('after a batch given up for certain as the last one the next takes its sequence', () => {
  const { queue, send } = queueOf()
  queue.stored(send())
  const refused = send()
  queue.giveUp(refused, true)
  const next = send()
  expect([refused.sequence, next.sequence, queue.identity?.producerEpoch]).toEqual([1, 1, 3])
})

test('after one that may be stored a later one on its way tells; without one a new epoch begins', () => {
  const { queue, add, send } = queueOf()
  queue.stored(send())
  const [doubtful, later] = [add(), add()]
  queue.take()
  queue.take()
  queue.giveUp(doubtful, false)
  queue.stored(later)
  expect([send().sequence, queue.identity?.producerEpoch]).toEqual([3, 3])
  const last = send()
  queue.giveUp(last, false)
  const next = add()
  expect(queue.next()).toBeUndefined()
  queue.stored([...queue.batches()][0]!)
  expect([queue.next(), queue.take()]).toEqual([next, next])
  expect([next.sequence, queue.identity?.producerEpoch]).toEqual([0, 4])
})

test('one before it that is stored tells nothing of a batch that was given up', () => {
  const { queue, add, send } = queueOf()
  queue.stored(send())
  const [early, givenUp, late] = [add(), add(), add()]
  for (let i = 0; i < 3; i++) queue.take()
  queue.giveUp(givenUp, true)
  expect([early, late].map((batch) => queue.isBehindGap(batch))).toEqual([false, true])
  queue.stored(early)
  expect(queue.isBehindGap(late)).toBe(true)
  queue.stored(late)
  expect([send().sequence, queue.identity?.producerEpoch]).toEqual([4, 3])
})
