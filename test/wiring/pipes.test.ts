// The network in memory: what arrives, when, and what a fault does to it.
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Address, Socket, SocketEvents } from '../../src/base/transport.ts'
import { type PipeFaults, Pipes } from '../../src/wiring/pipes.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

const SERVER: Address = { host: 'server', port: 1 }

/** Collects what arrives, in rooms of the given size; stops after `stopAfter` arrivals until told to go on. */
class Collector implements SocketEvents {
  bytes: number[] = []
  arrivals = 0
  up = false
  over: Error | undefined | 'no' = 'no'
  stopAfter = Number.POSITIVE_INFINITY
  socket: Socket | undefined
  #room = new Uint8Array(0)
  readonly #roomBytes: number
  constructor(roomBytes = 7) {
    this.#roomBytes = roomBytes
  }
  connected(): void {
    this.up = true
  }
  buffer(): Uint8Array {
    this.#room = new Uint8Array(this.#roomBytes)
    return this.#room
  }
  received(count: number): boolean {
    this.arrivals++
    this.bytes.push(...this.#room.subarray(0, count))
    return this.arrivals < this.stopAfter
  }
  closed(error: Error | undefined): void {
    this.over = error
  }
}

async function pair(faults: Partial<PipeFaults> = {}, seed = 1) {
  const clock = new VirtualClock()
  const pipes = new Pipes(clock, seededRandom(seed), faults)
  const server = new Collector()
  const listener = await pipes.listen(SERVER, (socket) => {
    server.socket = socket
    return server
  })
  const client = new Collector()
  client.socket = pipes.connect(SERVER, client)
  return { clock, pipes, client, server, listener }
}

const counted = (count: number) => Uint8Array.from({ length: count }, (_, i) => i & 255)

test('bytes arrive complete and in order, in slices and with latency', async () => {
  const { clock, client, server } = await pair({ latencyMs: [1, 9], sliceBytes: 3 })
  let sent = false
  client.socket!.write([counted(100), counted(50)], () => {
    sent = true
  })
  await clock.advance(5_000)
  expect(server.bytes).toEqual([...counted(100), ...counted(50)])
  expect(client.up && sent).toBe(true)
  expect(server.arrivals).toBeGreaterThanOrEqual(50)
})

test('a reader that stops gets nothing more until it resumes, and then the rest', async () => {
  const { clock, client, server } = await pair()
  server.stopAfter = 2
  client.socket!.write([counted(100)])
  await clock.advance(1_000)
  expect(server.bytes.length).toBe(14)
  server.stopAfter = Number.POSITIVE_INFINITY
  server.socket!.resume()
  await clock.advance(1_000)
  expect(server.bytes).toEqual([...counted(100)])
})

test('pieces are read when they leave, so changing them before `sent` shows', async () => {
  const { clock, client, server } = await pair({ latencyMs: [5, 5] })
  const piece = counted(4)
  client.socket!.write([piece])
  piece[0] = 99
  await clock.advance(100)
  expect(server.bytes).toEqual([99, 1, 2, 3])
})

test('what was written before destroy still arrives; then both sides are closed without an error', async () => {
  const { clock, client, server, pipes } = await pair({ latencyMs: [2, 2] })
  await clock.advance(10)
  client.socket!.write([counted(20)])
  client.socket!.destroy()
  await clock.advance(100)
  expect(server.bytes).toEqual([...counted(20)])
  expect([client.over, server.over]).toEqual([undefined, undefined])
  expect(pipes.connectionCount()).toBe(0)
})

test('a cut ends both sides with ECONNRESET', async () => {
  const { clock, client, server, pipes } = await pair()
  await clock.advance(10)
  pipes.cut(SERVER)
  await clock.advance(10)
  expect(client.over).toMatchObject({ code: 'ECONNRESET' })
  expect(server.over).toMatchObject({ code: 'ECONNRESET' })
})

test('pieces written to a connection that is over are given back', async () => {
  const { clock, pipes, client } = await pair()
  await clock.advance(10)
  pipes.cut(SERVER)
  let sent = 0
  client.socket!.write([counted(5)], () => sent++)
  await clock.advance(10)
  expect(sent).toBe(1)
})

test('nobody listening is a refusal; an unanswered address neither connects nor fails', async () => {
  const { clock, pipes } = await pair()
  const refused = new Collector()
  pipes.connect({ host: 'nobody', port: 2 }, refused)
  pipes.setOutage(SERVER, 'unanswered')
  const hanging = new Collector()
  pipes.connect(SERVER, hanging)
  await clock.advance(100_000)
  expect(refused.over).toMatchObject({ code: 'ECONNREFUSED' })
  expect([hanging.up, hanging.over]).toEqual([false, 'no'])
})

test('a silent address keeps connections up and delivers nothing until the outage ends', async () => {
  const { clock, pipes, client, server } = await pair()
  await clock.advance(10)
  pipes.setOutage(SERVER, 'silent')
  client.socket!.write([counted(5)])
  await clock.advance(100_000)
  expect(server.bytes).toEqual([])
  expect(server.over).toBe('no')
  pipes.setOutage(SERVER, undefined)
  await clock.advance(10)
  expect(server.bytes).toEqual([0, 1, 2, 3, 4])
})

test('random cuts follow the seed', async () => {
  const run = async (seed: number) => {
    const { clock, client, server } = await pair({ cutChance: 0.05, sliceBytes: 1 }, seed)
    client.socket!.write([counted(200)])
    await clock.advance(1_000)
    return server.bytes.length
  }
  const lengths = [await run(3), await run(3), await run(4)]
  expect(lengths[0]).toBe(lengths[1])
  expect(lengths[0]).not.toBe(lengths[2])
  expect(lengths[0]).toBeLessThan(200)
})

test('chopped arrivals are of all sizes, and nothing is lost by them', async () => {
  const { clock, client, server } = await pair({ chopChance: 0.5, latencyMs: [0, 1] })
  client.socket!.write([counted(2_000)])
  await clock.advance(10_000)
  expect(server.bytes).toEqual([...counted(2_000)])
  expect(server.arrivals).toBeGreaterThan(2_000 / 7)
})

test('a cut comes after any number of bytes, also within one write', async () => {
  const lengths = new Set<number>()
  for (let seed = 0; seed < 50; seed++) {
    const { clock, client, server } = await pair({ cutChance: 1 }, seed)
    client.socket!.write([counted(100)])
    await clock.advance(100)
    expect(server.over).toMatchObject({ code: 'ECONNRESET' })
    lengths.add(server.bytes.length)
  }
  expect(lengths.size).toBeGreaterThan(20)
})

test('an observer is told of everything in its order', async () => {
  const seen: string[] = []
  const clock = new VirtualClock()
  const pipes = new Pipes(clock, seededRandom(1), {}, (what, connection, bytes) => {
    seen.push(`${what} ${connection} ${bytes}`)
  })
  await pipes.listen(SERVER, () => new Collector())
  const socket = pipes.connect(SERVER, new Collector())
  await clock.advance(1)
  socket.write([counted(5)])
  await clock.advance(1)
  pipes.cut()
  expect(seen).toEqual(['connecting 1 0', 'connected 1 0', 'to server 1 5', 'cut 1 0'])
})
