// The hash that decides where keyed records go, against the values that Java computes.
import { expect, test } from 'vitest'
import { murmur2, partitionOfKey } from '../../src/bytes/murmur2.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

// The values that Kafka's own UtilsTest expects.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('the hash of %j is what Java computes', (text, hash) => {
  expect(murmur2(bytes(text))).toBe(hash)
})

test('the partition of a key is the hash without its sign, modulo the count', () => {
  expect(partitionOfKey(bytes('foobar'), 7)).toBe((-790332482 & 0x7fffffff) % 7)
  expect(partitionOfKey(bytes(''), 1)).toBe(0)
})
