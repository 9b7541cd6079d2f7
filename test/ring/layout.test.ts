// The words of the shared memory: no part overlaps another, each starts on a cache line of its own. [test]
import { describe, expect, it } from 'vitest'
import { Field } from '../../src/ring/descriptor.ts'
import {
  type ArenaLayout,
  allocateMemory,
  DECODERS_MAX,
  DESCRIPTOR_WORDS,
  type Layout,
  LEDGER_WORDS,
  layoutOf,
  READERS_MAX,
  RING_CAPACITY,
  RING_DESCRIPTORS,
  SEGMENT_BYTES,
  SLOTS_MAX,
  type WorkerLayout,
  workerLayoutOf,
} from '../../src/ring/layout.ts'

type Part = [name: string, at: number, words: number]

const bell = (name: string, at: number): Part => [name, at, 3]
const ring = (name: string, at: number): Part => [name, at, RING_DESCRIPTORS + RING_CAPACITY * DESCRIPTOR_WORDS]
const arena = (name: string, { segments, ...at }: ArenaLayout): Part[] => [
  [`${name} held`, at.held, READERS_MAX],
  [`${name} detached`, at.detached, READERS_MAX],
  [`${name} references`, at.references, segments],
  [`${name} owner`, at.owner, segments],
]

/** Every part of the hub with its name and its length in words. */
function hubParts(layout: Layout): Part[] {
  return [
    ['readersOpen', layout.readersOpen, 1],
    ['rawSpill', layout.rawSpill, 1],
    ['decodeSpill', layout.decodeSpill, 1],
    ['roomWanted', layout.roomWanted, 1],
    ['readerRoomWanted', layout.readerRoomWanted, READERS_MAX],
    bell('mainBell', layout.mainBell),
    bell('ioBell', layout.ioBell),
    ...arena('fetch', layout.fetch),
    ['fetchSums', layout.fetchSums, 2],
    ['decodersEnd', layout.decodersEnd, 1],
    ['decoderSums', layout.decoderSums, 2 * DECODERS_MAX],
    ['slotRaw', layout.slotRaw, SLOTS_MAX],
    ['slotDecoded', layout.slotDecoded, SLOTS_MAX],
    ['slotLogEnds', layout.slotLogEnds, 4 * SLOTS_MAX],
  ]
}

/** Every part of a worker's memory. */
function workerParts(layout: WorkerLayout): Part[] {
  const { roomWanted, decode, toWorker, toMain } = layout
  const ledger: Part[] = [
    ['notes', layout.notes, (1 + 20) * LEDGER_WORDS],
    ['entries', layout.entries, (1 + 1_000) * LEDGER_WORDS],
  ]
  const rings = [ring('toWorker', toWorker), ring('toMain', toMain)]
  return [['roomWanted', roomWanted, 1], bell('bell', layout.bell), ...arena('decode', decode), ...rings, ...ledger]
}

const hub = layoutOf({ fetchSegments: 100 })
const worker = workerLayoutOf({ segments: 33, ledger: { notes: 20, entries: 1_000 } })

describe.each([
  ['the hub', hub, hubParts(hub)],
  ['a worker', worker, workerParts(worker)],
] as const)('the layout of %s', (_, layout, unsorted) => {
  const all = [...unsorted].sort(([, a], [, b]) => a - b)

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
      const { fetch, workers: made } = allocateMemory(bufferBytes, workers)
      const decode = made.map((one) => one.decode)
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
