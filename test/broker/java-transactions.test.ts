// Java's transactional producer and read_committed consumer on the embedded broker, with and without KIP-890.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { consoleConsumer } from '../support/console-tools.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { KafkaTool } from '../support/kafka-tool.ts'

for (const transactionVersion of [1, 2] as const) {
  javaDescribe(`Java's clients, transaction.version ${transactionVersion}`, () => {
    let broker: Broker
    let java: KafkaTool
    const asked = new Map<string, Set<number>>()

    beforeAll(async () => {
      broker = await Broker.start({ brokers: 3, transactionVersion })
      java = new KafkaTool(broker.addresses)
      for (const api of ['Produce', 'AddPartitionsToTxn', 'EndTxn', 'InitProducerId'] as const) {
        asked.set(api, new Set())
        broker.on(api, (_, { version }) => {
          asked.get(api)!.add(version)
          return undefined
        })
      }
    })

    afterAll(async () => {
      await java.close()
      await broker.close()
      expect(broker.errors).toEqual([])
    })

    const values = async (topic: string, isolation: string) => {
      const records = await java.consume(topic, { 'isolation.level': isolation })
      return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset).map(({ value }) => String(value))
    }

    test('commit, abort, commit on three partitions; an open one is hidden', async () => {
      await java.createTopic('copied', { partitions: 3 })
      const transaction = await java.transaction()
      const write = (round: string) =>
        transaction.produce(
          'copied',
          [0, 1, 2, 0].map((partition, i) => ({ partition, value: `${round}${i}` })),
        )
      await write('a')
      await transaction.commit()
      await transaction.begin()
      await write('b')
      await transaction.abort()
      await transaction.begin()
      await write('c')
      await transaction.commit()
      await transaction.begin()
      await write('d')
      expect(await values('copied', 'read_committed')).toEqual(['a0', 'a3', 'c0', 'c3', 'a1', 'c1', 'a2', 'c2'])
      expect(await values('copied', 'read_uncommitted')).toHaveLength(16)
      await transaction.commit()
      expect(await values('copied', 'read_committed')).toHaveLength(12)
      const lines = await consoleConsumer(broker.addresses, { topic: 'copied', records: 12 })
      expect(lines.filter((line) => line.startsWith('0 '))).toEqual([
        '0 0 a0',
        '0 1 a3',
        '0 6 c0',
        '0 7 c3',
        '0 9 d0',
        '0 10 d3',
      ])
    })

    test('markers that take their time, moved leaders, lost answers: each value once', async () => {
      await java.createTopic('tried', { partitions: 3, replicationFactor: 3 })
      broker.delayMarkers(60)
      const expected: string[] = []
      const transaction = await java.transaction({ 'delivery.timeout.ms': 30_000, 'request.timeout.ms': 2000 })
      for (let round = 0; round < 12; round++) {
        if (round > 0) await transaction.begin()
        if (round % 4 === 1) broker.once('Produce', () => ({ cut: 'after' }))
        if (round % 4 === 2) broker.moveLeader('tried', 0, 1 + (round % 3))
        if (round % 4 === 3) broker.fail('Produce', 6, { times: 2 })
        const records = [0, 1, 2].map((partition) => ({ partition, value: `${round}/${partition}` }))
        await transaction.produce('tried', records)
        if (round % 3 === 2) {
          await transaction.abort()
          continue
        }
        if (round % 3 === 1) broker.once('EndTxn', () => ({ cut: 'after' }))
        await transaction.commit()
        expected.push(...records.map(({ value }) => value))
      }
      broker.delayMarkers(0)
      expect((await values('tried', 'read_committed')).sort()).toEqual(expected.sort())
    })

    test('the versions that only KIP-890 has are used where the feature says so', () => {
      const newest = (api: string) => Math.max(...asked.get(api)!)
      expect(newest('Produce') >= 12).toBe(transactionVersion === 2)
      expect(newest('EndTxn') >= 5).toBe(transactionVersion === 2)
      expect(asked.get('AddPartitionsToTxn')!.size > 0).toBe(transactionVersion === 1)
    })
  })
}
