// A program that reads and says what it saw, and calls nothing to end itself. [test]
import { Kafka } from '../../src/wiring/kafka.ts'

const [address, threads, how] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [address!], threads: threads as 'workers', defaultApiTimeoutMs: 2_000 })
const ways: Record<string, () => Promise<unknown>> = {
  async loop() {
    let count = 0
    for await (const _ of kafka.iterate('read')) count++
    return count
  },
  async break() {
    for await (const record of kafka.iterate('read', { until: 'never' })) return record.offset
    return undefined
  },
  async batches() {
    let count = 0
    for await (const batch of kafka.iterate('read').batches()) count += batch.count
    return count
  },
  async poll() {
    return (await kafka.iterate('read', { until: 'never' }).poll({ max: 3 })).length
  },
  async abandoned() {
    const { value } = await kafka.iterate('read', { until: 'never' })[Symbol.asyncIterator]().next()
    return value!.offset
  },
  async error() {
    try {
      for await (const _ of kafka.iterate('nowhere')) return 'a record of nowhere'
      return 'nothing'
    } catch (error) {
      return (error as Error).name
    }
  },
  async 'a slow body'() {
    let count = 0
    for await (const _ of kafka.iterate('read')) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (++count === 20) break
    }
    return count
  },
  async unused() {
    return kafka.iterate('read') !== undefined
  },
}
console.log(JSON.stringify(await ways[how!]!()))
