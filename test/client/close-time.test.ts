// A close keeps to the time that it was given, whatever hangs. [test process]
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { CloseTime } from '../../src/client/close-time.ts'
import { Reading, within } from '../support/reading.ts'

/** Stands still until it is told; at its end everything that waits is called. */
function clockAt(startMs: number) {
  let nowMs = startMs
  const timers = new Map<() => void, number>()
  const clock: Clock = {
    now: () => nowMs,
    wall: () => nowMs,
    after(delayMs, callback) {
      timers.set(callback, nowMs + delayMs)
      return { cancel: () => void timers.delete(callback) }
    },
  }
  const pass = (ms: number) => {
    nowMs += ms
    for (const [callback, dueMs] of timers) if (dueMs <= nowMs) callback()
  }
  return { clock, pass, timers }
}

describe('the time of a close', () => {
  /** What each step may take when all take as long as they may. */
  function steps(timeoutMs?: number, handlersTakeMs = Number.POSITIVE_INFINITY) {
    const { clock, pass } = clockAt(7_000)
    const time = new CloseTime(clock, timeoutMs)
    const taken = [time.handlersMs]
    pass(Math.min(time.handlersMs, handlersTakeMs))
    for (const step of ['commitMs', 'giveUpMs'] as const) {
      taken.push(time[step])
      pass(time[step])
    }
    return { taken, leaveMs: time.leaveMs, endMs: clock.now() - 7_000 + time.leaveMs }
  }

  test('is 5 s, of which handlers have what the steps behind them do not need', () => {
    expect(steps()).toEqual({ taken: [1_500, 1_000, 500], leaveMs: 1_000, endMs: 4_000 })
  })

  test('a short one gives each step its share', () => {
    expect(steps(500)).toEqual({ taken: [150, 100, 50], leaveMs: 100, endMs: 400 })
    expect(steps(0)).toEqual({ taken: [0, 0, 0], leaveMs: 0, endMs: 0 })
  })

  test('in a long one handlers may take nearly all, and what they leave is for the commit and the listener', () => {
    expect(steps(30_000)).toEqual({ taken: [26_500, 1_000, 500], leaveMs: 2_000, endMs: 30_000 })
    expect(steps(30_000, 0)).toEqual({ taken: [26_500, 6_000, 3_000], leaveMs: 6_000, endMs: 15_000 })
  })

  test('is not passed for what does not end', async () => {
    const { clock, pass, timers } = clockAt(0)
    const time = new CloseTime(clock, 300)
    pass(100)
    const hanging = time.last(new Promise(() => {}))
    expect([...timers.values()]).toEqual([300])
    pass(200)
    await hanging
    await time.last(Promise.resolve())
    expect(timers.size).toBe(0)
  })

  test('without a clock nothing is under way, and nothing is bounded', async () => {
    const time = new CloseTime(undefined)
    expect([time.handlersMs, time.leaveMs]).toEqual([1_500, 1_000])
    await time.last(Promise.resolve())
  })
})

test('a long close has the time for a commit that takes more than a second', async () => {
  await using reading = await Reading.start('inline')
  reading.broker.createTopic('t', { partitions: 1 })
  await reading.broker.seed('t', ['a', 'b'])
  const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
  consumer.assign([{ topic: 't', partition: 0 }])
  await consumer.recv()
  await consumer.recv()
  reading.broker.on('OffsetCommit', () => ({ delayMs: 1_200 }))
  await within('close', 50_000, consumer.close({ timeoutMs: 60_000 }))
  expect(reading.broker.group('g')?.offsets).toMatchObject([{ topic: 't', partition: 0, offset: 1 }])
})
