// The compiled and the interpreted codec are one codec, and neither trusts the bytes it reads.

import { execFileSync } from 'node:child_process'
import { setFlagsFromString } from 'node:v8'
import { expect, it } from 'vitest'
import { MillraceError, ProtocolViolation, UnsupportedVersion } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { apis } from '../../src/protocol/apis.ts'
import { type Codec, codecOf, compileCodec, interpretedCodec } from '../../src/protocol/compile.ts'
import { type Plan, planOf } from '../../src/protocol/plan.ts'
import { int32, type Message, message, string, struct } from '../../src/protocol/schema.ts'
import { seed } from '../support/seed.ts'
import { CountingWriter, type Mark } from './counting-writer.ts'
import { randomMessage } from './random-message.ts'

type AnyCodec = Codec<unknown, unknown>
const messages: Message[] = Object.values(apis).flatMap((api) => [api.request, api.response])
const named = messages.map((table) => [table.name, table] as const)

it.each(named)('%s: both codecs write the same bytes and read the same values', (_, table) => {
  const random = seededRandom(seed)
  for (const { plan, both } of versions(table)) {
    for (let round = 0; round < 5; round++) {
      const value = randomMessage(plan, random)
      const [fast, slow] = both.map((codec) => written(codec, value))
      expect(hex(fast!)).toBe(hex(slow!))
      const [decoded, oracle] = both.map((codec) => codec.decode(new Reader(fast!)))
      expect(decoded).toEqual(oracle)
      // What was read holds every field: it is written as the same bytes again.
      expect(hex(written(both[0]!, decoded))).toBe(hex(fast!))
      expect(Object.keys(decoded as object)).toEqual(Object.keys(table.shape))
    }
  }
})

it.each(named)('%s: cut at any byte it is a ProtocolViolation that names message and version', (_, table) => {
  const random = seededRandom(seed + 1)
  for (const { plan, both } of versions(table)) {
    const bytes = written(both[0]!, randomMessage(plan, random))
    // Long strings are dull inside: their first and last hundred bytes will do.
    for (let size = 0; size < bytes.length; size += size > 600 && size < bytes.length - 100 ? 97 : 1) {
      for (const codec of both) refused(() => codec.decode(new Reader(bytes.subarray(0, size))), plan)
    }
  }
})

it.each(named)('%s: an impossible length is refused before anything is allocated for it', (_, table) => {
  const random = seededRandom(seed + 2)
  for (const { plan, both } of versions(table)) {
    const writer = new CountingWriter()
    both[1]!.encode(writer, randomMessage(plan, random))
    for (const mark of writer.marks) {
      for (const bytes of hostile(writer.finish(), mark)) {
        for (const codec of both) {
          const message = refused(() => codec.decode(new Reader(bytes)), plan)
          // At the count itself, not when the bytes run out somewhere among its elements.
          if (mark.ofArray) expect(message).toMatch(/elements claimed|length -|a null array|more than 32 bits/)
        }
      }
    }
  }
})

it('an error names the field: its path and its position', () => {
  const bytes = written(codecOf(apis.Metadata.response, 12) as AnyCodec, { brokers: [{ host: 'a' }, { host: 'b' }] })
  bytes[bytes.indexOf('b'.charCodeAt(0)) - 1] = 200
  const read = () => codecOf(apis.Metadata.response, 12).decode(new Reader(bytes))
  expect(read).toThrow(/^MetadataResponse v12: brokers\[1\]\.host: \d+ bytes needed at byte \d+, \d+ left$/)
})

it('a decoded message has one hidden class in all its versions', () => {
  setFlagsFromString('--allow-natives-syntax')
  const sameClass = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: unknown, b: unknown) => boolean
  const decoded = (version: number) => {
    const topic = version < 13 ? { topic: 't' } : { topicId: 'AAECAwQFBgcICQoLDA0ODw' }
    const responses = [{ ...topic, partitions: [{ highWatermark: 5 }] }]
    const codec = codecOf(apis.Fetch.response, version)
    const writer = new Writer()
    codec.encode(writer, { responses })
    return codec.decode(new Reader(writer.finish()))
  }
  const newest = decoded(18)
  for (let version = 4; version < 18; version++) {
    const older = decoded(version)
    expect(sameClass(older, newest)).toBe(true)
    expect(sameClass(older.responses[0], newest.responses[0])).toBe(true)
    expect(sameClass(older.responses[0]?.partitions[0], newest.responses[0]?.partitions[0])).toBe(true)
  }
})

it('a value for a field that the version lacks is refused, unless the field is ignorable', () => {
  const codec = codecOf(apis.Fetch.request, 4) as AnyCodec
  const oracle = interpretedCodec(planOf(apis.Fetch.request, 4))
  const forgotten = { forgottenTopicsData: [{ topic: 't', partitions: [1] }] }
  for (const either of [codec, oracle]) {
    expect(() => written(either, forgotten)).toThrow(UnsupportedVersion)
    expect(() => written(either, forgotten)).toThrow('FetchRequest v4 has no field forgottenTopicsData')
    // rackId and sessionId are ignorable, an empty list is the default.
    const dropped = written(either, { rackId: 'r', sessionId: 5, forgottenTopicsData: [] })
    expect(hex(dropped)).toBe(hex(written(either, {})))
  }
})

it('a value of the wrong type is refused with the path of its field', () => {
  const bad: [unknown, string][] = [
    [
      { topics: [{ partitions: [{ partition: 2 ** 31 }] }] },
      'topics[0].partitions[0].partition: 2147483648 given where',
    ],
    [{ topics: [{ partitions: [{ fetchOffset: 1.5 }] }] }, 'topics[0].partitions[0].fetchOffset: 1.5 given where'],
    [{ topics: [null] }, 'topics[0]: null given where an object belongs'],
    [{ topics: 'events' }, 'topics: events given where an array belongs'],
    [{ maxWaitMs: 1n }, 'maxWaitMs: Cannot mix BigInt'],
    [{ topics: [{ topicId: 'events' }] }, 'topics[0].topicId: events given where a uuid'],
    [{ rackId: null }, 'rackId: null given where a string belongs'],
    [{ rackId: 'x'.repeat(40_000) }, 'rackId: a string of 40000 bytes'],
    [null, 'null given where an object belongs'],
  ]
  const plan = planOf(apis.Fetch.request, 17)
  for (const codec of [compileCodec(plan), interpretedCodec(plan)]) {
    for (const [value, text] of bad) {
      expect(() => written(codec, value)).toThrow(expect.objectContaining({ code: 'INVALID_VALUE' }))
      expect(() => written(codec, value)).toThrow(`FetchRequest v17: ${text}`)
    }
  }
})

it('a tagged field that holds its default is left out, and unknown tags are skipped', () => {
  const table = message(
    'Probe',
    0,
    { versions: [0, 0], flexible: 0 },
    {
      tag: string.tagged(3).default('none'),
      place: struct({ id: int32.default(-1) }).tagged(5),
    },
  )
  const codec = codecOf(table, 0)
  const bytes = written(codec as AnyCodec, { tag: 'none', place: { id: -1 } })
  expect([...bytes]).toEqual([0])
  const strange = Uint8Array.of(3, 1, 2, 9, 9, 3, 2, 2, 65, 200, 1, 0)
  expect(codec.decode(new Reader(strange))).toEqual({ tag: 'A', place: { id: -1 } })
  const wrongSize = Uint8Array.of(1, 3, 3, 2, 65, 0)
  expect(() => codec.decode(new Reader(wrongSize))).toThrow('Probe v0: tag: the tagged field takes 3 bytes')
})

it('an unknown version is refused with the versions that are known', () => {
  expect(() => codecOf(apis.Fetch.request, 3)).toThrow('FetchRequest v3 is not known; known are 4 to 18')
  expect(() => codecOf(apis.Fetch.request, Number.NaN)).toThrow(UnsupportedVersion)
})

it('where code generation is refused the interpreter takes over', () => {
  const script = `
    import { encodeRequest } from ${JSON.stringify(new URL('../../src/protocol/frame.ts', import.meta.url).href)}
    const body = { topics: [{ topic: 'events', partitions: [{ partition: 1, fetchOffset: 5 }] }] }
    let refused = false
    try { new Function('') } catch { refused = true }
    const bytes = encodeRequest('Fetch', 12, { correlationId: 1, clientId: 'x' }, body)
    console.log(refused, Buffer.from(bytes).toString('hex'))`
  const run = (...flags: string[]) => {
    return execFileSync(process.execPath, [...flags, '--input-type=module-typescript', '-e', script], {
      encoding: 'utf8',
    })
  }
  const [fast, slow] = [run().split(' '), run('--disallow-code-generation-from-strings').split(' ')]
  expect([fast[0], slow[0]]).toEqual(['false', 'true'])
  expect(slow[1]).toBe(fast[1])
})

/** Every version of a message with its two codecs, the compiled one first. */
function versions(table: Message): { plan: Plan; both: AnyCodec[] }[] {
  const [first, last] = table.versions
  return Array.from({ length: last - first + 1 }, (_, index) => {
    const plan = planOf(table, first + index)
    return { plan, both: [compileCodec(plan), interpretedCodec(plan)] }
  })
}

function written(codec: AnyCodec, value: unknown): Uint8Array {
  const writer = new Writer()
  codec.encode(writer, value)
  return writer.finish()
}

/** The bytes with one length replaced: far too large, and negative or null where that is not allowed. */
function hostile(bytes: Uint8Array, { at, size, compact, nullable }: Mark): Uint8Array[] {
  const lengths: number[][] = compact
    ? [
        [0xff, 0xff, 0xff, 0xff, 0x0f],
        [0xff, 0xff, 0xff, 0xff, 0x07],
        [0xff, 0xff, 0xff, 0xff, 0xff],
        ...(nullable ? [] : [[0]]),
      ]
    : size === 2
      ? [[0x7f, 0xff], [0xff, 0xfe], [0x80, 0], ...(nullable ? [] : [[0xff, 0xff]])]
      : [
          [0x7f, 0xff, 0xff, 0xff],
          [0xff, 0xff, 0xff, 0xfe],
          [0x80, 0, 0, 0],
          ...(nullable ? [] : [[255, 255, 255, 255]]),
        ]
  return lengths.map((length) =>
    Buffer.concat([bytes.subarray(0, at), Uint8Array.from(length), bytes.subarray(at + size)]),
  )
}

/** The message of the error, which has to be a ProtocolViolation that names message and version. */
function refused(read: () => unknown, plan: Plan): string {
  try {
    read()
  } catch (error) {
    if (error instanceof ProtocolViolation && error.message.startsWith(`${plan.label}: `)) return error.message
    throw error instanceof MillraceError ? new Error(`not named: ${error.message}`) : error
  }
  throw new Error(`${plan.label} was read from bytes that are wrong`)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
