// Two implementations of CRC-32C, one answer.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { crc32c, crc32cImplementation, crc32cJavascript } from '../../src/bytes/crc32c.ts'
import { seed } from '../support/seed.ts'

const check = new TextEncoder().encode('123456789')

it('gives the published check values', () => {
  // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
  const values: [Uint8Array, number][] = [
    [check, 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(0xff), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, at) => at), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, at) => 31 - at), 0x113fdb5c],
    [new Uint8Array(0), 0],
  ]
  for (const [bytes, crc] of values) {
    expect(crc32c(bytes)).toBe(crc)
    expect(crc32cJavascript(bytes)).toBe(crc)
  }
})

it('uses the addon where it loads', () => {
  expect(crc32cImplementation()).toBe('addon')
})

it('agrees with itself over any part, in shared memory, and continued', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, one, other) => {
      const [start, end] = [Math.min(one, other, bytes.length), Math.min(Math.max(one, other), bytes.length)]
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
      shared.set(bytes)
      const expected = crc32cJavascript(bytes.slice(start, end))
      expect(crc32c(bytes, start, end)).toBe(expected)
      expect(crc32c(shared, start, end)).toBe(expected)
      expect(crc32c(bytes, start, end, crc32c(bytes, 0, start))).toBe(crc32c(bytes, 0, end))
      expect(crc32cJavascript(bytes.subarray(start), crc32cJavascript(bytes.subarray(0, start)))).toBe(
        crc32cJavascript(bytes),
      )
    }),
    { seed, numRuns: 1000 },
  )
})
