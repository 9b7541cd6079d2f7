// Claims about variable-length numbers.
import { expect, it } from 'vitest'
import { unzigzag, uvarintSize, varintSize, varlongSize, zigzag } from '../../src/bytes/varint.ts'
import { Writer } from '../../src/bytes/writer.ts'

const edges = [7, 14, 21, 28, 31].flatMap((bit) => [2 ** bit - 1, 2 ** bit]).concat(0, 1, 2 ** 32 - 1)
const signed = [0, 1, -1, 63, 64, -64, -65, 8191, -8192, 2 ** 31 - 1, -(2 ** 31)]

it('zigzag folds small magnitudes to small numbers, and unfolds them', () => {
  expect([0, -1, 1, -2, 2 ** 31 - 1, -(2 ** 31)].map(zigzag)).toEqual([0, 1, 2, 3, 2 ** 32 - 2, 2 ** 32 - 1])
  for (const value of signed) expect(unzigzag(zigzag(value))).toBe(value)
})

it('sizes are those that the writer takes', () => {
  const sizeOf = (write: (writer: Writer) => void): number => {
    const writer = new Writer(1)
    write(writer)
    return writer.at
  }
  for (const value of edges) expect(uvarintSize(value)).toBe(sizeOf((writer) => writer.uvarint(value)))
  for (const value of signed) expect(varintSize(value)).toBe(sizeOf((writer) => writer.varint(value)))
  const long = [...signed, 2 ** 34, -(2 ** 34) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
  for (const value of long) expect(varlongSize(value)).toBe(sizeOf((writer) => writer.varlong(value)))
  expect(long.map(varlongSize)).toEqual([1, 1, 1, 1, 2, 1, 2, 2, 2, 5, 5, 6, 6, 8, 8])
})
