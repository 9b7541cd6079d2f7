// Batches on their way from an answer to main: stitched, spilled, parked, skipped, faulty; and all given back. [test]
import { describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import type { Lease } from '../../src/delivery/lease.ts'
import { stampBatch } from '../../src/record/encode.ts'
import { Fault } from '../../src/record/faults.ts'
import type { Kernel } from '../../src/record/kernel.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'
import { Kind } from '../../src/ring/descriptor.ts'
import { allocateMemory, RING_CAPACITY } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'
import { batchOf } from '../support/reading.ts'
import { FetchPipeline, nothing } from './fetch-pipeline.ts'
import { fragmentedMemory } from './random-landing.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

/** A reader alone with so much memory. */
function plainMemory(bufferBytes: number, workers = 1): Memory {
  const memory = new Memory(allocateMemory(bufferBytes, workers))
  memory.countReader(1)
  return memory
}

/** The values of a lease, read where they lie. */
function valuesOf(lease: Lease): string[] {
  const { bytes, index } = lease.copy()
  return Array.from({ length: lease.count }, (_, i) => {
    const [start, length] = [index[i * 8 + 5]!, index[i * 8 + 6]!]
    return bytes.toString('latin1', start, start + length)
  })
}

/** Batches of one partition one after the other, at rising offsets. */
async function logOf(random: Random, count: number, most = 40_000) {
  const batches: Buffer[] = []
  const values: string[] = []
  let offset = 0
  for (let i = 0; i < count; i++) {
    const own = Array.from({ length: 1 + Math.floor(random.next() * 5) }, (_, n) => {
      return `${offset + n}:${String.fromCharCode(97 + (i % 26)).repeat(random.next() ** 3 * most)}`
    })
    const batch = await batchOf(own, { codec: CODECS[i % CODECS.length]! })
    stampBatch(batch, 0, { baseOffset: offset, leaderEpoch: 0 })
    offset += own.length
    batches.push(batch)
    values.push(...own)
  }
  return { records: Buffer.concat(batches), values, batches }
}

describe('from an answer to leases', () => {
  it.each([1, 2, 3, 4, 5, 6])('every record arrives once and in order, whatever the pieces: seed %i', async (seed) => {
    const random = seededRandom(seed)
    const pipeline = new FetchPipeline(fragmentedMemory(random), 3)
    const logs = await Promise.all([0, 1, 2].map(() => logOf(random, 15)))
    const answer = pipeline.answer(logs.map(({ records }, partition) => ({ partition, records })))
    const seen: string[][] = [[], [], []]
    const take = () => {
      pipeline.run()
      for (const lease of pipeline.arrived.splice(0)) {
        expect(lease.fault, `seed ${seed}`).toBe(0)
        seen[lease.slot]!.push(...valuesOf(lease))
        lease.release()
      }
    }
    answer.receive(random, () => {
      if (random.next() < 0.3) take()
    })
    take()
    expect(answer.settledCount).toBe(1)
    expect(answer.outcome).toMatchObject({ errorCode: 0, partitions: [] })
    expect(seen, `seed ${seed}`).toEqual(logs.map(({ values }) => values))
    expect(pipeline.cursors.map(({ position }) => position)).toEqual(logs.map(({ values }) => values.length))
    expect(pipeline.left).toEqual(nothing)
  })

  it('a batch across two pieces is put together', async () => {
    const memory = plainMemory(1_048_576)
    // Every other stretch of four segments is taken.
    const all = Array.from({ length: memory.fetch.segments }, () => memory.fetch.claim(1, 9))
    for (const [i, start] of all.entries()) if (i % 8 < 4) memory.fetch.release(start, 1)
    const pipeline = new FetchPipeline(memory, 1)
    const values = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(30_000))
    const batch = async (value: string, baseOffset: number) => {
      const bytes = await batchOf([value])
      stampBatch(bytes, 0, { baseOffset, leaderEpoch: 0 })
      return bytes
    }
    const records = Buffer.concat(await Promise.all(values.map(batch)))
    const answer = pipeline.answer([{ partition: 0, records }])
    answer.receive(seededRandom(1), () => pipeline.run())
    pipeline.run()
    expect(pipeline.arrived.flatMap(valuesOf)).toEqual(values)
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('a batch larger than all there is goes to spills, whose tokens come back', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 1)
    for (const codec of ['none', 'lz4', 'none', 'gzip'] as const) {
      const value = Array.from({ length: 200_000 }, (_, i) => i).join()
      const records = await batchOf([value], { codec })
      stampBatch(records, 0, { baseOffset: pipeline.cursors[0]!.position, leaderEpoch: 0 })
      pipeline.answer([{ partition: 0, records }]).receive(seededRandom(2))
      pipeline.run()
      const [lease] = pipeline.arrived.splice(0)
      expect(valuesOf(lease!)).toEqual([value])
      expect(pipeline.left['raw']! + pipeline.left['decode']!).toBeGreaterThan(0)
      lease!.release()
      expect(pipeline.left).toEqual(nothing)
    }
  })

  it('a partition that has used up its decode room waits, and another one passes it', async () => {
    const pipeline = new FetchPipeline(plainMemory(2_097_152), 2)
    const zeros = '0'.repeat(250_000)
    const log = async (count: number) => {
      const batches: Buffer[] = []
      for (let i = 0; i < count; i++) {
        const batch = await batchOf([zeros], { codec: 'lz4' })
        stampBatch(batch, 0, { baseOffset: i, leaderEpoch: 0 })
        batches.push(batch)
      }
      return Buffer.concat(batches)
    }
    pipeline.answer([{ partition: 0, records: await log(20) }]).receive(seededRandom(3))
    pipeline.run()
    const parked = pipeline.arrived.length
    expect(parked).toBeLessThan(20)
    pipeline.answer([{ partition: 1, records: await log(1) }]).receive(seededRandom(4))
    pipeline.run()
    expect(pipeline.arrived.map(({ slot }) => slot)).toEqual([...Array.from({ length: parked }, () => 0), 1])
    const offsets: number[] = []
    for (let turn = 0; turn < 100 && pipeline.arrived.length > 0; turn++) {
      for (const lease of pipeline.arrived.splice(0)) {
        if (lease.slot === 0) offsets.push(lease.baseOffset)
        lease.release()
      }
      pipeline.run()
    }
    expect(offsets).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(pipeline.left).toEqual(nothing)
  })

  it('more batches than the rings hold wait their turn', async () => {
    const pipeline = new FetchPipeline(plainMemory(33_554_432), 1)
    const count = 2 * RING_CAPACITY + 100
    const batch = await batchOf(['x'])
    const batches = Array.from({ length: count }, (_, baseOffset) => {
      const bytes = Buffer.from(batch)
      stampBatch(bytes, 0, { baseOffset, leaderEpoch: 0 })
      return bytes
    })
    pipeline.answer([{ partition: 0, records: Buffer.concat(batches) }]).receive(seededRandom(5))
    const offsets: number[] = []
    for (let turn = 0; turn < 20 && offsets.length < count; turn++) {
      pipeline.run()
      for (const lease of pipeline.arrived.splice(0)) {
        offsets.push(lease.baseOffset)
        lease.release()
      }
    }
    expect(offsets).toEqual(Array.from({ length: count }, (_, i) => i))
    expect(pipeline.left).toEqual(nothing)
  })

  it('faults of the kernel come out in their place, with nothing held', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 1)
    const { batches } = await logOf(seededRandom(6), 5, 1_000)
    const bad = batches[2]!
    bad[bad.length - 1]! ^= 1
    pipeline.answer([{ partition: 0, records: Buffer.concat(batches) }]).receive(seededRandom(6))
    pipeline.run()
    expect(pipeline.arrived.map(({ fault }) => fault)).toEqual([0, 0, Fault.CRC_MISMATCH, 0, 0])
    expect(pipeline.arrived[2]).toMatchObject({ heldBytes: 0, count: 0 })
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('aborted and control batches arrive as positions alone, checked', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 1)
    const producer = { producerId: 5n, producerEpoch: 0, transactional: true }
    const batches = [await batchOf(['a', 'b'], producer), await batchOf(['c']), await batchOf(['d'], producer)]
    let baseOffset = 0
    for (const batch of batches) {
      stampBatch(batch, 0, { baseOffset, leaderEpoch: 0 })
      baseOffset += batch.readInt32BE(23) + 1
    }
    const damaged = batches[2]!
    damaged[damaged.length - 1]! ^= 1
    const aborted = [{ producerId: 5n, firstOffset: 0 }]
    pipeline.answer([{ partition: 0, records: Buffer.concat(batches), aborted }]).receive(seededRandom(7))
    pipeline.run()
    expect(pipeline.arrived.map(({ kind, fault, nextOffset }) => [kind, fault, nextOffset])).toEqual([
      [Kind.skip, 0, 2],
      [Kind.data, 0, 3],
      [Kind.skip, Fault.CRC_MISMATCH, 4],
    ])
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('a kernel that answers later keeps the order, and its batches in place', async () => {
    const waiting: (() => void)[] = []
    const later: Kernel = {
      name: 'typescript',
      measure: (...args) => typescriptKernel.measure(...args),
      decode: (job) => {
        const copy = { ...job }
        return new Promise((resolve) => {
          waiting.push(() => {
            const fault = typescriptKernel.decode(copy) as number
            Object.assign(job, copy)
            resolve(fault)
          })
        })
      },
    }
    const pipeline = new FetchPipeline(plainMemory(2_097_152), 2, { kernel: later })
    const { records, values } = await logOf(seededRandom(8), 8, 2_000)
    pipeline.answer([{ partition: 0, records }]).receive(seededRandom(8))
    const seen: string[] = []
    for (let turn = 0; turn < 60 && seen.length < values.length; turn++) {
      pipeline.run()
      expect(waiting.length).toBeLessThanOrEqual(1)
      waiting.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
      pipeline.run()
      for (const lease of pipeline.arrived.splice(0)) {
        seen.push(...valuesOf(lease))
        lease.release()
      }
    }
    expect(seen).toEqual(values)
    expect(pipeline.left).toEqual(nothing)
  })
})

describe('what belongs to nobody', () => {
  it('the rest of an answer after a seek is not sent', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 1)
    const { records } = await logOf(seededRandom(9), 20, 1_000)
    const answer = pipeline.answer([{ partition: 0, records }])
    answer.sink.begin(answer.body.length)
    const half = Math.floor(answer.body.length / 2)
    answer.receiveFrom(0, seededRandom(9), () => {}, half)
    pipeline.run()
    const before = pipeline.arrived.length
    expect(before).toBeGreaterThan(0)
    pipeline.cursors[0]!.seek(0, 2)
    answer.receiveFrom(half, seededRandom(9))
    pipeline.run()
    expect(pipeline.arrived).toHaveLength(before)
    expect(pipeline.cursors[0]!.position).toBe(0)
    expect(answer.outcome?.partitions).toEqual([])
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('what arrives for a slot without an owner, or of another generation, is given back', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 2)
    const { records } = await logOf(seededRandom(10), 10, 2_000)
    pipeline.answer([0, 1].map((partition) => ({ partition, records }))).receive(seededRandom(10))
    pipeline.hub.disown(0)
    pipeline.hub.own(1, { generation: 7, arrived: (lease) => void pipeline.arrived.push(lease) })
    pipeline.run()
    expect(pipeline.arrived).toEqual([])
    expect(pipeline.left).toEqual(nothing)
  })

  it('an answer whose connection is lost keeps what was sent, and gives the rest back', async () => {
    const pipeline = new FetchPipeline(plainMemory(1_048_576), 1)
    const { records, values } = await logOf(seededRandom(11), 10, 2_000)
    const answer = pipeline.answer([{ partition: 0, records }])
    answer.sink.begin(answer.body.length)
    answer.receiveFrom(0, seededRandom(11), () => {}, Math.floor(answer.body.length * 0.7))
    answer.sink.end(new Error('lost') as never)
    expect([answer.error?.message, answer.settledCount]).toEqual(['lost', 1])
    pipeline.run()
    const seen = pipeline.arrived.flatMap(valuesOf)
    expect(seen).toEqual(values.slice(0, seen.length))
    expect(pipeline.cursors[0]!.position).toBe(seen.length)
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('an answer without room begins when there is some', async () => {
    const memory = plainMemory(1_048_576)
    const pipeline = new FetchPipeline(memory, 1)
    const taken = memory.fetch.claimPieces(memory.fetch.segments * 16_384, 3)!
    const spill = pipeline.spills.open(10, memory.layout.rawSpill)!
    const { records, values } = await logOf(seededRandom(12), 5, 1_000)
    const answer = pipeline.answer([{ partition: 0, records }])
    expect(answer.sink.begin(answer.body.length)).toBe(false)
    expect(memory.roomWanted(0)).toBe(true)
    for (const { start, sizeBytes } of taken) memory.fetch.release(start, sizeBytes)
    memory.home(spill).release(0, 10)
    answer.receive(seededRandom(12))
    pipeline.run()
    expect(pipeline.arrived.flatMap(valuesOf)).toEqual(values)
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })

  it('an answer found to be nonsense while it arrives stays claimed until the connection is over', async () => {
    const memory = plainMemory(1_048_576)
    // Two stretches of 64 KiB are free: the second batch lies across them, and there is no room to put it together.
    const all = Array.from({ length: memory.fetch.segments }, () => memory.fetch.claim(1, 9))
    for (const [i, start] of all.entries()) if (i % 8 < 4 && i < 16) memory.fetch.release(start, 1)
    const pipeline = new FetchPipeline(memory, 1)
    const spill = pipeline.spills.open(10, memory.layout.rawSpill)!
    const batches = [await batchOf(['a'.repeat(50_000)]), await batchOf(['b'.repeat(50_000)])]
    stampBatch(batches[1]!, 0, { baseOffset: 1, leaderEpoch: 0 })
    const records = Buffer.concat(batches)
    const answer = pipeline.answer([{ partition: 0, records }])
    // Behind the records stands a number that does not end, and a little that is still to come.
    const behind = Buffer.from(answer.body).indexOf(records) + records.length
    const body = Buffer.concat([answer.body.subarray(0, behind), Buffer.alloc(200, 0xff)])
    Object.assign(answer, { body })
    expect(answer.sink.begin(body.length)).toBe(true)
    answer.receiveFrom(0, seededRandom(13), () => {}, body.length - 1)
    expect(pipeline.cursors[0]!.position).toBe(1)
    memory.home(spill).release(0, 10)
    answer.sink.resume()
    expect(pipeline.cursors[0]!.position).toBe(2)
    expect(answer.refused).toMatchObject({ name: 'ProtocolViolation' })
    expect(answer.settledCount).toBe(0)
    expect(memory.fetch.held(0)).toBeGreaterThan(0)
    expect(answer.sink.buffer()).toHaveLength(1)
    answer.sink.end(new Error('closed') as never)
    expect(answer.settledCount).toBe(1)
    expect(answer.error).toBe(answer.refused)
    pipeline.run()
    expect(pipeline.arrived.map(({ baseOffset }) => baseOffset)).toEqual([0, 1])
    for (const lease of pipeline.arrived) lease.release()
    expect(pipeline.left).toEqual(nothing)
  })
})
