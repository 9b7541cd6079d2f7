// A compacted topic: holes between offsets, emptied batches, tombstones, keys whose last value remains. [test process]
import { beforeAll, expect, test } from 'vitest'
import { expectSameAsConsole } from '../support/console-parity.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'

const keys = 300
const rounds = 5

kafkaDescribe('a compacted topic', (kafka) => {
  let topic: string
  let remaining = 0

  beforeAll(async () => {
    topic = await kafka.topic('compacted', {
      partitions: 2,
      configs: {
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0.001',
        'segment.ms': 200,
        'delete.retention.ms': 3_600_000,
      },
    })
    for (let round = 0; round < rounds; round++) {
      // Keys that stay, keys that occur once, and in the last rounds tombstones.
      const records = Array.from({ length: keys }, (_, i) => ({
        partition: i % 2,
        key: i % 3 === 0 ? `once ${round} ${i}` : `key ${i}`,
        value: round >= 3 && i % 7 === 0 ? null : `value ${i} of round ${round}`,
      }))
      await kafka.java.produce(topic, records, { 'batch.size': 4000 })
      await new Promise((resolve) => setTimeout(resolve, 300)) // longer than segment.ms: the next append rolls
    }
    await kafka.java.produce(
      topic,
      [0, 1].map((partition) => ({ partition, key: 'last', value: 'segment' })),
    )
    remaining = await settled()
  }, 120_000)

  /** Waits until the cleaner was there and the count of records stays the same. */
  async function settled(): Promise<number> {
    let before = keys * rounds
    for (let same = 0; same < 4; ) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      const { length } = await kafka.java.consume(topic)
      same = length === before && length < (keys * rounds) / 2 + 400 ? same + 1 : 0
      before = length
    }
    return before
  }

  for (const options of [{}, { 'max.partition.fetch.bytes': 1000 }, { threads: 'inline' }]) {
    test(`holes are passed, what remains is read ${JSON.stringify(options)}`, async () => {
      expect(remaining).toBeLessThan(keys * rounds)
      await expectSameAsConsole(kafka, { topic, records: remaining, options })
    })
  }

  test('Java sees holes there, so the test tests something', async () => {
    const offsets = (await kafka.java.consume(topic))
      .filter(({ partition }) => partition === 0)
      .map(({ offset }) => offset)
    const holes = offsets.filter((offset, i) => i > 0 && offset !== offsets[i - 1]! + 1)
    expect(holes.length).toBeGreaterThan(10)
  })
})
