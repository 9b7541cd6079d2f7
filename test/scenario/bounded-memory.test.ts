// Law 2: what is fetched, decompressed and indexed stays within bufferBytes, whoever pauses. [test]
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { KafkaOptions } from '../../src/client/options.ts'
import type { CodecName } from '../../src/record/compression/codec.ts'
import { load } from '../../src/ring/atomics.ts'
import { READERS_MAX } from '../../src/ring/layout.ts'
import type { Memory } from '../../src/ring/memory.ts'
import type { Kafka } from '../../src/wiring/kafka.ts'
import { collect, modes, pause, Reading, within } from '../support/reading.ts'

const MiB = 1_048_576
const BUFFER_BYTES = 4 * MiB

/** Bytes that all readers hold now, asked of each: in the arenas, and on main's heap instead. */
function heldBytes(memory: Memory): number {
  let bytes = 0
  for (const arena of [memory.fetch, ...memory.workers.map(({ decode }) => decode)]) {
    for (let reader = 0; reader < READERS_MAX; reader++) bytes += memory.usedBytes(arena, reader)
  }
  return bytes
}

/** The most that was held while something ran. */
async function peakWhile(kafka: Kafka, run: Promise<unknown>): Promise<number> {
  const { memory } = await kafka.engine()
  let peak = 0
  let running = true
  const done = run.finally(() => {
    running = false
  })
  while (running) {
    peak = Math.max(peak, heldBytes(memory))
    await pause(2)
  }
  await done
  return peak
}

/** Nothing is held, no spill is open, no partition is charged for anything. */
async function expectAllReleased(kafka: Kafka): Promise<void> {
  const { memory } = await kafka.engine()
  const { words, layout } = memory
  // Workers still pass on what they had of a reader that is closed.
  for (let turn = 0; turn < 200 && heldBytes(memory) > 0; turn++) await pause(10)
  expect(heldBytes(memory)).toBe(0)
  expect([load(words, layout.rawSpill), load(words, layout.decodeSpill)]).toEqual([0, 0])
  for (let slot = 0; slot < 200; slot++) expect([memory.slotRaw(slot), memory.slotDecoded(slot)]).toEqual([0, 0])
  for (const arena of [memory.fetch, ...memory.workers.map(({ decode }) => decode)]) {
    const { length } = arena.bytes
    const pieces = arena.claimPieces(length, 0)!
    expect(pieces.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe(length)
    for (const piece of pieces) arena.release(piece.start, piece.sizeBytes)
  }
}

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  afterEach(() => reading[Symbol.asyncDispose]())
  const start = async (options: KafkaOptions = {}) => {
    reading = await Reading.start(mode, { bufferBytes: BUFFER_BYTES, decodeWorkers: 2, ...options })
    return reading
  }

  async function fill(topic: string, partitions: number, megabytes: number, batchBytes: number, codec: CodecName) {
    reading.broker.createTopic(topic, { partitions })
    const values = Array.from({ length: 10 }, (_, i) => Buffer.alloc(batchBytes / 10, i))
    const batches = Math.ceil((megabytes * MiB) / batchBytes / partitions)
    for (let partition = 0; partition < partitions; partition++) {
      const items = values.map((value) => ({ value, partition }))
      for (let i = 0; i < batches; i++) await reading.broker.seed(topic, items, { codec, batchRecords: 10 })
    }
    return { records: batches * partitions * 10 }
  }

  // 30 MB and more of small batches that compress to nothing, of large ones, and of plain ones.
  it.each([
    ['small compressed batches of many partitions', 24, 20_000, 'lz4'],
    ['small plain batches of many partitions', 24, 20_000, 'none'],
    ['large compressed batches', 4, 400_000, 'gzip'],
    ['large plain batches', 4, 400_000, 'none'],
    ['batches of a few records', 3, 300, 'none'],
  ] as const)(
    'a reader that nobody pulls from holds no more than the buffer: %s',
    async (_, partitions, size, codec) => {
      await start()
      const { records } = await fill('paused', partitions, size < 1_000 ? 2 : 32, size, codec)
      await fill('fast', 2, 8, 100_000, 'none')
      const paused = reading.kafka.iterate('paused')
      const batches = paused.batches()
      const first = await within('the first batch', 10_000, batches.next())
      const peak = await peakWhile(reading.kafka, pause(400))
      // Law 2 lets one batch over, raw or decoded, in a spill; what lies in the arenas or was in them stays below.
      expect(peak).toBeLessThanOrEqual(BUFFER_BYTES)
      expect(peak).toBeGreaterThan(0)
      const beside = collect(reading.kafka.iterate('fast'))
      const both = await peakWhile(reading.kafka, within('the fast reader', 30_000, beside))
      expect(both).toBeLessThanOrEqual(BUFFER_BYTES)
      let count = first.value!.count
      for (let next = await batches.next(); !next.done; next = await batches.next()) count += next.value.count
      expect(count).toBe(records)
      await expectAllReleased(reading.kafka)
    },
  )

  it('stats tell of what is held, also of small batches that lie on main’s heap', async () => {
    await start()
    const { records } = await fill('small', 1, 0.03, 100, 'none')
    const source = reading.kafka.iterate('small')
    const batches = source.batches()
    await within('the first batch', 10_000, batches.next())
    const { memory } = await reading.kafka.engine()
    const held = () => source.stats().engine!.heldBytes
    // The rest waits on main, and costs more than its bytes.
    await vi.waitFor(() => {
      expect(heldBytes(memory)).toBeGreaterThan(10 * records)
      expect(held()).toBe(heldBytes(memory))
    }, 10_000)
    await batches.return!()
    await expectAllReleased(reading.kafka)
    expect(held()).toBe(0)
  })

  it('eight readers, seven of them paused, share the buffer, and the eighth gets on', async () => {
    await start()
    await fill('shared', 4, 16, 60_000, 'lz4')
    await fill('large', 4, 16, 300_000, 'none')
    const paused = ['shared', 'large', 'shared', 'large', 'shared', 'large', 'shared'].map((topic) => {
      return reading.kafka.iterate(topic).batches()
    })
    await within('the first batches', 20_000, Promise.all(paused.map((batches) => batches.next())))
    const eighth = collect(reading.kafka.iterate('shared'))
    const peak = await peakWhile(reading.kafka, within('the eighth reader', 40_000, eighth))
    expect(peak).toBeLessThanOrEqual(BUFFER_BYTES)
    expect(await eighth).toHaveLength(Math.ceil((16 * MiB) / 60_000 / 4) * 4 * 10)
    await Promise.all(paused.map((batches) => batches.return!()))
    await expectAllReleased(reading.kafka)
  })

  it.each([
    ['none', 5 * MiB],
    ['lz4', 5 * MiB],
  ] as const)('a batch larger than its share comes whole, one at a time: %s', async (codec, size) => {
    await start({ bufferBytes: MiB })
    reading.broker.createTopic('huge', { partitions: 3 })
    const values = Array.from({ length: 9 }, (_, i) => Buffer.alloc(size, i))
    for (const [i, value] of values.entries()) {
      await reading.broker.seed('huge', [{ value, partition: i % 3 }], { codec, batchRecords: 1 })
      await reading.broker.seed('huge', [{ value: `small ${i}`, partition: i % 3 }], { codec })
    }
    const records = await within('the loop', 30_000, collect(reading.kafka.iterate('huge')))
    const large = records.filter(({ value }) => value!.length === size)
    expect(large).toHaveLength(9)
    expect(large.every(({ value, offset, partition }) => values[(offset / 2) * 3 + partition]!.equals(value!))).toBe(
      true,
    )
    expect(records.filter(({ value }) => value!.length < size)).toHaveLength(9)
    await expectAllReleased(reading.kafka)
  })

  it('readers that come and go leave nothing behind', async () => {
    await start()
    await fill('visited', 6, 12, 50_000, 'lz4')
    for (let round = 0; round < 15; round++) {
      const sources = Array.from({ length: 4 }, () => reading.kafka.iterate('visited'))
      await within('the loops', 20_000, Promise.all(sources.map((source, i) => collect(source, 1 + i * 40))))
    }
    await expectAllReleased(reading.kafka)
  })
})
