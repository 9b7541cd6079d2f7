// Batches that are too large for the broker go in parts: each record is stored once, in order, and told of once.
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import type { BatchReport } from '../../../src/control/producing.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { codecNames } from '../../../src/record/compression/codec.ts'
import { caught } from '../../support/io-world.ts'
import { producerWorlds } from '../../support/producer-world.ts'
import type { ProducerRig, Sent } from '../../support/producing.ts'
import { readCommitted } from '../../support/read-committed.ts'

const startWorld = producerWorlds()
const random = seededRandom(7)

/** Words that hardly compress. */
const wordsOf = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    `${name}${i} `.concat(Array.from({ length: 6 }, () => random.next().toString(36).slice(2, 12)).join('')),
  )

async function start(...[settings, options]: Parameters<typeof startWorld>) {
  const world = await startWorld(settings, options)
  world.broker.createTopic('small', { partitions: 1, configs: { 'max.message.bytes': '1000' } })
  const send = (values: readonly string[], more = {}) => world.rig.send({ topic: 'small', values, ...more })
  const reported = (sent: readonly Sent[]): Promise<BatchReport[]> =>
    world.clock.until(Promise.all(sent.map(({ report }) => report)))
  return { ...world, send, reported }
}

/** What a report says of each record: where it is, or why not. */
const fates = ({ parts = [] }: BatchReport) =>
  parts.flatMap(({ count, baseOffset, error }) =>
    Array.from({ length: count }, (_, i) => (error === undefined ? baseOffset + i : `${error.code}: ${error.stored}`)),
  )

describe.each([
  ['idempotent', { idempotent: true }],
  ['one in flight', { idempotent: false, maxInFlight: 1 }],
] as const)('%s', (_, settings) => {
  test.each(codecNames)('%s: all records of all batches are stored once and in order', async (name) => {
    const { clock, rig, send, reported, values } = await start(settings)
    const codec = codecNames.indexOf(name)
    const all = [100, 1, 40, 3, 200].map((count, i) => wordsOf(`${i}/`, count))
    const sent = all.map((values) => send(values, { codec }))
    const reports = await reported(sent)
    expect(reports.map(({ error }) => error)).toEqual(all.map(() => undefined))
    expect(values('small')).toEqual(all.flat())
    expect(fates(reports[0]!)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    expect(reports[1]).toMatchObject({ parts: undefined, baseOffset: 100 })
    expect(fates(reports[4]!)).toEqual(Array.from({ length: 200 }, (_, i) => 144 + i))
    await clock.until(Promise.all(sent.map(({ freed }) => freed)))
    expect(rig.heldCount).toBe(0)
  })

  test('a record that is too large by itself fails alone, and those after it go on', async () => {
    const { send, reported, values } = await start(settings)
    const words = wordsOf('w', 30)
    const given = [...words.slice(0, 10), 'y'.repeat(2_000), ...words.slice(10)]
    const [first, second] = await reported([send(given), send(['after'])])
    expect(values('small')).toEqual([...words, 'after'])
    const refused = 'MESSAGE_TOO_LARGE: not stored'
    expect(fates(first!)).toEqual(given.map((_, i) => (i === 10 ? refused : i - Number(i > 10))))
    expect(first!.error).toMatchObject({ class: 'MessageTooLarge' })
    expect(second!.error).toBeUndefined()
  })
})

test.each([0, 1])(
  'retries %i: a split is no attempt of the batches behind it, nor a part given up',
  async (retries) => {
    const { send, reported, values } = await start({ retries })
    await reported([send(['first'])])
    const [large, words] = [wordsOf('l', 100), wordsOf('w', 30)]
    const given = [...words.slice(0, 10), 'y'.repeat(2_000), ...words.slice(10)]
    const reports = await reported([large, ['a'], given, ['b'], ['c', 'd']].map((all) => send(all)))
    const fate = reports.map(({ error }) => error?.code ?? 'stored')
    expect(fate).toEqual(['stored', 'stored', 'MESSAGE_TOO_LARGE', 'stored', 'stored'])
    expect(values('small')).toEqual(['first', ...large, 'a', ...words, 'b', 'c', 'd'])
  },
)

test('each time that a batch or a part of it was sent is an attempt', async () => {
  const { broker, send, reported } = await start()
  let asked = 0
  broker.on('Produce', () => (++asked === 4 ? { cut: 'after' } : undefined))
  const [report] = await reported([send(wordsOf('w', 100))])
  expect(asked).toBeGreaterThan(8)
  expect(report).toMatchObject({ error: undefined, attempts: asked })
})

test.each([
  ['answers are lost', { cut: 'after' }],
  ['requests are lost', { cut: 'before' }],
  ['the broker is busy', { errorCode: ErrorCode.NOT_ENOUGH_REPLICAS }],
] as const)('parts are stored once and in order when %s', async (_, fault) => {
  for (const at of [1, 2, 3, 5, 8, 11]) {
    const { broker, send, reported, values } = await start()
    let asked = 0
    broker.on('Produce', () => (asked++ % 12 === at ? fault : undefined))
    const all = [60, 20, 1, 90].map((count, i) => wordsOf(`${i}/`, count))
    const reports = await reported(all.map((values) => send(values)))
    expect(reports.map(({ error }) => error)).toEqual(all.map(() => undefined))
    expect(values('small')).toEqual(all.flat())
  }
})

test('with records of others in between each record is told its own place', async () => {
  const { clock, broker, send, reported, values } = await start()
  let asked = 0
  broker.on('Produce', () => {
    if (++asked === 3) void broker.seed('small', [{ value: 'from another' }])
  })
  const [report] = await reported([send(wordsOf('w', 20))])
  await clock.advance(1)
  const log = values('small')
  expect(log).toHaveLength(21)
  const stranger = log.indexOf('from another')
  expect(stranger).toBeGreaterThan(0)
  expect(stranger).toBeLessThan(20)
  expect(fates(report!)).toEqual(Array.from({ length: 20 }, (_, i) => (i < stranger ? i : i + 1)))
})

test.each([1, 2] as const)('a transaction (version %i) has all of it, or nothing', async (transactionVersion) => {
  const { clock, rig, send, reported } = await start({ transactionalId: 'etl' }, { transactionVersion })
  const committed = () => clock.until(readCommitted(rig.cluster, 'small', 1))
  const words = wordsOf('w', 100)
  await clock.until(rig.call({ op: 'beginTransaction', transaction: 1 }))
  await reported([send(words.slice(0, 50), { transaction: 1 }), send(words.slice(50), { transaction: 1 })])
  await clock.until(rig.call({ op: 'endTransaction', commit: true }))
  expect(await committed()).toEqual(words)
  await clock.until(rig.call({ op: 'beginTransaction', transaction: 2 }))
  await reported([send([...words, 'y'.repeat(2_000)], { transaction: 2 })])
  const commit = caught(rig.call({ op: 'endTransaction', commit: true }))
  expect(await clock.until(commit)).toMatchObject({ code: 'MESSAGE_TOO_LARGE', requiresAbort: true })
  await clock.until(rig.call({ op: 'endTransaction', commit: false }))
  expect(await committed()).toEqual(words)
})

const ENDS: [string, (rig: ProducerRig) => void, { timeoutMs?: number }, string][] = [
  ['its time is over', () => {}, { timeoutMs: 95 }, 'DELIVERY_TIMED_OUT'],
  ['the producer is closed', (rig) => void rig.close(), {}, 'CLOSED'],
]

test.each(ENDS)('when %s the parts that are left are given up, and main is told once', async (_, end, more, code) => {
  const { clock, pipes, rig, send, values } = await start()
  await clock.until(send(['first']).report)
  pipes.faults.latencyMs = [5, 5]
  const sent = send(wordsOf('w', 100), more)
  await clock.advance(94)
  end(rig)
  const report = await clock.until(sent.report)
  await clock.until(sent.freed)
  await clock.advance(1_000)
  expect(report.error).toMatchObject({ code })
  const told = fates(report)
  const countOf = (wanted: (fate: string | number) => boolean) => told.filter(wanted).length
  const stored = countOf((fate) => typeof fate === 'number')
  const doubtful = countOf((fate) => fate === `${code}: may be stored`)
  expect([told.length, countOf((fate) => fate === `${code}: not stored`)]).toEqual([100, 100 - stored - doubtful])
  expect(stored).toBeGreaterThan(0)
  const inLog = values('small').length - 1
  expect(inLog).toBeGreaterThanOrEqual(stored)
  expect(inLog).toBeLessThanOrEqual(stored + doubtful)
})

test('nothing is said to be stored when no part is', async () => {
  const { send, reported, values } = await start()
  const [report] = await reported([send(['y'.repeat(2_000), 'z'.repeat(2_000)])])
  expect(report!.error).toMatchObject({ code: 'MESSAGE_TOO_LARGE', stored: 'not stored', topic: 'small' })
  expect(values('small')).toEqual([])
})

test('a whole that may be stored goes in parts in the same epoch only: nothing is stored twice', async () => {
  const { broker, send, reported, values } = await start()
  broker.createTopic('shrinking', { partitions: 1 })
  let asked = 0
  // It is stored, the answer is lost, and now the topic takes less.
  broker.on('Produce', () => {
    asked++
    if (asked === 1) return { cut: 'after' }
    return asked === 2 ? { errorCode: ErrorCode.MESSAGE_TOO_LARGE } : undefined
  })
  const words = wordsOf('w', 20)
  const [report] = await reported([send(words, { topic: 'shrinking' })])
  expect(report!.error).toMatchObject({ stored: 'may be stored' })
  expect(values('shrinking')).toEqual(words)
})
