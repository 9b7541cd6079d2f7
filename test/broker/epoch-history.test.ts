// The history of leader epochs answers as Kafka's LeaderEpochFileCache does.
import { expect, test } from 'vitest'
import { EpochHistory } from '../../src/broker/epoch-history.ts'

function history(...entries: [epoch: number, startOffset: number][]): EpochHistory {
  const epochs = new EpochHistory()
  for (const [epoch, startOffset] of entries) epochs.begin(epoch, startOffset)
  return epochs
}

test('an epoch ends where the next one began, the newest at the end of the log', () => {
  const epochs = history([0, 0], [2, 100], [5, 150])
  expect(epochs.endOf(0, 200)).toEqual({ epoch: 0, endOffset: 100 })
  expect(epochs.endOf(2, 200)).toEqual({ epoch: 2, endOffset: 150 })
  expect(epochs.endOf(5, 200)).toEqual({ epoch: 5, endOffset: 200 })
})

test('an epoch that wrote nothing is answered by the one before it', () => {
  expect(history([0, 0], [2, 100]).endOf(1, 200)).toEqual({ epoch: 0, endOffset: 100 })
})

test('an epoch of the future is not known', () => {
  expect(history([0, 0]).endOf(1, 10)).toEqual({ epoch: -1, endOffset: -1 })
  expect(history().endOf(0, 0)).toEqual({ epoch: -1, endOffset: -1 })
})

test('an epoch before the log begins ends where the log begins', () => {
  const epochs = history([3, 0], [4, 10])
  epochs.forgetBefore(20)
  expect(epochs.endOf(3, 50)).toEqual({ epoch: 3, endOffset: 20 })
})

test('a leader that wrote nothing leaves no trace', () => {
  const epochs = history([0, 0], [1, 5], [2, 5])
  expect(epochs.endOf(1, 9)).toEqual({ epoch: 0, endOffset: 5 })
  expect(epochs.epochAt(5)).toBe(2)
})

test('offsets know their epoch; truncation forgets what began later', () => {
  const epochs = history([0, 0], [1, 10], [2, 20])
  expect([0, 9, 10, 25].map((offset) => epochs.epochAt(offset))).toEqual([0, 0, 1, 2])
  epochs.truncate(20)
  expect(epochs.latest).toBe(1)
})
