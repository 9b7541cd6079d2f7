// The words of the shared memory: no part overlaps another, each starts on a cache line of its own. [test]
import { describe, expect, it } from 'vitest'
import { Field } from '../../src/ring/descriptor.ts'
import {
  type ArenaLayout,
  allocateMemory,
  DESCRIPTOR_WORDS,
  type Layout,
  layoutOf,
  READERS_MAX,
  RING_CAPACITY,
  RING_DESCRIPTORS,
  SEGMENT_BYTES,
  SLOTS_MAX,
} from '../../src/ring/layout.ts'

/** Every part with its name and its length in words. */
function parts(layout: Layout): [name: string, at: number, words: number][] {
  const bell = (name: string, at: number) => [name, at, 3] as [string, number, number]
  const arena = (name: string, { segments, ...at }: ArenaLayout) =>
    [
      [`${name} held`, at.held, READERS_MAX],
      [`${name} detached`, at.detached, READERS_MAX],
      [`${name} heldByAll`, at.heldByAll, 1],
      [`${name} detachedByAll`, at.detachedByAll, 1],
      [`${name} references`, at.references, segments],
      [`${name} owner`, at.owner, segments],
    ] as [string, number, number][]
  const ring = (name: string, at: number) =>
    [name, at, RING_DESCRIPTORS + RING_CAPACITY * DESCRIPTOR_WORDS] as [string, number, number]
  return [
    ['readersOpen', layout.readersOpen, 1],
    ['rawSpill', layout.rawSpill, 1],
    ['decodeSpill', layout.decodeSpill, 1],
    ...layout.roomWanted.map((at, i) => [`roomWanted ${i}`, at, 1] as [string, number, number]),
    ['readerRoomWanted', layout.readerRoomWanted, READERS_MAX],
    bell('mainBell', layout.mainBell),
    bell('ioBell', layout.ioBell),
    ...layout.workerBells.map((at, i) => bell(`workerBell ${i}`, at)),
    ...arena('fetch', layout.fetch),
    ...layout.decode.flatMap((one, i) => arena(`decode ${i}`, one)),
    ['slotRaw', layout.slotRaw, SLOTS_MAX],
    ['slotDecoded', layout.slotDecoded, SLOTS_MAX],
    ...layout.toWorker.map((at, i) => ring(`toWorker ${i}`, at)),
    ...layout.toMain.map((at, i) => ring(`toMain ${i}`, at)),
  ]
}

describe.each([1, 2, 7, 16])('the layout for %i workers', (workers) => {
  const layout = layoutOf({ workers, fetchSegments: 100, decodeSegments: 33 })
  const all = parts(layout).sort(([, a], [, b]) => a - b)

  it('has parts that do not overlap, within its size', () => {
    for (const [i, [name, at, words]] of all.entries()) {
      const next = all[i + 1]?.[1] ?? layout.words
      expect(at + words, name).toBeLessThanOrEqual(next)
    }
  })

  it('starts every part on a cache line of its own', () => {
    for (const [name, at] of all) expect(at % 16, name).toBe(0)
  })

  it('names every part there is', () => {
    const named = all.reduce((sum, [, , words]) => sum + Math.ceil(words / 16) * 16, 0)
    expect(named).toBe(layout.words)
  })
})

describe('the memory', () => {
  it.each([1_048_576, 67_108_864])('of %i bytes takes no more than that, half for what is fetched', (bufferBytes) => {
    for (const workers of [1, 2, 3, 8]) {
      const { fetch, decode } = allocateMemory(bufferBytes, workers)
      expect(fetch.byteLength).toBe(bufferBytes / 2)
      expect(decode).toHaveLength(workers)
      const decodeBytes = decode.reduce((sum, { byteLength }) => sum + byteLength, 0)
      expect(fetch.byteLength + decodeBytes).toBeLessThanOrEqual(bufferBytes)
      for (const { byteLength } of [fetch, ...decode]) expect(byteLength % SEGMENT_BYTES).toBe(0)
    }
  })
})

describe('a descriptor', () => {
  it('has fields that do not overlap, within its words', () => {
    const long: (keyof typeof Field)[] = ['baseOffset', 'baseTimestamp', 'maxTimestamp', 'highWatermark']
    const fields = Object.entries(Field).sort(([, a], [, b]) => a - b)
    for (const [i, [name, at]] of fields.entries()) {
      const words = long.includes(name as keyof typeof Field) ? 2 : 1
      expect(at + words, name).toBeLessThanOrEqual(fields[i + 1]?.[1] ?? DESCRIPTOR_WORDS)
    }
  })
})
