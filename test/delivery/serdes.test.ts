// Serdes: round trips, Java's bytes, refusals. [test process]
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Serialization } from '../../src/base/errors.ts'
import {
  decode,
  encode,
  int32,
  int64,
  json,
  raw,
  type Serde,
  string,
  toBytes,
  uuid,
} from '../../src/delivery/serdes.ts'
import { seed } from '../support/seed.ts'

const context = { topic: 'events', partition: 3, offset: 42, part: 'value' } as const

/** The same bytes inside shared memory, as a worker sees them: at an offset, with neighbours. */
function shared(bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(new SharedArrayBuffer(bytes.length + 10), 5, bytes.length)
  view.set(bytes)
  return view
}

const cases: [string, Serde<unknown>, fc.Arbitrary<unknown>][] = [
  ['json', json() as Serde<unknown>, fc.jsonValue()],
  ['string', string() as Serde<unknown>, fc.string({ unit: 'grapheme' })],
  ['int32', int32() as Serde<unknown>, fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
  ['int64', int64() as Serde<unknown>, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['uuid', uuid() as Serde<unknown>, fc.uuid()],
]

describe.each(cases)(`%s (seed ${seed})`, (_, serde, values) => {
  it('gives back what it was given, from plain and from shared memory', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = serde.serialize(value, context)
        if (value === null) {
          expect(bytes).toBeNull()
          return
        }
        expect(serde.deserialize(bytes, context)).toEqual(normal(value))
        expect(serde.deserialize(shared(bytes!), context)).toEqual(normal(value))
      }),
      { seed },
    )
  })

  it('passes null through: a tombstone', () => {
    expect(serde.serialize(null, context)).toBeNull()
    expect(serde.deserialize(null, context)).toBeNull()
  })
})

// JSON has no -0.
const normal = (value: unknown): unknown =>
  typeof value === 'object' || Object.is(value, -0) ? JSON.parse(JSON.stringify(value)) : value

describe("bytes are those of Java's serializers", () => {
  it.each([
    ['IntegerSerializer', int32().serialize(-2, context), 'fffffffe'],
    ['LongSerializer', int64().serialize(258, context), '0000000000000102'],
    ['StringSerializer', string().serialize('é', context), 'c3a9'],
  ])('%s', (_, bytes, hex) => {
    expect(Buffer.from(bytes!).toString('hex')).toBe(hex)
  })

  it('UUIDSerializer writes text', () => {
    const text = '123e4567-e89b-12d3-a456-426614174000'
    expect(Buffer.from(uuid().serialize(text, context)!).toString()).toBe(text)
  })
})

describe('what does not fit is refused', () => {
  it.each([
    ['int32', () => int32().serialize(2 ** 31, context)],
    ['int32', () => int32().serialize(1.5, context)],
    ['int32', () => int32().deserialize(new Uint8Array(3), context)],
    ['int64', () => int64().serialize(2n ** 63n, context)],
    ['int64', () => int64().serialize(2 ** 60, context)],
    ['int64', () => int64().deserialize(new Uint8Array(9), context)],
    ['uuid', () => uuid().serialize('nonsense', context)],
    ['uuid', () => uuid().deserialize(Buffer.alloc(36), context)],
    ['json', () => json().deserialize(Buffer.from('{'), context)],
    ['json', () => json().serialize(() => 1, context)],
    ['string', () => string().serialize(5 as never, context)],
  ])('%s', (_, step) => {
    expect(step).toThrow(Serialization)
  })

  it('with place and raw bytes on the error when a record is read', () => {
    const bytes = shared(Buffer.from('{"a":'))
    const error = caught(() => decode(json(), bytes, context)) as Serialization
    expect(error).toBeInstanceOf(Serialization)
    expect(error).toMatchObject({ code: 'DESERIALIZATION', topic: 'events', partition: 3, offset: 42 })
    expect(error.message).toContain('events-3 at offset 42')
    bytes.fill(0)
    expect(Buffer.from(error.bytes!).toString()).toBe('{"a":')
  })

  it('with the topic on the error when a record is written', () => {
    const error = caught(() => encode(int32(), 1.5, { topic: 'events', part: 'key' })) as Serialization
    expect(error).toMatchObject({ code: 'SERIALIZATION', topic: 'events' })
    expect(error.message).toContain('key')
  })
})

describe('toBytes, what happens without a serializer', () => {
  it('leaves bytes alone, writes text as UTF-8 and plain objects as JSON', () => {
    const bytes = new Uint8Array([1, 2])
    expect(toBytes(bytes)).toBe(bytes)
    expect(toBytes(null)).toBeNull()
    expect(toBytes(undefined)).toBeNull()
    expect(toBytes('')).toHaveLength(0)
    expect(text(toBytes('é'))).toBe('é')
    expect(text(toBytes({ a: [1] }))).toBe('{"a":[1]}')
    expect(text(toBytes([1, null]))).toBe('[1,null]')
    expect(text(toBytes(Object.assign(Object.create(null), { a: 1 })))).toBe('{"a":1}')
    expect(raw().serialize({ a: 1 }, context)).toEqual(toBytes({ a: 1 }))
  })

  it.each([5, 5n, true, new Date(), new Map(), new (class Point {})(), Symbol('x'), () => 1, new Float64Array(1)])(
    'refuses to guess what %s should be',
    (value) => {
      expect(() => toBytes(value as never)).toThrow(/serializer/)
    },
  )

  it('says why an object cannot be written', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    expect(() => toBytes(loop)).toThrow(Serialization)
  })
})

const text = (bytes: Uint8Array | null) => Buffer.from(bytes!).toString()
function caught(step: () => unknown): unknown {
  try {
    step()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
