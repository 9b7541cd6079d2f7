// The broker under a virtual clock, on pipes that cut: the same seed gives the same hour twice, to the byte.
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Socket } from '../../src/base/transport.ts'
import { Broker } from '../../src/broker/index.ts'
import { encodeRequest } from '../../src/protocol/frame.ts'
import { Pipes } from '../../src/wiring/pipes.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { batchOf } from './batches.ts'

interface Hour {
  trace: string
  answers: number
  cuts: number
  stored: number
}

/** Six clients that write and long-poll for an hour, through connections that keep being cut. */
async function simulateHour(seed: number): Promise<Hour> {
  const random = seededRandom(seed)
  const clock = new VirtualClock({ random })
  const pipes = new Pipes(clock, random, { latencyMs: [0, 20], sliceBytes: 100, cutChance: 0.001 })
  const broker = await Broker.start({ transport: pipes, clock, random, brokers: 2, partitions: 4 })
  broker.createTopic('t')
  const trace = createHash('sha256')
  const hour = { answers: 0, cuts: 0 }
  const request = (client: number) => {
    const header = { correlationId: client, clientId: 'sim' }
    const index = Math.floor(random.next() * 4)
    if (client % 2 === 0) {
      const topicData = [{ name: 't', partitionData: [{ index, records: batchOf(1 + client) }] }]
      return encodeRequest('Produce', 9, header, { acks: 1, topicData })
    }
    const partitions = [{ partition: index, fetchOffset: 0, partitionMaxBytes: 500 }]
    return encodeRequest('Fetch', 11, header, {
      maxWaitMs: 500,
      minBytes: 100_000,
      topics: [{ topic: 't', partitions }],
    })
  }
  const live = (client: number) => {
    const [host, port] = broker.addresses[client % 2]!.split(':')
    const room = new Uint8Array(4096)
    let got = 0
    const ask = (socket: Socket) => {
      got = 0
      socket.write([request(client)])
    }
    const socket = pipes.connect(
      { host: host!, port: Number(port) },
      {
        connected: () => ask(socket),
        buffer: () => room.subarray(got),
        received(count) {
          trace.update(`${client}@${clock.now()}:`).update(room.subarray(got, got + count))
          got += count
          if (got < 4 || got < 4 + new DataView(room.buffer).getInt32(0)) return true
          hour.answers++
          clock.after(1000 * random.next(), () => ask(socket))
          return true
        },
        closed() {
          hour.cuts++
          clock.after(100, () => live(client))
        },
      },
    )
  }
  for (let client = 0; client < 6; client++) live(client)
  await clock.run(3_600_000)
  expect(broker.errors, `seed ${seed}`).toEqual([])
  const stored = [0, 1, 2, 3].reduce((sum, partition) => sum + broker.describe('t', partition).endOffset, 0)
  await broker.close()
  return { trace: trace.digest('hex'), stored, ...hour }
}

test('a simulated hour is the same twice, and another one with another seed', async () => {
  const first = await simulateHour(1)
  expect(first.answers).toBeGreaterThan(5000)
  expect(first.cuts).toBeGreaterThan(50)
  expect(first.stored).toBeGreaterThan(1000)
  expect(await simulateHour(1)).toEqual(first)
  expect((await simulateHour(2)).trace).not.toBe(first.trace)
})

test('a fetch that was held back until its client had gone is not parked', async () => {
  const clock = new VirtualClock()
  const pipes = new Pipes(clock, seededRandom(1))
  const broker = await Broker.start({ transport: pipes, clock, random: seededRandom(2) })
  broker.createTopic('t')
  broker.on('Fetch', () => ({ delayMs: 100 }))
  const [host, port] = broker.address.split(':')
  const buffer = new Uint8Array(1_000)
  const events = { buffer: () => buffer, received: () => true, closed: () => {} }
  const socket = pipes.connect({ host: host!, port: Number(port) }, events)
  await clock.advance(1)
  const topics = [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 500 }] }]
  const body = { maxWaitMs: 30_000, minBytes: 1, topics }
  socket.write([encodeRequest('Fetch', 11, { correlationId: 1, clientId: 'sim' }, body)])
  await clock.advance(1)
  socket.destroy()
  await clock.advance(200)
  expect([broker.connectionCount, clock.pendingCount]).toEqual([0, 0])
  await broker.close()
})
