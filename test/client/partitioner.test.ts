// Where records go that name no partition. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { partitionOfKey } from '../../src/bytes/murmur2.ts'
import { makePartitioner, type PartitionerName, type PartitionLoad } from '../../src/client/partitioner.ts'
import { seed } from '../support/seed.ts'

/** Partitions whose open batch is a test's to fill and to seal. */
class Load implements PartitionLoad {
  outstanding = 0
  open: { sizeBytes: number } | undefined
}

function world(name: PartitionerName, count: number, adaptive = true) {
  const partitions = Array.from({ length: count }, () => new Load())
  const partitioner = makePartitioner(name, { batchBytes: 1000, adaptive, random: seededRandom(seed) })
  const send = (sizeBytes: number, key: Uint8Array | null = null) => {
    const chosen = partitioner.choose(key, sizeBytes, partitions)
    const load = partitions[chosen]!
    if (load.open !== undefined && load.open.sizeBytes + sizeBytes > 1000) load.open = undefined
    load.open ??= { sizeBytes: 0 }
    load.open.sizeBytes += sizeBytes
    return chosen
  }
  return { partitions, partitioner, send }
}

describe(`partitioners (seed ${seed})`, () => {
  it.each(['murmur2', 'sticky'] as const)('%s puts a key where its hash says', (name) => {
    const { send } = world(name, 7)
    for (let i = 0; i < 500; i++) {
      const key = Buffer.from(`key ${i}`)
      expect(send(10, key)).toBe(partitionOfKey(key, 7))
    }
  })

  it('roundRobin and uniformSticky pass over the key', () => {
    const { send } = world('roundRobin', 3)
    expect(Array.from({ length: 6 }, () => send(10, Buffer.from('k')))).toEqual([0, 1, 2, 0, 1, 2])
    const sticky = world('uniformSticky', 3)
    expect(new Set(Array.from({ length: 6 }, (_, i) => sticky.send(10, Buffer.from(`k${i}`)))).size).toBe(1)
  })

  it('sticky stays until the batch is sealed, and goes to another one then', () => {
    const { send, partitions } = world('sticky', 5)
    const first = send(10)
    expect([send(10), send(10)]).toEqual([first, first])
    partitions[first]!.open = undefined
    const second = send(10)
    expect(second).not.toBe(first)
    expect(send(10)).toBe(second)
    // What would not fit any more begins elsewhere as well: no batch of one record is left behind.
    expect(send(985)).not.toBe(second)
  })

  it('murmur2 without a key stays until a batch of bytes was produced', () => {
    const { send } = world('murmur2', 5)
    const chosen = Array.from({ length: 100 }, () => send(100))
    for (let turn = 0; turn < 10; turn++) expect(new Set(chosen.slice(turn * 10, turn * 10 + 10)).size).toBe(1)
    expect(new Set(chosen).size).toBeGreaterThan(1)
  })

  it('a partition with a long queue is drawn rarely, and never is none drawn', () => {
    const { send, partitions } = world('murmur2', 4)
    partitions[2]!.outstanding = 9
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 4000; i++) counts[send(1000)]!++
    // 1 of 31 against 10 of 31.
    expect(counts[2]).toBeGreaterThan(0)
    expect(counts[2]).toBeLessThan(4000 / 10)
    for (const other of [0, 1, 3]) expect(counts[other]).toBeGreaterThan(4000 / 5)
    const even = world('murmur2', 4, false)
    even.partitions[2]!.outstanding = 9
    const evenCounts = [0, 0, 0, 0]
    for (let i = 0; i < 4000; i++) evenCounts[even.send(1000)]!++
    expect(evenCounts[2]).toBeGreaterThan(4000 / 6)
  })

  it('goes on in the partition that took a record in place of a full one; turns and keys stay what they are', () => {
    for (const name of ['murmur2', 'sticky', 'uniformSticky'] as const) {
      const { send, partitioner } = world(name, 8)
      const [first] = [send(10), send(10)]
      const other = (first + 3) % 8
      partitioner.move(other)
      expect([send(10), send(10)]).toEqual([other, other])
    }
    const { send, partitioner } = world('roundRobin', 3)
    send(10)
    partitioner.move(0)
    expect(send(10)).toBe(1)
  })

  it('a partition that is gone is not chosen any more', () => {
    for (const name of ['murmur2', 'sticky', 'uniformSticky', 'roundRobin'] as const) {
      const { send, partitions } = world(name, 8)
      for (let i = 0; i < 50; i++) send(500)
      partitions.length = 2
      for (let i = 0; i < 50; i++) expect(send(500)).toBeLessThan(2)
    }
  })
})
