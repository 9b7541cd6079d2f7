// What rebalances and aborted transactions leave alone: batches whose records still run, partitions whose listener has
// not ended, memory and slots. On the embedded broker. [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Engine } from '../../src/engine/engine.ts'
import { type ConsumerOptions, Kafka } from '../../src/index.ts'

const PATIENCE = { timeout: 10_000, interval: 10 }
const GROUP = { groupId: 'g', heartbeatIntervalMs: 50, autoOffsetReset: 'earliest' } as const satisfies ConsumerOptions

let broker: Broker
let kafka: Kafka
let dir: string
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-group-runs-'))
  broker = await Broker.start({ groups: { heartbeatIntervalMs: 50, sessionTimeoutMs: 6_000 } })
  kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await kafka.close()
  await broker.close()
  rmSync(dir, { recursive: true })
})

async function seed(partitions: number, count: number): Promise<void> {
  broker.createTopic('t', { partitions })
  for (let partition = 0; partition < partitions; partition++) {
    await broker.seed(
      't',
      Array.from({ length: count }, (_, i) => ({ partition, value: String(i) })),
    )
  }
}

/** A module for `run({ processor })`; `inline` it shares `globalThis` with the test. */
function processor(text: string): string {
  const file = join(dir, 'processor.mjs')
  writeFileSync(file, text)
  return pathToFileURL(file).href
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('records of a batch that still run when their partition goes are finished, and the run goes on', async () => {
  await seed(2, 200)
  const options = { ...GROUP, topics: 't' }
  const first = kafka.consumer(options)
  const values: string[] = []
  const run = first.run({
    ...{ concurrency: 2, maxInFlightRecords: 5 },
    eachRecord: async (record) => {
      await pause(10)
      values.push(`${record.partition}/${record.offset}`)
    },
  })
  await vi.waitFor(() => expect(values.length).toBeGreaterThan(10), PATIENCE)
  const second = kafka.consumer(options)
  const other = second.run({ eachRecord: ({ partition, offset }) => void values.push(`${partition}/${offset}`) })
  await vi.waitFor(() => expect(new Set(values).size).toBe(400), PATIENCE)
  expect([first.assignment().length, second.assignment().length, values.length]).toEqual([1, 1, 400])
  await Promise.all([first.close(), second.close()])
  await Promise.all([run, other])
})

test('an aborted transaction voids what waits behind its batch: nothing is passed over', async () => {
  broker.createTopic('out', { partitions: 1 })
  broker.createTopic('t', { partitions: 1 })
  for (const first of [0, 5, 10, 15])
    await broker.seed(
      't',
      [0, 1, 2, 3, 4].map((i) => String(first + i)),
    )
  const consumer = kafka.consumer({ ...GROUP, autoCommit: false })
  consumer.assign([{ topic: 't', partition: 0 }])
  const begun: number[] = []
  const run = consumer.run({
    onError: { retries: 3, backoffMs: 50 },
    eachBatch: async (batch) => {
      begun.push(batch.baseOffset)
      const spoilt = begun.length === 2
      const body = async (tx: Parameters<Parameters<Kafka['transaction']>[0]>[0]) => {
        await tx.send({ topic: 'out', value: String(batch.baseOffset) })
        await tx.commitOffsets(batch)
        if (spoilt) throw new Error('once')
      }
      await kafka.transaction(body, { transactionalId: 'x' })
    },
  })
  const committed = () => broker.group('g')?.offsets.map(({ offset }) => offset)
  await vi.waitFor(() => expect(committed()).toEqual([20]), PATIENCE)
  const out = await broker.messages('out', 0, { committed: true })
  expect([begun, out.map(({ value }) => String(value))]).toEqual([
    [0, 5, 5, 10, 15],
    ['0', '5', '10', '15'],
  ])
  await consumer.close()
  await run
})

test('a processor gets nothing of a partition before its listener has ended', async () => {
  await seed(1, 50)
  const seen: [number, number][] = []
  Object.assign(globalThis, { groupRunsSeen: (...one: [number, number]) => void seen.push(one) })
  const consumer = kafka.consumer(GROUP)
  let ended = false
  consumer.subscribe('t', {
    onAssigned: async ([partition]) => {
      await pause(200)
      await consumer.seek(partition!, 40)
      await pause(200)
      ended = true
    },
  })
  const module = processor('export default (batch) => groupRunsSeen(batch.baseOffset, batch.lastOffset)')
  const run = consumer.run({ processor: module })
  // Something that makes the run look for partitions while the listener is at work.
  await vi.waitFor(() => expect(consumer.assignment()).toHaveLength(1), PATIENCE)
  await pause(100)
  consumer.subscribe('t')
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), PATIENCE)
  expect([ended, seen]).toEqual([true, [[40, 49]]])
  await consumer.close()
  await run
})

test('unsubscribe waits for a handler, and what it did is committed', async () => {
  await seed(1, 50)
  const events: string[] = []
  const consumer = kafka.consumer(GROUP)
  consumer.subscribe('t', { onRevoked: () => void events.push('revoked') })
  const run = consumer.run({
    eachBatch: async () => {
      events.push('begun')
      await pause(300)
      events.push('ended')
    },
  })
  run.catch(() => {})
  await vi.waitFor(() => expect(events).toEqual(['begun']), PATIENCE)
  await consumer.unsubscribe()
  expect(events).toEqual(['begun', 'ended', 'revoked'])
  expect(broker.group('g')).toMatchObject({ members: [], offsets: [{ offset: 50 }] })
})

test('a revocation that takes too long takes nothing that was assigned since', async () => {
  await seed(1, 5)
  const eager = { partitionAssignmentStrategy: 'range', maxPollIntervalMs: 1_000 } as const
  const consumer = kafka.consumer({ ...GROUP, ...eager })
  consumer.on('error', () => {})
  let revocations = 0
  let batches = 0
  const seen: number[] = []
  // Handler and listener together take longer than the rebalance may.
  consumer.subscribe('t', { onRevoked: () => (revocations++ === 0 ? pause(800) : undefined) })
  const run = consumer.run({
    eachBatch: async ({ baseOffset }) => {
      if (batches++ === 0) await pause(700)
      seen.push(baseOffset)
    },
  })
  await vi.waitFor(() => expect(batches).toBe(1), PATIENCE)
  consumer.enforceRebalance()
  await vi.waitFor(() => expect(revocations).toBe(1), PATIENCE)
  await pause(2_000)
  await broker.seed('t', ['new'])
  await vi.waitFor(() => expect(seen).toContain(5), PATIENCE)
  expect(consumer.assignment()).toHaveLength(1)
  await consumer.close()
  await run
})

test('a processor whose close throws gives its reader back', async () => {
  await seed(1, 5)
  const open = vi.spyOn(Engine.prototype, 'openReader')
  const consumer = kafka.consumer(GROUP)
  consumer.assign([{ topic: 't', partition: 0 }])
  const seen: unknown[] = []
  Object.assign(globalThis, { groupRunsSeen: (one: unknown) => void seen.push(one) })
  const text = "export default () => groupRunsSeen(1); export const close = () => { throw new Error('hook') }"
  const stop = new AbortController()
  const run = consumer.run({ processor: processor(text), signal: stop.signal })
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(0), PATIENCE)
  const close = vi.spyOn(open.mock.results.at(-1)!.value, 'close')
  stop.abort()
  await expect(run).rejects.toThrow(/hook/)
  expect(close).toHaveBeenCalledOnce()
})

test('slots of a reader are given back with their partitions, however often these come and go', async () => {
  await seed(4, 5)
  const open = vi.spyOn(Engine.prototype, 'openReader')
  const consumer = kafka.consumer({ ...GROUP, topics: 't', partitionAssignmentStrategy: 'range' })
  const run = consumer.run({ processor: processor('export default () => {}') })
  await vi.waitFor(() => expect(consumer.assignment()).toHaveLength(4), PATIENCE)
  const reader = open.mock.results.at(-1)!.value
  const [slot, free] = [vi.spyOn(reader, 'slot'), vi.spyOn(reader, 'free')]
  for (let round = 1; round <= 3; round++) {
    consumer.enforceRebalance()
    // A slow machine may see one more.
    await vi.waitFor(() => expect(slot.mock.calls.length).toBeGreaterThanOrEqual(4 * round), PATIENCE)
  }
  expect(free.mock.calls.flat(2).length).toBeGreaterThanOrEqual(8)
  expect(new Set(slot.mock.results.map(({ value }) => value)).size).toBe(4)
  await consumer.close()
  await run
})
