// Bytes to frames, in every slicing and with every refusal of room.
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { BodySink } from '../../src/io/body-sink.ts'
import { FrameReader } from '../../src/io/frame-reader.ts'

/** Keeps whole bodies; refuses room as often as told. */
class Sink implements BodySink {
  size = -1
  filled = 0
  bytes = new Uint8Array(0)
  refusals: number
  readonly #roomBytes: number
  constructor(refusals: number, roomBytes: number) {
    this.refusals = refusals
    this.#roomBytes = roomBytes
  }
  begin(sizeBytes: number): boolean {
    this.size = sizeBytes
    if (this.refusals-- > 0) return false
    this.bytes = new Uint8Array(sizeBytes)
    return true
  }
  buffer(): Uint8Array {
    // Larger than what is missing when near the end: the reader must cut it.
    const room = new Uint8Array(this.bytes.buffer, this.filled)
    return room.length > this.#roomBytes ? room.subarray(0, this.#roomBytes) : room
  }
  received(count: number): void {
    this.filled += count
  }
  end(): void {}
}

function frame(correlationId: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + body.length)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 4 + body.length)
  view.setInt32(4, correlationId)
  bytes.set(body, 8)
  return bytes
}

/** Delivers bytes as Node does: `buffer` right after every callback, and up to `late` reads after a stop. */
class Feeder {
  stopped = false
  #room: Uint8Array
  readonly #reader: FrameReader
  constructor(reader: FrameReader) {
    this.#reader = reader
    this.#room = reader.buffer()
  }
  /** Returns how many bytes were delivered. */
  read(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#room.length)
    expect(this.#room.length).toBeGreaterThan(0)
    this.#room.set(bytes.subarray(0, count))
    this.stopped = !this.#reader.received(count)
    this.#room = this.#reader.buffer()
    return count
  }
}

const random = (seed: number) => seededRandom(seed)

test('frames survive every slicing, late reads after a stop, and refusals of room: 300 seeded runs', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const { next } = random(seed)
    const bodies = Array.from({ length: 5 }, () =>
      Uint8Array.from({ length: Math.floor(next() * 60) }, () => Math.floor(next() * 256)),
    )
    const stream = Buffer.concat(bodies.map((body, i) => frame(i - 2, body)))
    const sinks: Sink[] = []
    const ids: number[] = []
    const done: Uint8Array[] = []
    const reader: FrameReader = new FrameReader({
      checkLength: () => {},
      frame: (id) => {
        ids.push(id)
        const sink = new Sink(Math.floor(next() * 3), 1 + Math.floor(next() * 40))
        sinks.push(sink)
        return sink
      },
      frameEnd: () => done.push(sinks.at(-1)!.bytes),
    })
    const feeder = new Feeder(reader)
    let late = 0
    for (let at = 0; at < stream.length; ) {
      if (reader.stopped && late-- <= 0) {
        reader.resume()
        late = Math.floor(next() * 3)
        continue
      }
      at += feeder.read(stream.subarray(at, at + 1 + Math.floor(next() * 20)))
    }
    while (reader.stopped) reader.resume()
    expect(ids, `seed ${seed}`).toEqual([-2, -1, 0, 1, 2])
    expect(
      done.map((body) => [...body]),
      `seed ${seed}`,
    ).toEqual(bodies.map((body) => [...body]))
  }
})

test('a body lands at the start of its target, and never more of it than is missing', () => {
  const sink = new Sink(0, 1_000)
  const reader = new FrameReader({ checkLength: () => {}, frame: () => sink, frameEnd: () => {} })
  expect(reader.buffer().length).toBe(8)
  reader.buffer().set(frame(1, new Uint8Array(10)).subarray(0, 8))
  reader.received(8)
  sink.bytes = new Uint8Array(100)
  expect(reader.buffer().length).toBe(10)
  expect(reader.buffer().buffer).toBe(sink.bytes.buffer)
  expect(reader.buffer().byteOffset).toBe(0)
})

test('the length is judged as soon as its four bytes are there, whatever follows', () => {
  for (const slice of [1, 2, 3, 4, 8]) {
    const judged: number[][] = []
    const reader = new FrameReader({
      checkLength: (first) => {
        judged.push([...first])
        throw new Error('refused')
      },
      frame: () => expect.fail('no frame after a refusal'),
      frameEnd: () => {},
    })
    const bytes = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4)
    const feed = () => {
      for (let at = 0; at < 8; at += slice) {
        reader.buffer().set(bytes.subarray(at, at + slice))
        reader.received(slice)
      }
    }
    expect(feed).toThrow('refused')
    expect(judged).toEqual([[255, 255, 255, 255]])
  }
})
