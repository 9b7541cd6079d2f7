// Claims about writing Kafka's primitive types.
import { expect, it } from 'vitest'
import { InvalidOption } from '../../src/base/errors.ts'
import { Writer } from '../../src/bytes/writer.ts'

const hex = (write: (writer: Writer) => void, capacity = 1): string => {
  const writer = new Writer(capacity)
  write(writer)
  return Buffer.from(writer.finish()).toString('hex')
}

it('what is written grows its buffer and loses nothing', () => {
  const once = (writer: Writer) => {
    for (let index = 0; index < 300; index++) {
      writer.int32(index)
      writer.compactString('ab€'.repeat(index % 50))
      writer.float64(index / 7)
      writer.varlong(-(2 ** (index % 53)))
      writer.bytes(new Uint8Array(index).fill(index))
    }
  }
  expect(hex(once)).toBe(hex(once, 1 << 20))
})

it('types are written as the protocol lays them down', () => {
  expect(hex((writer) => writer.bool(true))).toBe('01')
  expect(hex((writer) => writer.string('é'))).toBe('0002c3a9')
  expect(hex((writer) => writer.compactString('é'))).toBe('03c3a9')
  expect(hex((writer) => writer.nullableString(null))).toBe('ffff')
  expect(hex((writer) => writer.compactNullableString(null))).toBe('00')
  expect(hex((writer) => writer.nullableBytes(null))).toBe('ffffffff')
  expect(hex((writer) => writer.compactNullableBytes(Uint8Array.of(9)))).toBe('0209')
  expect(hex((writer) => writer.compactArrayCount([1, 2]))).toBe('03')
  expect(hex((writer) => writer.nullableArrayCount(null))).toBe('ffffffff')
  expect(hex((writer) => writer.uvarint(300))).toBe('ac02')
  expect(hex((writer) => writer.varint(-65))).toBe('8101')
  expect(hex((writer) => writer.safeInt64(-2))).toBe('fffffffffffffffe')
  expect(hex((writer) => writer.int64(-2n))).toBe('fffffffffffffffe')
})

it('a size put in front moves what was written since, whatever room the size takes', () => {
  for (const size of [0, 1, 127, 128, 20_000]) {
    const text = hex((writer) => {
      writer.int8(1)
      const start = writer.at
      writer.raw(new Uint8Array(size).fill(2))
      writer.sizeBefore(start)
      writer.int8(3)
    })
    const prefix = hex((writer) => writer.uvarint(size))
    expect(text).toBe(`01${prefix}${'02'.repeat(size)}03`)
  }
})

it('a value that does not fit is refused instead of cut', () => {
  const bad: ((writer: Writer) => void)[] = [
    (writer) => writer.int8(128),
    (writer) => writer.int16(-32769),
    (writer) => writer.uint16(-1),
    (writer) => writer.int32(2 ** 31),
    (writer) => writer.int32(Number.NaN),
    (writer) => writer.uint32(1.5),
    (writer) => writer.int64(2n ** 63n),
    (writer) => writer.int64(5 as never),
    (writer) => writer.safeInt64(2 ** 53),
    (writer) => writer.varlong(Number.POSITIVE_INFINITY),
    (writer) => writer.uvarint(-1),
    (writer) => writer.bool(1 as never),
    (writer) => writer.float64('1' as never),
    (writer) => writer.string(null as never),
    (writer) => writer.string('x'.repeat(32_768)),
    (writer) => writer.bytes('x' as never),
    (writer) => writer.uuid('not-a-uuid'),
    (writer) => writer.uuid('AAAAAAAAAAAAAAAAAAAAAB'),
    (writer) => writer.arrayCount({ length: 1 } as never),
  ]
  for (const write of bad) expect(() => hex(write)).toThrow(InvalidOption)
})

it('a lone surrogate becomes the replacement character, with a length that agrees', () => {
  expect(hex((writer) => writer.string('a\ud800'))).toBe('000461efbfbd')
})
