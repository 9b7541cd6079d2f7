// Records that are handed back while their partition rests, or goes. [test process]
import { expect, test } from 'vitest'
import { ConsumerPartition, type PartitionHost } from '../../src/client/consumer-partition.ts'
import { HandedBack, Loan, type Place } from '../../src/client/handed-back.ts'

function scene() {
  const start = { epoch: 1, generation: 1, position: 0, committed: undefined, maxGapRecords: 100 }
  const partition = new ConsumerPartition({ topic: 't', partition: 0 }, start, {} as PartitionHost)
  partition.arrived(0, 10)
  partition.progress.position = 10
  const back = new HandedBack<null, null>()
  const lend = (offset: number) => {
    partition.given = offset + 1
    const record = { offset }
    return new Loan({ record, partition, generation: 1, batch: {}, row: offset } as Place<null, null>, back)
  }
  return { partition, back, lend }
}

test.each(['paused', 'unwanted', 'halted'] as const)('of a partition that is %s nothing is given again', (how) => {
  const { partition, back, lend } = scene()
  const loans = [4, 5].map(lend)
  partition[how] = true
  // As a pause leaves it.
  partition.progress.position = partition.given
  for (const loan of loans) loan.unread()
  expect(back.take()).toBeUndefined()
  expect([partition.given, partition.progress.position, partition.position]).toEqual([4, 4, 4])
  partition[how] = false
  expect(back.take(), 'it is fetched again').toBeUndefined()
})

test('of another one they are given again, the first one first', () => {
  const { partition, back, lend } = scene()
  const loans = [4, 5].map(lend)
  for (const loan of loans.reverse()) loan.unread()
  expect([partition.given, partition.progress.position]).toEqual([4, 10])
  expect([back.take(), back.take(), back.take()].map((place) => place?.record.offset)).toEqual([4, 5, undefined])
  expect(partition.given).toBe(6)
})
