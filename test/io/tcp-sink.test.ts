// Answers that land in shared memory, over real sockets, with reading stopped at bad moments (rulings, hazard 5).
import { expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { MillraceError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { tcp } from '../../src/base/tcp.ts'
import type { BodySink } from '../../src/io/body-sink.ts'
import { Connection } from '../../src/io/connection.ts'
import { ioDefaults } from '../../src/io/io-options.ts'
import { ScriptedBroker } from '../support/scripted-broker.ts'
import { seed } from '../support/seed.ts'

/** A sink over shared memory whose `begin` refuses so many times first. */
class SharedSink implements BodySink {
  readonly bytes: Uint8Array
  readonly over: Promise<MillraceError | undefined>
  filled = 0
  refusals: number
  asked = 0
  #resolve!: (error: MillraceError | undefined) => void
  readonly #chunkBytes: number
  constructor(sizeBytes: number, refusals: number, chunkBytes: number) {
    this.bytes = new Uint8Array(new SharedArrayBuffer(sizeBytes))
    this.refusals = refusals
    this.#chunkBytes = chunkBytes
    this.over = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }
  begin(sizeBytes: number): boolean {
    expect(sizeBytes).toBe(this.bytes.length)
    return ++this.asked > this.refusals
  }
  buffer(): Uint8Array {
    return this.bytes.subarray(this.filled, this.filled + this.#chunkBytes)
  }
  received(count: number): void {
    this.filled += count
  }
  end(error: MillraceError | undefined): void {
    this.#resolve(error)
  }
}

function frameOf(correlationId: number, body: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(8 + body.length)
  frame.writeInt32BE(4 + body.length, 0)
  frame.writeInt32BE(correlationId, 4)
  frame.set(body, 8)
  return frame
}

test('40 pipelined answers of 0 to 2 MB come out byte for byte, whatever is refused when', {
  timeout: 60_000,
}, async () => {
  const { next } = seededRandom(seed)
  const broker = await ScriptedBroker.start(tcp, { host: '127.0.0.1', port: 0 })
  const bodies: Uint8Array[] = []
  let served = 0
  broker.on('Fetch', ({ request }) => frameOf(request.correlationId, bodies[served++]!))
  const options = { ...ioDefaults, brokers: [], maxInFlight: 10 }
  let ready: () => void = () => {}
  const isReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  const connection = new Connection(broker.address, { transport: tcp, clock: systemClock, options }, { ready })
  await isReady
  const sinks: SharedSink[] = []
  for (let i = 0; i < 40; i++) {
    const size = i % 5 === 0 ? Math.floor(next() * 20) : Math.floor(next() * 2_000_000)
    const body = new Uint8Array(size)
    for (let at = 0; at < size; at += 7) body[at] = (at * 31 + i) & 255
    bodies.push(body)
    sinks.push(new SharedSink(size, Math.floor(next() * 4), 1 + Math.floor(next() * 300_000)))
  }
  for (const sink of sinks) connection.send('Fetch', {}, sink)
  // Room comes at random moments, also while the kernel's buffer is full and while a callback is under way.
  let running = true
  const pump = () => {
    connection.resumeBody()
    if (running) setTimeout(pump, next() * 3)
  }
  pump()
  const errors = await Promise.all(sinks.map((sink) => sink.over))
  running = false
  expect(errors, `seed ${seed}`).toEqual(errors.map(() => undefined))
  for (const [i, sink] of sinks.entries()) {
    expect(Buffer.compare(Buffer.from(sink.bytes), Buffer.from(bodies[i]!)), `seed ${seed}, body ${i}`).toBe(0)
  }
  expect(sinks.some(({ asked }) => asked > 1)).toBe(true)
  connection.close()
  await broker.close()
})

test('a sink that never has room stops the sender: no more than the kernel holds is taken', async () => {
  const broker = await ScriptedBroker.start(tcp, { host: '127.0.0.1', port: 0 })
  const size = 64 * 1_048_576
  let taken = false
  broker.on('Fetch', ({ request, connection: to }) => {
    to.socket.write([frameOf(request.correlationId, new Uint8Array(size))], () => {
      taken = true
    })
    return undefined
  })
  const options = { ...ioDefaults, brokers: [] }
  let ready: () => void = () => {}
  const isReady = new Promise<void>((resolve) => {
    ready = resolve
  })
  const connection = new Connection(broker.address, { transport: tcp, clock: systemClock, options }, { ready })
  await isReady
  const sink = new SharedSink(size, Number.POSITIVE_INFINITY, 65_536)
  connection.send('Fetch', {}, sink)
  while (sink.asked === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    connection.resumeBody()
  }
  expect([taken, sink.filled]).toEqual([false, 0])
  sink.refusals = 0
  connection.resumeBody()
  expect(await sink.over).toBeUndefined()
  connection.close()
  await broker.close()
})
