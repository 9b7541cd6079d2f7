// A batch by the keys of its records, for handlers that run many at once in the order of keys. [main, workers]
import { murmur2 } from '../bytes/murmur2.ts'
import type { Batch } from './batch.ts'

/** Some records of a batch, and what they wait for: null for those without a key, which wait for nothing. */
export interface KeyPart<K, V> {
  lane: string | null
  batch: Batch<K, V>
}

/**
 * Splits a batch into at most `lanes` parts, and one of records without a key. A key always falls into the same lane,
 * whatever batch it comes in. Each part is to be released; the memory is free after the last one.
 */
export function splitByKey<K, V>(batch: Batch<K, V>, lanes: number): KeyPart<K, V>[] {
  const rows = new Map<string | null, number[]>()
  for (let i = 0; i < batch.count; i++) {
    const lane = batch.withKey(i, (key) => (key === null ? null : String((murmur2(key) >>> 0) % lanes)))
    const others = rows.get(lane)
    if (others === undefined) rows.set(lane, [i])
    else others.push(i)
  }
  const parts = batch.split([...rows.values()])
  return [...rows.keys()].map((lane, i) => ({ lane, batch: parts[i]! }))
}
