// A batch as the formats see it, from plain data, with its bytes in shared memory as in life.
import type { FormattedBatch } from '../../src/cli/record-format.ts'

/** One record of a fake batch. */
export interface FakeRecord {
  key?: string | Uint8Array | null
  value?: string | Uint8Array | null
  offset?: number
  timestamp?: number
  headers?: [string, string | null][]
}

/** Makes a batch of records. */
export function fakeBatch(topic: string, partition: number, records: FakeRecord[]): FormattedBatch {
  const parts = records.map(({ key = null, value = null }) => ({ key: shared(key), value: shared(value) }))
  return {
    topic,
    partition,
    count: records.length,
    offsetAt: (i) => records[i]!.offset ?? i,
    timestampAt: (i) => records[i]!.timestamp ?? 0,
    keyLength: (i) => parts[i]!.key?.length ?? -1,
    valueLength: (i) => parts[i]!.value?.length ?? -1,
    withKey: (i, use) => use(parts[i]!.key),
    withValue: (i, use) => use(parts[i]!.value),
    headersAt: (i) =>
      (records[i]!.headers ?? []).map(([name, value]) => [name, value === null ? null : Buffer.from(value)]),
  }
}

function shared(bytes: string | Uint8Array | null): Buffer | null {
  if (bytes === null) return null
  const plain = Buffer.from(bytes)
  const memory = new SharedArrayBuffer(plain.length + 8)
  new Uint8Array(memory, 3, plain.length).set(plain)
  return Buffer.from(memory as unknown as ArrayBuffer, 3, plain.length)
}
