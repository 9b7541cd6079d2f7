// Where a chain of groups runs: a real Kafka of three brokers, behind proxies that cut. [a process of its own]
import { seededRandom } from '../../src/base/random.ts'
import { Kafka } from '../../src/index.ts'
import { startKafka } from '../support/kafka.ts'
import { prepareJars } from '../support/kafka-jars.ts'
import { KafkaTool } from '../support/kafka-tool.ts'
import type { ChainGround } from './chain-ground.ts'

const COPIES = 3
/** How often the broker is asked what groups have committed. */
const LOOK_EVERY_MS = 500

/** Real brokers, real sockets, real time; the seed says what is done to them, not when they do what. */
export async function kafkaGround(seed: number): Promise<ChainGround> {
  await prepareJars()
  const cluster = await startKafka({ brokers: COPIES, proxied: true, properties: { 'min.insync.replicas': 2 } })
  // Not through the proxies: who judges is not disturbed.
  const java = new KafkaTool(cluster.brokers)
  const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  const open = new Set<Kafka>()
  let looking = Promise.resolve()
  let over = false
  return {
    random: seededRandom(seed),
    createTopic: (topic, partitions) => java.createTopic(topic, { partitions, replicationFactor: COPIES }),
    async fill(topic, records, batchRecords) {
      await using kafka = new Kafka({ brokers: cluster.brokers })
      const producer = kafka.producer()
      for (let i = 0; i < records.length; i += batchRecords) {
        await producer.sendBatch(records.slice(i, i + batchRecords).map((record) => ({ topic, ...record })))
      }
    },
    process(options) {
      const kafka = new Kafka({ ...options, brokers: cluster.proxied, threads: 'inline' })
      open.add(kafka)
      const die = () => {
        open.delete(kafka)
        const gone = kafka.engine().then((engine) => engine.close())
        gone.then(() => kafka.close()).catch(() => undefined)
      }
      return { kafka, die }
    },
    cut() {
      for (const proxy of cluster.proxies) proxy.cut()
    },
    onCommit(groups, watcher) {
      const look = async () => {
        while (!over) {
          for (const groupId of groups) {
            for (const { partition, offset } of await java.committed(groupId)) watcher(groupId, partition, offset)
          }
          await sleep(LOOK_EVERY_MS)
        }
      }
      looking = look()
    },
    note: () => {},
    sleep,
    until(promise, limitMs = 60_000) {
      return new Promise((resolve, reject) => {
        const late = () => reject(new Error(`nothing came of it in ${limitMs} ms`))
        const timer = setTimeout(late, limitMs)
        promise.then(resolve, reject).finally(() => clearTimeout(timer))
      })
    },
    async [Symbol.asyncDispose]() {
      over = true
      await looking
      await Promise.all([...open].map((kafka) => kafka.close()))
      await java.close()
      await cluster.stop()
    },
  }
}
