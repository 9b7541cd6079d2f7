// Exactly once on a real Kafka: a copier that dies by kill -9 again and again leaves a copy with each record once.
// The short form of test/long/transactional-copy.ts. [test, needs Kafka]
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { seed } from '../support/seed.ts'
import { copyWithKills } from '../support/transactional-copy.ts'

kafkaDescribe('a transactional copy', (real) => {
  it(`of 10,000 records, killed 4 times, has each of them once and in order: MILLRACE_SEED=${seed}`, async () => {
    const [records, partitions, kills] = [10_000, 4, 4]
    const [from, to] = [await real.topic('source', { partitions }), await real.topic('copy', { partitions })]
    const plan = { brokers: real.brokers, from, to, partitions, records, kills, random: seededRandom(seed) }
    await copyWithKills(plan)
    const read = await real.java.consume(to, { 'isolation.level': 'read_committed' })
    for (let partition = 0; partition < partitions; partition++) {
      const values = read.filter((record) => record.partition === partition).map(({ value }) => Number(value))
      expect(values).toEqual(Array.from({ length: records / partitions }, (_, i) => partition + i * partitions))
    }
  }, 120_000)
})
