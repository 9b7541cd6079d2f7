// A program that forgets batches, with --expose-gc: says which were told of, and what is still held. [test]
import { setTimeout as pause } from 'node:timers/promises'
import type { Batch } from '../../src/delivery/batch.ts'
import { Kafka } from '../../src/wiring/kafka.ts'

const [address, threads, how] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [address!], threads: threads as 'workers' })
const leaks: object[] = []
if (how !== 'unheard') kafka.on('leaked', ({ topic, partition, offset }) => leaks.push({ topic, partition, offset }))
const { memory } = await kafka.engine()

/** Takes a batch and forgets the loop that it came from. */
async function take(): Promise<Batch> {
  return (await kafka.iterate('read', { until: 'end' }).batches().next()).value!
}

/** Lets the collector work until `done`, or for so long. */
async function collect(done: () => boolean, forMs: number): Promise<void> {
  const until = performance.now() + forMs
  while (!done() && performance.now() < until) {
    await pause(50)
    globalThis.gc!()
  }
}

const ways: Record<string, () => Promise<unknown>> = {
  async forgotten() {
    await take()
    await collect(() => leaks.length > 0, 20_000)
    await collect(() => false, 300)
    return { leaks, heldBytes: memory.heldBytes }
  },
  async unheard() {
    let warned = ''
    process.on('warning', ({ message }) => {
      warned = message
    })
    await take()
    await collect(() => warned !== '', 20_000)
    return warned
  },
  async 'its record is kept'() {
    const record = (await take()).recordAt(0)
    await collect(() => leaks.length > 0, 20_000)
    return { leaks, same: record.value!.equals(Buffer.alloc(100_000, 1)), offset: record.offset }
  },
  async 'it is kept'() {
    const batch = await take()
    await collect(() => leaks.length > 0, 2_500)
    const same = batch.withValue(0, (value) => value!.equals(Buffer.alloc(100_000, 1)))
    batch.release()
    return { leaks, same }
  },
  async 'it is released'() {
    ;(await take()).release()
    await collect(() => leaks.length > 0, 2_500)
    return { leaks }
  },
}
console.log(JSON.stringify(await ways[how!]!()))
await kafka.close()
