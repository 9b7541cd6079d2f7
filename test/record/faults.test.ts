// Every fault has a name, a text and an error of the right class.

import { expect, it } from 'vitest'
import { Fault, faultError, faultName, faultText } from '../../src/record/faults.ts'

it('numbers are distinct and each has its own text', () => {
  const numbers = Object.values(Fault).filter((fault) => fault !== Fault.NONE)
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(new Set(numbers.map(faultText)).size).toBe(numbers.length)
  for (const [name, fault] of Object.entries(Fault)) if (fault !== 0) expect(faultName(fault)).toBe(name)
})

it('becomes an error that names broker, topic, partition and offset', () => {
  const error = faultError(Fault.CRC_MISMATCH, { topic: 'events', partition: 3, offset: 42, broker: 'host:9092' })
  expect(error.name).toBe('CorruptRecord')
  expect(error.code).toBe('CRC_MISMATCH')
  expect(error.message).toContain('at offset 42 of events[3] from broker host:9092')
  expect([error.topic, error.partition, error.offset, error.broker]).toEqual(['events', 3, 42, 'host:9092'])
})

it('tells a missing codec and a limit from damage, and survives a number it does not know', () => {
  expect(faultError(Fault.LZ4_UNAVAILABLE, {}).name).toBe('CodecUnavailable')
  expect(faultError(Fault.LZ4_UNAVAILABLE, {}).message).toContain('lz4-napi')
  expect(faultError(Fault.ZSTD_UNAVAILABLE, {}).message).toContain('@mongodb-js/zstd')
  expect(faultError(Fault.DECOMPRESSED_TOO_LARGE, {}).name).toBe('MessageTooLarge')
  expect(faultError(Fault.DECOMPRESSED_TOO_LARGE, {}).message).toContain('maxDecompressedBytes')
  expect(faultError(999, {}).name).toBe('CorruptRecord')
})
