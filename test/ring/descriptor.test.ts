// Sixty-four-bit values in two words. [test]
import { expect, it } from 'vitest'
import { getLong, putLong } from '../../src/ring/descriptor.ts'

it.each([
  0,
  1,
  -1,
  -2,
  0x7fffffff,
  0x80000000,
  0xffffffff,
  0x100000000,
  -0x80000000,
  -0x80000001,
  -0x100000000,
  1_700_000_000_000,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
])('%i goes in and comes out', (value) => {
  const words = new Int32Array(4).fill(7)
  putLong(words, 1, value)
  expect(getLong(words, 1)).toBe(value)
  expect([words[0], words[3]]).toEqual([7, 7])
})
