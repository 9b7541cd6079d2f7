// The fingerprint of a simulation. [test process]
import { expect, test } from 'vitest'
import { Trace } from '../../src/wiring/trace.ts'

const hashOf = (...notes: [number, string, ...(string | number)[]][]): string => {
  const trace = new Trace()
  for (const note of notes) trace.note(...note)
  return trace.hash
}

test('order, instants, names and details all count', () => {
  const hashes = [
    hashOf(),
    hashOf([1, 'a'], [2, 'b']),
    hashOf([2, 'b'], [1, 'a']),
    hashOf([1, 'a'], [2.000001, 'b']),
    hashOf([1, 'ab'], [2, '']),
    hashOf([1, 'a', 0], [2, 'b']),
    hashOf([1, 'a', 1], [2, 'b']),
    hashOf([1, 'a', '1'], [2, 'b']),
  ]
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(hashOf([1, 'a', 'x', 5], [2, 'b'])).toBe(hashOf([1, 'a', 'x', 5], [2, 'b']))
})

test('a choice of the scheduler counts and is not kept', () => {
  const trace = new Trace()
  trace.note(1, 'a')
  const before = trace.hash
  trace.step(1, 7)
  expect(trace.hash).not.toBe(before)
  expect([trace.count, trace.tail()]).toEqual([2, '1.000 ms  a'])
})

test('the tail holds the newest, and memory stays bounded', () => {
  const trace = new Trace()
  for (let i = 0; i < 10_000; i++) trace.note(i, 'event', i)
  expect(trace.tail(2)).toBe('9998.000 ms  event 9998\n9999.000 ms  event 9999')
  expect(trace.tail(100_000).split('\n').length).toBeLessThanOrEqual(200)
})
