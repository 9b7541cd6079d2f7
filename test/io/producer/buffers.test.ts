// A region handed to a socket is nobody else's before the write's callback and the request's end (KAFKA-19012,
// CVE-2026-35554: a batch expired while its request was in flight, its buffer was used again, and another topic's
// records went out under its name).
import { describe, expect, test } from 'vitest'
import type { Broker } from '../../../src/broker/index.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import type { Sent } from '../../support/producing.ts'

const start = producerWorlds()

/** What may happen to a batch while its bytes are on their way. */
const ENDS = [
  ['expires', { expires: true, cut: false }],
  ['loses its connection', { expires: false, cut: true }],
  ['expires and loses its connection', { expires: true, cut: true }],
] as const

/** Requests that reached the broker with bytes of several topics in one batch, or of memory that was free. */
function strayBytes(broker: Broker): string[] {
  const strays: string[] = []
  broker.on('Produce', ({ topicData }) => {
    for (const { records } of topicData.flatMap(({ partitionData }) => partitionData)) {
      const text = Buffer.from(records!).toString('latin1')
      const tags = ['red#', 'green#', 'blue#', 'grey#', '\xdb'.repeat(8)].filter((tag) => text.includes(tag))
      if (tags.length > 1) strays.push(tags.join())
    }
  })
  return strays
}

describe.each(ENDS)('CVE-2026-35554: a batch that %s', (_, { expires, cut }) => {
  // 64 KB at 1 KB a millisecond: from before the first byte until after the answer.
  test.each([0, 1, 5, 20, 40, 60, 63, 64, 65, 66, 70, 100])(
    'after %i ms is not overwritten by the next ones',
    async (afterMs) => {
      const { clock, pipes, broker, rig, values } = await start({ idempotent: afterMs % 2 === 0 })
      for (const topic of ['red', 'green', 'blue', 'grey']) broker.createTopic(topic)
      const textOf = (topic: string, i: number) => `${topic}#${i} `.repeat(2_000)
      // Everything is connected and known.
      await clock.until(Promise.all(['red', 'green', 'blue', 'grey'].map((topic) => rig.send({ topic }).report)))
      const strays = strayBytes(broker)
      Object.assign(pipes.faults, { latencyMs: [1, 1], sliceBytes: 1_000 })
      const expiry = expires ? { timeoutMs: afterMs + (cut ? 0 : 0.5) } : {}
      const options = { pieceBytes: 4_000, ...expiry }
      const first = ['red', 'green'].map((topic, i) => rig.send({ topic, values: [textOf(topic, i)], ...options }))
      await clock.advance(afterMs)
      if (cut) pipes.cut()
      // Main takes what is free at once, for other topics: the rig poisons it and gives it out again first.
      const second: Sent[] = []
      for (let i = 0; i < 20; i++) {
        const topic = i % 2 === 0 ? 'blue' : 'grey'
        second.push(rig.send({ topic, values: [textOf(topic, i)], pieceBytes: 4_000 }))
        await clock.advance(5)
      }
      await clock.until(Promise.all([...first, ...second].map(({ report }) => report)))
      await clock.until(Promise.all([...first, ...second].map(({ freed }) => freed)))
      expect(strays).toEqual([])
      for (const [t, topic] of ['red', 'green', 'blue', 'grey'].entries()) {
        const allowed = new Set(['x', ...Array.from({ length: 20 }, (_, i) => textOf(topic, t < 2 ? t : i))])
        for (const value of values(topic)) expect(allowed.has(value)).toBe(true)
      }
      expect(rig.heldCount).toBe(0)
    },
  )
})

test('the memory of a batch that expired is not free while a socket still writes it', async () => {
  const { clock, pipes, rig } = await start()
  await clock.until(rig.send().report)
  Object.assign(pipes.faults, { latencyMs: [1, 1], sliceBytes: 1_000 })
  const { report, freed } = rig.send({ values: ['x'.repeat(100_000)], timeoutMs: 10 })
  expect((await clock.until(report)).error).toMatchObject({ stored: 'may be stored' })
  expect(rig.heldCount).toBe(1)
  const expiredMs = clock.now()
  await clock.until(freed)
  expect(clock.now() - expiredMs).toBeGreaterThan(50)
})

test('a batch is sent again by another connection only once the old one has let go of it', async () => {
  const { clock, pipes, broker, rig, values } = await start()
  await clock.until(rig.send({ values: ['a'] }).report)
  broker.once('Produce', () => ({ cut: 'before' }))
  const sent = ['b', 'c', 'd'].map((value) => rig.send({ values: [value] }))
  pipes.faults.latencyMs = [5, 5]
  await clock.until(Promise.all(sent.map(({ freed }) => freed)))
  expect(values()).toEqual(['a', 'b', 'c', 'd'])
})

test('close frees everything within its turn, also with a broker that hangs', async () => {
  const { clock, broker, rig } = await start()
  broker.on('Produce', () => ({ drop: true }))
  const sent = Array.from({ length: 20 }, (_, i) => rig.send({ partition: i % 4 }))
  await clock.advance(100)
  const startedMs = clock.now()
  await clock.until(Promise.all([rig.close(), rig.close()]))
  expect(clock.now() - startedMs).toBeLessThan(100)
  const reports = await clock.until(Promise.all(sent.map(({ report }) => report)))
  expect(reports.map(({ error }) => error?.class)).toEqual(sent.map(() => 'Closed'))
  expect(reports.filter(({ error }) => error?.stored === 'may be stored').length).toBe(4)
  expect(rig.heldCount).toBe(0)
})

test('with acks 0 a batch whose connection is cut in the middle is sent again, and its memory comes back', async () => {
  const { clock, pipes, rig, values } = await start({ acks: 0, idempotent: false })
  await clock.until(rig.send().report)
  Object.assign(pipes.faults, { latencyMs: [1, 1], sliceBytes: 1_000 })
  const { report, freed } = rig.send({ values: ['y'.repeat(50_000)] })
  await clock.advance(20)
  pipes.cut()
  expect(await clock.until(report)).toMatchObject({ error: undefined, attempts: 2 })
  await clock.until(freed)
  await clock.advance(100)
  expect(values()).toEqual(['x', 'y'.repeat(50_000)])
  await clock.until(rig.close())
})
