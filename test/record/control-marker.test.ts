// Commit and abort markers are told by the key of their record; anything else is neither.

import { expect, it } from 'vitest'
import { readBatchHeader } from '../../src/record/batch.ts'
import { controlMarker } from '../../src/record/control-marker.ts'
import { encodeBatch, encodeControlBatch } from '../../src/record/encode.ts'

function marker(bytes: Uint8Array): string {
  return controlMarker(readBatchHeader(new DataView(bytes.buffer, bytes.byteOffset), 0), bytes, 0)
}

function withKey(...key: number[]): Uint8Array {
  return encodeBatch([{ key: Uint8Array.from(key), timestamp: 1 }], { control: true, producerId: 1n }) as Uint8Array
}

it('tells abort from commit', () => {
  const fields = { producerId: 1n, producerEpoch: 0, timestamp: 1_700_000_000_000 }
  expect(marker(encodeControlBatch({ ...fields, type: 'abort' }))).toBe('abort')
  expect(marker(encodeControlBatch({ ...fields, type: 'commit' }))).toBe('commit')
})

it('reads newer versions of the key, and takes no other type for a marker', () => {
  expect(marker(withKey(0, 1, 0, 0))).toBe('abort')
  expect(marker(withKey(0, 1, 0, 1, 9, 9))).toBe('commit')
  expect(marker(withKey(0, 0, 0, 2))).toBe('other') // a leader change
  expect(marker(withKey(0, 0, 1, 0))).toBe('other')
  expect(marker(withKey(0xff, 0xff, 0, 0))).toBe('other') // version -1
  expect(marker(withKey(0, 0, 0))).toBe('other')
})

it('takes neither empty nor damaged control batches nor ordinary ones for a marker', async () => {
  expect(marker(encodeBatch([], { control: true }) as Uint8Array)).toBe('other')
  expect(marker(encodeBatch([{ timestamp: 1 }], { control: true }) as Uint8Array)).toBe('other')
  expect(marker(encodeBatch([{ key: Buffer.alloc(4), timestamp: 1 }]) as Uint8Array)).toBe('other')
  expect(marker(await encodeBatch([{ key: Buffer.alloc(4), timestamp: 1 }], { control: true, codec: 'gzip' }))).toBe(
    'other',
  )
  const damaged = withKey(0, 0, 0, 0)
  damaged[61] = 0x7f
  expect(marker(damaged)).toBe('other')
})
