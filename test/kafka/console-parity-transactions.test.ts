// Committed, aborted and open transactions, interleaved, in both isolation levels. [test process]
import { beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { expectSameAsConsole } from '../support/console-parity.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import type { JavaTransaction } from '../support/kafka-tool.ts'
import { seed } from '../support/seed.ts'

const producers = 4
const rounds = 30

kafkaDescribe(`a topic with committed, aborted and open transactions (MILLRACE_SEED=${seed})`, (kafka) => {
  let topic: string
  let committed = 0
  let all = 0

  beforeAll(async () => {
    topic = await kafka.topic('transactions', { partitions: 3 })
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const records = (count: number, text: string) =>
      Array.from({ length: count }, (_, i) => ({
        partition: below(3),
        value: `${text} ${i} ${'.'.repeat(below(200))}`,
      }))
    const open: { transaction: JavaTransaction; count: number }[] = []
    for (let i = 0; i < producers; i++) open.push({ transaction: await kafka.java.transaction(), count: 0 })
    for (let round = 0; round < rounds; round++) {
      // Producers take turns inside their transactions: batches of others lie between one's first and its marker.
      const which = open[below(producers)]!
      const count = 1 + below(200)
      await which.transaction.produce(topic, records(count, `round ${round}`))
      which.count += count
      all += count
      if (below(3) === 0) {
        const commit = below(2) === 0
        await (commit ? which.transaction.commit() : which.transaction.abort())
        if (commit) committed += which.count
        which.count = 0
        await which.transaction.begin()
      }
      if (below(4) === 0) {
        const plain = records(1 + below(50), `plain ${round}`)
        await kafka.java.produce(topic, plain)
        all += plain.length
        committed += plain.length
      }
    }
    for (const [i, { transaction, count }] of open.entries()) {
      await (i % 2 === 0 ? transaction.commit() : transaction.abort())
      if (i % 2 === 0) committed += count
    }
  })

  // A fetch smaller than a transaction puts the batches and the marker into different responses.
  for (const options of [{}, { 'max.partition.fetch.bytes': 2000 }, { threads: 'inline' }]) {
    const how = JSON.stringify(options)

    test(`read_committed hides what was aborted ${how}`, async () => {
      await expectSameAsConsole(kafka, { topic, records: committed, isolation: 'read_committed', options })
    })

    test(`read_uncommitted shows all ${how}`, async () => {
      await expectSameAsConsole(kafka, { topic, records: all, isolation: 'read_uncommitted', options })
    })
  }

  test('the default is read_committed', async () => {
    await expectSameAsConsole(kafka, { topic, records: committed })
  })

  test('an open transaction ends a read_committed iteration at the last stable offset, without a hang', async () => {
    const hung = await kafka.topic('open-transaction')
    await kafka.java.produce(hung, [{ value: 'before' }])
    const transaction = await kafka.java.transaction()
    await transaction.produce(hung, [{ value: 'inside' }])
    await kafka.java.produce(hung, [{ value: 'after' }])
    await expectSameAsConsole(kafka, { topic: hung, records: 1, isolation: 'read_committed' })
    await expectSameAsConsole(kafka, { topic: hung, records: 3, isolation: 'read_uncommitted' })
    await transaction.abort()
    await expectSameAsConsole(kafka, { topic: hung, records: 2, isolation: 'read_committed' })
    expect(committed).toBeLessThan(all)
  })
})
