// Claims about reading Kafka's primitive types, bad bytes first.
import { describe, expect, it } from 'vitest'
import { ProtocolViolation } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { Reader, ZERO_UUID } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { seed } from '../support/seed.ts'

const reader = (...bytes: number[]) => new Reader(Uint8Array.from(bytes))

it('numbers are big-endian two’s complement', () => {
  expect(reader(0xff).int8()).toBe(-1)
  expect(reader(0x80, 0).int16()).toBe(-32768)
  expect(reader(0x80, 0).uint16()).toBe(32768)
  expect(reader(0xff, 0xff, 0xff, 0xfe).int32()).toBe(-2)
  expect(reader(0xff, 0xff, 0xff, 0xfe).uint32()).toBe(4294967294)
  expect(reader(0x80, 0, 0, 0, 0, 0, 0, 1).int64()).toBe(-(2n ** 63n) + 1n)
  expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe).safeInt64()).toBe(-2)
  expect(reader(0x3f, 0xf8, 0, 0, 0, 0, 0, 0).float64()).toBe(1.5)
})

it('a quantity beyond 2^53 - 1 is refused instead of rounded', () => {
  expect(reader(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).safeInt64()).toBe(Number.MAX_SAFE_INTEGER)
  expect(() => reader(0, 0x20, 0, 0, 0, 0, 0, 0).safeInt64()).toThrow('9007199254740992 at byte 0 is beyond 2^53 - 1')
  expect(() => reader(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).safeInt64()).toThrow(ProtocolViolation)
})

describe('variable-length integers', () => {
  it('are read back as they were written, at random and at the edges', () => {
    const random = seededRandom(seed)
    for (let round = 0; round < 5000; round++) {
      const unsigned = Math.floor(random.next() * 2 ** Math.floor(random.next() * 33))
      const long = Math.floor((random.next() - 0.5) * 2 ** Math.floor(random.next() * 55))
      const writer = new Writer(1)
      writer.uvarint(unsigned)
      writer.varint(unsigned | 0)
      if (Number.isSafeInteger(long)) writer.varlong(long)
      const back = new Reader(writer.finish())
      expect([back.uvarint(), back.varint()]).toEqual([unsigned, unsigned | 0])
      if (Number.isSafeInteger(long)) expect(back.varlong()).toBe(long)
      expect(back.remaining).toBe(0)
    }
  })

  it('that never end, or say more than their type holds, are refused', () => {
    expect(reader(0xff, 0xff, 0xff, 0xff, 0x0f).uvarint()).toBe(2 ** 32 - 1)
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x10).uvarint()).toThrow('more than 32 bits')
    expect(() => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0).uvarint()).toThrow(ProtocolViolation)
    expect(() => reader(0x80, 0x80).uvarint()).toThrow('1 bytes needed at byte 2, 0 left')
    expect(() => reader(...Array(9).fill(0xff), 1).varlong()).toThrow('beyond 2^53 - 1')
    expect(() => reader(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x20).varlong()).toThrow(ProtocolViolation)
  })
})

describe('lengths', () => {
  it('beyond the end are refused before anything is allocated', () => {
    expect(() => reader(0x7f, 0xff, 65).string()).toThrow('32767 bytes needed at byte 2, 1 left')
    expect(() => reader(0x7f, 0xff, 0xff, 0xff, 65).bytes()).toThrow('2147483647 bytes needed at byte 4, 1 left')
    expect(() => reader(0x7f, 0xff, 0xff, 0xff, 0).arrayCount(1)).toThrow('2147483647 elements claimed before byte 4')
    expect(() => reader(2, 0).compactArrayCount(2)).toThrow(ProtocolViolation)
    expect(reader(3, 0, 0, 0, 0).compactArrayCount(2)).toBe(2)
  })

  it('below -1 are refused, and -1 where null has no place', () => {
    expect(() => reader(0xff, 0xfe).nullableString()).toThrow('length -2 before byte 2')
    expect(() => reader(0xff, 0xff, 0xff, 0xfe).nullableBytes()).toThrow('length -2')
    expect(() => reader(0xff, 0xff).string()).toThrow('a null string before byte 2')
    expect(() => reader(0).compactString()).toThrow('a null string')
    expect(() => reader(0).compactBytes()).toThrow('a null byte string')
    expect(() => reader(0).compactRecords()).toThrow('a null record set')
    expect(() => reader(0).compactArrayCount(1)).toThrow('a null array')
    expect(reader(0xff, 0xff).nullableString()).toBe(null)
    expect(reader(0).compactNullableArrayCount(1)).toBe(-1)
  })

  it('of strings stay within 32767 bytes, as in Java', () => {
    const long = new Uint8Array(40_010)
    long.set([0xc1, 0xb8, 0x02])
    expect(() => new Reader(long).compactString()).toThrow('a string of 40000 bytes at byte 3')
  })
})

it('byte strings are copies, record sets are views', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(12))
  shared.set([0, 0, 0, 2, 7, 8, 0, 0, 0, 2, 7, 8])
  const both = new Reader(shared)
  const [copy, view] = [both.bytes(), both.records()]
  shared.fill(1)
  expect([...copy]).toEqual([7, 8])
  expect(copy.buffer).toBeInstanceOf(ArrayBuffer)
  expect([...view]).toEqual([1, 1])
})

it('strings and uuids are read out of shared memory, behind an offset', () => {
  const writer = new Writer()
  writer.string('naïve 中𝄞')
  writer.uuid('__79_Pv6-fj39vX08_Lx8A')
  writer.uuid(ZERO_UUID)
  const shared = new Uint8Array(new SharedArrayBuffer(100), 13, writer.at)
  shared.set(writer.finish())
  const back = new Reader(shared)
  expect([back.string(), back.uuid(), back.uuid()]).toEqual(['naïve 中𝄞', '__79_Pv6-fj39vX08_Lx8A', ZERO_UUID])
})

it('reading stops at the end that was given, not at that of the buffer', () => {
  const inner = new Reader(Uint8Array.of(1, 2, 3, 4, 5), 1, 3)
  expect([inner.remaining, inner.int16()]).toEqual([2, 0x0203])
  expect(() => inner.int8()).toThrow('1 bytes needed at byte 3, 0 left')
})
