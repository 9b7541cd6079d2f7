// A broker that answers with nonsense: a typed error that names it, never a crash, a hang or a wrong record. [test]

import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { collectUntilError, errorOf, modes, Reading, within } from '../support/reading.ts'

const http = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
const frame = (length: number, rest = 64) => {
  const bytes = Buffer.alloc(4 + rest)
  bytes.writeInt32BE(length)
  return bytes
}

/** What a listener that is no Kafka broker says to whatever it is sent. */
const strangers: [name: string, answer: Buffer][] = [
  ['HTTP', http],
  ['a negative frame length', frame(-1)],
  ['a frame length of 2 GiB', frame(0x7fffffff)],
  ['a frame length of 0', frame(0)],
  ['a frame too short for an id', frame(3)],
  ['a TLS alert', Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])],
]

/** Bytes instead of a Fetch answer: what follows the length prefix, correlation id first. */
const nonsense: [name: string, make: (correlationId: number) => Buffer][] = [
  ['another correlation id', (id) => answer(id + 7, Buffer.alloc(40))],
  ['only a correlation id', (id) => answer(id, Buffer.alloc(0))],
  ['an answer that stops early', (id) => answer(id, Buffer.from([0, 0, 0, 0, 0, 0, 0]))],
  ['2^31 topics', (id) => answer(id, Buffer.concat([top(), Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])]))],
  ['a varint without an end', (id) => answer(id, Buffer.concat([top(), Buffer.alloc(16, 0xff)]))],
  ['records that run past the end', (id) => answer(id, pastTheEnd())],
]

const answer = (correlationId: number, body: Buffer) => {
  const bytes = Buffer.alloc(4 + body.length)
  bytes.writeInt32BE(correlationId)
  body.copy(bytes, 4)
  return bytes
}
/** Header tags, throttle time, error code, session id. */
const top = () => Buffer.alloc(11)
/** One topic with one partition whose record set claims 100 MiB. */
function pastTheEnd(): Buffer {
  const partition = Buffer.alloc(4 + 2 + 8 + 8 + 8 + 1 + 4)
  return Buffer.concat([top(), Buffer.from([2]), Buffer.alloc(16), Buffer.from([2]), partition, varint(100 << 20)])
}
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  let server: Server
  let stranger = ''
  let says: Buffer = Buffer.alloc(0)
  beforeAll(async () => {
    reading = await Reading.start(mode)
    await reading.broker.seed('sound', ['a', 'b', 'c'])
    server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write(says))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stranger = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    server.close()
    await reading[Symbol.asyncDispose]()
  })

  it.each(strangers)('a listener that answers with %s is refused by name', async (_, bytes) => {
    says = bytes
    const kafka = reading.client({ brokers: [stranger], defaultApiTimeoutMs: 3_000 })
    const error = await within('the loop', 10_000, errorOf(collectFirst(kafka.iterate('sound'))))
    expect(error).toBeInstanceOf(MillraceError)
    expect(error.message).toContain(stranger)
    await kafka.close()
  })

  it.each(nonsense)('%s instead of records ends the loop with an error that says where', async (_, make) => {
    const kafka = reading.client()
    const remove = reading.broker.on('Fetch', (_request, { correlationId }) => ({ raw: make(correlationId) }))
    const { all, error } = await within('the loop', 10_000, collectUntilError(kafka.iterate('sound')))
    remove()
    expect(all).toEqual([])
    expect(error).toMatchObject({ name: 'ProtocolViolation', topic: 'sound', partition: 0, offset: 0 })
    expect((error as MillraceError).broker).toBe(reading.broker.address)
    expect((error as MillraceError).message).toContain(reading.broker.address)
    expect((error as MillraceError).message).toContain('sound[0]')
    await kafka.close()
  })

  it('random bytes never give a record, a crash or a hang', async () => {
    const seed = 20_251_121
    const random = seededRandom(seed)
    for (let round = 0; round < 25; round++) {
      const body = Buffer.from(Array.from({ length: Math.floor(random.next() * 200) }, () => random.next() * 256))
      const remove = reading.broker.on('Fetch', (_request, { correlationId }) => ({ raw: answer(correlationId, body) }))
      const source = reading.kafka.iterate('sound', { signal: AbortSignal.timeout(300) })
      const { all, error } = await within(`round ${round} of seed ${seed}`, 10_000, collectUntilError(source))
      remove()
      expect(all).toEqual([])
      expect(error, `round ${round} of seed ${seed}`).toBeDefined()
    }
    const { all } = await collectUntilError(reading.kafka.iterate('sound'))
    expect(all.map(({ value }) => String(value))).toEqual(['a', 'b', 'c'])
  })

  it('an answer cut in the middle is asked for again', async () => {
    let cuts = 0
    const remove = reading.broker.on('Fetch', () => (++cuts <= 3 ? { cutAfterBytes: 60 } : undefined))
    const { all, error } = await within('the loop', 20_000, collectUntilError(reading.kafka.iterate('sound')))
    remove()
    expect(error).toBeUndefined()
    expect(all.map(({ value }) => String(value))).toEqual(['a', 'b', 'c'])
    expect(cuts).toBeGreaterThan(3)
  })

  it('the broker found nothing wrong with itself', () => {
    expect(reading.broker.errors).toEqual([])
  })
})

async function collectFirst(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source) return
}
