// What a consumer may do while workers have its partitions: pause, seek, take others, end at any moment. [test]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Consumer } from '../../src/index.ts'
import { batchOf, errorOf, modes, pause, Reading, within } from '../support/reading.ts'

const range = (end: number) => Array.from({ length: end }, (_, i) => i)
const dir = mkdtempSync(join(tmpdir(), 'millrace-moves-'))
let files = 0

interface Told {
  partition: number
  offsets: number[]
  gaveUp?: boolean
}

afterAll(() => rmSync(dir, { recursive: true }))

describe.each(modes)('a run with a processor, %s', (mode) => {
  let reading: Reading
  let told: Told[]
  let channel: InstanceType<typeof BroadcastChannel> | undefined

  beforeEach(async () => {
    reading = await Reading.start(mode)
    reading.broker.createTopic('events', { partitions: 3 })
    told = []
  })
  afterEach(async () => {
    channel?.close()
    await reading[Symbol.asyncDispose]()
  })
  const seed = (count: number, partition: number) =>
    reading.broker.seed(
      'events',
      Array.from({ length: count }, (_, i) => ({ value: `v${i}`, partition })),
      { batchRecords: 5 },
    )

  const name = (partition: number) => ({ topic: 'events', partition })
  const consume = (...partitions: number[]): Consumer => {
    const fetching = { maxPartitionFetchBytes: 300, fetchMaxBytes: 1_000 }
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', ...fetching })
    consumer.assign(partitions.map(name))
    return consumer
  }
  const offsetsOf = (partition: number) =>
    told.filter((one) => one.partition === partition).flatMap((one) => one.offsets)

  /** A module of its own, with `tell(batch)`. */
  function module(body: string): string {
    const id = `moves-${process.pid}-${files++}`
    channel = new BroadcastChannel(id)
    channel.onmessage = (event: unknown) => void told.push((event as { data: Told }).data)
    const file = join(dir, `${id}.mjs`)
    const prelude = `
      const channel = new BroadcastChannel('${id}')
      channel.unref()
      const tell = (batch, more = {}) => {
        const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
        channel.postMessage({ partition: batch.partition, offsets, ...more })
      }
      const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))\n`
    writeFileSync(file, prelude + body)
    return file
  }

  async function until(what: string, so: () => boolean): Promise<void> {
    const waited = (async () => {
      while (!so()) await pause(2)
    })()
    await within(what, 20_000, waited)
  }

  it('a paused partition rests, the other goes on; nothing is lost or repeated', async () => {
    await seed(400, 0)
    await seed(200, 1)
    const consumer = consume(0, 1)
    const stop = new AbortController()
    const processor = module('export default async (batch) => { tell(batch); await pause(1) }')
    const run = consumer.run({ processor, workers: 2, signal: stop.signal })
    await until('some of each', () => offsetsOf(0).length > 20 && offsetsOf(1).length > 0)
    await consumer.pause([name(0)])
    await until('the other', () => offsetsOf(1).length === 200)
    await pause(30)
    const before = offsetsOf(0).length
    expect(before).toBeLessThan(400)
    await pause(50)
    expect(offsetsOf(0)).toHaveLength(before)
    await consumer.resume([name(0)])
    await until('the rest', () => offsetsOf(0).length >= 400)
    stop.abort()
    await within('run', 5_000, run)
    expect(offsetsOf(0)).toEqual(range(400))
    expect((await consumer.committed()).map(({ offset }) => offset)).toEqual([400, 200])
  })

  it.runIf(mode === 'workers')('a record that waits to run alone waits on while its partition is paused', async () => {
    for (const partition of [0, 1]) await seed(5, partition)
    const consumer = consume(0, 1, 2)
    let replaced = 0
    consumer.on('workerReplaced', () => replaced++)
    // Each thread ends, or goes on, at the first word it hears.
    const processor = module(`
      const word = new Promise((resolve) => {
        channel.onmessage = ({ data }) => typeof data === 'string' && resolve(data)
      })
      channel.unref()
      export default async (batch) => {
        tell(batch)
        if ((await word) === 'die') process.exit(1)
      }`)
    const stop = new AbortController()
    const run = consumer.run({ processor, workers: 1, onError: 'skip', signal: stop.signal })
    await until('two at work', () => offsetsOf(0).length === 5 && offsetsOf(1).length === 5)
    // Either may have ended the thread: each is to run with nothing beside it.
    await consumer.pause([0, 1].map(name))
    channel!.postMessage('die')
    await until('a new worker', () => replaced === 1)
    await seed(5, 2)
    await until('a third at work', () => offsetsOf(2).length >= 5)
    await consumer.resume([name(0)])
    await until('the first to wait', () => consumer.stats().partitions[0]!.position === 5)
    expect(offsetsOf(0)).toHaveLength(5)
    await consumer.pause([name(0)])
    await seed(5, 2)
    await pause(50)
    channel!.postMessage('go')
    // What the new worker was given before it heard that all is read again may come twice.
    await until('the third', () => offsetsOf(2).includes(9))
    await pause(50)
    expect(offsetsOf(0)).toHaveLength(5)
    await consumer.resume([0, 1].map(name))
    await until('all', () => offsetsOf(0).length === 10 && offsetsOf(1).length === 10)
    stop.abort()
    await within('run', 5_000, run)
    expect((await consumer.committed()).map(({ offset }) => offset)).toEqual([5, 5, 10])
  })

  it('a seek makes what waited void, and reads on from there', async () => {
    await seed(300, 0)
    const consumer = consume(0)
    const stop = new AbortController()
    const processor = module('export default async (batch) => { tell(batch); await pause(2) }')
    const run = consumer.run({ processor, workers: 1, signal: stop.signal })
    await until('some', () => offsetsOf(0).length > 10)
    await consumer.seek(name(0), 250)
    await until('the end', () => offsetsOf(0).includes(299))
    stop.abort()
    await within('run', 5_000, run)
    const seen = offsetsOf(0)
    expect(seen.slice(seen.indexOf(250))).toEqual(range(300).slice(250))
    expect(seen.indexOf(250)).toBeLessThan(300)
    expect((await consumer.committed()).map(({ offset }) => offset)).toEqual([300])
  })

  it('other partitions: handlers of those that go are told and their acks refused, new ones are read', async () => {
    for (const partition of range(3)) await seed(50, partition)
    const consumer = consume(0, 1)
    const stop = new AbortController()
    const processor = module(`
      export default async (batch, { signal, ack }) => {
        if (batch.partition === 0 && batch.baseOffset === 20) {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          ack()
          return tell(batch, { gaveUp: true })
        }
        tell(batch)
      }`)
    const run = consumer.run({ processor, workers: 2, signal: stop.signal })
    await until('the first', () => offsetsOf(0).length === 20 && offsetsOf(1).length === 50)
    consumer.assign([name(1), name(2)])
    await until('the new one', () => offsetsOf(2).length === 50 && told.some(({ gaveUp }) => gaveUp))
    stop.abort()
    await within('run', 5_000, run)
    expect(offsetsOf(0)).toEqual(range(25))
    const committed = await consumer.committed([0, 1, 2].map(name))
    expect(committed.map(({ offset }) => offset)).toEqual([20, 50, 50])
  })

  it.each(['skip', 'fail'] as const)(
    'a damaged batch, onCorruptRecord %s: all before it is processed',
    async (policy) => {
      await seed(30, 0)
      const damaged = await batchOf(['bad', 'bad'])
      damaged[70]! ^= 0xff
      reading.broker.append('events', 0, damaged)
      await seed(30, 0)
      const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', onCorruptRecord: policy })
      consumer.assign([name(0)])
      const stop = new AbortController()
      const processor = module('export default async (batch) => { await pause(2); tell(batch) }')
      const run = consumer.run({ processor, workers: 1, signal: stop.signal })
      if (policy === 'skip') {
        await until('the end', () => offsetsOf(0).includes(61))
        stop.abort()
        await within('run', 5_000, run)
      } else {
        expect(await errorOf(run)).toMatchObject({ name: 'CorruptRecord', topic: 'events', partition: 0, offset: 30 })
        await pause(20)
      }
      expect(offsetsOf(0)).toEqual(
        range(policy === 'skip' ? 62 : 30).filter((offset) => offset !== 30 && offset !== 31),
      )
      expect((await consumer.committed())[0]!.offset).toBe(policy === 'skip' ? 62 : 30)
    },
  )

  it('a position that is not in the log moves to the nearer end of it', async () => {
    await seed(30, 0)
    const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
    consumer.assign([{ ...name(0), offset: 500 }])
    const stop = new AbortController()
    const processor = module('export default (batch) => tell(batch)')
    const run = consumer.run({ processor, workers: 1, signal: stop.signal })
    await until('the end', () => offsetsOf(0).includes(29))
    stop.abort()
    await within('run', 5_000, run)
    expect(offsetsOf(0)).toEqual(range(30))
    expect((await consumer.committed())[0]!.offset).toBe(30)
  })

  it('closing tells handlers to give up, and does not wait for those that do not', async () => {
    await seed(20, 0)
    const consumer = consume(0)
    const processor = module(`
      export default (batch, { signal }) => {
        tell(batch)
        signal.addEventListener('abort', () => tell(batch, { gaveUp: true }))
        return new Promise(() => {})
      }`)
    const run = consumer.run({ processor, workers: 1 })
    await until('one', () => told.length > 0)
    await within('close', 5_000, consumer.close({ timeoutMs: 3_200 }))
    await within('run', 1_000, run)
    await until('told', () => told.some(({ gaveUp }) => gaveUp))
    expect(told).toHaveLength(2)
  })

  it.each([0, 1, 5, 20, 60, 120, 250])('ended %i ms after its start leaves nothing behind', async (ms) => {
    await seed(100, 0)
    const consumer = consume(0)
    await reading.kafka.connect()
    const { memory } = await reading.kafka.engine()
    const alive = new Set<Worker>()
    const came = (thread: Worker) => {
      alive.add(thread)
      thread.once('exit', () => alive.delete(thread))
    }
    process.on('worker', came)
    const before = [memory.readersOpen, memory.workers.length]
    const processor = module('export default (batch) => tell(batch)')
    await within('run', 5_000, consumer.run({ processor, workers: 2, signal: AbortSignal.timeout(ms) }))
    await pause(30)
    process.off('worker', came)
    expect([memory.readersOpen, memory.workers.length, alive.size]).toEqual([...before, 0])
    const { floor } = consumer.stats().partitions[0] ?? { floor: 0 }
    expect((await within('recv', 5_000, floor < 100 ? consumer.recv() : Promise.resolve({ offset: 100 }))).offset).toBe(
      floor,
    )
  })
})
