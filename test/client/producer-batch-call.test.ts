// One call of sendBatch that finds no room: who waits, who goes, and what a close leaves of it. [test]
import { expect, it } from 'vitest'
import { ThreadDied } from '../../src/base/errors.ts'
import type { DeliveryReport } from '../../src/client/producer-report.ts'
import { type World, world } from './producer-world.ts'

const pass = ({ clock }: World, ms = 0) => clock.advance(ms)
const value = 'x'.repeat(1_000)
const small = { lingerMs: 1, batchBytes: 32_768, bufferMemoryBytes: 262_144, enableIdempotence: false }

it('a record that waited too long takes with it only those that would have to wait as well', async () => {
  const w = world({ ...small, maxBlockMs: 500 })
  const crowd = Array.from({ length: 300 }, () => ({ topic: 'events', partition: 0, value }))
  const sent = w.producer.sendBatch([...crowd, { topic: 'events', partition: 1, value: 'beside' }]).catch((e) => e)
  await pass(w, 10)
  const waitingFrom = w.posted.reduce((sum, { count }) => sum + count, 0)
  expect(waitingFrom).toBeLessThan(300)
  await pass(w, 501)
  w.store(w.posted.splice(0))
  await pass(w, 10)
  w.store(w.posted.splice(0))
  const { reports } = (await sent) as { reports: DeliveryReport[] }
  const refused = reports.filter(({ error }) => error?.code === 'BLOCKED_TOO_LONG')
  expect(refused.length).toBeGreaterThan(0)
  expect(refused.length).toBeLessThan(300)
  expect(reports.slice(waitingFrom, 300).every(({ error }) => error?.code === 'BLOCKED_TOO_LONG')).toBe(true)
  expect(reports[300]).toMatchObject({ partition: 1, offset: 0 })
})

it('a close waits for the records of a call that had no room yet', async () => {
  const w = world(small)
  const sent = w.producer.sendBatch(
    'events',
    Array.from({ length: 1_000 }, () => value),
  )
  await pass(w, 5)
  const closing = w.producer.close({ timeoutMs: 1_000 })
  for (let turn = 0; turn < 50; turn++) {
    w.store(w.posted.splice(0))
    await pass(w, 2)
  }
  expect(await sent).toHaveLength(1_000)
  await closing
  await expect(w.producer.send({ topic: 'events', value })).rejects.toMatchObject({ code: 'PRODUCER_CLOSED' })
})

it('a signal ends a call: what is in a batch may be stored, what waits is not sent', async () => {
  const w = world(small)
  const abort = new AbortController()
  const sent = w.producer.sendBatch(
    'events',
    Array.from({ length: 1_000 }, () => value),
    { signal: abort.signal },
  )
  await pass(w, 5)
  abort.abort()
  await expect(sent).rejects.toMatchObject({ name: 'AbortError' })
  let stored = 0
  for (let turn = 0; turn < 20; turn++) {
    stored += w.posted.reduce((sum, { count }) => sum + count, 0)
    w.store(w.posted.splice(0))
    await pass(w, 5)
  }
  expect(stored).toBeGreaterThan(0)
  expect(stored).toBeLessThan(1_000)
  await w.producer.flush()
})

it('a signal that fires while a record is being handed over ends the call there', async () => {
  for (const waitsFirst of [false, true]) {
    const abort = new AbortController()
    let sendsUntilAbort = waitsFirst ? 500 : 2
    const serialize = (text: string) => {
      if (--sendsUntilAbort === 0) abort.abort(new Error('enough'))
      return Buffer.from(text)
    }
    const w = world({ ...small, value: { serialize } as never })
    const sent = w.producer.sendBatch(
      'events',
      Array.from({ length: 1_000 }, () => value),
      { signal: abort.signal },
    )
    const reason = sent.catch((error: Error) => error.message)
    for (let turn = 0; turn < 40; turn++) {
      await pass(w, 2)
      w.store(w.posted.splice(0))
    }
    expect(await reason).toBe('enough')
    const { records } = w.producer.stats()
    expect(records).toBeLessThanOrEqual(waitsFirst ? 500 : 2)
  }
})

it('starts that fail leave no place taken, and a later send finds the engine', async () => {
  const w = world({ maxBlockedRecords: 2, lingerMs: 0 })
  const down = new ThreadDied('THREAD_DIED', 'no thread could be started')
  for (let i = 0; i < 5; i++) {
    w.startFailures.push(down)
    await expect(w.producer.send({ topic: 'other', value: 'x' })).rejects.toBe(down)
  }
  const sent = w.producer.send({ topic: 'other', value: 'x' })
  await pass(w, 1)
  w.store()
  expect((await sent).offset).toBe(0)
})

it('asks once for a topic that is not there, however many records it has for it', async () => {
  const w = world({ lingerMs: 0 })
  await expect(w.producer.sendBatch('missing', ['a', 'b', 'c'])).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC' })
  await pass(w)
  expect(w.calls.map(({ op }) => op)).toEqual(['topics'])
  w.topics['missing'] = 1
  const sent = w.producer.sendBatch('missing', ['a', 'b', 'c'])
  await pass(w, 1)
  w.store()
  expect(await sent).toHaveLength(3)
  expect(w.calls.map(({ op }) => op)).toEqual(['topics', 'topics'])
})
